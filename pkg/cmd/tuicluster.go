package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// open connects, once.
func (s *seen) open(ctx context.Context) (*tui.Cluster, error) {
	if s.known != nil {
		return s.known, nil
	}
	c, err := s.env.connect(ctx)
	if err != nil {
		return nil, err
	}
	s.c = c
	s.known = &tui.Cluster{
		Command: s.command, Read: s.read, Principals: s.principals, Policies: s.policies, Namespaces: s.namespaces,
		Groups: s.groups, Resolve: s.resolve, Hints: c.hintsOf, Propose: s.propose,
	}
	plugin := !c.target.Exec.Native && c.target.Exec.Command != ""
	if c.session.MayAsk() || plugin {
		s.known.Login = func() error { return s.login(ctx, plugin) }
	}
	return s.known, nil
}

// login asks what there is to ask: the AWS login's questions, then those of the credential plugin.
func (s *seen) login(ctx context.Context, plugin bool) error {
	err := s.c.session.Prepare(ctx)
	if plugin && err == nil {
		_, _ = s.c.awsAuth(ctx) // the token stays in memory; errors come again when it is needed
	}
	return err
}

// read tells who is in, piece by piece.
func (s *seen) read(ctx context.Context, who []access.Principal) iter.Seq2[tui.Piece, error] {
	return func(yield func(tui.Piece, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		pieces := make(chan found, 256)
		go s.readInto(ctx, who, pieces)
		for f := range pieces {
			f.drain(pieces)
			if !yield(f.Piece, f.err) {
				return
			}
		}
	}
}

// found is a piece, or why there is none.
type found struct {
	tui.Piece
	err error
}

// drain joins what has come in the meantime, so that the screen is drawn once for it.
func (f *found) drain(more <-chan found) {
	for range cap(more) {
		select {
		case next, ok := <-more:
			if !ok {
				return
			}
			f.join(next)
		default:
			return
		}
	}
}

func (f *found) join(next found) {
	if next.Cluster.Name != "" {
		f.Cluster = next.Cluster
	}
	if next.Caller != "" {
		f.Caller = next.Caller
	}
	f.Entries = append(f.Entries, next.Entries...)
	f.Unread = append(f.Unread, next.Unread...)
	f.Dead, f.Doubtful = append(f.Dead, next.Dead...), append(f.Doubtful, next.Doubtful...)
	f.Deleted = append(f.Deleted, next.Deleted...)
	f.Mappings = append(f.Mappings, next.Mappings...)
	f.Warnings = append(f.Warnings, next.Warnings...)
	f.Total = max(f.Total, next.Total)
	f.Blind = f.Blind || next.Blind
	f.err = errors.Join(f.err, next.err)
}

func (s *seen) readInto(ctx context.Context, who []access.Principal, pieces chan<- found) {
	defer close(pieces)
	send := func(f found) {
		select {
		case pieces <- f:
		case <-ctx.Done():
		}
	}
	cluster := *s.c.eks
	cluster.Found = func(part access.Snapshot) { send(found{Piece: tui.Piece{Snapshot: part}}) }
	cluster.Progress = func(_, total int) { send(found{Piece: tui.Piece{Total: total}}) }
	data := s.c.awsAuthSoon(ctx)
	snapshot, err := cluster.Snapshot(ctx, access.Want{All: len(who) == 0, Principals: who})
	if err != nil {
		send(found{err: err})
		return
	}
	last := found{Piece: tui.Piece{Snapshot: access.Snapshot{Unread: snapshot.Unread}}}
	if len(who) == 0 {
		snapshot.Unread = nil // they have rows of their own
		s.c.checkRead(snapshot)
		last.Mappings = s.c.mappings(snapshot.Cluster, nil, data)
		last.Blind = s.c.blind(snapshot.Cluster, data)
		marked := s.c.withStale(ctx, snapshot, last.Mappings)
		last.Dead, last.Deleted, last.Doubtful = marked.Dead, marked.Deleted, marked.Doubtful
	}
	last.Warnings = s.said.take()
	send(last)
}

// blind tells whether aws-auth lets people in and cannot be read.
func (c *connection) blind(cluster access.Info, read func(access.Info) (map[string]string, error)) bool {
	if !cluster.Mode.ReadsConfigMap() {
		return false
	}
	_, err := read(cluster)
	return err != nil && !errors.Is(err, access.ErrNotFound)
}

func (s *seen) principals(ctx context.Context, family tui.Family) iter.Seq2[[]access.Principal, error] {
	list := map[tui.Family]func(*iam.Client, context.Context) iter.Seq2[[]access.Principal, error]{
		tui.Roles: (*iam.Client).Roles, tui.Users: (*iam.Client).Users, tui.PermissionSets: (*iam.Client).PermissionSets,
	}
	return list[family](s.c.iam, ctx)
}

func (s *seen) policies(ctx context.Context) ([]policy.Policy, error) {
	live, err := s.c.eks.Policies(ctx)
	if err != nil {
		return policy.All(), nil //nolint:nilerr // the embedded list is what the commands fall back to too
	}
	return documented(live), nil
}

func (s *seen) namespaces(ctx context.Context) ([]string, error) {
	client, err := s.c.kube(ctx)
	if err != nil {
		return nil, err
	}
	return client.Namespaces(ctx)
}

func (s *seen) groups(ctx context.Context) (map[string][]string, error) {
	client, err := s.c.kube(ctx)
	if err != nil {
		return nil, err
	}
	return client.Groups(ctx)
}

func (s *seen) resolve(ctx context.Context, text string) (access.Principal, string, error) {
	ref, err := access.ParsePrincipal(text)
	if err != nil {
		return "", "", err
	}
	f, err := s.c.iam.Resolve(ctx, ref)
	return f.Principal, f.Doubt, err
}

// propose goes the road that the commands go, and stops before anything is sent.
func (s *seen) propose(ctx context.Context, r tui.Request) (tui.Proposal, error) {
	f := &changeFlags{accepted: []string{string(access.OtherAccount)}}
	var ch *change
	if r.Grant != nil {
		ch = s.c.granting(f, r.Who, r.Grant, false)
	} else {
		ch = s.c.revoking(ctx, f, r.Who, r.Revoke, r.Revoke.Whole(), r.EntryOnly)
	}
	ch.args = r.Command
	p, err := ch.propose(ctx)
	f.accepted = nil // it is asked for with the plan, as the other risks are
	var notes []string
	if err == nil {
		notes = ch.notes(p.plan, p.before)
	}
	said := append(s.said.take(), notes...)
	if err == nil && ch.incomplete { // of several principals: what the screen showed is not what would be done
		err = errors.New(strings.Join(said, "; "))
	}
	if err != nil {
		return tui.Proposal{}, err
	}
	apply := func(ctx context.Context, accepted []access.RiskName) iter.Seq2[access.Result, error] {
		return func(yield func(access.Result, error) bool) { ch.tellEach(ctx, p, accepted, yield) }
	}
	return tui.Proposal{Plan: p.plan, Warnings: said, Risks: ch.judge(ctx, p.plan, p.before), Apply: apply}, nil
}

// tellEach sends the plan, if every risk was accepted, and tells of each step.
func (c *change) tellEach(ctx context.Context, p proposal, accepted []access.RiskName, yield func(access.Result, error) bool) {
	for _, name := range accepted {
		c.flags.accepted = append(c.flags.accepted, string(name))
	}
	defer c.release()
	p, err := c.still(ctx, p)
	var results iter.Seq[access.Result]
	if err == nil {
		results, err = c.send(ctx, p)
	}
	if err != nil {
		yield(access.Result{}, err)
		return
	}
	for r := range results {
		if !yield(r, nil) {
			return
		}
	}
}

// still is the plan as it would be made now, with nobody of this machine between. What was not shown is not done.
func (c *change) still(ctx context.Context, p proposal) (proposal, error) {
	if err := c.hold(ctx); err != nil {
		return p, err
	}
	before, err := c.fresh(ctx, c.who)
	if err != nil {
		return p, err
	}
	now := proposal{before: before}
	if now.plan, now.after, err = c.plan(before, c.who); err == nil && !now.plan.Same(p.plan) {
		err = fmt.Errorf("%w: the plan is no longer the one that was shown; nothing was changed", access.ErrChanged)
	}
	return now, cmp.Or(err, c.safe(ctx, now.plan, before))
}
