package access

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// Want says what of a cluster is to be read.
type Want struct {
	All            bool        // every entry
	Principals     []Principal // these entries, where they exist
	Administrators bool        // everybody with cluster-admin, for judging risks
	Policies       bool        // the live list of access policies
}

// Cluster is the only door to the outside.
type Cluster interface {
	// Snapshot reads what is wanted. One entry that cannot be read does not spoil the others.
	Snapshot(context.Context, Want) (Snapshot, error)
	// Do carries out one step. It answers ErrChanged when the cluster is not what the step expects,
	// and ErrUnknown when nobody can tell whether the step was carried out.
	Do(context.Context, Step) error
}

// Result is what became of one step.
type Result struct {
	Step    Step
	Err     error
	InPlace bool // nothing was left to do: the cluster has it already
}

// lanes is how many principals are worked on at the same time.
const lanes = 16

// Apply carries a plan out and tells of each step, in the order of the plan. The steps of one
// principal follow each other, those of different principals run side by side. Everything that
// adds comes first; what takes away begins when all of that is done, and is left alone when
// something of it failed. A failed step ends its own principal's steps; the context ends all.
func Apply(ctx context.Context, c Cluster, plan Plan) iter.Seq[Result] {
	return apply(ctx, c, plan, false)
}

// apply leaves what takes away alone from the start where hold says so.
func apply(ctx context.Context, c Cluster, plan Plan, hold bool) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		ctx, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer stop()
		adding, taking := phases(plan)
		failed := map[Principal]bool{}
		for i, phase := range [][][]Step{adding, taking} {
			for _, results := range start(ctx, &running, c, phase, i == 1 && (hold || len(failed) > 0)) {
				for r := range results {
					if r.Err != nil {
						failed[r.Step.Principal()] = true
					}
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// phases splits each principal's steps into those that add and those that take.
func phases(plan Plan) (adding, taking [][]Step) {
	for _, c := range plan.Changes {
		steps := c.steps()
		cut := slices.IndexFunc(steps, Step.Takes)
		if cut < 0 {
			cut = len(steps)
		}
		if cut > 0 {
			adding = append(adding, steps[:cut])
		}
		if cut < len(steps) {
			taking = append(taking, steps[cut:])
		}
	}
	return adding, taking
}

// start runs the lanes of one phase and returns the results of each in its own channel.
// The channels hold all that comes, so nobody waits for a reader who has gone.
func start(ctx context.Context, running *sync.WaitGroup, c Cluster, phase [][]Step, hold bool) []chan Result {
	results := make([]chan Result, len(phase))
	next := make(chan int, len(phase))
	for i, steps := range phase {
		results[i] = make(chan Result, len(steps))
		next <- i
	}
	close(next)
	for range min(lanes, len(phase)) {
		running.Go(func() {
			for i := range next {
				runLane(ctx, c, phase[i], hold, results[i])
			}
		})
	}
	return results
}

func runLane(ctx context.Context, c Cluster, steps []Step, broken bool, results chan<- Result) {
	defer close(results)
	for _, step := range steps {
		if broken || ctx.Err() != nil {
			results <- Result{Step: step, Err: ErrSkipped}
			continue
		}
		err := c.Do(ctx, step)
		broken = err != nil
		results <- Result{Step: step, Err: err}
	}
}

// Pause waits, or returns the context's error when that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
