package access

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// rounds is how often Converge reads again before it gives up.
const rounds = 6

// Road is what Converge needs besides the plan.
type Road struct {
	Cluster Cluster
	// Replan reads these principals again and plans the same edit for them again. It returns ErrUnknown when they could not
	// be read this time.
	Replan func(context.Context, []Principal) (Plan, error)
	// Pause waits before the nth read, counted from 1.
	Pause func(ctx context.Context, n int) error
}

// Converge applies a plan and, where the cluster had changed or an answer was lost, reads again and plans the rest again,
// until nothing is open. It yields each step once, when its result is known: Result.InPlace marks a step that another
// writer had already done.
func (r Road) Converge(ctx context.Context, plan Plan) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		failed := map[Principal]bool{} // permanently
		doubts := doubts{}
		for n := 1; ; n++ {
			open, ok := r.round(ctx, plan, failed, doubts, yield)
			if !ok || len(open) == 0 {
				return
			}
			next, err := r.again(ctx, n, open)
			if err != nil {
				giveUp(open, err, yield)
				return
			}
			if !settle(open, next, yield) {
				return
			}
			plan = next
		}
	}
}

// round applies the plan once and returns the steps whose result is not known. Once something failed permanently, later
// rounds revoke nothing either.
func (r Road) round(ctx context.Context, plan Plan, failed map[Principal]bool, doubts doubts, yield func(Result) bool) (open []Result, ok bool) {
	opened := map[Principal]bool{}
	for result := range apply(ctx, r.Cluster, plan, len(failed) > 0) {
		who, err := result.Step.Principal(), result.Err
		result = doubts.keep(result)
		waits := opened[who] || len(opened) > 0 && len(failed) == 0
		switch {
		case unsettled(err), errors.Is(err, ErrSkipped) && waits && !failed[who] && ctx.Err() == nil:
			opened[who] = true
			open = append(open, result)
			continue
		case err != nil:
			failed[who] = true
		}
		if !yield(result) {
			return nil, false
		}
	}
	return open, true
}

// doubts are steps that may have been carried out in an earlier round.
type doubts map[string]bool

// keep is the result of a step; one that may have been carried out before does not become one that surely was not.
func (d doubts) keep(r Result) Result {
	key := string(r.Step.Principal()) + " " + r.Step.String()
	switch {
	case r.Err == nil:
	case MayBeDone(r.Err):
		d[key] = true
	case d[key]:
		r.Err = fmt.Errorf("%w, and then: %w", ErrUnknown, r.Err)
	}
	return r
}

func unsettled(err error) bool {
	return slices.ContainsFunc([]error{ErrChanged, ErrExists, ErrUnknown, ErrThrottled, ErrNotSent}, func(e error) bool { return errors.Is(err, e) })
}

// again plans again, and repeats that while no answer comes.
func (r Road) again(ctx context.Context, n int, open []Result) (Plan, error) {
	var who []Principal
	for _, o := range open {
		who = append(who, o.Step.Principal())
	}
	slices.Sort(who)
	who = slices.Compact(who)
	last := errRounds
	for ; n <= rounds; n++ {
		if err := r.Pause(ctx, n); err != nil {
			return Plan{}, err
		}
		plan, err := r.Replan(ctx, who)
		if !errors.Is(err, ErrUnknown) {
			return plan, err
		}
		last = err
	}
	return Plan{}, last
}

// settle yields the open steps that are in place now: as done where the answer was lost, else as done by another writer.
// The others are steps of the new plan.
func settle(open []Result, next Plan, yield func(Result) bool) bool {
	for _, o := range open {
		if next.settled(o.Step) && !yield(Result{Step: o.Step, InPlace: !MayBeDone(o.Err)}) {
			return false
		}
	}
	return true
}

// settled reports whether a step is in place, given the plan of what is left.
func (p Plan) settled(step Step) bool {
	switch step.(type) {
	case SetMode:
		return p.Mode == nil
	case WriteAWSAuth:
		return p.AWSAuth == nil
	}
	change, still := p.Change(step.Principal())
	return !still || inPlace(step, change.Before)
}

// inPlace reports whether an entry, nil for none, has what a step sets.
func inPlace(step Step, now *Entry) bool {
	if _, ok := step.(DeleteEntry); ok || now == nil {
		return ok && now == nil
	}
	switch s := step.(type) {
	case CreateEntry:
		return now.Kind == s.Entry.Kind
	case UpdateEntry:
		return now.Username == s.After.Username && slices.Equal(now.Groups, s.After.Groups)
	case Associate:
		g, has := now.Grant(s.Grant.Policy)
		return has && slices.Equal(g.Scope.Namespaces, s.Grant.Scope.Namespaces)
	case Disassociate:
		_, has := now.Grant(s.Grant.Policy)
		return !has
	case TagEntry:
		for k, v := range s.Tags {
			if now.Tags[k] != v {
				return false
			}
		}
		return true
	}
	return false
}

// errRounds says that the cluster moved in every round.
var errRounds = errors.New("it changed again and again")

// giveUp yields the open steps, whose end will not be known, and says where planning again failed.
func giveUp(open []Result, why error, yield func(Result) bool) {
	for _, r := range open {
		if !errors.Is(why, errRounds) && !errors.Is(r.Err, ErrSkipped) {
			r.Err = fmt.Errorf("%w; then planning again failed: %w", r.Err, why)
		}
		if !yield(r) {
			return
		}
	}
}
