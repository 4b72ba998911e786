package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
)

// Match compares the context with what AWS says of the cluster. kubeconfig.Standing has the one rule.
func (c *Cluster) Match(info access.Info) kubeconfig.Match {
	m := c.Target.Match(info)
	if !m.Leads {
		c.misled.Store(true)
	}
	return m
}

// Right refuses, with ErrWrong, changes of a cluster that the context does not mean.
func (c *Cluster) Right(info access.Info) error {
	if m := c.Match(info); m.Standing == kubeconfig.Elsewhere {
		return fmt.Errorf("%w: %s", ErrWrong, m.Reason())
	}
	return nil
}

// OtherAccount is the risk of a cluster that is not in the account or region that the context names.
func (c *Cluster) OtherAccount(info access.Info) []access.Risk {
	m := c.Match(info)
	if m.Standing != kubeconfig.OtherAccount {
		return nil
	}
	return []access.Risk{{Name: access.OtherAccount, Why: "the change would be made in " + m.Cluster() + ", but " + m.Reason() + "; " + m.Cure()}}
}

// Shown notes which cluster an answer is about where that may not be the context's.
func (c *Cluster) Shown(info access.Info) []access.Note {
	if m := c.Match(info); m.Standing == kubeconfig.Elsewhere || m.Standing == kubeconfig.OtherAccount {
		return access.Notes(access.NoteContext, "", fmt.Sprintf("this shows %s, which the AWS credentials lead to; %s", m.Cluster(), m.Reason()))
	}
	return nil
}

// named reports whether a flag names the cluster, so that the context may lead to another one.
func (c *Cluster) named() bool { return c.Target.From["name"] == kubeconfig.FromFlag }

// server is the cluster's API server. The context is believed until AWS contradicts it; where a flag names the cluster,
// AWS is asked first.
func (c *Cluster) server(ctx context.Context) (*kube.Client, error) {
	if !c.named() && !c.misled.Load() {
		return c.byContext(ctx)
	}
	info, err := c.EKS.Info(ctx)
	if err != nil {
		return nil, err
	}
	return c.serverOf(ctx, info)
}

// serverOf is the API server of the cluster that AWS describes: by the context where that leads to it, else at the endpoint
// that AWS tells and with the login for AWS.
func (c *Cluster) serverOf(ctx context.Context, info access.Info) (*kube.Client, error) {
	if c.Match(info).Leads {
		return c.byContext(ctx)
	}
	token, err := c.Session.Token(ctx, cmp.Or(info.LocalID, info.Name))
	if err != nil {
		return nil, err
	}
	return kube.At(info.Endpoint, info.CA, token)
}

// byContext is the context's server, asked as the context's user.
func (c *Cluster) byContext(ctx context.Context) (*kube.Client, error) {
	cfg, err := c.Flags.Loader().ClientConfig()
	if err != nil {
		return nil, errors.New(access.HidePasswords(err.Error())) // it quotes the proxy
	}
	if c.Target.Exec.Native && !c.NoNativeToken {
		// The exec entry would start a program to make the same token; this takes 1 ms instead of half a second.
		if cfg.BearerToken, err = c.Session.Token(ctx, c.Target.Exec.Cluster); err != nil {
			return nil, err
		}
		cfg.ExecProvider = nil
	}
	return kube.New(cfg)
}

// Plugin reports whether the kubeconfig's credential plugin has to run for a token.
func (c *Cluster) Plugin() bool {
	return c.Target.Exec.Command != "" && (!c.Target.Exec.Native || c.NoNativeToken)
}

// Namespaces are the names of the cluster's namespaces.
func (c *Cluster) Namespaces(ctx context.Context) ([]string, error) {
	client, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	return client.Namespaces(ctx)
}

// Groups are the groups that RBAC bindings name, with what each is bound to.
func (c *Cluster) Groups(ctx context.Context) (map[string][]string, error) {
	client, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	return client.Groups(ctx)
}

// AWSAuth is the ConfigMap aws-auth with what the authenticator makes of it. Where it cannot be read, its Err says why.
func (c *Cluster) AWSAuth(ctx context.Context) access.ConfigMap {
	client, err := c.server(ctx)
	return readAWSAuth(ctx, client, err)
}

func readAWSAuth(ctx context.Context, client *kube.Client, err error) access.ConfigMap {
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	m, err := client.AWSAuth(ctx)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return access.ConfigMap{Err: err}
	}
	return awsauth.Understood(m)
}

// Bind makes RBAC bindings that are not there yet and returns those. What somebody else has made under such a name since
// the plan, and gives something else, is an error and left alone.
func (c *Cluster) Bind(ctx context.Context, bindings []access.Binding) (made []access.Binding, err error) {
	client, err := c.server(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range bindings {
		err := client.Bind(ctx, b)
		if err == nil {
			made = append(made, b)
			continue
		}
		if !errors.Is(err, access.ErrExists) {
			return made, err
		}
		have, err := client.Binding(ctx, b)
		if err == nil && !have.Gives(b) {
			err = fmt.Errorf("make %s: another binding of that name was made meanwhile and gives something else; run the same command again, it takes another name", b)
		}
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// Unbind deletes RBAC bindings and answers of each whether it is gone.
func (c *Cluster) Unbind(ctx context.Context, bindings []access.Binding) []error {
	errs := make([]error, len(bindings))
	client, err := c.server(ctx)
	for i, b := range bindings {
		if errs[i] = err; err == nil {
			errs[i] = client.Unbind(ctx, b)
		}
	}
	return errs
}
