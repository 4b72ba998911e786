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
// revokes a chain removes it; without chains the API server says no; each command that it offers then, alone and from the same
// beginning, makes the server say yes.
func TestWhatExplainSaysIsSo(t *testing.T) {
	w := whoWorld(t)
	tested := []explained{{world: w, who: "role/newcomer", profile: "newcomer"}, {world: w, who: "role/joiner", profile: "joiner"}, {world: w, who: "user/dave", profile: "dave"}, {world: w, who: "role/idle", profile: "idle"}}
	var all sync.WaitGroup
	var mu sync.Mutex
	var chains, nears, cases int
	for i, e := range tested {
		all.Go(func() {
			for n := i; n < *chainCases; n += len(tested) {
				if err := e.try(uint64(n)); err != nil {
					t.Errorf("case %d: %v", n, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			chains, nears, cases = chains+e.chains, nears+e.nears, cases+e.several
		})
	}
	all.Wait()
	t.Logf("%d questions, %d chains removed, %d near misses' commands, each alone; %d cases had several", *chainCases, chains, nears, cases)
	if *chainCases >= 50 && (chains < 20 || nears <= *chainCases || cases == 0) {
		t.Error("too few to prove anything")
	}
	recreated := explained{world: w, who: "role/rotated", profile: "rotated"}
	if err := recreated.again(question{verb: "get", resource: "pods", namespace: "dev"}); err != nil {
		t.Error(err)
	}
}

// again tests what is offered to a recreated principal.
func (e *explained) again(q question) error {
	x, err := e.explain(q)
	if err != nil || len(x.Near) != 1 || x.Near[0].Then == nil {
		return fmt.Errorf("%+v: %w", x, err)
	}
	return e.carryOut(q, x.Near[0])
}

// explained is one principal at work.
type explained struct {
	*world
	who, profile string

	chains, nears, several int // done
}

// explanation is what explain -o json prints, as far as it is used here.
type explanation struct {
	Allowed bool
	Chains  []chain
	Near    []near
}

// near is something that nearly gives the right, and the commands that give it.
type near struct {
	Text       string
	Next, Then []string
}

// chain is one way to have a right, and what removes it.
type chain struct {
	Chain, Revoke []string
	Delete        string
}

// questions are what explain is asked.
var questions = []question{
	{verb: "get", resource: "secrets", namespace: "dev"}, {verb: "list", resource: "pods", namespace: "prod"}, {verb: "get", resource: "pods"},
	{verb: "list", resource: "nodes"}, {verb: "create", resource: "pods/exec", namespace: "dev"}, {verb: "patch", group: "apps", resource: "deployments", namespace: "dev"},
	{verb: "get", resource: "namespaces", name: "dev", namespace: "dev"}, {verb: "get", resource: "configmaps", namespace: "dev"},
}

// try makes random access, asks a random question, and carries out the answer: each near miss from the same beginning.
func (e *explained) try(seed uint64) error {
	x, err := e.tryNear(seed, 0)
	for i := 1; err == nil && i < len(x.Near); i++ {
		var other explanation
		other, err = e.tryNear(seed, i)
		if err == nil && fmt.Sprint(other) != fmt.Sprint(x) {
			err = fmt.Errorf("not the same beginning: %+v, %+v", x, other)
		}
	}
	if len(x.Near) > 1 {
		e.several++
	}
	if err == nil && len(x.Near) == 0 {
		err = fmt.Errorf("nothing is offered: %+v", x)
	}
	return err
}

// tryNear removes all chains of random access, carries out one of the near misses that have a command, and returns these.
func (e *explained) tryNear(seed uint64, which int) (x explanation, err error) {
	r := rand.New(rand.NewPCG(seed, 3))
	q := questions[r.IntN(len(questions))]
	groups, err := e.setUp(r)
	defer e.cleanUp(groups)
	if err == nil {
		x, err = e.explain(q)
	}
	for err == nil && len(x.Chains) > 0 {
		x, err = e.remove(r, q, x)
	}
	if err == nil {
		err = e.until(q, false)
	}
	x.Near = slices.DeleteFunc(x.Near, func(n near) bool { return n.Next == nil })
	if err != nil || which >= len(x.Near) {
		return x, err
	}
	return x, e.carryOut(q, x.Near[which])
}

// carryOut runs the commands of a near miss, after which explain and the server say yes.
func (e *explained) carryOut(q question, n near) error {
	for _, words := range [][]string{n.Next, n.Then} {
		if words == nil {
			continue
		}
		if _, err := e.run("", "kubectl", append(append([]string{"access"}, words...), "--yes")...); err != nil {
			return fmt.Errorf("%+v: %s: %w", q, n.Text, err)
		}
	}
	e.nears++
	if x, err := e.explain(q); err != nil || !x.Allowed {
		return fmt.Errorf("%+v: after %+v explain says no: %w", q, n, err)
	}
	if err := e.until(q, true); err != nil {
		return fmt.Errorf("after %+v: %w", n, err)
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
		args = append(args, "--group", group+[]string{"", "", "s"}[r.IntN(3)]) // sometimes not as it is bound
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
		allowed, _ := m.allows(token, q) // who has no access is refused
		if allowed == want {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %+v: explain says %t, the API server %t", e.who, q, want, allowed)
		}
	}
}
