package fleet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"demo", "demo", true},
		{"demo", "demo-a", false},
		{"", "", true},
		{"*", "", true},
		{"prod-*", "prod-eu", true},
		{"prod-*", "a-prod-eu", false},
		{"*-eu", "prod-eu", true},
		{"*prod*", "arn:aws:eks:us-west-2:111122223333:cluster/prod", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
	} {
		if got := fleet.Matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.name, got)
		}
	}
}

func TestChoose(t *testing.T) {
	at := func(context, account, region, name, server string) kubeconfig.Target {
		return kubeconfig.Target{Context: context, Short: context, Account: account, Region: region, Name: name, Server: server}
	}
	all := []kubeconfig.Target{
		at("a", "1", "r", "shop", ""), at("b", "1", "r", "shop", ""), at("c", "2", "r", "shop", ""), at("d", "1", "q", "shop", ""),
		at("e", "", "r", "web", "https://1"), at("f", "", "r", "web", "https://1"), at("g", "", "r", "web", "https://2"),
	}
	for _, c := range []struct {
		patterns string
		want     string
		others   int
	}{
		{"", "a c d e g", 2},
		{"*", "a c d e g", 2},
		{"!a", "b c d e g", 2},
		{"shop", "a c d", 0},
		{"web !e", "f g", 0},
		{"b a", "a", 0},
		{"kind* a", "a", 1},
		{"nobody", "error", 0},
		{"a nobody*", "error", 0},
	} {
		chosen, err := fleet.Choose(all, []string{"kind-x", "minikube"}, strings.Fields(c.patterns))
		var names []string
		for _, m := range chosen.Members {
			names = append(names, m.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = "error"
		}
		if got != c.want || err == nil && chosen.Others != c.others {
			t.Errorf("%q: %s, %d others, %v", c.patterns, got, chosen.Others, err)
		}
	}
}

// TestADeadClusterNeitherDelaysNorHidesTheOthers: one answers slowly but keeps answering, one is silent, one does not even stop when
// it is told to, and one fails.
func TestADeadClusterNeitherDelaysNorHidesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, failed := time.Now(), errors.New("failed")
		stuck := make(chan struct{})
		var ended [4]time.Duration
		errs := fleet.Each(t.Context(), 4, 20*time.Second, func(ctx context.Context, i int, heard func()) error {
			defer func() { ended[i] = time.Since(begun) }()
			switch i {
			case 0:
				for range 9 {
					time.Sleep(15 * time.Second)
					heard()
				}
				return ctx.Err()
			case 1:
				<-ctx.Done()
				return ctx.Err()
			case 2:
				<-stuck
				return nil
			}
			return failed
		})
		if errs[0] != nil || ended[0] != 135*time.Second {
			t.Error("slow:", errs[0], ended[0])
		}
		if !errors.Is(errs[1], fleet.ErrSilent) || fleet.Left(errs[1]) || ended[1] != 20*time.Second {
			t.Error("silent:", errs[1], ended[1])
		}
		if !errors.Is(errs[2], fleet.ErrSilent) || !fleet.Left(errs[2]) {
			t.Error("stuck:", errs[2])
		}
		if !errors.Is(errs[3], failed) || ended[3] != 0 {
			t.Error("failed:", errs[3], ended[3])
		}
		close(stuck)
	})
}
