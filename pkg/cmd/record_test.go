package cmd

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

var recordedCalls = flag.Int("recorded-calls", 40, "how many calls the test of history puts on record")

const (
	recordedIn = "prod"
	inProd     = "--context=arn:aws:eks:us-west-2:111122223333:cluster/" + recordedIn
)

// recorder makes calls to EKS as several actors, which CloudTrail of the account records. Its clock runs through some hours before now.
type recorder struct {
	*testing.T
	box    *sandbox.Sandbox
	state  string // the file of the account
	random *rand.Rand
	clock  atomic.Pointer[time.Time] // nil: the one of the machine
	actors []recordedActor
	who    []access.Principal
	live   map[access.Principal]access.Entry
	calls  int
	failed int
}

// recordedActor is somebody with a program.
type recordedActor struct {
	key                 awsapi.Key
	person, agent, tool string // as CloudTrail has the program, and as history calls it
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{T: t, state: filepath.Join(t.TempDir(), "state.json"), random: rand.New(rand.NewPCG(7, 7)), live: map[access.Principal]access.Entry{}}
	r.at(time.Now().Add(-11 * time.Hour))
	r.box = sandboxtest.Start(t, sandbox.Options{Now: r.now, TrailDelay: 5 * time.Minute, State: r.state})
	for _, a := range []struct{ profile, person, agent, tool string }{
		{"default", "role/platform-admin as sandbox", "aws-cli/2.31.5 md/command#eks.create-access-entry", "AWS CLI"},
		{"ops", "role/ops as sandbox", "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.1", "Terraform"},
		{"no-iam", "role/eks-operator as sandbox", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "console"},
		{"no-pass-role", "role/entry-manager as sandbox", "aws-sdk-go-v2/1.39.0 app/kubectl-access", "kubectl access"},
	} {
		r.actors = append(r.actors, recordedActor{r.box.Key(a.profile), a.person, a.agent, a.tool})
	}
	r.actors = append(r.actors, recordedActor{r.session("pat"), "role/platform-admin as pat", "Boto3/1.40.30 md/Botocore#1.40.30", "Boto3"})
	for _, name := range []string{"role/newcomer", "role/idle", "role/mapped", "role/twice", "role/team/lead", "role/eks-operator", "user/contractors/bob"} {
		r.who = append(r.who, access.Principal("arn:aws:iam::111122223333:"+name))
	}
	return r
}

func (r *recorder) at(t time.Time) { r.clock.Store(&t) }

