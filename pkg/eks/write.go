package eks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Do carries out one step with one call. Errors are those of access, with the message of EKS.
func (c *Cluster) Do(ctx context.Context, step access.Step) error {
	var err error
	switch s := step.(type) {
	case access.CreateEntry:
		err = c.create(ctx, s.Entry)
	case access.UpdateEntry:
		err = c.replace(ctx, c.identity(s.After.Principal), identity(s.Before), identity(s.After), func() error { return c.update(ctx, s) })
	case access.TagEntry:
		_, err = c.api.TagResource(ctx, &eks.TagResourceInput{ResourceArn: aws.String(s.Entry.ARN), Tags: s.Tags})
	case access.UntagEntry:
		_, err = c.api.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: aws.String(s.Entry.ARN), TagKeys: s.Keys})
	case access.Associate:
		if s.New { // created by the same plan a moment ago
			err = c.associate(ctx, s)
			break
		}
		was := access.Entry{}
		if s.Was != nil {
			was = holds(access.Grant{Policy: s.Grant.Policy, Scope: *s.Was})
		}
		err = c.replace(ctx, c.scope(s.To, s.Grant.Policy), was, holds(s.Grant), func() error { return c.associate(ctx, s) })
	case access.Disassociate:
		err = c.replace(ctx, c.scope(s.From, s.Grant.Policy), holds(s.Grant), access.Entry{}, func() error { return c.disassociate(ctx, s) })
	case access.DeleteEntry:
		err = c.delete(ctx, s)
	case access.SetMode:
		return c.setMode(ctx, s)
	default:
		return fmt.Errorf("unknown step %T", step)
	}
	return namely(step.Principal(), moved(explainWrite(err)))
}

// namely adds to an unknown principal the command that shows its full ARN.
func namely(p access.Principal, err error) error {
	if !errors.Is(err, access.ErrNoPrincipal) {
		return err
	}
	kind := p.Kind()
	return fmt.Errorf("%w; `aws iam get-%s --%s-name %s` shows the full ARN", err, kind, kind, shell.Quote(p.Name()))
}

// reading reads the part of an entry that a write replaces.
type reading func(context.Context) (access.Entry, error)

// replace carries out a write that replaces a part of an entry. EKS has no compare-and-swap, so that part is read just
// before and just after: of two writers at the same time one nearly always sees the other and reports ErrChanged. Only
// a write that begins and ends between the reading and the writing stays unseen. What is read after the write may be
// older than the write (eks-access.md §2), so finding the state from before proves nothing.
func (c *Cluster) replace(ctx context.Context, read reading, was, will access.Entry, write func() error) error {
	switch now, err := read(ctx); {
	case err != nil:
		return notSent(err)
	case !now.Same(was):
		return fmt.Errorf("%w: expected %s, found %s", access.ErrChanged, state(was), state(now))
	}
	if err := write(); err != nil {
		return err
	}
	if now, err := read(ctx); err == nil && !now.Same(will) && !now.Same(was) {
		return fmt.Errorf("%w: another writer set it to %s at the same time", access.ErrOverwritten, state(now))
	}
	return nil
}

// identity is the part of an entry that UpdateAccessEntry sets.
func identity(e access.Entry) access.Entry {
	return access.Entry{Username: e.Username, Groups: e.Groups}.Canonical()
}

func (c *Cluster) identity(p access.Principal) reading {
	return func(ctx context.Context) (access.Entry, error) {
		now, err := c.describe(ctx, p)
		return identity(now), err
	}
}

// holds is the part of an entry that AssociateAccessPolicy sets.
//
//go:noinline
func holds(g ...access.Grant) access.Entry { return access.Entry{Grants: g}.Canonical() }

func (c *Cluster) scope(p access.Principal, policy access.Policy) reading {
	return func(ctx context.Context) (access.Entry, error) {
		grants, err := c.grants(ctx, p)
		return holds(slices.DeleteFunc(grants, func(g access.Grant) bool { return g.Policy != policy })...), err
	}
}

// state describes a part of an entry.
func state(e access.Entry) string {
	switch {
	case len(e.Grants) > 0:
		return e.Grants[0].String()
	case e.Username != "":
		return fmt.Sprintf("username %q and groups %q", e.Username, e.Groups)
	}
	return "none"
}

