package access_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
)

// ending is a result in values: "grant dev view", with = where it was in place and !WHY where it failed.
func ending(r access.Result) string {
	text := did(r.Step)
	if r.InPlace {
		text += " ="
	}
	for why, err := range map[string]error{"forbidden": access.ErrForbidden, "skipped": access.ErrSkipped, "unknown": access.ErrUnknown, "changed": access.ErrChanged, "exists": access.ErrExists} {
		if errors.Is(r.Err, err) {
			text += " !" + why
		}
	}
	return text
}

// times is a fault that a step meets so many times.
type times map[string]int

func (f times) once(err error) func(access.Step) error {
	return func(s access.Step) error {
		if f[did(s)] == 0 {
			return nil
		}
		f[did(s)]--
		return err
	}
}

// TestConvergeWithFaults: each step is told of once, by what became of it in the end.
func TestConvergeWithFaults(t *testing.T) {
	const always = 100
	for _, c := range []struct {
		name, before, after string
		fail                times // and nothing is done
		err                 error
		lose                times  // it is done, and the answer is lost
		want                string // in the order of the end
	}{
		{"no fault", "", "dev=view group:g", nil, nil, nil, "create dev; grant dev view"},
		{"the cluster moved once", "dev=", "dev=view", times{"grant dev view": 1}, access.ErrChanged, nil, "grant dev view"},
		{"throttled once", "dev=", "dev=view", times{"grant dev view": 1}, access.ErrThrottled, nil, "grant dev view"},
		{"not sent once", "dev=", "dev=view", times{"grant dev view": 1}, access.ErrNotSent, nil, "grant dev view"},
		{"an answer is lost before", "dev=", "dev=view", times{"grant dev view": 1}, access.ErrUnknown, nil, "grant dev view"},
		{"an answer is lost after", "dev=", "dev=view", nil, nil, times{"grant dev view": 1}, "grant dev view"},
		{"all answers are lost once", "dev=edit group:h tag:b=1", "dev=view group:g tag:a=1 tag:b=1", nil, nil, times{"grant dev view": 1, "revoke dev edit": 1, "update dev": 1, "tag dev": 1}, "grant dev view; tag dev; update dev; revoke dev edit"},
		{"the answer of a delete", "dev=view", "", nil, nil, times{"delete dev": 1}, "delete dev"},
		{"the answer of a create", "", "dev=", nil, nil, times{"create dev": 1}, "create dev"},
		{"no answer ever", "", "dev=view", times{"create dev": always}, access.ErrUnknown, nil, "create dev !unknown; grant dev view !skipped"},
		{"it always moves", "dev=", "dev=view", times{"grant dev view": always}, access.ErrChanged, nil, "grant dev view !changed"},
		{"a refusal ends its own principal", "", "dev=view; ops=view", times{"create dev": always}, access.ErrForbidden, nil, "create ops; grant ops view; create dev !forbidden; grant dev view !skipped"},
		{"a refusal is not tried again", "dev=", "dev=view", times{"grant dev view": 1}, access.ErrForbidden, nil, "grant dev view !forbidden"},
		{"of several one moves", "dev=; ops=", "dev=view; ops=view", times{"grant dev view": 1}, access.ErrChanged, nil, "grant ops view; grant dev view"},
		{"of several one is lost and one refused", "dev=; ops=", "dev=view; ops=view", times{"grant dev view": always}, access.ErrForbidden, times{"grant ops view": 1}, "grant dev view !forbidden; grant ops view"},
		{"nothing is taken after a refusal", "dev=; ops=edit", "dev=view; ops=view", times{"grant dev view": always}, access.ErrForbidden, nil, "grant ops view; grant dev view !forbidden; revoke ops edit !skipped"},
		{"nor in the rounds after it", "dev=; ops=edit", "dev=view; ops=view", times{"grant dev view": always}, access.ErrForbidden, times{"grant ops view": 1}, "grant dev view !forbidden; grant ops view; revoke ops edit !skipped"},
		{"what takes waits for what is not known", "dev=; ops=edit", "dev=view", times{"grant dev view": 1}, access.ErrUnknown, nil, "grant dev view; delete ops"},
		{"the mode was refused", "mode=CONFIG_MAP", "dev=view", times{"mode API_AND_CONFIG_MAP": always}, access.ErrForbidden, nil, "mode API_AND_CONFIG_MAP !forbidden; create dev !skipped; grant dev view !skipped"},
		{"the mode's answer is lost", "mode=CONFIG_MAP", "dev=view", nil, nil, times{"mode API_AND_CONFIG_MAP": 1}, "mode API_AND_CONFIG_MAP; create dev; grant dev view"},
		{"aws-auth was refused", "auth=role/x x g; ops=view", "mode=API; auth; dev=view", times{"aws-auth": always}, access.ErrForbidden, nil, "create dev; grant dev view; aws-auth !forbidden; delete ops !skipped; mode API !skipped"},
		{"aws-auth moved", "auth=role/x x g; ops=view", "auth; dev=view", times{"aws-auth": 1}, access.ErrChanged, nil, "create dev; grant dev view; aws-auth; delete ops"},
		{"a delete was refused, the mode stays", "auth; ops=view; dev=view", "mode=API; auth", times{"delete dev": always}, access.ErrForbidden, nil, "delete ops; delete dev !forbidden; mode API !skipped"},
	} {
		cluster, after := accesstest.New(), state(c.after)
		cluster.State, cluster.Fail, cluster.Lose = state(c.before), c.fail.once(c.err), c.lose.once(access.ErrUnknown)
		var got []string
		for r := range road(cluster, after).Converge(t.Context(), access.Diff(cluster.State, after)) {
			got = append(got, ending(r))
		}
		if !sameWords(strings.Join(got, ", "), strings.ReplaceAll(c.want, "; ", ", ")) {
			t.Errorf("%s: %s\nwant %s", c.name, strings.Join(got, "; "), c.want)
		}
		if left := access.Diff(cluster.State, after); left.Empty() == strings.Contains(c.want, "!") {
			t.Errorf("%s: left to do: %s", c.name, allDid(left.Steps()))
		}
	}
}

