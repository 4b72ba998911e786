package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// road converges on after without waiting.
func road(c *accesstest.Cluster, after access.Snapshot) access.Road {
	return access.Road{
		Cluster: c,
		Pause:   func(context.Context, int) error { return nil },
		Replan: func(ctx context.Context, who []access.Principal) (access.Plan, error) {
			now, err := c.Snapshot(ctx, access.Want{Principals: who, AWSAuth: true})
			want := access.Snapshot{Cluster: after.Cluster, AWSAuth: after.AWSAuth}
			for _, p := range who {
				if e, ok := after.Entry(p); ok {
					want = want.Put(e)
				}
			}
			return access.Diff(now, want), err
		},
	}
}

func converge(c *accesstest.Cluster, after access.Snapshot) string {
	var lines []string
	for r := range road(c, after).Converge(context.Background(), access.Diff(c.State, after)) {
		line := string(r.Step.Principal().Name()) + " " + r.Step.String()
		switch {
		case r.Err != nil:
			line += " !" + r.Err.Error()
		case r.InPlace:
			line += " ="
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func TestConvergeOnAnEntryThatAppearedMeanwhile(t *testing.T) {
	c, after := accesstest.New(), snapshot(entry(dev, "view group:g"))
	plan := access.Diff(c.State, after)
	c.State = c.State.Put(entry(dev, "edit:x"))
	var lines []string
	for r := range road(c, after).Converge(context.Background(), plan) {
		lines = append(lines, fmt.Sprint(r.Step, r.Err, r.InPlace))
	}
	if left := access.Diff(c.State, after); !left.Empty() {
		t.Errorf("left to do: %v\nafter %v", left.Steps(), lines)
	}
}

func TestConvergeOnAnEntryThatVanished(t *testing.T) {
	c, after := accesstest.New(), snapshot()
	c.State = c.State.Put(entry(dev, "view"))
	plan := access.Diff(c.State, after)
	c.State = c.State.Drop(dev)
	for r := range road(c, after).Converge(context.Background(), plan) {
		if r.Err != nil || !r.InPlace {
			t.Errorf("%v: %v, in place %v", r.Step, r.Err, r.InPlace)
		}
	}
}

func TestConvergeOnLostAnswersTellsTheTruth(t *testing.T) {
	c := accesstest.New()
	lost := map[string]bool{}
	c.Lose = func(s access.Step) error {
		if lost[s.String()] {
			return nil
		}
		lost[s.String()] = true
		return access.ErrUnknown
	}
	got := converge(c, snapshot(entry(dev, "view group:g")))
	if want := "dev created; dev granted view on the whole cluster"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOfWhatAnotherOverwroteNothingIsClaimed: the answer of the grant in dev is lost while somebody sets the scope to
// qa. The line about dev alone would be untrue; the new plan's line tells what there is in the end.
func TestOfWhatAnotherOverwroteNothingIsClaimed(t *testing.T) {
	c := accesstest.New(entry(dev, "view:base"))
	once := false
	c.Lose = func(access.Step) error {
		if once {
			return nil
		}
		once = true
		c.State = c.State.Put(entry(dev, "view:qa group:g"))
		return access.ErrUnknown
	}
	got := converge(c, snapshot(entry(dev, "view:base,dev,qa group:g")))
	if want := "dev set to groups g =; dev granted view in namespaces base, dev, qa"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConvergeGivesUpAndSaysWhat(t *testing.T) {
	c := accesstest.New()
	c.Fail = func(access.Step) error { return access.ErrUnknown }
	got := converge(c, snapshot(entry(dev, "view")))
	if want := "dev created !no answer; dev granted view on the whole cluster !not tried"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOneThatFailsDoesNotStopTheOthers(t *testing.T) {
	c := accesstest.New()
	c.Fail = func(s access.Step) error {
		if s.Principal() == dev {
			return access.ErrForbidden
		}
		return nil
	}
	got := converge(c, snapshot(entry(dev, "view"), entry(ops, "view")))
	want := "ops created; ops granted view on the whole cluster; dev created !access denied; dev granted view on the whole cluster !not tried"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNothingIsTakenWhileSomethingAddedFailed(t *testing.T) {
	c := accesstest.New(entry(ops, "admin"))
	c.Fail = func(s access.Step) error {
		if s.Principal() == dev {
			return access.ErrForbidden
		}
		return nil
	}
	got := converge(c, snapshot(entry(dev, "admin")))
	if !strings.Contains(got, "ops deleted !not tried") {
		t.Errorf("got %q", got)
	}
	if e, ok := c.State.Entry(ops); !ok || !e.Administers() {
		t.Error("the old administrator is gone, the new one never came")
	}
}

func TestACancelledContextEndsAll(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	c := accesstest.New()
	c.Fail = func(access.Step) error { stop(); return ctx.Err() }
	after := snapshot(entry(dev, "view"), entry(ops, "view"))
	for r := range road(c, after).Converge(ctx, access.Diff(c.State, after)) {
		if r.Err == nil {
			t.Errorf("%v was done", r.Step)
		}
	}
	if len(c.Steps) > 0 {
		t.Errorf("done all the same: %v", c.Steps)
	}
}

// patient lets the first principal's steps through; all others take until somebody ends the work.
type patient struct {
	*accesstest.Cluster
	first access.Principal
}

func (p patient) Do(ctx context.Context, s access.Step) error {
	if s.Principal() != p.first {
		<-ctx.Done()
		return ctx.Err()
	}
	return p.Cluster.Do(ctx, s)
}

func TestWhoeverStopsListeningStopsTheWork(t *testing.T) {
	c := accesstest.New()
	var entries []access.Entry
	for i := range 100 {
		entries = append(entries, entry(access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/r%02d", i)), "view"))
	}
	for r := range access.Apply(context.Background(), patient{c, entries[0].Principal}, access.Diff(c.State, snapshot(entries...))) {
		if r.Err != nil {
			t.Error(r.Err)
		}
		break
	}
	if len(c.Steps) > 2 {
		t.Errorf("%d steps were done although nobody listened", len(c.Steps))
	}
}

// TestTheOwnEntryComesAfterThoseOfOtherAdministrators, who can help should it fail. It is not created where one of theirs
// failed; that of somebody else stops nothing.
func TestTheOwnEntryComesAfterThoseOfOtherAdministrators(t *testing.T) {
	me, admin, viewer := access.Principal("arn:aws:iam::111122223333:role/a-me"), access.Principal("arn:aws:iam::111122223333:role/b-admin"), access.Principal("arn:aws:iam::111122223333:role/c-viewer")
	after := snapshot(entry(me, "admin"), entry(admin, "admin"), entry(viewer, "view"))
	for fails, want := range map[access.Principal]string{
		"":     "b-admin created; b-admin granted cluster-admin on the whole cluster; c-viewer created; c-viewer granted view on the whole cluster; a-me created; a-me granted cluster-admin on the whole cluster",
		viewer: "b-admin created; b-admin granted cluster-admin on the whole cluster; c-viewer created; c-viewer granted view on the whole cluster !no; a-me created; a-me granted cluster-admin on the whole cluster",
		admin:  "b-admin created; b-admin granted cluster-admin on the whole cluster !no; c-viewer created; c-viewer granted view on the whole cluster; a-me created !not tried; a-me granted cluster-admin on the whole cluster !not tried",
	} {
		c := accesstest.New()
		c.State.Caller = me
		c.Fail = func(s access.Step) error {
			if _, ok := s.(access.Associate); ok && s.Principal() == fails {
				return errors.New("no")
			}
			return nil
		}
		if got := converge(c, after); got != want {
			t.Errorf("%s fails:\n%s\nwant\n%s", fails, got, want)
		}
	}
}
