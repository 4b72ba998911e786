package cmd

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// errAsks says that a cluster is not read in the background, where nobody can answer.
var errAsks = errors.New("its login may ask for something: switch to the cluster to answer")

// survey is the clusters of the kubeconfig, as the screen sees all of them.
type survey struct {
	env      *Env
	start    string // the context of the screen's first cluster
	targets  map[string]kubeconfig.Target
	members  []fleet.Member // each cluster once
	contexts []tui.Context
	known    sync.Map // by context the clusters whose login had questions
}

// surveyOf puts the contexts of one cluster together. The first one, with which the screen begins, stands for its cluster.
func (env *Env) surveyOf(contexts []kubeconfig.Target) *survey {
	chosen, _ := fleet.Choose(contexts, nil, nil) // which fails only with patterns
	s := &survey{env: env, start: contexts[0].Context, targets: map[string]kubeconfig.Target{}, members: chosen.Members}
	for _, t := range contexts {
		s.targets[t.Context] = t
		i := slices.IndexFunc(s.members, func(m fleet.Member) bool { return m.Target.Context == t.Context || fleet.Same(m.Target, t) })
		s.contexts = append(s.contexts, tui.Context{Name: t.Context, Cluster: cmp.Or(t.Name, t.Context), Region: t.Region, Account: t.Account, First: s.members[i].Target.Context})
	}
	return s
}

// hint is what to do about an error in a context, as the commands about several clusters say it.
func (s *survey) hint(at string, err error) string {
	p := &part{Member: fleet.Member{Target: s.targets[at]}, env: s.env.within(at, s.start)}
	return said{err: err, of: []*part{p}}.remedy()
}

// open opens the cluster of a context for the screen. One whose login had questions is kept, so that they come once.
func (s *survey) open(ctx context.Context, at string) (*tui.Cluster, error) {
	return s.env.screenCluster(ctx, at, s.start, func(c *cluster.Cluster) { s.known.Store(at, c) })
}

// read reads all clusters at the same time. Each comes when it has answered or failed, or was silent for too long.
func (s *survey) read(ctx context.Context) iter.Seq2[tui.Overview, error] {
	return func(yield func(tui.Overview, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		logins, answers := cluster.NewLogins(), make(chan func() (tui.Overview, error), len(s.members))
		for _, m := range s.members {
			go func() {
				o, err := s.one(ctx, m, logins)
				o.Context = m.Target.Context
				answers <- func() (tui.Overview, error) { return o, err }
			}()
		}
		for range s.members {
			if !yield((<-answers)()) {
				return
			}
		}
	}
}

// one reads one of the clusters.
func (s *survey) one(ctx context.Context, m fleet.Member, logins *cluster.Logins) (tui.Overview, error) {
	var o tui.Overview
	p := s.env.partOf(m, s.env.within(m.Target.Context, s.start), logins)
	each(ctx, []*part{p}, clusterPatience, func(ctx context.Context, own *Env) (err error) {
		o, err = s.overview(ctx, own, m.Target.Context)
		return err
	})
	switch {
	case fleet.Left(p.err): // it may still write
		return tui.Overview{}, fleet.ErrSilent
	case p.err != nil:
		return tui.Overview{}, cmp.Or(reason(p.err), p.err)
	}
	o.Notes = p.warnings
	for _, err := range p.errs {
		o.Notes = append(o.Notes, err.Error())
	}
	return o, nil
}

// overview is a cluster in short.
func (s *survey) overview(ctx context.Context, own *Env, at string) (o tui.Overview, err error) {
	known, _ := s.known.Load(at)
	c, ok := known.(*cluster.Cluster)
	if !ok {
		if err := own.mayAsk(ctx); err != nil {
			return o, err
		}
		if c, err = own.open(ctx); err != nil {
			return o, err
		}
	}
	all, err := c.Reading(own.hears, func(int, int) {}).Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Trust: true, Lives: access.AllLives})
	if err != nil {
		return o, err
	}
	own.notes(c.Known(all, own.program.Command))
	partly := len(all.Unread)+len(all.Missing()) > 0
	return tui.Overview{Info: all.Cluster, Entries: len(all.Entries) + len(all.Unread), Admins: len(all.Administrators()), Partly: partly}, nil
}

// mayAsk is errAsks where to read the cluster may ask the user something, which needs the terminal.
func (env *Env) mayAsk(ctx context.Context) error {
	target, err := env.target()
	if err != nil {
		return err
	}
	c := cluster.Cluster{Settings: env.settings(target)}
	if c.Session, err = cluster.Login(ctx, c.Settings, target); err == nil && (c.Session.MayAsk() || c.Plugin()) {
		return errAsks
	}
	return err
}
