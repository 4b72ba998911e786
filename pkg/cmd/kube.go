package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// match compares the context with what AWS says of the cluster.
func (c *connection) match(info access.Info) kubeconfig.Match {
	m := c.target.Match(info)
	if !m.Leads {
		c.misled.Store(true)
	}
	return m
}

// sameServer reports whether the context leads to the cluster's endpoint.
func (c *connection) sameServer(info access.Info) bool { return c.match(info).Leads }

// rightCluster refuses changes of a cluster that the context does not mean: kubeconfig.Standing has the rule.
func (c *connection) rightCluster(info access.Info, accepted ...string) error {
	if risks := c.otherAccount(info); len(risks) > 0 && !slices.Contains(accepted, string(access.OtherAccount)) {
		return refusal(risks)
	}
	if m := c.match(info); m.Standing == kubeconfig.Elsewhere {
		return fmt.Errorf("%w: %s", errWrong, m.Reason())
	}
	return nil
}

// otherAccount is the risk of a cluster that is not in the account or region that the context names.
func (c *connection) otherAccount(info access.Info) []access.Risk {
	m := c.match(info)
	if m.Standing != kubeconfig.OtherAccount {
		return nil
	}
	return []access.Risk{{Name: access.OtherAccount, Why: "the change would be made in " + m.Cluster() + ", but " + m.Reason() + "; " + m.Cure()}}
}

// tellCluster says which cluster is shown where it may not be the context's.
func (c *connection) tellCluster(info access.Info) {
	if m := c.match(info); m.Standing == kubeconfig.Elsewhere || m.Standing == kubeconfig.OtherAccount {
		c.env.warn("this shows %s, which the AWS credentials lead to; %s", m.Cluster(), m.Reason())
	}
}

// awsAuth is the data of the aws-auth ConfigMap; access.ErrNotFound where there is none.
func (c *connection) awsAuth(ctx context.Context) (map[string]string, error) {
	client, err := c.kube(ctx)
	return awsAuthBy(ctx, client, err)
}

func awsAuthBy(ctx context.Context, client *kube.Client, err error) (map[string]string, error) {
	if err != nil {
		return nil, err
	}
	m, err := client.AWSAuth(ctx)
	return m.Data, err
}

// awsAuthSoon begins to read aws-auth while others read the entries; a cluster that does not read it is asked in vain.
// Where the context leads to another cluster than AWS describes, it is read when AWS has said where.
func (c *connection) awsAuthSoon(ctx context.Context) func(access.Info) (map[string]string, error) {
	soon := sync.OnceValues(func() (map[string]string, error) { return c.awsAuth(ctx) })
	if c.target.From["name"] != kubeconfig.FromFlag {
		go func() { _, _ = soon() }()
	}
	var once sync.Once
	var data map[string]string
	var err error
	return func(cluster access.Info) (map[string]string, error) {
		if c.sameServer(cluster) {
			return soon()
		}
		once.Do(func() {
			client, failed := c.kubeOf(ctx, cluster)
			data, err = awsAuthBy(ctx, client, failed)
		})
		return data, err
	}
}

// kubeOf speaks to a cluster by the context, and to one that it does not lead to at the endpoint that AWS tells and as
// whom AWS is asked as.
func (c *connection) kubeOf(ctx context.Context, cluster access.Info) (*kube.Client, error) {
	if c.sameServer(cluster) {
		return c.byContext(ctx)
	}
	token, err := c.session.Token(ctx, cmp.Or(cluster.LocalID, cluster.Name))
	if err != nil {
		return nil, err
	}
	return kube.At(cluster.Endpoint, cluster.CA, token)
}

// kube speaks to the cluster. The context is believed until AWS contradicts it; where a flag names the cluster, AWS is
// asked first.
func (c *connection) kube(ctx context.Context) (*kube.Client, error) {
	if c.target.From["name"] != kubeconfig.FromFlag && !c.misled.Load() {
		return c.byContext(ctx)
	}
	info, err := c.eks.Info(ctx)
	if err != nil {
		return nil, err
	}
	return c.kubeOf(ctx, info)
}

// byContext speaks to the context's server, as its user.
func (c *connection) byContext(ctx context.Context) (*kube.Client, error) {
	cfg, err := c.env.flags.Loader().ClientConfig()
	if err != nil {
		return nil, errors.New(access.HidePasswords(err.Error())) // it quotes the proxy
	}
	if c.target.Exec.Native && !c.env.noNativeToken {
		// The exec entry would start a program to make the same token; this takes 1 ms instead of half a second.
		if cfg.BearerToken, err = c.session.Token(ctx, c.target.Exec.Cluster); err != nil {
			return nil, err
		}
		cfg.ExecProvider = nil
	}
	return kube.New(cfg)
}
