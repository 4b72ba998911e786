package trail

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// world is a cluster that records what is done to it, as EKS and CloudTrail do.
type world struct {
	t       *testing.T
	random  *rand.Rand
	now     time.Time
	live    access.Snapshot
	records []any
	states  []access.Snapshot // before each successful call, and at the end
}

const people = 5

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	return &world{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		live: access.Snapshot{Cluster: access.Info{Name: "blue", ARN: "arn:aws:eks:eu-west-1:111122223333:cluster/blue", Mode: access.ModeAPI}},
	}
}

// record puts a call on record. Several may happen in one second; those that create and set have the moment in their answer.
func (w *world) record(name string, p access.Principal, in map[string]any, answer string, failed bool) {
	arn := string(p)
	if name != "CreateAccessEntry" {
		arn = url.QueryEscape(arn)
	}
	r := basis("eventName="+name, "eventTime="+w.now.Truncate(time.Second).Format(time.RFC3339), fmt.Sprintf("eventID=e-%d", len(w.records)), fmt.Sprintf("requestID=r-%d", w.random.Uint64()),
		fmt.Sprintf("userIdentity.arn=arn:aws:sts::111122223333:assumed-role/ops/person-%d", w.random.IntN(people)))
	in["name"], in["principalArn"] = "blue", arn
	r["requestParameters"] = in
	if failed {
		r["errorCode"], r["errorMessage"] = "InvalidParameterException", "no"
	} else if answer != "" {
		r["responseElements"] = map[string]any{answer: map[string]any{"modifiedAt": float64(w.now.UnixMilli()) / 1000}}
	}
	w.records = append(w.records, r)
}

// some are words of a few, in some order.
func (w *world) some(words ...string) []string {
	w.random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return words[:1+w.random.IntN(len(words)-1)]
}

// change does one thing, and moves the clock on: within a second, or by minutes.
func (w *world) change() {
	w.now = w.now.Add([]time.Duration{200 * time.Millisecond, 3 * time.Second, 25 * time.Minute}[w.random.IntN(3)])
	p := access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/team/app-%d", w.random.IntN(8)))
	e, exists := w.live.Entry(p)
	before := w.live
	switch kind := w.random.IntN(10); {
	case kind == 0: // refused
		w.record("UpdateAccessEntry", p, map[string]any{"kubernetesGroups": []string{"system:masters"}}, "", true)
		return
	case !exists:
		e = access.Entry{Principal: p, Kind: access.Standard, Groups: w.some("a", "b", "c")}
		w.record("CreateAccessEntry", p, map[string]any{"type": "STANDARD", "kubernetesGroups": e.Groups}, "accessEntry", false)
		w.live = w.live.Put(e)
	case kind == 1:
		w.now = w.now.Truncate(time.Second).Add(2 * time.Second) // its moment is not in the record
		w.record("DeleteAccessEntry", p, map[string]any{}, "", false)
		w.live = w.live.Drop(p)
		w.now = w.now.Add(time.Second)
	case kind < 4:
		e.Groups = w.some("a", "b", "c", "d")
		w.record("UpdateAccessEntry", p, map[string]any{"kubernetesGroups": e.Groups}, "accessEntry", false)
		w.live = w.live.Put(e)
	case kind < 6 && len(e.Grants) > 0:
		g := e.Grants[w.random.IntN(len(e.Grants))]
		w.now = w.now.Truncate(time.Second).Add(2 * time.Second)
		w.record("DisassociateAccessPolicy", p, map[string]any{"policyArn": url.QueryEscape(g.Policy.ARN("aws"))}, "", false)
		e.Grants = slices.DeleteFunc(slices.Clone(e.Grants), func(o access.Grant) bool { return o.Policy == g.Policy })
		w.live = w.live.Put(e)
		w.now = w.now.Add(time.Second)
	default:
		g := access.Grant{Policy: access.Policy(w.some("AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy")[0])}
		scope := map[string]any{"type": "cluster"}
		if w.random.IntN(3) > 0 {
			g.Scope.Namespaces = w.some("dev", "dev-*", "qa", "prod")
			scope = map[string]any{"type": "namespace", "namespaces": g.Scope.Namespaces}
		}
		w.record("AssociateAccessPolicy", p, map[string]any{"policyArn": g.Policy.ARN("aws"), "accessScope": scope}, "associatedAccessPolicy", false)
		e.Grants = append(slices.DeleteFunc(slices.Clone(e.Grants), func(o access.Grant) bool { return o.Policy == g.Policy }), g)
		w.live = w.live.Put(e)
	}
	w.states = append(w.states, before)
}

