package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// asks tells whether somebody sits there who can be asked: stdout may be a pipe, it is for data.
func (env *Env) asks() bool { return terminal(env.IO.In) && terminal(env.IO.ErrOut) }

// pick asks on the terminal for what was not typed.
func (env *Env) pick(cmd *cobra.Command, ask func(context.Context, tui.World) (tui.Choice, error)) (tui.Choice, error) {
	world, done, err := env.world(cmd.Context(), env.IO.ErrOut)
	if err != nil {
		return tui.Choice{}, err
	}
	defer done()
	return ask(cmd.Context(), world)
}

// ask completes a grant by what is picked; the answer is the principals as they could have been typed.
func (f *grantFlags) ask(env *Env, cmd *cobra.Command, args []string) ([]string, error) {
	scoped := f.all || len(f.namespaces) > 0
	other := len(f.groups) > 0 || len(f.tags) > 0 || f.username != "" || f.kind != "" || f.lasts != 0
	missing := tui.Missing{Who: len(args) == 0, Policy: len(f.policies) == 0 && (scoped || !other)}
	missing.Scope = !scoped && (missing.Policy || len(f.policies) > 0)
	if missing == (tui.Missing{}) || !env.asks() {
		return args, nil
	}
	known := tui.Choice{Namespaces: f.namespaces, Groups: f.groups, All: f.all}
	for _, p := range f.policies {
		known.Policies = append(known.Policies, access.PolicyOf(p))
	}
	c, err := env.pick(cmd, func(ctx context.Context, w tui.World) (tui.Choice, error) {
		return tui.Grant(ctx, w, missing, known)
	})
	if missing.Policy {
		f.policies = texts(c.Policies)
	}
	f.namespaces, f.all = c.Namespaces, c.All
	if missing.Who {
		args = texts(c.Who)
	}
	return args, err
}

// ask completes a revocation.
func (f *revokeFlags) ask(env *Env, cmd *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 || !env.asks() {
		return args, nil
	}
	missing := tui.Missing{Who: true, What: len(f.policies)+len(f.namespaces)+len(f.groups) == 0}
	c, err := env.pick(cmd, func(ctx context.Context, w tui.World) (tui.Choice, error) { return tui.Revoke(ctx, w, missing) })
	if missing.What {
		f.policies, f.namespaces, f.groups = texts(c.Policies), c.Namespaces, c.Groups
	}
	return texts(c.Who), err
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
