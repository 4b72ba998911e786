package cmd_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// seed decides which calls fail; each number is another course of things.
var seed = flag.Uint64("seed", 1, "which calls fail")

const prod = "--context=arn:aws:eks:us-west-2:111122223333:cluster/prod"

// somebody names n roles that exist and have no entry in cluster prod.
func somebody(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for _, e := range entries(t) {
		if strings.Contains(e.Spec.PrincipalARN, ":role/") && e.Spec.Type == "STANDARD" && !strings.Contains(e.Spec.PrincipalARN, "aws-") &&
			!slices.Contains([]string{"platform-admin", "departed"}, e.Spec.PrincipalARN[strings.LastIndex(e.Spec.PrincipalARN, "/")+1:]) {
			all = append(all, e.Spec.PrincipalARN)
		}
	}
	if len(all) < n {
		t.Fatalf("only %d roles", len(all))
	}
	return all[:n]
}

func entries(t *testing.T, flags ...string) []manifest.AccessEntry {
	t.Helper()
	out, code := runQuietly(append([]string{"list", "-o", "json"}, flags...)...)
	var list struct{ Items []manifest.AccessEntry }
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 {
		t.Fatalf("exit %d: %v\n%s", code, err, out)
	}
	return list.Items
}

// granted is what each principal's entry is, as far as the tests below grant it.
func granted(t *testing.T, who []string) map[string]string {
	t.Helper()
	have := map[string]string{}
	for _, e := range entries(t, prod) {
		if slices.Contains(who, e.Spec.PrincipalARN) {
			have[e.Spec.PrincipalARN] = fmt.Sprint(e.Spec.KubernetesGroups, e.Spec.AccessPolicies)
		}
	}
	return have
}

func wanted(who []string) map[string]string {
	scope := manifest.AccessScope{Type: "namespace", Namespaces: []string{"a", "b"}}
	policies := []manifest.AccessPolicy{{PolicyARN: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy", AccessScope: scope}}
	want := map[string]string{}
	for _, arn := range who {
		want[arn] = fmt.Sprint([]string{"team"}, policies)
	}
	return want
}

func grantArgs(who []string) []string {
	return slices.Concat([]string{"grant"}, who, []string{"--policy", "edit", "-n", "a,b", "--group", "team", prod})
}

func TestAHundredGrantsAmongFaultsEndRight(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{Entries: 170, FaultRate: 0.2, Seed: *seed})
	who := somebody(t, 100)
	for n := 1; ; n++ {
		t.Setenv("AWS_MAX_ATTEMPTS", "4") // so that some calls do fail
		out, code := run(grantArgs(who)...)
		t.Setenv("AWS_MAX_ATTEMPTS", "20")
		have := granted(t, who)
		untrue(t, out, have)
		t.Logf("run %d: exit %d", n, code)
		if code == 0 {
			if diff := cmp.Diff(wanted(who), have); diff != "" {
				t.Errorf("done, it says:\n%s", diff)
			}
			return
		}
		if n == 2 {
			t.Fatalf("not done in two runs:\n%s", out)
		}
	}
}

// untrue finds lines that claim what is not so.
func untrue(t *testing.T, out string, have map[string]string) {
	t.Helper()
	for _, line := range strings.Split(out, "\n") {
		rest, claims := strings.CutPrefix(line, "accessentry/")
		if !claims {
			continue
		}
		short, what, _ := strings.Cut(rest, " ")
		is, exists := have["arn:aws:iam::111122223333:"+short]
		switch {
		case !exists:
			t.Errorf("there is no such entry: %s", line)
		case strings.HasPrefix(what, "granted") && !strings.Contains(is, "AmazonEKSEditPolicy"):
			t.Errorf("not granted: %s: %s", line, is)
		}
	}
}

// TestKilledAtAnyMomentASecondRunCompletes kills the program while a request of its is being answered.
func TestKilledAtAnyMomentASecondRunCompletes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program many times")
	}
	program, err := exec.LookPath("kubectl-access")
	if err != nil {
		t.Fatal(err)
	}
	wire := &sandboxtest.Tripwire{}
	sandboxtest.Start(t, sandbox.Options{Entries: 60, Log: wire})
	who := somebody(t, 12)
	random := rand.New(rand.NewPCG(7, 7))
	for range 15 {
		first := exec.Command(program, grantArgs(who)...)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		wire.Set(1+random.IntN(70), func() { _ = first.Process.Kill() })
		_ = first.Wait() // killed or done, both will do
		wire.Set(0, nil)
		if out, code := run(grantArgs(who)...); code != 0 {
			t.Fatalf("the second run: exit %d\n%s", code, out)
		}
		if diff := cmp.Diff(wanted(who), granted(t, who)); diff != "" {
			t.Fatal(diff)
		}
		if out, code := run(slices.Concat([]string{"revoke"}, who, []string{prod})...); code != 0 {
			t.Fatalf("exit %d\n%s", code, out)
		}
	}
}

// TestTwoMachinesLeaveAnAdministrator: each removes one of the last two, with records and a lock of its own.
func TestTwoMachinesLeaveAnAdministrator(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program many times")
	}
	program, err := exec.LookPath("kubectl-access")
	if err != nil {
		t.Fatal(err)
	}
	sandboxtest.Start(t, sandbox.Options{})
	both := []string{"role/platform-admin", "sso/AdministratorAccess"}
	for range 5 {
		t.Setenv("XDG_STATE_HOME", t.TempDir()) // else the grant would wait for the one of the last round
		var all []*exec.Cmd
		for _, who := range both {
			c := exec.Command(program, "revoke", who, "--policy", "cluster-admin", "--accept-risk=lose-own-access")
			c.Env = append(c.Environ(), "XDG_STATE_HOME="+t.TempDir())
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		for _, c := range all {
			_ = c.Wait() // one of them or both must fail
		}
		if !slices.ContainsFunc(entries(t), func(e manifest.AccessEntry) bool {
			return strings.Contains(fmt.Sprint(e.Spec.AccessPolicies), "AmazonEKSClusterAdminPolicy {cluster")
		}) {
			t.Fatal("nobody is left")
		}
		if out, code := run("grant", both[0], both[1], "--policy", "cluster-admin", "-A"); code != 0 {
			t.Fatalf("exit %d\n%s", code, out)
		}
	}
}
