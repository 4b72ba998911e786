package cmd

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestTheLastAdministratorIsPutBack: a colleague removes the other one after the plan was made and judged. Each way of
// removing ends as it began, whole.
func TestTheLastAdministratorIsPutBack(t *testing.T) {
	admin := arn("role/platform-admin")
	for name, what := range map[string]edit.Revocation{
		"the entry":  {},
		"the policy": {Grants: []access.Grant{{Policy: access.ClusterAdmin}}},
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{AWSAuth: map[string]string{"mapRoles": "[]\n"}}) // nobody administers by a mapping
			must(t, "grant", string(admin), "--policy", "view", "-n", "dev", "--group", "g", "--tag", "a=b", "--username", "me:{{SessionName}}")
			before := world(t)
			maps.DeleteFunc(before, func(who, _ string) bool { return strings.Contains(who, "AWSReservedSSO_AdministratorAccess") })
			c := linked(t)
			var said bytes.Buffer
			c.env.IO.ErrOut = &said
			gone := false
			ch := change{connection: c, flags: &changeFlags{dryRun: "none", accepted: []string{"lose-own-access"}}, who: []access.Principal{admin}, takes: true}
			ch.edit = func(p access.Principal) access.Edit {
				return func(s access.Snapshot) (access.Snapshot, error) {
					if !gone {
						gone = true
						colleague(t, "revoke", "sso/AdministratorAccess")
					}
					return edit.Revoke(p, what)(s)
				}
			}
			if err := ch.run(t.Context()); outcomeOf(err).code != exitFailed {
				t.Errorf("ended with %v", err)
			}
			if !strings.Contains(said.String(), "accessentry/role/platform-admin not ") || !strings.Contains(said.String(), "no cluster administrator would be left") {
				t.Errorf("said:\n%s", &said)
			}
			if diff := cmp.Diff(before, world(t)); diff != "" {
				t.Error(diff)
			}
			if len(ch.record.Sent) > 0 {
				t.Errorf("nothing is left to undo, on record is %v", ch.record.Sent)
			}
		})
	}
}

// TestWhatAnotherMachineOverwritesIsTold: its write comes after ours was read back.
func TestWhatAnotherMachineOverwritesIsTold(t *testing.T) {
	newcomer := arn("role/newcomer")
	view := func(names ...string) access.Grant {
		return access.Grant{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: names}}
	}
	for name, c := range map[string]struct {
		theirs access.Step
		says   string
	}{
		"nothing":    {nil, ""},
		"the scope":  {access.Associate{To: newcomer, Grant: view("dev", "qa"), New: true}, "now it is: view in namespaces dev, qa"},
		"the entry":  {access.DeleteEntry{Entry: access.Entry{Principal: newcomer, Kind: access.Standard, Grants: []access.Grant{view("dev", "prod")}}.Canonical()}, "another change deleted it"},
		"the groups": {access.UpdateEntry{After: access.Entry{Principal: newcomer, Groups: []string{"theirs"}}}, ""}, // which this change did not set
	} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Start(t, sandbox.Options{})
			colleague(t, "grant", "role/newcomer", "--policy", "view", "-n", "dev") // of our own change of a moment ago no entry would be known
			ch := change{connection: linked(t), flags: &changeFlags{dryRun: "none"}, who: []access.Principal{newcomer}}
			ch.edit = func(access.Principal) access.Edit {
				return edit.Grant(access.Entry{Principal: newcomer, Grants: []access.Grant{view("prod")}})
			}
			p, err := ch.propose(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			results, err := ch.send(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for r := range results {
				if r.Err != nil {
					told = append(told, r.Err.Error())
				} else if c.theirs != nil {
					theirs(t, ch.connection, c.theirs)
				}
			}
			if got := strings.Join(told, "; "); (c.says == "") != (got == "") || !strings.Contains(got, c.says) || ch.incomplete != (c.says != "") {
				t.Errorf("told %q, incomplete %v", got, ch.incomplete)
			}
		})
	}
}

// theirs is a write of another machine that has read what was before ours.
func theirs(t *testing.T, c *connection, step access.Step) {
	t.Helper()
	s, err := c.sides().Snapshot(t.Context(), access.Want{Principals: []access.Principal{step.Principal()}})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := s.Entry(step.Principal())
	switch s := step.(type) {
	case access.UpdateEntry:
		s.Before, s.After.Username = e, e.Username
		step = s
	case access.DeleteEntry:
		step = access.DeleteEntry{Entry: e}
	}
	if err := c.eks.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
}

// TestAChangeWaitsForTheOneBefore, for some time.
func TestAChangeWaitsForTheOneBefore(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	ch := change{connection: linked(t), flags: &changeFlags{dryRun: "none"}}
	if err := ch.hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := change{connection: ch.connection, flags: ch.flags}
	busy, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if err := other.hold(busy); err == nil || !strings.Contains(err.Error(), "cluster demo: another process on this machine") {
		t.Errorf("two at once: %v", err)
	}
	ch.release()
	if err := other.hold(t.Context()); err != nil {
		t.Error(err)
	}
	other.release()
}

// TestTenAtOnceLoseNothing: each adds a namespace, or takes one.
func TestTenAtOnceLoseNothing(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for _, verb := range []string{"grant", "revoke"} {
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				if out, code := command(verb, string(arn("role/newcomer")), "--policy", "view", "-n", fmt.Sprintf("ns-%d", n)); code != 0 {
					t.Errorf("%s: exit %d\n%s", verb, code, out)
				}
			})
		}
		all.Wait()
		s, err := linked(t).sides().Snapshot(t.Context(), access.Want{Principals: []access.Principal{arn("role/newcomer")}})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := s.Entry(arn("role/newcomer"))
		g, _ := e.Grant("AmazonEKSViewPolicy")
		if want := map[string]int{"grant": 10}[verb]; len(g.Scope.Namespaces) != want {
			t.Errorf("after 10 times %s: %v", verb, e.Grants)
		}
	}
}

// TestTwoMigrationsOfOneMomentHaveABackupEach.
func TestTwoMigrationsOfOneMomentHaveABackupEach(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c, noon := linked(t), time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	c.env.Now = func() time.Time { return noon }
	for range 3 {
		if err := (&migration{connection: c, plan: migrate.Plan{}}).backup(t.Context()); err != nil {
			t.Error(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_STATE_HOME"), "kubectl-access", "backup", "20260102T120000.000Z-demo*.json"))
	if err != nil || len(files) != 3 {
		t.Errorf("%q, %v", files, err)
	}
}
