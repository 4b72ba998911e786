package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// planAge is how old a saved plan may be.
const planAge = 24 * time.Hour

// bindSave is for the commands whose plan can be saved.
func (f *changeFlags) bindSave(fs *pflag.FlagSet) {
	f.planAge = span(planAge)
	fs.StringVar(&f.planOut, "plan-out", "", "Write the plan to this file and change nothing; apply --plan carries it out")
	fs.Var(&f.planAge, "plan-max-age", "With --plan-out, how long the plan can be carried out, such as 2h or 3d")
	checkFlag(fs, "plan-max-age", func() error {
		if f.planAge <= 0 {
			return errors.New("must be more than 0")
		}
		return nil
	})
}

// bindPlan is for apply, which carries such plans out.
func (f *filesFlags) bindPlan(fs *pflag.FlagSet, plan *string) {
	f.bindSave(fs)
	f.bindFleet(fs, false)
	fs.StringVar(plan, "plan", "", "Carry out the plan in this file, which --plan-out has written, or refuse if the cluster has changed")
}

// save writes the plan of a dry run to a file. Risks that were not accepted are refused when it is carried out.
func (v view) save(p change.Proposal) error {
	plan, err := v.run.Save(&p, time.Duration(v.f.planAge))
	if err != nil {
		return err
	}
	if err := v.show(p, true); err != nil {
		return err
	}
	if err := journal.SavePlan(v.f.planOut, plan); err != nil {
		return err
	}
	words := []string{"apply", "--plan", v.f.planOut}
	for _, r := range plan.Risks {
		if !r.Accepted {
			words = append(words, "--accept-risk="+string(r.Name))
			v.env.warn("the plan has a risk that was not accepted, %s: %s", r.Name, r.Why)
		}
	}
	v.env.say(v.env.IO.ErrOut, fmt.Sprintf("Plan written to %s. To carry it out: %s\n", printer.Clean(v.f.planOut),
		printer.Clean(v.env.program.Command(words...))))
	return nil
}

// refuseSave adds the flag only to refuse it, for migrate: its entries are planned after the change of the mode, and removals after the verification.
func refuseSave(fs *pflag.FlagSet) *pflag.FlagSet {
	fs.String("plan-out", "", "")
	_ = fs.MarkHidden("plan-out")
	checkFlag(fs, "plan-out", func() error {
		return fmt.Errorf("%w: a migration cannot be saved as one plan, since later steps depend on what earlier ones find; review it with --dry-run=client and --write-decisions, then run it with --decisions", access.ErrRefused)
	})
	return fs
}

// checkPlan refuses flags that would change what a saved plan says.
func (f *filesFlags) checkPlan() error {
	if len(f.names) > 0 || f.recursive || f.set != "" || f.prune || f.planOut != "" || f.several() {
		return errors.New("--plan cannot be used with -f, -R, --set, --prune, --plan-out or several clusters: the plan says what is done, and where")
	}
	return nil
}

// applyPlan carries out a saved plan, or refuses.
func (env *Env) applyPlan(ctx context.Context, f *filesFlags, name string) error {
	data, err := env.readFile(name)
	if err != nil {
		return err
	}
	plan, err := journal.ReadPlan(name, data)
	if err != nil {
		return err
	}
	c, err := env.open(ctx)
	if err != nil {
		return err
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return err
	}
	if err := plan.Usable(env.Now(), &info); err != nil {
		return env.planAgain(err, plan)
	}
	all, err := env.changes(info.Name, info.Region(), info.Account())
	if err != nil {
		return err
	}
	begun, err := all.Carried(plan)
	if err != nil {
		return env.planAgain(err, plan)
	}
	request, err := change.Saved(plan, begun)
	if err != nil {
		return err
	}
	env.say(env.IO.ErrOut, fmt.Sprintf("Plan of %s, made by %s: %s\n", plan.Time.Format(time.RFC3339), printer.Clean(plan.Caller.Short(plan.Account)), printer.Clean(env.again(plan))))
	_, err = env.run(ctx, c, &f.changeFlags, request)
	return env.planAgain(err, plan)
}

// again is the command line that made a plan, by the name that the program has here.
func (env *Env) again(plan *journal.Plan) string {
	return env.program.Elsewhere().Command(plan.Args[min(1, len(plan.Args)):]...)
}

// planAgain adds to the refusal of a plan how to make a new one.
func (env *Env) planAgain(err error, plan *journal.Plan) error {
	var refused journal.PlanError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w\n  to make a new plan: %s", err, env.again(plan))
	}
	return err
}