func (r *recorder) now() time.Time {
	if t := r.clock.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// session is a key of another session of the administrators' role.
func (r *recorder) session(name string) awsapi.Key {
	r.Helper()
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::111122223333:role/platform-admin"}, "RoleSessionName": {name}, "DurationSeconds": {"43200"}}
	status, text := r.send(r.box.Key("default"), "sts", "", http.MethodPost, "/", form.Encode())
	part := func(tag string) string {
		return regexp.MustCompile("<" + tag + ">([^<]*)<").FindStringSubmatch(text)[1]
	}
	if status != http.StatusOK {
		r.Fatal(text)
	}
	return awsapi.Key{ID: part("AccessKeyId"), Secret: part("SecretAccessKey"), Token: part("SessionToken")}
}

// send sends one request that is signed at the time of the recorder's clock.
func (r *recorder) send(k awsapi.Key, service, agent, method, path, body string) (int, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.box.URL()+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if service == "sts" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("User-Agent", agent)
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}, req, hex.EncodeToString(sum[:]), service, "us-west-2", r.now())
	if err != nil {
		r.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// call makes a call about a principal, as some actor, which is refused or not.
func (r *recorder) call(method string, p access.Principal, below string, body map[string]any, want int) {
	r.Helper()
	text, _ := json.Marshal(body)
	path := "/clusters/" + recordedIn + "/access-entries"
	if _, creates := body["principalArn"]; !creates {
		path += "/" + url.PathEscape(string(p)) + below
	}
	a := r.actors[r.random.IntN(len(r.actors))]
	if want == http.StatusForbidden {
		a.key = r.box.Key("read-only")
	}
	if status, answer := r.send(a.key, "eks", a.agent, method, path, string(text)); status != want {
		r.Fatalf("%s %s %s: %d %s", method, path, text, status, answer)
	}
	if r.calls++; want != http.StatusOK {
		r.failed++
	}
}

func (r *recorder) some(words ...string) []string {
	r.random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return words[:1+r.random.IntN(len(words)-1)]
}

// change makes one call, and moves the clock on: within a second, or by seconds or minutes.
func (r *recorder) change() {
	next := r.now().Add([]time.Duration{200 * time.Millisecond, 3 * time.Second, 3 * time.Minute}[r.random.IntN(3)])
	p := r.who[r.random.IntN(len(r.who))]
	e, exists := r.live[p]
	kind := r.random.IntN(12)
	if kind == 2 || kind == 5 { // their moment is not in the record
		next = next.Truncate(time.Second).Add(2 * time.Second)
		defer func() { r.at(r.now().Add(time.Second)) }()
	}
	r.at(next)
	switch {
	case kind == 0:
		r.call(http.MethodDelete, p, "", nil, http.StatusForbidden)
	case kind == 1 && exists:
		r.call(http.MethodPost, p, "", map[string]any{"kubernetesGroups": []string{"system:masters"}}, http.StatusBadRequest)
	case !exists:
		e = access.Entry{Principal: p, Kind: access.Standard, Groups: r.some("a", "b", "c")}
		r.call(http.MethodPost, p, "", map[string]any{"principalArn": p, "type": "STANDARD", "kubernetesGroups": e.Groups}, http.StatusOK)
		r.live[p] = e
	case kind == 2:
		r.call(http.MethodDelete, p, "", nil, http.StatusOK)
		delete(r.live, p)
	case kind < 5:
		e.Groups = r.some("a", "b", "c", "d")
		in := map[string]any{"kubernetesGroups": e.Groups}
		if kind == 3 {
			e.Username = r.some("one", "two", "three")[0]
			in["username"] = e.Username
		}
		r.call(http.MethodPost, p, "", in, http.StatusOK)
		r.live[p] = e
	case kind == 5 && len(e.Grants) > 0:
		g := e.Grants[r.random.IntN(len(e.Grants))]
		r.call(http.MethodDelete, p, "/access-policies/"+url.PathEscape(g.Policy.ARN("aws")), nil, http.StatusOK)
		e.Grants = slices.DeleteFunc(slices.Clone(e.Grants), func(o access.Grant) bool { return o.Policy == g.Policy })
		r.live[p] = e
	default:
		g := access.Grant{Policy: access.Policy(r.some("AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy")[0])}
		scope := map[string]any{"type": "cluster"}
		if r.random.IntN(3) > 0 {
			g.Scope.Namespaces = r.some("dev", "dev-*", "qa", "prod")
			scope = map[string]any{"type": "namespace", "namespaces": g.Scope.Namespaces}
		}
		r.call(http.MethodPost, p, "/access-policies", map[string]any{"policyArn": g.Policy.ARN("aws"), "accessScope": scope}, http.StatusOK)
		e.Grants = append(slices.DeleteFunc(slices.Clone(e.Grants), func(o access.Grant) bool { return o.Policy == g.Policy }), g)
		r.live[p] = e
	}
}

// toldChange is a change of history -o json.
type toldChange struct {
	Time, Action, Principal, What, Tool, Error, State, Undo string
	EventIDs                                                []string
	Before, After                                           struct {
		Exists, Partial bool
		Spec            *manifest.Spec
	}
	Actor struct{ Person string }
}

// told runs history on the calls that were recorded.
func (r *recorder) told(args ...string) []toldChange {
	r.Helper()
	var out, errOut bytes.Buffer
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, Now: time.Now, TrailPace: time.Nanosecond}
	args = append([]string{"kubectl-access", "history", "--limit=0", "--errors", "-o=json"}, args...)
	if code := Run(context.Background(), env, args); code != 0 {
		r.Fatalf("%v: %d %s", args, code, errOut.String())
	}
	var h struct{ Changes []toldChange }
	if err := json.Unmarshal(out.Bytes(), &h); err != nil {
		r.Fatal(err)
	}
	for i := range h.Changes {
		h.Changes[i].Undo = strings.NewReplacer(" "+strings.Replace(inProd, "=", " ", 1), "", " --eks-cluster "+recordedIn+" --region us-west-2", "").Replace(h.Changes[i].Undo)
	}
	return h.Changes
}

