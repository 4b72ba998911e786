package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var chainCases = flag.Int("chain-cases", 50, "how many random cases of explain are carried out")

// TestWhatExplainSaysIsSo carries out what explain prints, for random access of principals that have none: what it says
// revokes a chain removes it; without chains the API server says no; what it says would be enough makes it say yes.
func TestWhatExplainSaysIsSo(t *testing.T) {
	w := whoWorld(t)
	tested := []explained{{world: w, who: "role/newcomer", profile: "newcomer"}, {world: w, who: "role/joiner", profile: "joiner"}, {world: w, who: "user/dave", profile: "dave"}, {world: w, who: "role/idle", profile: "idle"}}
	var all sync.WaitGroup
	var mu sync.Mutex
	var chains, grants int
	for i, e := range tested {
		all.Go(func() {
			for n := i; n < *chainCases; n += len(tested) {
				if err := e.try(uint64(n)); err != nil {
					t.Errorf("case %d: %v", n, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			chains, grants = chains+e.chains, grants+e.grants
		})
	}
	all.Wait()
	t.Logf("%d questions, %d chains removed, %d grants made", *chainCases, chains, grants)
	if *chainCases >= 50 && (chains < 20 || grants < 20) {
		t.Error("too few to prove anything")
	}
}

// explained is one principal at work.
type explained struct {
	*world
	who, profile   string
	chains, grants int
}

// explanation is what explain -o json prints, as far as it is used here.
type explanation struct {
	Allowed bool
	Chains  []chain
	Near    []struct {
		Text string
		Next []string
	}
}

// chain is one way to have a right, and what removes it.
type chain struct {
	Chain, Revoke []string
	Delete        string
}

// try makes random access, asks a random question, and carries out the answer.
func (e *explained) try(seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 3))
	q := []question{
		{verb: "get", resource: "secrets", namespace: "dev"}, {verb: "list", resource: "pods", namespace: "prod"}, {verb: "get", resource: "pods"},
		{verb: "list", resource: "nodes"}, {verb: "create", resource: "pods/exec", namespace: "dev"}, {verb: "patch", group: "apps", resource: "deployments", namespace: "dev"},
		{verb: "get", resource: "namespaces", name: "dev", namespace: "dev"}, {verb: "get", resource: "configmaps", namespace: "dev"},
	}[r.IntN(8)]
	groups, err := e.setUp(r)
	defer e.cleanUp(groups)
	if err != nil {
		return err
	}
	x, err := e.explain(q)
	for err == nil && len(x.Chains) > 0 {
		x, err = e.remove(r, q, x)
	}
	if err != nil {
		return err
	}
	if err := e.until(q, false); err != nil {
		return err
	}
	made := false
	for _, n := range x.Near {
		if n.Next != nil {
			made = true
			e.grants++
			if _, err := e.run("", "kubectl", append([]string{"access"}, n.Next...)...); err != nil {
				return fmt.Errorf("%+v: %s: %w", q, n.Text, err)
			}
		}
	}
	if !made {
		return fmt.Errorf("%+v: nothing is offered: %+v", q, x)
	}
	if err := e.until(q, true); err != nil {
		return fmt.Errorf("after %+v: %w", x.Near, err)
	}
	return nil
}

// setUp grants some policies, and binds some groups of the principal.
func (e *explained) setUp(r *rand.Rand) (groups []string, err error) {
	args := []string{"access", "grant", e.who}
	for _, policy := range []string{"view", "edit", "admin", "admin-view", "secret-reader"} {
		switch r.IntN(6) {
		case 0:
			args = append(args, "--policy", policy+":"+[]string{"dev", "prod,dev", "dev-*", "d*"}[r.IntN(4)])
		case 1:
			args = append(args, "--policy", policy)
			if !slices.Contains(args, "-A") {
				args = append(args, "-A")
			}
		}
	}
	for i := range r.IntN(3) {
		group := strings.ReplaceAll(e.who, "/", "-") + fmt.Sprint("-", i)
		groups = append(groups, group)
		args = append(args, "--group", group)
		kind := []string{"--clusterrole=wide", "--clusterrole=viewer", "--clusterrole=leases"}[r.IntN(3)]
		bind := []string{"create", "clusterrolebinding", group, kind, "--group=" + group}
		if ns := []string{"dev", "prod", ""}[r.IntN(3)]; ns != "" {
			if ns == "dev" && r.IntN(2) == 0 {
				kind = "--role=developer"
			}
			bind = []string{"create", "rolebinding", group, kind, "--group=" + group, "-n", ns}
		}
		if _, err := e.run("", "kubectl", bind...); err != nil {
			return groups, err
		}
	}
	if len(args) == 3 {
		return groups, nil // without any access
	}
	_, err = e.run("", "kubectl", args...)
	return groups, err
}

func (e *explained) cleanUp(groups []string) {
	_, _ = e.run("", "kubectl", "access", "revoke", e.who, "--yes")
	for _, g := range groups {
		_, _ = e.run("", "kubectl", "delete", "clusterrolebinding", g, "--ignore-not-found")
		for _, ns := range []string{"dev", "prod"} {
			_, _ = e.run("", "kubectl", "delete", "rolebinding", g, "-n", ns, "--ignore-not-found")
		}
	}
}

func (e *explained) explain(q question) (x explanation, err error) {
	args := []string{"access", "explain", e.who, q.verb, strings.TrimSuffix(q.resource+"."+q.group, ".")}
	switch {
	case q.name != "":
		args = append(args, q.name)
	case q.namespace != "":
		args = append(args, "-n", q.namespace)
	case q.resource != "nodes":
		args = append(args, "-A")
	}
	out, err := e.run("", "kubectl", append(args, "-o", "json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &x)
	}
	if err == nil && x.Allowed != (len(x.Chains) > 0) {
		err = fmt.Errorf("%+v: allowed %t with %d chains", q, x.Allowed, len(x.Chains))
	}
	return x, err
}

// remove carries out one of the commands that remove a chain, and looks that it is gone and that the server follows.
func (e *explained) remove(r *rand.Rand, q question, x explanation) (explanation, error) {
	c := x.Chains[r.IntN(len(x.Chains))]
	var err error
	if c.Revoke != nil && (c.Delete == "" || r.IntN(2) == 0) {
		_, err = e.run("", "kubectl", append(append([]string{"access"}, c.Revoke...), "--yes")...)
	} else {
		words := strings.Fields(c.Delete)
		if len(words) == 0 {
			return x, fmt.Errorf("%+v: nothing removes %v", q, c.Chain)
		}
		_, err = e.run("", words[0], words[1:]...)
	}
	if err != nil {
		return x, fmt.Errorf("%+v: %w", q, err)
	}
	e.chains++
	after, err := e.explain(q)
	if err == nil && slices.ContainsFunc(after.Chains, func(o chain) bool { return slices.Equal(o.Chain, c.Chain) }) {
		err = fmt.Errorf("%+v: the chain %v is still there after %v %s", q, c.Chain, c.Revoke, c.Delete)
	}
	if err == nil {
		err = e.until(q, after.Allowed)
	}
	return after, err
}

// until waits for the API server's answer, which it keeps for a moment.
func (e *explained) until(q question, want bool) error {
	m := &matrix{world: e.world}
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		token, err := e.token(e.profile)
		if err != nil {
			return err
		}
		allowed, _ := m.review(token, q) // who has no access is refused
		if allowed == want {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %+v: explain says %t, the API server %t", e.who, q, want, allowed)
		}
	}
}