// story folds the records out of order, some of them twice.
func (w *world) story() *Story {
	w.t.Helper()
	all := slices.Concat(w.records, w.records[:len(w.records)/3])
	w.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	events, err := Read(strings.NewReader(forms["lookup-events"](w.t, all)))
	if err != nil {
		w.t.Fatal(err)
	}
	return Fold(events)
}

func TestFoldLeadsToTheLiveState(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(t, seed)
		for len(w.records) < 500 {
			w.change()
		}
		s := w.story()
		if len(s.Changes) != 500 {
			t.Fatalf("seed %d: %d changes of 500 records", seed, len(s.Changes))
		}
		in := Cluster{"blue", "eu-west-1", "111122223333"}
		actors := map[string]bool{}
		for _, c := range s.Changes {
			actors[c.Actor.Key()] = true
			end, known := s.State(in, c.Principal)
			var live *access.Entry
			if e, ok := w.live.Entry(c.Principal); ok {
				live = &e
			}
			if !c.Failed() && (!known || end.Partial || !end.Same(live)) {
				t.Fatalf("seed %d: %s: folded %+v, live %+v", seed, c.Principal, end.Entry, live)
			}
		}
		if len(actors) != people {
			t.Errorf("%d people", len(actors))
		}
	}
}

// TestUndoRestoresWhatWasBefore carries out the commands of each change, one by one and merged, on what it led to.
func TestUndoRestoresWhatWasBefore(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(t, seed)
		for len(w.records) < 500 {
			w.change()
		}
		s := w.story()
		for _, merged := range []bool{false, true} {
			if merged {
				s.Merge()
			}
			tried := 0
			for _, c := range s.Changes {
				commands := c.Undo()
				if differs := len(differing(c.Before, c.After)) > 0; differs != (len(commands) > 0) {
					t.Fatalf("seed %d: %s: %d commands undo it", seed, c.What(), len(commands))
				}
				if len(commands) == 0 {
					continue
				}
				tried++
				now := access.Snapshot{Cluster: w.live.Cluster}
				if c.After.Entry != nil {
					now = now.Put(*c.After.Entry)
				}
				for _, words := range commands {
					now = obey(t, now, c.Principal, words)
				}
				var got *access.Entry
				if e, ok := now.Entry(c.Principal); ok {
					got = &e
				}
				if !c.Before.Same(got) {
					t.Fatalf("seed %d: %s: %q leads to %+v, before was %+v", seed, c.What(), commands, got, c.Before.Entry)
				}
			}
			if tried < 200 {
				t.Errorf("only %d of %d changes can be undone", tried, len(s.Changes))
			}
		}
	}
}

// obey carries out a command as the program does.
func obey(t *testing.T, s access.Snapshot, p access.Principal, words []string) access.Snapshot {
	t.Helper()
	want, what := access.Entry{Principal: p}, edit.Revocation{}
	known := []access.Policy{"AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy"}
	if words[1] != p.Short("111122223333") {
		t.Fatalf("%q is about somebody else", words)
	}
	whole := slices.Contains(words, "-A")
	for i := 2; i < len(words); i++ {
		switch words[i] {
		case "-A", "--entry-only":
			continue
		case "--policy":
			scoped, err := access.ParseScoped(words[i+1])
			if err != nil {
				t.Fatal(err)
			}
			grants, err := access.ParseGrants(scoped, known)
			if err != nil || words[0] == "grant" && grants[0].Scope.WholeCluster() != (scoped[0].Namespaces == nil && whole) {
				t.Fatalf("%q: %v", words, err)
			}
			want.Grants, what.Grants = append(want.Grants, grants...), append(what.Grants, grants...)
		case "--group":
			want.Groups, what.Groups = append(want.Groups, words[i+1]), append(what.Groups, words[i+1])
		case "--username":
			want.Username = words[i+1]
		case "--type":
			want.Kind = access.Kind(words[i+1])
		default:
			t.Fatalf("%q: %s", words, words[i])
		}
		i++
	}
	do := edit.Revoke(p, what)
	if words[0] == "grant" {
		do = edit.Grant(want)
	}
	after, err := do(s)
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return after
}

