package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
)

func newCopyCmd(env *Env) *cobra.Command {
	var f changeFlags
	var from string
	var to []string
	cmd := &cobra.Command{
		Use:   "copy --from CONTEXT [--to CONTEXT]",
		Short: "Copy the access entries of a cluster to other clusters",
		Long: `Copy the access entries of a cluster to other clusters, as apply would make them: an entry of the same principal becomes
exactly like that of the source, and entries that only the other cluster has stay.

In another account, a permission set and a role or user of the source's account are those of the same name there. Entries for
nodes, of AWS and temporary ones, and the tags of other tools are left out; so is who does not exist in the other account.
Each of them is listed. Without --to, the target is the cluster of the current context.`,
		Example: `  # What would change
  kubectl access copy --from staging --to prod --dry-run=client

  # To several clusters, with one question
  kubectl access copy --from staging --to prod --to private --yes

  # Into the cluster of the current context
  kubectl access copy --from staging --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" {
				return usage(cmd, errors.New("specify the cluster to copy: --from CONTEXT"))
			}
			source, targets, err := env.copying(from, to)
			if err != nil {
				return err
			}
			s, err := env.readSource(cmd.Context(), source)
			if err != nil {
				return err
			}
			return env.changeAll(cmd.Context(), &f, targets, func(ctx context.Context, own *Env) (*cluster.Cluster, change.Request, error) {
				return own.copied(ctx, s)
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "The context of the cluster to copy")
	cmd.Flags().StringArrayVar(&to, "to", nil, "The context of a cluster to change. * stands for any text. Can be repeated")
	f.bind(cmd.Flags(), access.OverrideMapping, access.BreakCapability, access.OwnedElsewhere)
	f.bindAsk(cmd.Flags())
	return cmd
}

// copying are the cluster to copy and those to change.
func (env *Env) copying(from string, to []string) (*part, []*part, error) {
	if len(to) == 0 {
		t, err := env.target()
		if err != nil {
			return nil, nil, err
		}
		to = []string{t.Context}
	}
	sources, err := env.members(&fleetFlags{contexts: []string{from}})
	if err != nil {
		return nil, nil, err
	}
	if len(sources) > 1 {
		return nil, nil, fmt.Errorf("%q names several contexts; specify one", from)
	}
	targets, err := env.members(&fleetFlags{contexts: to})
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(targets, func(m fleet.Member) bool { return fleet.Same(m.Target, sources[0].Target) }) {
		return nil, nil, fmt.Errorf("%s is the cluster to copy, and cannot be its own target", sources[0].Name)
	}
	all := env.partsOf(append(sources, targets...), cluster.NewLogins())
	return all[0], all[1:], nil
}

// readSource reads the cluster to copy.
func (env *Env) readSource(ctx context.Context, p *part) (s access.Snapshot, err error) {
	each(ctx, []*part{p}, clusterPatience, func(ctx context.Context, own *Env) error {
		c, err := own.open(ctx)
		if err == nil {
			s, err = c.Snapshot(ctx, access.Want{All: true, Lives: access.AllLives})
		}
		if err == nil && len(s.Unread) > 0 {
			err = s.Unread[0].Err
		}
		return err
	})
	_, _, err = env.outcome([]*part{p})
	p.warnings = nil
	return s, err
}

// copied is the request that makes the entries of a cluster what those of another one are.
func (env *Env) copied(ctx context.Context, source access.Snapshot) (*cluster.Cluster, change.Request, error) {
	c, err := env.open(ctx)
	if err != nil {
		return nil, change.Request{}, err
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return nil, change.Request{}, err
	}
	want := &change.Files{Now: env.Now(), Place: func(_ access.Principal, err error) error { return err }}
	for _, t := range translate(ctx, c, source, info) {
		name := t.named
		switch {
		case t.LeftOut != "":
			env.say(env.IO.ErrOut, name+" is left out: "+t.LeftOut+"\n")
			continue
		case t.LookUp != "" && t.err != nil:
			env.warn("%s is left out: %v", name, t.err)
			continue
		case t.LookUp != "":
			env.say(env.IO.ErrOut, name+" becomes "+string(t.Principal)+"\n")
		case t.Principal.Account() != info.Account():
			env.warn("%s is of another account than the cluster", name)
		}
		want.Wants = append(want.Wants, t.Desired)
	}
	if len(want.Wants) == 0 {
		return nil, change.Request{}, errNothing
	}
	r := want.Apply()
	r.Asks = true
	return c, r, nil
}

// translated is an entry of the source on its way to another cluster.
type translated struct {
	edit.Copied
	named string // the principal, as the source's account writes it
	err   error  // of the look-up
}

// translate decides about each entry, and looks up those that are others in the target's account.
func translate(ctx context.Context, c *cluster.Cluster, source access.Snapshot, to access.Info) []translated {
	all := make([]translated, len(source.Entries))
	var looking sync.WaitGroup
	for i, e := range source.Entries {
		t := &all[i]
		t.Copied, t.named = edit.Copy(e, source.Cluster, to), e.Principal.Short(source.Cluster.Account())
		if stale := source.Stale(e.Principal); stale != "" && t.LeftOut == "" {
			t.LeftOut = "it no longer works: the " + e.Principal.Kind() + " was " + stale.Words()
		}
		if t.LookUp == "" || t.LeftOut != "" {
			continue
		}
		looking.Go(func() {
			ref, err := access.ParsePrincipal(t.LookUp)
			if err == nil {
				found, missing := c.IAM.Resolve(ctx, ref)
				t.Principal, err = found.Principal, missing
			}
			t.err = err
		})
	}
	looking.Wait()
	return all
}