// entries are those of the cluster now, in the form of history.
func (r *recorder) entries() map[string]*manifest.Spec {
	r.Helper()
	s, err := linked(r.T, inProd).Snapshot(r.Context(), access.Want{All: true})
	if err != nil || len(s.Unread) > 0 {
		r.Fatal(err, s.Unread)
	}
	all := map[string]*manifest.Spec{}
	for _, e := range s.Entries {
		if e.Username == access.DefaultUsername(e.Principal) {
			e.Username = ""
		}
		text, _ := json.Marshal(manifest.Of(e, access.Info{Name: recordedIn}).Spec)
		spec := &manifest.Spec{}
		if err := json.Unmarshal(text, spec); err != nil {
			r.Fatal(err)
		}
		all[string(e.Principal)] = spec
	}
	return all
}

// TestHistoryOfAnAccountIsTrue puts calls of five actors on record in the sandbox, by its API, some of them refused. What history
// tells leads to what is in the cluster; every container of the records tells the same; and the commands that undo the changes,
// carried out from the latest to the first, restore what was before each.
func TestHistoryOfAnAccountIsTrue(t *testing.T) {
	r := newRecorder(t)
	for r.calls < *recordedCalls {
		r.change()
	}
	if time.Since(r.now()) < 6*time.Minute {
		t.Fatal("the clock came too far")
	}
	r.clock.Store(nil)
	changes := r.told(inProd)
	r.leadsToLive(changes)
	r.isByItsActors(changes)
	r.isInEveryContainer(changes)
	r.isLate(changes)
	r.undoes(changes)
}

func (r *recorder) leadsToLive(changes []toldChange) {
	r.Helper()
	events, failed, seen := 0, 0, map[string]bool{}
	live := r.entries()
	for _, c := range changes {
		events += len(c.EventIDs)
		if c.Error != "" {
			failed++
			continue
		}
		if !seen[c.Principal] {
			if diff := cmp.Diff(live[c.Principal], c.After.Spec); diff != "" || c.After.Partial || c.After.Exists != (live[c.Principal] != nil) {
				r.Errorf("%s: live and told:\n%s", c.Principal, diff)
			}
		}
		seen[c.Principal] = true
		if c.State == "changed since" {
			r.Errorf("%+v", c)
		}
	}
	for p := range r.live {
		if live[string(p)] == nil || !seen[string(p)] {
			r.Errorf("%s has no entry, or no history", p)
		}
	}
	if events != r.calls || failed != r.failed || failed == 0 {
		r.Errorf("%d events of %d, %d failed of %d", events, r.calls, failed, r.failed)
	}
	r.Logf("%d calls, %d failed, %d changes, %d principals", r.calls, failed, len(changes), len(seen))
}

func (r *recorder) isByItsActors(changes []toldChange) {
	r.Helper()
	got, want := map[string]string{}, map[string]string{}
	for _, c := range changes {
		if !strings.HasPrefix(c.Error, "AccessDenied") {
			got[c.Actor.Person] += map[bool]string{true: "", false: c.Tool}[strings.Contains(got[c.Actor.Person], c.Tool)]
		}
	}
	for _, a := range r.actors {
		want[a.person] = a.tool
	}
	if !maps.Equal(got, want) {
		r.Errorf("got %v, want %v", got, want)
	}
}

// recordedContainers are the forms in which AWS hands out records (cloudtrail.md §6).
var recordedContainers = map[string]func(records []string) string{
	"file of a trail": func(all []string) string { return `{"Records":[` + strings.Join(all, ",") + `]}` },
	"array":           func(all []string) string { return "[" + strings.Join(all, ",") + "]" },
	"lines":           func(all []string) string { return strings.Join(all, "\n") },
	"lookup-events": func(all []string) string {
		return `{"Events":[` + strings.Join(framed(all, `{"EventId":"x","CloudTrailEvent":%q}`, true), ",") + `],"NextToken":"n"}`
	},
	"EventBridge": func(all []string) string {
		return strings.Join(framed(all, `{"detail-type":"AWS API Call via CloudTrail","source":"aws.eks","detail":%s}`, false), "\n")
	},
	"CloudWatch Logs": func(all []string) string {
		return `{"events":[` + strings.Join(framed(all, `{"timestamp":1,"message":%q}`, true), ",") + `]}`
	},
	"logs tail": func(all []string) string { return strings.Join(framed(all, `{"message":%q}`, true), "\n") },
}

