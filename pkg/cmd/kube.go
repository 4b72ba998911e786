package cmd

import (
	"context"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/kube"
)

// awsAuth is the data of the aws-auth ConfigMap; access.ErrNotFound where there is none.
func (c *connection) awsAuth(ctx context.Context) (map[string]string, error) {
	client, err := c.kube(ctx)
	if err != nil {
		return nil, err
	}
	m, err := client.AWSAuth(ctx)
	return m.Data, err
}

// awsAuthSoon begins to read aws-auth while others read the entries; a cluster that does not read it is asked in vain.
func (c *connection) awsAuthSoon(ctx context.Context) func() (map[string]string, error) {
	read := sync.OnceValues(func() (map[string]string, error) { return c.awsAuth(ctx) })
	if c.target.From["name"] != "flag" { // then the context may lead elsewhere
		go func() { _, _ = read() }()
	}
	return read
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
