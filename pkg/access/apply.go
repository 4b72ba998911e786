package access

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// Want is what to read of a cluster.
type Want struct {
	All            bool        // every entry
	Names          bool        // of what is listed only the principals: entries without their content
	Principals     []Principal // these entries, where they exist
	Policy         Policy      // all entries with this access policy
	Administrators bool        // all entries with cluster-admin, for judging risks
	Policies       bool        // the live list of access policies
	AWSAuth        bool        // the ConfigMap aws-auth
	RBAC           bool        // the RBAC bindings
	Roles          bool        // and the roles with their rules
	Namespaces     bool        // the names of the namespaces
	Trust          bool        // whether the kubeconfig trusts the cluster's certificate authorities
	Lives          Lives       // for which entries to check the role or user
}

// Lives is for which entries to check whether their role or user still exists.
type Lives int

// No entries, those that compete with active mappings, or all.
const (
	NoLives Lives = iota
	RivalLives
	AllLives
)

// Cluster reads and changes a cluster. It is the only interface of this package to the outside.
type Cluster interface {
	// Snapshot reads what is wanted. An entry that cannot be read does not affect the others.
	Snapshot(context.Context, Want) (Snapshot, error)
	// Do carries out one step. It returns ErrChanged when the cluster is not in the state that the step expects, and
	// ErrUnknown when it is unknown whether the step was carried out.
	Do(context.Context, Step) error
}

// Result is the result of one step.
type Result struct {
	Step    Step
	Err     error
	InPlace bool // nothing was left to do
}

// lanes is how many principals are changed at the same time.
const lanes = 16

// Apply carries out a plan and yields the result of each step, phase by phase. The steps of one principal run in sequence,
// those of different principals concurrently. A failed step ends its own principal's steps; the context ends all.
//
//	1  the mode that adds entries       failed: nothing else is done
//	2  what adds to entries             failed: the other principals continue, and nothing is revoked
//	3  what adds to the caller's own    only if that of other administrators is done, who can help if it fails
//	4  aws-auth                         failed: nothing is revoked
//	5  what revokes from entries
//	6  the mode that ends aws-auth      only if everything before it is done
func Apply(ctx context.Context, c Cluster, plan Plan) iter.Seq[Result] {
	return apply(ctx, c, plan, false)
}

// apply skips what revokes from the start where hold is set.
func apply(ctx context.Context, c Cluster, plan Plan, hold bool) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		ctx, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer stop()
		failed, alone := false, false
		for i, phase := range phases(plan) {
			const own, takes = 2, 3 // the caller's, and the first phase that may take
			held := failed || hold && i >= takes
			if i == own {
				held = alone
			}
			for _, results := range start(ctx, &running, c, phase, held) {
				for r := range results {
					failed, alone = failed || r.Err != nil, alone || r.Err != nil && plan.backs(r.Step)
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// phases splits the plan into phases that run one after the other, and each phase into lanes. A principal's steps that add
// and those that revoke are in different phases.
func phases(plan Plan) [][][]Step {
	var adding, own, taking [][]Step
	for _, c := range plan.Changes {
		steps := c.steps()
		cut := slices.IndexFunc(steps, Step.Takes)
		if cut < 0 {
			cut = len(steps)
		}
		switch {
		case cut == 0:
		case plan.Caller.means(c.Principal()):
			own = append(own, steps[:cut])
		default:
			adding = append(adding, steps[:cut])
		}
		if cut < len(steps) {
			taking = append(taking, steps[cut:])
		}
	}
	return [][][]Step{{plan.turnOn()}, adding, own, {plan.rewrite()}, taking, {plan.turnOff()}}
}

// backs reports whether the caller's own entry waits for a step: one of the mode, or of another administrator's entry.
func (p Plan) backs(step Step) bool {
	c, entry := p.Change(step.Principal())
	return !entry || c.After != nil && c.After.Administers()
}

// start runs the lanes of one phase and returns the results of each in its own channel. The channels have room for all
// results, so no lane waits for a reader that stopped.
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

// Pause waits, or returns the context's error if that ends first.
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

// hearer is the key of Hearing's function in a context.
type hearer struct{}

// Hearing is a context in which heard gets the ID of each request that changes something, as the service names it.
func Hearing(ctx context.Context, heard func(request string)) context.Context {
	return context.WithValue(ctx, hearer{}, heard)
}

// Heard reports the ID of a request.
func Heard(ctx context.Context, request string) {
	if heard, ok := ctx.Value(hearer{}).(func(string)); ok && request != "" {
		heard(request)
	}
}
