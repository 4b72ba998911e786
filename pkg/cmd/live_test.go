package cmd

import (
	"context"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// TestCompletionKeepsItsBudget: an answer to the Tab key comes within 300 ms, and starting the program and printing
// what was found takes some of that too. How much is measured by BenchmarkCompletionOfASlowAccount.
func TestCompletionKeepsItsBudget(t *testing.T) {
	const budget, around = 300 * time.Millisecond, 60 * time.Millisecond
	if completionTime+around > budget {
		t.Errorf("asking takes up to %s, and all that is around it up to %s: more than %s", completionTime, around, budget)
	}
}

// completed is what an asker offers in time. Time stands still while anything is computed, so that a busy machine
// changes nothing.
func completed(t *testing.T, ask cluster.Offer) (words []string, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		env := &Env{IO: genericiooptions.IOStreams{ErrOut: io.Discard}}
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		begun := time.Now()
		words, _ = env.ask(ask)(cmd, nil, "")
		took = time.Since(begun)
		time.Sleep(24 * time.Hour) // until the asker has ended too
	})
	return words, took
}

// unreachable is an account that does not answer before the question is given up.
func unreachable(ask cluster.Offer) cluster.Offer {
	return func(ctx context.Context, _ func() *cluster.Cluster, offer func(...cobra.Completion)) {
		ask(ctx, func() *cluster.Cluster { <-ctx.Done(); return nil }, offer)
	}
}

// TestCompletionDoesNotWait: what can be said without an answer is said when the time is up.
func TestCompletionDoesNotWait(t *testing.T) {
	view, _ := policy.Find("AmazonEKSViewPolicy")
	for name, test := range map[string]struct {
		ask  cluster.Offer
		want string // among the candidates; "": there are none
	}{
		"revoke":         {cluster.OfferAdmitted(cluster.InShort), ""},
		"grant -n":       {cluster.OfferNamespaces, ""},
		"grant":          {cluster.OfferPrincipals(cluster.InShort), "me\t"},
		"grant --policy": {cluster.OfferPolicies, "view\t" + short(view.Purpose)},
		"an endless wait": {func(ctx context.Context, _ func() *cluster.Cluster, _ func(...cobra.Completion)) {
			time.Sleep(time.Hour)
		}, ""},
	} {
		got, took := completed(t, unreachable(test.ask))
		if took != completionTime || test.want == "" && len(got) > 0 || test.want != "" && !slices.Contains(got, test.want) {
			t.Errorf("%s: %q after %s", name, got, took)
		}
	}
}

// TestUsersMayAllowCompletionMoreTime: what is not a duration is ignored.
func TestUsersMayAllowCompletionMoreTime(t *testing.T) {
	slow := func(_ context.Context, _ func() *cluster.Cluster, offer func(...cobra.Completion)) {
		time.Sleep(time.Second)
		offer("late")
	}
	for value, want := range map[string]int{"2s": 1, "500ms": 0, "": 0, "long": 0, "-1s": 0} {
		t.Setenv(completionTimeout, value)
		if got, _ := completed(t, slow); len(got) != want {
			t.Errorf("%q: %q", value, got)
		}
	}
}
