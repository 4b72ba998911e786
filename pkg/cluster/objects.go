package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

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
			err = fmt.Errorf("make %s: another binding of that name was created in the meantime and gives other rights; run the same command again to use another name", b)
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

// Manifests are bindings as manifests that kubectl applies.
func Manifests(bindings []access.Binding) (string, error) {
	var b strings.Builder
	if len(bindings) > 0 {
		b.WriteString("# The entries need these bindings first; --apply-rbac creates them.\n")
	}
	for _, binding := range bindings {
		o, err := kube.Manifest(binding)
		if err != nil {
			return "", err
		}
		text, err := manifest.YAML(json.RawMessage(o))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "---\n%s", text)
	}
	return b.String(), nil
}
