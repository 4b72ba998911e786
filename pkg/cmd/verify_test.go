package cmd

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestTheLastAdministratorIsRestored: a colleague removes the other one after the plan was made and judged. Each way of
// removing ends as it began, whole.
func TestTheLastAdministratorIsRestored(t *testing.T) {
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
			r := change.Request{Accept: []access.RiskName{access.LoseOwnAccess}, Who: []access.Principal{admin}, Takes: true}
			r.Edit = func(p access.Principal) access.Edit {
				return func(s access.Snapshot) (access.Snapshot, error) {
					if !gone {
						gone = true
						colleague(t, "revoke", "sso/AdministratorAccess")
					}
					return edit.Revoke(p, what)(s)
				}
			}
			run, err := c.run(t, r)
			if outcomeOf(err).code != exitFailed {
				t.Errorf("ended with %v", err)
			}
			if !strings.Contains(said.String(), "accessentry/role/platform-admin not ") || !strings.Contains(said.String(), "no cluster administrator would be left") {
				t.Errorf("said:\n%s", &said)
			}
			if diff := cmp.Diff(before, world(t)); diff != "" {
				t.Error(diff)
			}
			if len(run.Record().Sent) > 0 {
				t.Errorf("nothing is left to undo, on record is %v", run.Record().Sent)
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
			l := linked(t)
			run := l.env.engine(l.Cluster).Run(change.Request{Who: []access.Principal{newcomer}, Edit: func(access.Principal) access.Edit {
				return edit.Grant(access.Entry{Principal: newcomer, Grants: []access.Grant{view("prod")}})
			}})
			p, err := run.Propose(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			results, err := run.Apply(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for r := range results {
				if r.Err != nil {
					told = append(told, r.Err.Error())
				} else if c.theirs != nil {
					theirs(t, l, c.theirs)
				}
			}
			if got := strings.Join(told, "; "); (c.says == "") != (got == "") || !strings.Contains(got, c.says) || run.Partial != (c.says != "") {
				t.Errorf("told %q, incomplete %v", got, run.Partial)
			}
		})
	}
}

// theirs is a write of another machine that has read what was before ours.
func theirs(t *testing.T, c link, step access.Step) {
	t.Helper()
	s, err := c.Snapshot(t.Context(), access.Want{Principals: []access.Principal{step.Principal()}})
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
	if err := c.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
}

// TestAChangeWaitsForTheOneBefore, for some time.
func TestAChangeWaitsForTheOneBefore(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	l := linked(t)
	engine := l.env.engine(l.Cluster)
	first, err := engine.Start(t.Context(), change.Request{})
	if err != nil {
		t.Fatal(err)
	}
	busy, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if _, err := engine.Start(busy, change.Request{}); err == nil || !strings.Contains(err.Error(), "cluster demo: another process on this machine") {
		t.Errorf("two at once: %v", err)
	}
	first.Release()
	other, err := engine.Start(t.Context(), change.Request{})
	if err != nil {
		t.Error(err)
	}
	other.Release()
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
		s, err := linked(t).Snapshot(t.Context(), access.Want{Principals: []access.Principal{arn("role/newcomer")}})
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
