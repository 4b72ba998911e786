package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const (
	account  = "111122223333"
	clusters = "arn:aws:eks:us-west-2:" + account + ":cluster/"
	admin    = "arn:aws:iam::" + account + ":role/platform-admin"
)

func arn(short string) access.Principal {
	return access.Principal("arn:aws:iam::" + account + ":" + short)
}

// settings are those of a command with such flags of kubectl.
func settings(t *testing.T, flags ...string) cluster.Settings {
	t.Helper()
	f := &kubeconfig.Flags{}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.Bind(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	target, err := f.Target()
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Settings{Flags: f, Target: target, Now: time.Now}
}

func opened(t *testing.T, s cluster.Settings) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// of is the cluster of a context.
func of(t *testing.T, name string) *cluster.Cluster {
	t.Helper()
	return opened(t, settings(t, "--context="+clusters+name))
}

// byFlag are the settings of a command that names a cluster beside the kubeconfig.
func byFlag(t *testing.T, name string) cluster.Settings {
	t.Helper()
	s := settings(t)
	s.Target.Name, s.Target.From["name"] = name, kubeconfig.FromFlag
	return s
}

// rewritten makes the kubeconfig say something else, old and new in turn.
func rewritten(t *testing.T, box *sandbox.Sandbox, oldNew ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(box.Dir(), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(string(text), oldNew[i]) {
			t.Fatalf("the kubeconfig has no %q", oldNew[i])
		}
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(oldNew...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", path)
}

// serverOf is where a cluster answers, by its context.
func serverOf(t *testing.T, name string) string {
	t.Helper()
	return settings(t, "--context="+clusters+name).Target.Server
}

// crossed is a kubeconfig whose context for demo leads to staging.
func crossed(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	demo, staging := serverOf(t, "demo"), serverOf(t, "staging")
	rewritten(t, box, "server: "+demo+"\n", "server: "+staging+"\n", "server: "+staging+"\n", "server: "+demo+"\n")
}

func kinds(notes []access.Note) (all []access.NoteKind) {
	for _, n := range notes {
		all = append(all, n.Kind)
	}
	return all
}

// TestTheContextIsComparedWithTheCluster: what may be changed, and what a read says, by the one table of Standing.
func TestTheContextIsComparedWithTheCluster(t *testing.T) {
	for _, c := range []struct {
		name         string
		prepare      func(*testing.T, *sandbox.Sandbox) cluster.Settings
		wrong, other bool // changes are refused, or a risk
		shown        bool
		noMatch      bool // with RequireMatch
	}{
		{"the same", func(t *testing.T, _ *sandbox.Sandbox) cluster.Settings { t.Helper(); return settings(t) }, false, false, false, false},
		{"named by a flag", func(t *testing.T, _ *sandbox.Sandbox) cluster.Settings { t.Helper(); return byFlag(t, "staging") }, false, false, false, true},
		{"elsewhere", func(t *testing.T, b *sandbox.Sandbox) cluster.Settings { t.Helper(); crossed(t, b); return settings(t) }, true, false, true, true},
		{"another account", func(t *testing.T, b *sandbox.Sandbox) cluster.Settings {
			t.Helper()
			rewritten(t, b, account+":cluster", "444455556666:cluster")
			return settings(t)
		}, false, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.prepare(t, sandboxtest.Start(t, sandbox.Options{}))
			opened := opened(t, s)
			info, err := opened.EKS.Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := opened.Right(info); errors.Is(err, cluster.ErrWrong) != c.wrong || (err != nil) != c.wrong {
				t.Errorf("right: %v", err)
			}
			risks := opened.OtherAccount(info)
			if len(risks) > 0 != c.other || c.other && risks[0].Name != access.OtherAccount {
				t.Errorf("risks %v", risks)
			}
			if notes := opened.Shown(info); len(notes) > 0 != c.shown {
				t.Errorf("shown with %v", notes)
			}
			s.RequireMatch = true
			if _, err := cluster.Open(t.Context(), s); errors.Is(err, cluster.ErrNoMatch) != c.noMatch || errors.Is(err, access.ErrRefused) != c.noMatch {
				t.Errorf("a match is required: %v", err)
			}
		})
	}
}

func TestOpenNotesHowTheClusterWasFound(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for _, c := range []struct {
		name   string
		change func(*kubeconfig.Target)
		notes  int
		from   [2]string // a field and its source
	}{
		{"from the kubeconfig", func(*kubeconfig.Target) {}, 0, [2]string{"name", kubeconfig.FromARN}},
		{"without a region", func(t *kubeconfig.Target) { t.Region = "" }, 1, [2]string{"region", "environment"}},
		{"by a plugin that cannot start", func(t *kubeconfig.Target) { t.Exec.Unrunnable = "why" }, 1, [2]string{}},
		{"by a plugin with other flags", func(t *kubeconfig.Target) { t.Exec.Unread = "why" }, 1, [2]string{}},
		{"by its endpoint", func(t *kubeconfig.Target) { t.Name = "" }, 0, [2]string{"name", "endpoint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings(t)
			c.change(&s.Target)
			got := opened(t, s)
			if len(got.Notes) != c.notes || c.notes > 0 && got.Notes[0].Kind != access.NoteContext {
				t.Errorf("notes %v", got.Notes)
			}
			if got.Target.Name != "demo" || got.EKS.Name != "demo" || got.Target.Region != "us-west-2" {
				t.Errorf("%s in %s", got.Target.Name, got.Target.Region)
			}
			if field, from := c.from[0], c.from[1]; field != "" && from != kubeconfig.FromARN && got.Target.From[field] != from {
				t.Errorf("%s from %s", field, got.Target.From[field])
			}
		})
	}
}

// TestAGuessIsConfirmed by AWS, and an error says that the name is one.
func TestAGuessIsConfirmed(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	s := settings(t)
	s.Target.Guess = "why"
	if c := opened(t, s); c.Target.Guess != "" || box.Calls()["eks.DescribeCluster"] != 1 {
		t.Errorf("guess %q, calls %v", c.Target.Guess, box.Calls())
	}
	s.Target.Name = "nobody"
	if _, err := cluster.Open(t.Context(), s); !errors.Is(err, access.ErrNoCluster) || !strings.Contains(err.Error(), "why") {
		t.Errorf("%v", err)
	}
	s.Target.Name, s.Target.Guess, s.Target.Server = "", "", "https://192.0.2.1"
	if _, err := cluster.Open(t.Context(), s); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("an endpoint of nobody: %v", err)
	}
}

// TestOpenSendsNothing where the kubeconfig says all.
func TestOpenSendsNothing(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	of(t, "demo")
	if calls := box.Calls(); len(calls) > 0 {
		t.Error(calls)
	}
}

// TestLoginsAreTheKubeconfigsWhereAFlagTakesAnother.
func TestLoginsAreTheKubeconfigsWhereAFlagTakesAnother(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	s := settings(t)
	if who := opened(t, s).Logins(t.Context()); who != nil {
		t.Errorf("without a flag: %v", who)
	}
	s.OtherLogin, s.Target.Profile, s.Target.Region = true, "ops", ""
	c := opened(t, s)
	if who := c.Logins(t.Context()); !slices.Equal(who, []access.Principal{admin}) {
		t.Errorf("%v", who)
	}
	if me, err := c.Session.Caller(t.Context()); err != nil || me != arn("role/ops") {
		t.Errorf("AWS sees %s, %v", me, err)
	}
}

func TestWhatTheKubeconfigSaysOfNames(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	c := of(t, "demo")
	if got := c.Short(admin); got != "role/platform-admin" || c.Namespace() != "default" {
		t.Errorf("%s in %s", got, c.Namespace())
	}
	if c.Plugin() {
		t.Error("a plugin has to run for a token that can be made here")
	}
	c.NoNativeToken = true
	if !c.Plugin() {
		t.Error("no plugin has to run")
	}
	rewritten(t, box, "    user: "+clusters+"demo\n", "    user: "+clusters+"demo\n    namespace: qa\n", account+":cluster", account+":cluster")
	if got := of(t, "demo").Namespace(); got != "qa" {
		t.Error(got)
	}
	c.Target.Account = ""
	if got := c.Short(admin); got != admin {
		t.Error(got)
	}
}

func TestARegionNeedsNoCluster(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	s := settings(t)
	r, err := cluster.OpenRegion(t.Context(), s, s.Target)
	if err != nil || r.Name != "us-west-2" {
		t.Fatalf("%s, %v", r.Name, err)
	}
	names, err := r.Clusters(t.Context())
	if diff := cmp.Diff([]string{"demo", "legacy", "private", "prod", "staging"}, names); diff != "" || err != nil {
		t.Error(err, diff)
	}
	entries, errs := of(t, "demo").Region().Entries(t.Context(), []string{"prod", "nobody", "legacy"}, kubefile.Form{})
	if len(entries) != 2 || len(errs) != 1 || !errors.Is(errs[0], access.ErrNoCluster) {
		t.Errorf("%v, %v", entries, errs)
	}
	token, end, err := r.Token(t.Context(), "demo", s.Now())
	if err != nil || token == "" || !end.After(s.Now()) {
		t.Errorf("%q until %s, %v", token, end, err)
	}
}

// TestPoliciesAreTheRegions, and those of this version where AWS does not answer.
func TestPoliciesAreTheRegions(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for profile, refused := range map[string]bool{"default": false, "newcomer": true} {
		s := settings(t)
		s.Target.Profile = profile
		c := opened(t, s)
		docs, err := c.Region().Policies(t.Context())
		if (err != nil) != refused || len(docs) < 20 {
			t.Errorf("%s: %d policies, %v", profile, len(docs), err)
		}
		for _, row := range []struct {
			written access.Scoped
			want    access.Grant
			fails   bool
		}{
			{access.Scoped{Policy: "view", Namespaces: []string{"dev"}}, access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}, false},
			{access.Scoped{Policy: "cluster-admin"}, access.Grant{Policy: access.ClusterAdmin}, false},
			{access.Scoped{Policy: "nothing"}, access.Grant{}, true},
		} {
			granted, err := c.Grants(t.Context(), []access.Scoped{row.written})
			if (err != nil) != row.fails || !row.fails && !cmp.Equal(granted, []access.Grant{row.want}) {
				t.Errorf("%s: granted %v, %v", profile, granted, err)
			}
			revoked, err := c.Granted(t.Context(), []access.Scoped{row.written})
			if (err != nil) != row.fails || !cmp.Equal(revoked, granted) {
				t.Errorf("%s: revoked %v, %v", profile, revoked, err)
			}
		}
	}
	c := of(t, "demo")
	if none, err := c.Grants(t.Context(), nil); none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := c.Grants(t.Context(), []access.Scoped{{Policy: "compute-cluster"}}); !errors.Is(err, access.ErrRule) {
		t.Errorf("a policy of AWS alone: %v", err)
	}
}
