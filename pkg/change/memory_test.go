package change

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

const (
	view  access.Policy = "AmazonEKSViewPolicy"
	edits access.Policy = "AmazonEKSEditPolicy"
)

// entry reads "cluster-admin view:dev,qa group:g user:x tag:a=b kind:EC2": a word without a colon is a policy.
func entry(p access.Principal, text string) access.Entry {
	e := access.Entry{Principal: p, Kind: access.Standard, Username: access.DefaultUsername(p)}
	for _, word := range strings.Fields(text) {
		name, value, found := strings.Cut(word, ":")
		switch name {
		case "group":
			e.Groups = append(e.Groups, value)
		case "user":
			e.Username = value
		case "kind":
			e.Kind, e.Username = access.Kind(value), ""
		case "tag":
			k, v, _ := strings.Cut(value, "=")
			if e.Tags == nil {
				e.Tags = map[string]string{}
			}
			e.Tags[k] = v
		default:
			e.Grants = append(e.Grants, grantOf(name, value, found))
		}
	}
	return e.Canonical()
}

func grantOf(name, namespaces string, scoped bool) access.Grant {
	g := access.Grant{Policy: access.ClusterAdmin}
	for _, p := range []access.Policy{view, edits, "AmazonEKSComputePolicy"} {
		if name == p.Short() {
			g.Policy = p
		}
	}
	if scoped {
		g.Scope.Namespaces = strings.Split(namespaces, ",")
	}
	return g
}

// town is a cluster in memory, with what IAM, the kubeconfig and the cluster's API server say of it.
type town struct {
	*accesstest.Cluster
	mu     sync.Mutex // one call at a time
	engine *Engine
	at     time.Time
	dir    string // of the records

	lives  map[access.Principal]access.Life     // the others live
	ids    map[access.Principal]access.Identity // the others are as they are called
	wrong  error                                // why this is not the cluster that is meant
	other  []access.Risk
	logins []access.Principal
	acts   func() (bool, error)
	wanted *access.Entry                             // what the cluster was last asked to act on
	onRead func(*access.Snapshot, access.Want) error // what becomes of a read
}

func newTown(t *testing.T, entries ...access.Entry) *town {
	t.Helper()
	w := &town{Cluster: accesstest.New(entries...), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), dir: tempDir(t)}
	dir := w.dir
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w.State.RBAC, w.State.AWSAuth = &access.RBAC{}, &access.ConfigMap{Data: map[string]string{}, Version: "1"}
	w.State.Namespaces = []string{"dev", "qa", "prod"}
	w.engine = &Engine{
		Cluster: w, Region: "us-west-2", Name: "demo",
		Now:     func() time.Time { return w.at },
		Dir:     func() (string, error) { return w.dir, nil },
		Pause:   func(ctx context.Context, _ int) error { return ctx.Err() },
		Command: func(words ...string) string { return strings.Join(words, " ") },
	}
	return w
}

// mapped gives the cluster mappings, each as "role group,group".
func (w *town) mapped(t *testing.T, lines ...string) {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		who, groups, _ := strings.Cut(line, " ")
		text.WriteString("- rolearn: " + string(role) + who + "\n  username: " + who + "\n  groups: [" + groups + "]\n")
	}
	m := awsauth.Understood(access.ConfigMap{Data: map[string]string{"mapRoles": text.String()}, Version: "1"})
	if len(m.Mappings) != len(lines) {
		t.Fatalf("%d mappings of %d", len(m.Mappings), len(lines))
	}
	w.State.AWSAuth = &m
}

func (w *town) Snapshot(ctx context.Context, want access.Want) (access.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.Cluster.Snapshot(ctx, want)
	if err == nil && w.onRead != nil {
		err = w.onRead(&s, want)
	}
	return s, err
}

// Do is the step with what EKS alone decides: a username where none was given.
func (w *town) Do(ctx context.Context, step access.Step) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.Cluster.Do(ctx, step)
	if e, is := w.State.Entry(step.Principal()); err == nil && is && e.Username == "" && !e.Node() {
		e.Username = access.DefaultUsername(e.Principal)
		w.State = w.State.Put(e)
	}
	return err
}

