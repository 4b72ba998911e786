package cluster

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Rights reads all that decides who can do what, and the cluster's resource types; where these cannot be read, those of
// Kubernetes itself.
func (c *Cluster) Rights(ctx context.Context) (x *rights.Index, types []rights.Type, err error) {
	var s access.Snapshot
	together(
		func() {
			s, err = c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, RBAC: true, Roles: true, Namespaces: true, Lives: access.AllLives})
		},
		func() { types = c.types(ctx) },
	)
	denied := err
	if errors.Is(err, access.ErrForbidden) { // RBAC and aws-auth may still be read, and the cluster be asked
		s, err = c.Snapshot(ctx, access.Want{AWSAuth: true, RBAC: true, Roles: true, Namespaces: true})
	}
	if err != nil {
		return nil, nil, err
	}
	x = rights.New(s)
	if denied != nil {
		x.Missing = append(x.Missing, access.NotRead(access.ReadEntries, denied, "eks:ListAccessEntries, eks:DescribeAccessEntry and eks:ListAssociatedAccessPolicies"))
	}
	return x, types, nil
}

// Allows asks the cluster whether the caller may make a request.
func (c *Cluster) Allows(ctx context.Context, q rights.Request) (bool, error) {
	client, err := c.server(ctx)
	if err != nil {
		return false, err
	}
	return client.Allows(ctx, q, rights.User{Self: true})
}

// reviewing is how many reviews are in flight together.
const reviewing = 16

// Check asks the cluster whether its principals, or only the caller, may make a request.
func (c *Cluster) Check(ctx context.Context, x *rights.Index, q rights.Request, others bool) ([]rights.Said, error) {
	client, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	caller, err := c.Session.Caller(ctx)
	if err != nil {
		return nil, err
	}
	who := x.Users(caller)
	if !others {
		who = access.Where(who, func(s *rights.User) bool { return s.Self })
	}
	said := make([]rights.Said, len(who))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(reviewing)
	for i, s := range who {
		g.Go(func() error {
			yes, err := client.Allows(ctx, q, s)
			said[i] = rights.Said{User: s, Yes: yes}
			return err
		})
	}
	return said, g.Wait()
}

func (c *Cluster) types(ctx context.Context) []rights.Type {
	client, err := c.server(ctx)
	if err != nil {
		return rights.Builtin()
	}
	types, err := client.Types(ctx)
	if err != nil {
		return rights.Builtin()
	}
	return rights.WithVirtual(types)
}

// sampled is what people want to know first, each a verb, a group and a resource.
var sampled = [][3]string{
	{"get", "", "pods"},
	{"get", "", "pods/log"},
	{"get", "", "configmaps"},
	{"get", "", "secrets"},
	{"get", "", "services"},
	{"get", "apps", "deployments"},
	{"create", "", "pods"},
	{"create", "", "configmaps"},
	{"create", "apps", "deployments"},
	{"create", "", "pods/exec"},
	{"delete", "", "pods"},
	{"create", "rbac.authorization.k8s.io", "rolebindings"},
}

// sample asks the cluster for some rights one by one, where the entry could not be read: the cluster lists no rights of access
// policies (eks-access.md §8).
func (p *probe) sample(ctx context.Context) {
	var mu sync.Mutex
	var asks []func()
	for _, q := range sampled {
		asks = append(asks, func() {
			if may, err := p.client.May(ctx, q[0], q[1], q[2], p.Namespace); err == nil && may {
				mu.Lock()
				defer mu.Unlock()
				p.Rules = append(p.Rules, policy.Rule{APIGroups: q[1:2], Resources: q[2:], Verbs: q[:1]})
			}
		})
	}
	together(asks...)
}
