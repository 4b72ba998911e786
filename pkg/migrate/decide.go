package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
//
//go:noinline
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

// Foresee notes, before anyone answers, the risks that will have to be confirmed: those that no answer changes, and those of the
// default answers.
func (r *Run) Foresee(ctx context.Context, accepted []access.RiskName) (notes []access.Note, err error) {
	before := access.Snapshot{Cluster: r.Facts.Cluster, Entries: r.Facts.Entries}
	sure := *r
	sure.Plan = r.Plan.Settled()
	var told []access.Risk
	for _, one := range []struct {
		*Run
		says string
	}{{&sure, "this has a risk that must be confirmed"}, {r, "with the default answers this has a risk that must be confirmed"}} {
		request, ok := one.Request()
		if !ok {
			continue
		}
		p, err := r.Engine.Foresee(ctx, request, before)
		if err != nil {
			return notes, err
		}
		var left change.Refusal
		errors.As(p.Refused(append(request.Accept, accepted...)), &left)
		for _, risk := range left.Risks {
			if !slices.Contains(told, risk) {
				told = append(told, risk)
				notes = append(notes, access.Notes(access.NoteMigration, string(risk.Name), fmt.Sprintf("%s: %s: %s", one.says, risk.Name, risk.Why))...)
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

// answersFile is where the answers of an interrupted migration of the cluster are kept, beside the records of changes.
func (r *Run) answersFile() (string, error) {
	dir, err := r.Engine.Dir()
	c := r.Facts.Cluster
	return filepath.Join(dir, "answers", filepath.Base(c.Region()+"-"+c.Account()+"-"+c.Name+".yaml")), err
}

// Keep stores the answers so far for the next run. next is the command that reads the file.
func (r *Run) Keep(next func(file string) string) (file string, err error) {
	if file, err = r.answersFile(); err != nil {
		return "", err
	}
	text, err := r.Given().Write(next(file))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, text, 0o600)
}

// Recall adds the answers of an interrupted run to the choices, and names their file; "" where there are none, or where they no
// longer fit.
func (r *Run) Recall(c Choices) (Choices, string) {
	file, err := r.answersFile()
	if err != nil {
		return c, ""
	}
	kept := c
	kept.Answers = maps.Clone(c.Answers)
	if err := kept.Read(file, r.Facts.Cluster.Name); err != nil {
		return c, ""
	}
	if _, err := Make(r.Facts, kept); err != nil {
		return c, ""
	}
	return kept, file
}

// Forget deletes the answers after a migration that is complete.
func (r *Run) Forget() {
	if file, err := r.answersFile(); err == nil {
		_ = os.Remove(file) // there may be none
	}
}

// Next are the words of the command that continues where this migration ends; nil: nothing is left to do.
func (r *Run) Next() []string {
	switch removable := slices.ContainsFunc(r.Plan.Mappings, func(m Mapping) bool { return m.Removable }); {
	case r.Partial:
		return nil
	case r.Remaining() > 0 && !removable:
		return []string{"migrate", "--write-decisions", "FILE", "--remove-mappings"}
	case removable && !r.Remove:
		return []string{"migrate", "--remove-mappings"}
	case r.Remaining() > 0:
		return []string{"migrate", "--write-decisions", "FILE", "--remove-mappings"}
	}
	return []string{"mode", string(access.ModeAPI)}
}