// framed writes each record into a form, as it is or as a JSON string.
func framed(all []string, form string, quoted bool) (out []string) {
	for _, one := range all {
		if quoted {
			text, _ := json.Marshal(one)
			out = append(out, strings.Replace(form, "%q", string(text), 1))
		} else {
			out = append(out, strings.Replace(form, "%s", one, 1))
		}
	}
	return out
}

func (r *recorder) isInEveryContainer(want []toldChange) {
	r.Helper()
	var kept struct{ Trail []struct{ Record string } }
	text, err := os.ReadFile(r.state)
	if err = errors.Join(err, json.Unmarshal(text, &kept)); err != nil {
		r.Fatal(err)
	}
	var all []string
	for _, e := range kept.Trail {
		all = append(all, e.Record)
	}
	dir := r.TempDir()
	for name, form := range recordedContainers {
		r.tellsTheSame(name, want, r.file(dir, name+".json", form(all)))
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, recordedContainers["file of a trail"](all))
	_ = w.Close()
	r.tellsTheSame("gzip", want, r.file(dir, "packed.json.gz", packed.String()))
	folder := r.TempDir()
	for i, record := range all { // some twice, as CloudTrail may deliver them
		r.file(folder, fmt.Sprintf("AWSLogs/2026/%d/%d.json", i%7, i), record)
		if i%5 == 0 {
			r.file(folder, fmt.Sprintf("AWSLogs/again/%d.json", i), `{"Records":[`+record+`]}`)
		}
	}
	r.tellsTheSame("a folder, a record in each file", want, folder)
}

func (r *recorder) file(dir, name, content string) string {
	r.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		r.Fatal(err)
	}
	return path
}

func (r *recorder) tellsTheSame(name string, want []toldChange, path string) {
	r.Helper()
	got := r.told("--from-file", path, "--eks-cluster", recordedIn, "--region", "us-west-2", "--since", "1d")
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("%s:\n%s", name, diff[:min(len(diff), 2000)])
	}
}

// isLate makes a call that CloudTrail does not show yet: its absence is noticed.
func (r *recorder) isLate(before []toldChange) {
	r.Helper()
	i := slices.IndexFunc(before, func(c toldChange) bool {
		return c.Error == "" && c.After.Exists && r.live[access.Principal(c.Principal)].Principal != ""
	})
	p := access.Principal(before[i].Principal)
	r.call(http.MethodDelete, p, "", nil, http.StatusOK)
	after := r.told(inProd)
	if len(after) != len(before) || after[i].State != "changed since" {
		r.Errorf("%d changes, %+v", len(after), after[i])
	}
	e := r.live[p]
	made := map[string]any{"principalArn": p, "type": "STANDARD", "kubernetesGroups": e.Groups}
	if e.Username != "" {
		made["username"] = e.Username
	}
	r.call(http.MethodPost, p, "", made, http.StatusOK)
	for _, g := range e.Grants {
		scope := map[string]any{"type": "cluster"}
		if !g.Scope.WholeCluster() {
			scope = map[string]any{"type": "namespace", "namespaces": g.Scope.Namespaces}
		}
		r.call(http.MethodPost, p, "/access-policies", map[string]any{"policyArn": g.Policy.ARN("aws"), "accessScope": scope}, http.StatusOK)
	}
}

func (r *recorder) undoes(changes []toldChange) {
	r.Helper()
	undone := 0
	for _, c := range changes {
		if c.Error != "" {
			continue
		}
		if c.Undo != "" {
			undone++
		}
		for line := range strings.SplitSeq(c.Undo, " && ") {
			if words := strings.Fields(strings.ReplaceAll(line, "'", "")); len(words) > 2 {
				must(r.T, append(words[2:], inProd, "--yes", allRisks)...)
			}
		}
		if diff := cmp.Diff(c.Before.Spec, r.entries()[c.Principal]); diff != "" {
			r.Fatalf("%s %s: undone by %q:\n%s", c.Time, c.What, c.Undo, diff)
		}
	}
	if undone < len(changes)/2 {
		r.Errorf("only %d of %d can be undone", undone, len(changes))
	}
	r.Logf("%d changes undone by their commands", undone)
}