// TestOneSecondHasAnOrder: CloudTrail records seconds, and an entry can only be created where there is none.
// TestRecordsOfThisMachineOrderOneSecond: what was granted and revoked at once is gone, and not recreated.
func TestRecordsOfThisMachineOrderOneSecond(t *testing.T) {
	create, remove := basis("eventID=c"), basis("eventName=DeleteAccessEntry", "eventID=a", encoded)
	for _, all := range [][]any{{create, remove}, {remove, create}} {
		events, err := Read(strings.NewReader(text(t, all)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			e.Journal = map[string]string{"CreateAccessEntry": "20260303T100000.100Z", "DeleteAccessEntry": "20260303T100000.200Z"}[e.Name]
		}
		s := Fold(events)
		if end, _ := s.State(s.Changes[0].Cluster, s.Changes[0].Principal); s.Changes[0].Name != "CreateAccessEntry" || end.Entry != nil {
			t.Errorf("%s is first, and at the end there is %v", s.Changes[0].Name, end.Entry)
		}
	}
}

func TestOneSecondHasAnOrder(t *testing.T) {
	create, remove := basis("eventID=c"), basis("eventName=DeleteAccessEntry", "eventID=d", encoded)
	grant := basis("eventName=AssociateAccessPolicy", "eventID=a", encoded, `requestParameters.accessScope={"type":"cluster"}`, "requestParameters.policyArn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy")
	earlier := basis("eventID=e", "eventTime=2026-03-03T09:00:00Z")
	for _, test := range []struct {
		all  []any
		want string // the operations, and whether there is an entry at the end
	}{
		{[]any{grant, create}, "Create Associate true"},
		{[]any{remove, grant, create}, "Delete Create Associate true"}, // recreated, most likely: what was before is not known
		{[]any{create, remove, earlier}, "Create Delete Create true"},
		{[]any{remove, grant, earlier}, "Create Associate Delete false"},
	} {
		for range 5 {
			rand.Shuffle(len(test.all), func(i, j int) { test.all[i], test.all[j] = test.all[j], test.all[i] })
			events, err := Read(strings.NewReader(text(t, test.all)))
			if err != nil {
				t.Fatal(err)
			}
			s := Fold(events)
			var got []string
			for _, c := range s.Changes {
				got = append(got, strings.TrimSuffix(strings.TrimSuffix(c.Name, "AccessEntry"), "AccessPolicy"))
			}
			end, _ := s.State(s.Changes[0].Cluster, s.Changes[0].Principal)
			if diff := cmp.Diff(test.want, fmt.Sprint(strings.Join(got, " "), " ", end.Entry != nil)); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// TestTwoClustersOfOneNameStayApart: who recreates a cluster begins again.
func TestTwoClustersOfOneNameStayApart(t *testing.T) {
	events, err := Read(strings.NewReader(text(t, []any{
		basis("eventID=1"),
		basis("eventID=2", "eventName=DeleteCluster", "eventTime=2026-03-03T11:00:00Z", `requestParameters={"name":"blue"}`),
		basis("eventID=3", "eventName=CreateCluster", "eventTime=2026-03-03T12:00:00Z", `requestParameters={"name":"blue","accessConfig":{"authenticationMode":"API"}}`),
	})))
	if err != nil {
		t.Fatal(err)
	}
	s := Fold(events)
	s.Merge()
	s.Judge(nil)
	end, _ := s.State(s.Changes[0].Cluster, "arn:aws:iam::111122223333:role/app")
	admin, known := s.State(s.Changes[0].Cluster, "arn:aws:iam::111122223333:role/team/ops")
	if s.Changes[0].Status != Former || end.Entry != nil || !known || !admin.Entry.Administers() {
		t.Errorf("%s, %+v, %+v", s.Changes[0].Status, end, admin)
	}
}
