package eks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Do carries out one step by one call. Errors are those of access, with what EKS said.
func (c *Cluster) Do(ctx context.Context, step access.Step) error {
	var err error
	switch s := step.(type) {
	case access.CreateEntry:
		err = c.create(ctx, s.Entry)
	case access.UpdateEntry:
		err = c.replace(ctx, func(ctx context.Context) (string, error) { return c.identityOf(ctx, s.After) },
			identity(s.Before), identity(s.After), func() error { return c.update(ctx, s) })
	case access.TagEntry:
		_, err = c.api.TagResource(ctx, &eks.TagResourceInput{ResourceArn: aws.String(s.Entry.ARN), Tags: s.Tags})
	case access.UntagEntry:
		_, err = c.api.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: aws.String(s.Entry.ARN), TagKeys: s.Keys})
	case access.Associate:
		if s.New { // the plan's own entry, of a moment ago
			err = c.associate(ctx, s)
			break
		}
		was := none
		if s.Was != nil {
			was = s.Was.String()
		}
		err = c.replace(ctx, c.scopeOf(s.To, s.Grant.Policy), was, s.Grant.Scope.String(), func() error { return c.associate(ctx, s) })
	case access.Disassociate:
		err = c.replace(ctx, c.scopeOf(s.From, s.Grant.Policy), s.Grant.Scope.String(), none, func() error { return c.disassociate(ctx, s) })
	case access.DeleteEntry:
		err = c.delete(ctx, s)
	case access.SetMode:
		return c.setMode(ctx, s)
	default:
		return fmt.Errorf("no call is known for the step %T", step)
	}
	return namely(step.Principal(), moved(explainWrite(err)))
}

// namely says of whom EKS found nobody, and how IAM tells who there is.
func namely(p access.Principal, err error) error {
	if err == nil || !strings.Contains(err.Error(), "invalid principal") {
		return err
	}
	kind := p.Kind()
	return fmt.Errorf("%w: %w; `aws iam get-%s --%s-name %s` shows the full ARN", access.ErrNoPrincipal, err, kind, kind, shell.Quote(p.Name()))
}

// replace carries out a write that replaces what is there. EKS has no compare-and-swap, so what is there is read
// just before, and again just after: of two who write at the same time one nearly always sees the other and looks
// again. Only a write that falls between the reading and the writing, and is over by then, goes unseen. What is
// read after may be older than the write (eks-access.md §2), so the state before proves nothing.
func (c *Cluster) replace(ctx context.Context, read func(context.Context) (string, error), was, will string, write func() error) error {
	switch now, err := read(ctx); {
	case err != nil:
		return err
	case now != was:
		return fmt.Errorf("%w: it was %s, now it is %s", access.ErrChanged, was, now)
	}
	if err := write(); err != nil {
		return err
	}
	if now, err := read(ctx); err == nil && now != will && now != was {
		return fmt.Errorf("%w: somebody set it to %s at the same time", access.ErrChanged, now)
	}
	return nil
}

func (c *Cluster) identityOf(ctx context.Context, e access.Entry) (string, error) {
	now, err := c.describe(ctx, e.Principal)
	return identity(now.Canonical()), err
}

// identity is what UpdateAccessEntry sets.
func identity(e access.Entry) string {
	return fmt.Sprintf("username %q and groups %q", e.Username, e.Groups)
}

// none is the scope of a policy that is not on the entry.
const none = "none"

// scopeOf reads the scope that a policy has now.
func (c *Cluster) scopeOf(p access.Principal, policy access.Policy) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		grants, err := c.grants(ctx, p)
		if err != nil {
			return "", err
		}
		g, ok := access.Entry{Grants: grants}.Canonical().Grant(policy)
		if !ok {
			return none, nil
		}
		return g.Scope.String(), nil
	}
}

// delete removes the entry that the plan saw: what somebody gave to it since would be lost with it.
func (c *Cluster) delete(ctx context.Context, s access.DeleteEntry) error {
	now, err := c.whole(ctx, s.Entry.Principal)
	switch {
	case err != nil:
		return err
	case !now.Same(s.Entry):
		return fmt.Errorf("%w: somebody has changed the entry that would be deleted", access.ErrChanged)
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

// tries is how often the SDK has sent one call.
type tries int

func (n *tries) count(o *eks.Options) {
	counter := middleware.FinalizeMiddlewareFunc("CountTries",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			*n++
			return next.HandleFinalize(ctx, in)
		})
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Finalize.Insert(counter, "Retry", middleware.After) })
}

// doubt says of a call that was sent again that nobody knows: where EKS finds the entry gone, or made, at the second time,
// the first may have done it and only its answer was lost.
func (n *tries) doubt(err error) error {
	explained := explain("", err)
	if *n > 1 && (errors.Is(explained, access.ErrNotFound) || errors.Is(explained, access.ErrExists)) {
		return fmt.Errorf("%w: %w", access.ErrUnknown, explained)
	}
	return err
}

// moved says of an entry or policy that is not there any more that the cluster changed since the plan.
func moved(err error) error {
	if errors.Is(err, access.ErrNotFound) && !errors.Is(err, access.ErrUnknown) {
		return fmt.Errorf("%w: %w", access.ErrChanged, err)
	}
	return err
}

func principal(s access.Step) *string { return aws.String(string(s.Principal())) }

// policyARN is in the partition of the principal, which is that of the cluster.
func (c *Cluster) policyARN(p access.Principal, policy access.Policy) *string {
	return aws.String(policy.ARN(p.Partition()))
}

// create leaves out what EKS decides itself, or refuses: groups and usernames of node entries.
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

// update sends only what differs. An empty list of groups clears them, a missing one keeps them (eks-access.md §1).
func (c *Cluster) update(ctx context.Context, s access.UpdateEntry) error {
	in := &eks.UpdateAccessEntryInput{ClusterName: &c.Name, PrincipalArn: principal(s), KubernetesGroups: append([]string{}, s.After.Groups...)}
	if s.Before.Username != s.After.Username {
		in.Username = &s.After.Username
	}
	_, err := c.api.UpdateAccessEntry(ctx, in)
	return err
}

// associate sets the scope. EKS may not see an entry of a moment ago yet and says that it could
// not be found; for an entry that this plan made, that is waited out.
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
