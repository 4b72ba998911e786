package cmd

import (
	"cmp"
	"context"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
)

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
// A cluster that was named by flag may be another than the context's: then it is read when AWS has told where.
func (c *connection) awsAuthSoon(ctx context.Context) func(access.Info) (map[string]string, error) {
	if c.target.From["name"] != "flag" {
		read := sync.OnceValues(func() (map[string]string, error) { return c.awsAuth(ctx) })
		go func() { _, _ = read() }()
		return func(access.Info) (map[string]string, error) { return read() }
	}
	var once sync.Once
	var data map[string]string
	var err error
	return func(cluster access.Info) (map[string]string, error) {
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
		return c.kube(ctx)
	}
	token, err := c.session.Token(ctx, cmp.Or(cluster.LocalID, cluster.Name))
	if err != nil {
		return nil, err
	}
	return kube.At(cluster.Endpoint, cluster.CA, token)
}

// kubeOfTarget speaks to the cluster by the context or, where a flag names it, at the endpoint that AWS tells.
func (c *connection) kubeOfTarget(ctx context.Context) (*kube.Client, error) {
	if c.target.From["name"] != "flag" {
		return c.kube(ctx)
	}
	info, err := c.eks.Info(ctx)
	if err != nil {
		return nil, err
	}
	return c.kubeOf(ctx, info)
}

// kube speaks to the cluster as the user of the context.
func (c *connection) kube(ctx context.Context) (*kube.Client, error) {
	cfg, err := c.env.flags.Loader().ClientConfig()
	if err != nil {
		return nil, err
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
