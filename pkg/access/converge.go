package access

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// rounds is how often Converge looks again before it gives up.
const rounds = 6

// Road is what Converge needs beside the plan.
type Road struct {
	Cluster Cluster
	// Replan reads these principals again and plans the same edit for them anew. It answers
	// ErrUnknown when they could not be read this time.
	Replan func(context.Context, []Principal) (Plan, error)
	// Pause waits before the nth look, counted from 1.
	Pause func(ctx context.Context, n int) error
}

// Converge applies a plan and, where the cluster had moved or an answer was lost, looks again
// and plans the rest anew, until nothing is open. It tells of each step once, when its end is
// known: Result.InPlace marks a step that nobody needs to do any more, because the cluster has
// already what it asks for, and not by us.
func (r Road) Converge(ctx context.Context, plan Plan) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		failed := map[Principal]bool{} // for good
		for n := 1; ; n++ {
			open, ok := r.round(ctx, plan, failed, yield)
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

// round applies the plan once and keeps back the results whose end is not known. What takes
// away stays held in later rounds too, once something failed for good.
func (r Road) round(ctx context.Context, plan Plan, failed map[Principal]bool, yield func(Result) bool) (open []Result, ok bool) {
	opened := map[Principal]bool{}
	for result := range apply(ctx, r.Cluster, plan, len(failed) > 0) {
		who := result.Step.Principal()
		waits := opened[who] || len(opened) > 0 && len(failed) == 0
		switch {
		case unsettled(result.Err), errors.Is(result.Err, ErrSkipped) && waits && !failed[who] && ctx.Err() == nil:
			opened[who] = true
			open = append(open, result)
			continue
		case result.Err != nil:
			failed[who] = true
		}
		if !yield(result) {
			return nil, false
		}
	}
	return open, true
}

func unsettled(err error) bool {
	return errors.Is(err, ErrChanged) || errors.Is(err, ErrExists) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrThrottled)
}

// again looks anew, and once more where even that got no answer.
func (r Road) again(ctx context.Context, n int, open []Result) (Plan, error) {
	var who []Principal
	for _, o := range open {
		who = append(who, o.Step.Principal())
	}
	slices.Sort(who)
	who = slices.Compact(who)
	for ; n <= rounds; n++ {
		if err := r.Pause(ctx, n); err != nil {
			return Plan{}, err
		}
		plan, err := r.Replan(ctx, who)
		if !errors.Is(err, ErrUnknown) {
			return plan, err
		}
	}
	return Plan{}, ErrUnknown
}

// settle tells of the open steps that are in place by now: of those whose answer was lost that they are done, of the
// others that somebody else was faster. Of what is not in place the new plan's steps will tell.
func settle(open []Result, next Plan, yield func(Result) bool) bool {
	for _, o := range open {
		if next.settled(o.Step) && !yield(Result{Step: o.Step, InPlace: !MayBeDone(o.Err)}) {
			return false
		}
	}
	return true
}

// settled tells whether a step is in place where this plan is what is left to do.
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

// inPlace tells whether an entry, nil for none, has what a step asks for.
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

// giveUp tells of open steps whose end will not be known, and why: the plan could not be made again.
func giveUp(open []Result, why error, yield func(Result) bool) {
	for _, r := range open {
		if !errors.Is(r.Err, why) && !errors.Is(r.Err, ErrSkipped) {
			r.Err = fmt.Errorf("%w; then the plan could not be made again: %w", r.Err, why)
		}
		if !yield(r) {
			return
		}
	}
}
