package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Decide plans by what was chosen. It wraps access.ErrRefused for an answer that is not possible.
func (r *Run) Decide(c Choices) (err error) {
	r.Choices, r.ApplyRBAC = c, c.ApplyRBAC
	if r.Plan, err = Make(r.Facts, c); err != nil {
		return fmt.Errorf("%w: %w", access.ErrRefused, err)
	}
	return nil
}

// Read adds the answers of a file of decisions. It is refused where the file is for another cluster than the one named.
func (c Choices) Read(file, cluster string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	d, err := manifest.ReadDecisions(data)
	for _, q := range d.Decisions {
		c.Answers[q.ID] = q.Answer
	}
	if err == nil && cluster != "" && d.Cluster != "" && d.Cluster != cluster {
		err = fmt.Errorf("%w: %s holds decisions for cluster %s, this is %s", access.ErrRefused, file, d.Cluster, cluster)
	}
	return err
}

// Open is the first question without a decision.
func (p Plan) Open() (Question, bool) {
	i := slices.IndexFunc(p.Questions, func(q Question) bool { return !q.Decided })
	if i < 0 {
		return Question{}, false
	}
	return p.Questions[i], true
}

// Answer asks until nothing is open. An answer that is not possible is handed to unfit and asked for again.
func (r *Run) Answer(ask func(Question) (string, error), unfit func(Unfit)) error {
	for q, open := r.Plan.Open(); open; q, open = r.Plan.Open() {
		answer, err := ask(q)
		if err != nil {
			return err
		}
		r.Choices.Answers[q.ID], r.Answered = answer, true
		var not Unfit
		for {
			if r.Plan, err = Make(r.Facts, r.Choices); !errors.As(err, &not) {
				break
			}
			unfit(not)
			delete(r.Choices.Answers, not.ID)
		}
	}
	return nil
}

// Foresee refuses, before anyone answers, what no answer makes harmless, and notes what the default answers would be refused
// for.
func (r *Run) Foresee(ctx context.Context, accepted []access.RiskName) ([]access.Note, error) {
	before := access.Snapshot{Cluster: r.Facts.Cluster, Entries: r.Facts.Entries}
	sure := *r
	sure.Plan = r.Plan.Settled()
	var notes []access.Note
	for _, one := range []*Run{&sure, r} {
		request, ok := one.Request()
		if !ok {
			continue
		}
		p, err := r.Engine.Foresee(ctx, request, before)
		refused := p.Refused(append(request.Accept, accepted...))
		if err != nil || one == &sure && refused != nil {
			return notes, cmp.Or(err, refused)
		}
		var left change.Refusal
		if errors.As(refused, &left) {
			for _, risk := range left.Risks {
				notes = append(notes, access.Notes(access.NoteMigration, string(risk.Name),
					fmt.Sprintf("with the default answers this will be refused: %s: %s; to continue anyway, add --accept-risk=%s", risk.Name, risk.Why, risk.Name))...)
			}
		}
	}
	return notes, nil
}

// File is the file of decisions with the questions of a plan and their options.
func (p Plan) File() manifest.Decisions {
	d := manifest.Decisions{Cluster: p.Cluster.Name, Decisions: []manifest.Decision{}}
	for _, q := range p.Questions {
		one := manifest.Decision{ID: q.ID, Question: q.Text, Answer: q.Answer}
		for _, o := range q.Options {
			one.Options = append(one.Options, o.Answer+"  "+o.Means)
		}
		d.Decisions = append(d.Decisions, one)
	}
	return d
}

// Given is the file of decisions with all answers so far.
func (r *Run) Given() manifest.Decisions {
	d := manifest.Decisions{Cluster: r.Facts.Cluster.Name}
	for _, id := range slices.Sorted(maps.Keys(r.Choices.Answers)) {
		d.Decisions = append(d.Decisions, manifest.Decision{ID: id, Answer: r.Choices.Answers[id]})
	}
	return d
}