// delete removes the entry that the plan saw: what others added to it since would be lost with it.
func (c *Cluster) delete(ctx context.Context, s access.DeleteEntry) error {
	now, err := c.whole(ctx, s.Entry.Principal)
	switch {
	case err != nil:
		return notSent(err)
	case !now.Same(s.Entry):
		return fmt.Errorf("%w: another writer changed the entry that would be deleted", access.ErrChanged)
	}
	var n tries
	_, err = c.api.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: &c.Name, PrincipalArn: principal(s)}, n.count)
	return n.doubt(err)
}

// whole is an entry with its grants.
func (c *Cluster) whole(ctx context.Context, p access.Principal) (e access.Entry, err error) {
	var grants []access.Grant
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { e, err = c.describe(ctx, p); return err })
	g.Go(func() (err error) { grants, err = c.grants(ctx, p); return err })
	err = g.Wait()
	e.Grants = grants
	return e.Canonical(), err
}

func (c *Cluster) disassociate(ctx context.Context, s access.Disassociate) error {
	var n tries
	_, err := c.api.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{
		ClusterName: &c.Name, PrincipalArn: principal(s), PolicyArn: c.policyARN(s.From, s.Grant.Policy),
	}, n.count)
	return n.doubt(err)
}

// tries counts how often the SDK sent one call.
type tries int

func (n *tries) count(o *eks.Options) {
	counter := middleware.FinalizeMiddlewareFunc("CountTries",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			*n++
			return next.HandleFinalize(ctx, in)
		})
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Finalize.Insert(counter, "Retry", middleware.After) })
}

// doubt reports ErrUnknown for a retried call that finds the entry already deleted, or already created: the first try
// may have done that, and only its answer was lost.
func (n *tries) doubt(err error) error {
	plain := explain("", err)
	if *n > 1 && (errors.Is(plain, access.ErrNotFound) || errors.Is(plain, access.ErrExists)) {
		return fmt.Errorf("%w: %w", access.ErrUnknown, plain)
	}
	return err
}

// moved reports ErrChanged for an entry or policy that no longer exists.
func moved(err error) error {
	if errors.Is(err, access.ErrNotFound) && !errors.Is(err, access.ErrUnknown) {
		return fmt.Errorf("%w: %w", access.ErrChanged, err)
	}
	return err
}

func principal(s access.Step) *string { return aws.String(string(s.Principal())) }

func (c *Cluster) policyARN(p access.Principal, policy access.Policy) *string {
	return aws.String(policy.ARN(p.Partition()))
}

// create leaves out groups and usernames of node entries, which EKS sets itself or refuses.
func (c *Cluster) create(ctx context.Context, e access.Entry) error {
	in := &eks.CreateAccessEntryInput{
		ClusterName: &c.Name, PrincipalArn: aws.String(string(e.Principal)), Type: aws.String(string(e.Kind)), Tags: e.Tags,
	}
	if !e.Node() {
		in.KubernetesGroups = e.Groups
		if e.Username != "" {
			in.Username = &e.Username
		}
	}
	var n tries
	_, err := c.api.CreateAccessEntry(ctx, in, n.count)
	return n.doubt(err)
}

// update sends only what differs. An empty list of groups clears them, a missing list keeps them (eks-access.md §1).
func (c *Cluster) update(ctx context.Context, s access.UpdateEntry) error {
	in := &eks.UpdateAccessEntryInput{ClusterName: &c.Name, PrincipalArn: principal(s), KubernetesGroups: append([]string{}, s.After.Groups...)}
	if s.Before.Username != s.After.Username {
		in.Username = &s.After.Username
	}
	_, err := c.api.UpdateAccessEntry(ctx, in)
	return err
}

// associate sets the scope. EKS may report an entry that was just created as not found; for an entry that this plan
// created, it tries again.
func (c *Cluster) associate(ctx context.Context, s access.Associate) error {
	in := &eks.AssociateAccessPolicyInput{
		ClusterName: &c.Name, PrincipalArn: principal(s), PolicyArn: c.policyARN(s.To, s.Grant.Policy),
		AccessScope: &types.AccessScope{Type: types.AccessScopeTypeCluster},
	}
	if !s.Grant.Scope.WholeCluster() {
		in.AccessScope = &types.AccessScope{Type: types.AccessScopeTypeNamespace, Namespaces: s.Grant.Scope.Namespaces}
	}
	for wait := 250 * time.Millisecond; ; wait *= 2 {
		_, err := c.api.AssociateAccessPolicy(ctx, in)
		if !s.New || wait > 8*time.Second || !errors.Is(explain("", err), access.ErrNotFound) {
			return err
		}
		if err := access.Pause(ctx, wait); err != nil {
			return err
		}
	}
}