// TestConvergeBesideASecondWriter: what somebody else did first is in place, and what he did otherwise is done anew.
func TestConvergeBesideASecondWriter(t *testing.T) {
	for _, c := range []struct{ name, before, meanwhile, after, want string }{
		{"the same entry", "", "dev=view", "dev=view", "create dev =; grant dev view ="},
		{"the same entry without its policy", "", "dev=", "dev=view", "create dev =; grant dev view"},
		{"with another group", "", "dev=group:h", "dev=group:g", "create dev =; update dev"},
		{"the same delete", "dev=view", "", "", "delete dev ="},
		{"the entry is gone that gets more", "dev=view", "", "dev=view edit", "create dev; grant dev edit; grant dev view"},
		{"aws-auth says it already", "auth=role/x x g", "auth", "auth", "aws-auth ="},
		{"aws-auth says something else", "auth=role/x x g", "auth=role/y y g", "auth", "aws-auth"},
		{"the mode is there already", "mode=CONFIG_MAP", "", "", "mode API_AND_CONFIG_MAP ="},
	} {
		cluster, after := accesstest.New(), state(c.after)
		plan := access.Diff(state(c.before), after)
		cluster.State = state(c.meanwhile)
		var got []string
		for r := range road(cluster, after).Converge(t.Context(), plan) {
			got = append(got, ending(r))
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, strings.Join(got, "; "), c.want)
		}
	}
}

// TestConvergeGivesUpWhereItCannotLookAgain: each open step is told of with its own error.
func TestConvergeGivesUpWhereItCannotLookAgain(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name   string
		pause  error
		replan []error // of each look; the last one stays
		want   string
		looks  int
	}{
		{"the wait is ended", context.Canceled, nil, "grant dev view !unknown; grant ops view !unknown", 0},
		{"reading is refused", nil, []error{broken}, "grant dev view !unknown; grant ops view !unknown", 1},
		{"no look gets an answer", nil, []error{access.ErrUnknown}, "grant dev view !unknown; grant ops view !unknown", 6},
		{"the third look gets one", nil, []error{access.ErrUnknown, access.ErrUnknown, nil}, "grant dev view; grant ops view", 3},
	} {
		cluster, after := accesstest.New(), state("dev=view; ops=view")
		cluster.State, cluster.Lose = state("dev=; ops="), times{"grant dev view": 1, "grant ops view": 1}.once(access.ErrUnknown)
		r, looks, pauses := road(cluster, after), 0, []int(nil)
		again := r.Replan
		r.Pause = func(_ context.Context, n int) error { pauses = append(pauses, n); return c.pause }
		r.Replan = func(ctx context.Context, who []access.Principal) (access.Plan, error) {
			looks++
			if !slices.Equal(who, []access.Principal{ops, dev}) {
				t.Errorf("%s: looks for %v", c.name, who)
			}
			if err := c.replan[min(looks, len(c.replan))-1]; err != nil {
				return access.Plan{}, err
			}
			return again(ctx, who)
		}
		var got []string
		for result := range r.Converge(t.Context(), access.Diff(cluster.State, after)) {
			got = append(got, ending(result))
		}
		if slices.Sort(got); strings.Join(got, "; ") != c.want || looks != c.looks {
			t.Errorf("%s: %q after %d looks", c.name, got, looks)
		}
		for i, n := range pauses {
			if n != i+1 {
				t.Errorf("%s: waits are counted %v", c.name, pauses)
			}
		}
	}
}

