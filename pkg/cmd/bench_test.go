package cmd_test

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// BenchmarkStart is what every command costs before it does anything: a process of the real program.
func BenchmarkStart(b *testing.B) {
	bin := built(b, "kubectl-access")
	for _, args := range []string{"version", "--help", "__complete grant --policy v"} {
		b.Run(args, func(b *testing.B) {
			for b.Loop() {
				if err := exec.Command(bin, strings.Fields(args)...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompletionOfASlowAccount is how long the Tab key may take at most: a process of the real program, and an
// AWS that does not answer in time. 300 ms are the budget.
func BenchmarkCompletionOfASlowAccount(b *testing.B) {
	bin := built(b, "kubectl_complete-access")
	sandboxtest.Start(b, sandbox.Options{Latency: time.Minute})
	for _, words := range [][]string{{"revoke", ""}, {"grant", "x", "-n", ""}, {"kubeconfig", "--name", ""}} {
		b.Run(strings.Join(words, " "), func(b *testing.B) {
			for b.Loop() {
				if err := exec.Command(bin, words...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// built is the real program under a name.
func built(tb testing.TB, name string) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), executable(name))
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "../../cmd/kubectl-access")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// BenchmarkList reads 1,000 entries with two policies at 50 ms a call, without a limit and with one
// of 20 calls a second. ratio is the time taken by the best time possible.
func BenchmarkList(b *testing.B) {
	for _, c := range []struct {
		name string
		o    sandbox.Options
	}{
		{"unlimited", sandbox.Options{Entries: 1000, Latency: 50 * time.Millisecond}},
		{"20 a second", sandbox.Options{Entries: 1000, Latency: 50 * time.Millisecond, Rate: 20, Burst: 50}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkList(b, c.o) })
	}
}

func benchmarkList(b *testing.B, o sandbox.Options) {
	b.Helper()
	for b.Loop() {
		box := sandboxtest.Start(b, o)
		start := time.Now()
		env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now}
		if code := cmd.Run(context.Background(), env, []string{"kubectl-access", "list"}); code != 0 {
			b.Fatalf("exit %d", code)
		}
		took := time.Since(start)
		calls := 0
		for _, n := range box.Calls() {
			calls += n
		}
		ideal := time.Duration(2012) * o.Latency / 32
		if o.Rate > 0 {
			ideal = time.Duration(float64(2012-o.Burst) / o.Rate * float64(time.Second))
		}
		b.ReportMetric(float64(calls), "calls")
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(float64(took)/float64(ideal), "ratio")
	}
}

// BenchmarkFleet reads 20 clusters of 100 entries in four accounts at 50 ms a call. ratio is the time that all take by the time that
// the slowest account takes alone: 1.5 is the budget.
func BenchmarkFleet(b *testing.B) {
	for b.Loop() {
		sandboxtest.Start(b, sandbox.Options{Entries: 100, Fleet: 5, Latency: 50 * time.Millisecond})
		read := func(accounts ...string) time.Duration {
			var out strings.Builder
			start := time.Now()
			env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: io.Discard}, Now: time.Now}
			args := []string{"kubectl-access", "list", "--org-role", sandbox.OrganizationRole, "--regions", "us-west-2", "-o", "csv", "--accounts", strings.Join(accounts, ",")}
			if code := cmd.Run(context.Background(), env, args); code != 0 || strings.Count(out.String(), "\n") != 500*len(accounts)+1 {
				b.Fatalf("exit %d, %d lines", code, strings.Count(out.String(), "\n"))
			}
			return time.Since(start)
		}
		slowest := time.Duration(0)
		for _, id := range sandbox.FleetAccounts {
			slowest = max(slowest, read(id))
		}
		all := read(sandbox.FleetAccounts...)
		b.ReportMetric(all.Seconds(), "s")
		b.ReportMetric(float64(all)/float64(slowest), "ratio")
	}
}