func (w *town) Lives(_ context.Context, entries []access.Entry) ([]access.Life, error) {
	lives := make([]access.Life, len(entries))
	for i, e := range entries {
		if life, known := w.lives[e.Principal]; known {
			lives[i] = life
		} else {
			lives[i] = access.Alive
		}
	}
	return lives, nil
}

func (w *town) LookUp(_ context.Context, p access.Principal) access.Identity {
	if id, known := w.ids[p]; known {
		return id
	}
	return access.Identity{Principal: p}
}

func (w *town) Right(access.Info) error                   { return w.wrong }
func (w *town) OtherAccount(access.Info) []access.Risk    { return w.other }
func (w *town) Logins(context.Context) []access.Principal { return w.logins }

func (w *town) Acts(_ context.Context, want *access.Entry) (bool, error) {
	w.wanted = want
	return w.acts()
}

// later is a moment at which EKS shows all that was changed before.
func (w *town) later() { w.at = w.at.Add(time.Hour) }

// propose plans a request.
func (w *town) propose(t *testing.T, r Request) (*Run, Proposal) {
	t.Helper()
	run := w.engine.Run(r)
	p, err := run.Propose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run, p
}

// apply carries a proposal out and returns the errors of its steps.
func (w *town) apply(t *testing.T, run *Run, p Proposal) (errs []error) {
	t.Helper()
	results, err := run.Apply(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for r := range results {
		if r.Err != nil {
			errs = append(errs, r.Err)
		}
	}
	return errs
}

// does carries a request out, which has to succeed.
func (w *town) does(t *testing.T, r Request) *Run {
	t.Helper()
	run, p := w.propose(t, r)
	if err := p.Refused(r.Accept); err != nil {
		t.Fatal(err)
	}
	if errs := w.apply(t, run, p); len(errs) > 0 {
		t.Fatal(errs)
	}
	w.later()
	return run
}

// record is the newest record on disk.
func (w *town) record(t *testing.T) journal.Record {
	t.Helper()
	all, err := journal.Read(w.dir)
	if err != nil || len(all.Records) == 0 {
		t.Fatalf("%d records, %v", len(all.Records), err)
	}
	return all.Records[0]
}

// is is somebody's entry, as its holdings; "no entry" for none.
func (w *town) is(p access.Principal) string {
	e, ok := w.State.Entry(p)
	if !ok {
		return "no entry"
	}
	return form(e)
}

// form writes an entry as entry reads it, without a default username.
func form(e access.Entry) string {
	var words []string
	for _, g := range e.Grants {
		words = append(words, strings.TrimSuffix(g.Policy.Short()+":"+strings.Join(g.Scope.Namespaces, ","), ":"))
	}
	for _, g := range e.Groups {
		words = append(words, "group:"+g)
	}
	if e.Username != access.DefaultUsername(e.Principal) {
		words = append(words, "user:"+e.Username)
	}
	for k, v := range e.Tags {
		words = append(words, "tag:"+k+"="+v)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// granting is a request that grants the same to some, as an entry reads it.
func granting(text string, who ...access.Principal) Request {
	e := entry("", text)
	if !strings.Contains(text, "user:") {
		e.Username = ""
	}
	return Grant(who, &e, false)
}

// revoking is a request that revokes what is named; the whole entry where nothing is.
func revoking(text string, who ...access.Principal) Request {
	e := entry("", text)
	what := edit.Revocation{Grants: e.Grants, Groups: e.Groups}
	return Request{Kind: journal.Revoke, Who: who, Takes: true, Edit: func(p access.Principal) access.Edit { return edit.Revoke(p, what) }}
}

// kinds are the kinds and subjects of notes.
func kinds(notes []access.Note) (all []string) {
	for _, n := range notes {
		all = append(all, strings.TrimSpace(string(n.Kind)+" "+n.Subject))
	}
	return all
}

func riskNames(risks []access.Risk) (all []access.RiskName) {
	for _, r := range risks {
		all = append(all, r.Name)
	}
	return all
}