// TestWhoeverStopsListeningIsToldNoMore at whatever result it is, also while open steps are settled.
func TestWhoeverStopsListeningIsToldNoMore(t *testing.T) {
	for i, lost := range []times{nil, {"grant dev view": 1, "create ops": 1}, {"create dev": 100, "grant ops view": 100}, {"create dev": 1, "grant dev view": 1, "create ops": 1}} {
		for stop := 1; stop <= 4; stop++ {
			cluster, after := accesstest.New(), state("dev=view; ops=view")
			again := times{}
			for k, v := range lost {
				again[k] = v
			}
			if cluster.Fail = again.once(access.ErrUnknown); i == 3 { // all is done, so open steps are settled
				cluster.Fail, cluster.Lose = nil, again.once(access.ErrUnknown)
			}
			told := 0
			for range road(cluster, after).Converge(t.Context(), access.Diff(cluster.State, after)) {
				if told++; told == stop {
					break // ranging over more would panic
				}
			}
			if told != stop {
				t.Errorf("lost %v: told %d times of 4", lost, told)
			}
		}
	}
}

// TestConvergeEndsWhatItSaysItEnded over any plan with any faults and a second writer: without an error nothing is left to
// do, and what was taken was never taken after a refusal.
func TestConvergeEndsWhatItSaysItEnded(t *testing.T) {
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 1))
		before, after := anyTwo(seed)
		cluster := accesstest.New()
		cluster.State = before
		faults, refused := r.IntN(5), false
		fault := func(errs ...error) func(access.Step) error {
			return func(s access.Step) error {
				if refused && s.Takes() {
					t.Errorf("seed %d: %s after something that adds was refused", seed, did(s))
				}
				if faults == 0 || r.IntN(3) > 0 {
					return nil
				}
				faults--
				if e, ok := cluster.State.Entry(s.Principal()); ok && r.IntN(3) == 0 { // a second writer
					e.Groups = []string{fmt.Sprint("other", faults)}
					cluster.State = cluster.State.Put(e)
				}
				err := errs[r.IntN(len(errs))]
				refused = refused || errors.Is(err, access.ErrForbidden) && !s.Takes()
				return err
			}
		}
		cluster.Fail, cluster.Lose = fault(access.ErrUnknown, access.ErrChanged, access.ErrForbidden), fault(access.ErrUnknown)
		failed := false
		for result := range road(cluster, after).Converge(t.Context(), access.Diff(before, after)) {
			failed = failed || result.Err != nil
			if result.Err != nil && result.InPlace {
				t.Errorf("seed %d: %s failed and is in place", seed, did(result.Step))
			}
		}
		if left := access.Diff(cluster.State, after); failed == left.Empty() {
			t.Errorf("seed %d: failed is %v, and left is %s", seed, failed, allDid(left.Steps()))
		}
	}
}

// TestApplyKeepsItsPhases: of many principals each has all its steps, in its order, whatever others wait for.
func TestApplyKeepsItsPhases(t *testing.T) {
	after := state("auth; mode=API")
	for i := range 60 {
		after = after.Put(entry(who(fmt.Sprintf("r%02d", i)), "view"))
	}
	before := state("auth=role/x x g; ops=view; dev=view")
	cluster := accesstest.New()
	cluster.State = before
	told := map[string]int{}
	for r := range access.Apply(t.Context(), cluster, access.Diff(before, after)) {
		if told[ending(r)] = len(told); r.Err != nil {
			t.Error(ending(r))
		}
	}
	if len(told) != 60*2+4 || told["mode API"] != 123 || told["aws-auth"] != 120 || told["delete dev"] < 121 {
		t.Errorf("%d results, aws-auth at %d, the mode at %d", len(told), told["aws-auth"], told["mode API"])
	}
	for i := range 60 {
		if name := fmt.Sprintf("r%02d", i); told["create "+name] > told["grant "+name+" view"] {
			t.Errorf("%s has its policy before its entry", name)
		}
	}
}

// TestAnEndedContextSendsNothing, and says of each step that it was not tried.
func TestAnEndedContextSendsNothing(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	cluster := accesstest.New()
	cluster.Fail = func(s access.Step) error { t.Errorf("%s was sent", did(s)); return nil }
	told := 0
	for r := range access.Apply(ended, cluster, access.Diff(state("mode=CONFIG_MAP; alice=admin"), state("dev=view"))) {
		if told++; !errors.Is(r.Err, access.ErrSkipped) {
			t.Errorf("%s: %v", did(r.Step), r.Err)
		}
	}
	if told != 4 {
		t.Errorf("told of %d steps", told)
	}
}

// TestPauseEndsWithItsContext whatever it was to wait.
func TestPauseEndsWithItsContext(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	if err := access.Pause(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	if err := access.Pause(t.Context(), 0); err != nil {
		t.Errorf("no time at all: %v", err)
	}
}
