package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	rbacGroup = "rbac.authorization.k8s.io"
	rbacPath  = "/apis/" + rbacGroup + "/v1"
)

// binding is a RoleBinding or ClusterRoleBinding on the wire.
type binding struct {
	APIVersion string    `json:"apiVersion,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Metadata   meta      `json:"metadata"`
	RoleRef    reference `json:"roleRef"`
	Subjects   []subject `json:"subjects"`
}

type meta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

type reference struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

type subject struct {
	APIGroup  string `json:"apiGroup,omitempty"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"` // of a service account; "": that of the binding
}

// Bindings are all RBAC bindings of the cluster, ClusterRoleBindings first.
func (c *Client) Bindings(ctx context.Context) ([]access.Binding, error) {
	var wide, narrow []binding
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { wide, err = list[binding](ctx, c, rbacPath, "clusterrolebindings"); return err })
	g.Go(func() (err error) { narrow, err = list[binding](ctx, c, rbacPath, "rolebindings"); return err })
	err := g.Wait()
	var all []access.Binding
	for _, b := range slices.Concat(wide, narrow) {
		all = append(all, b.plain())
	}
	return all, err
}

// Roles are all Roles and ClusterRoles of the cluster.
func (c *Client) Roles(ctx context.Context) ([]access.Role, error) {
	type role struct {
		Metadata meta          `json:"metadata"`
		Rules    []access.Rule `json:"rules"`
	}
	var wide, narrow []role
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { wide, err = list[role](ctx, c, rbacPath, "clusterroles"); return err })
	g.Go(func() (err error) { narrow, err = list[role](ctx, c, rbacPath, "roles"); return err })
	err := g.Wait()
	var all []access.Role
	for _, r := range slices.Concat(wide, narrow) {
		all = append(all, access.Role{Namespace: r.Metadata.Namespace, Name: r.Metadata.Name, Rules: r.Rules})
	}
	return all, err
}

func (b binding) plain() access.Binding {
	p := access.Binding{Namespace: b.Metadata.Namespace, Name: b.Metadata.Name, Role: access.RoleRef{Kind: b.RoleRef.Kind, Name: b.RoleRef.Name}}
	for _, s := range b.Subjects {
		switch s.Kind {
		case "User":
			p.Users = append(p.Users, s.Name)
		case "Group":
			p.Groups = append(p.Groups, s.Name)
		case "ServiceAccount":
			p.Accounts = append(p.Accounts, "system:serviceaccount:"+cmp.Or(s.Namespace, b.Metadata.Namespace)+":"+s.Name)
		}
	}
	return p
}

// Manifest is a binding as JSON that kubectl applies.
func Manifest(b access.Binding) ([]byte, error) {
	o := binding{
		APIVersion: rbacGroup + "/v1", Kind: b.Kind(), Metadata: meta{Name: b.Name, Namespace: b.Namespace},
		RoleRef: reference{rbacGroup, b.Role.Kind, b.Role.Name},
	}
	for _, name := range b.Users {
		o.Subjects = append(o.Subjects, subject{APIGroup: rbacGroup, Kind: "User", Name: name})
	}
	for _, name := range b.Groups {
		o.Subjects = append(o.Subjects, subject{APIGroup: rbacGroup, Kind: "Group", Name: name})
	}
	return json.Marshal(o)
}

// Binding reads the binding that has the namespace and name of b.
func (c *Client) Binding(ctx context.Context, b access.Binding) (access.Binding, error) {
	var have binding
	if err := c.read(ctx, request{path: bindingPath(b) + "/" + b.Name}, &have); err != nil {
		return access.Binding{}, fmt.Errorf("read %s: %w", b, err)
	}
	return have.plain(), nil
}

func bindingPath(b access.Binding) string {
	if b.Namespace == "" {
		return rbacPath + "/clusterrolebindings"
	}
	return rbacPath + "/namespaces/" + b.Namespace + "/rolebindings"
}

// Bind creates a binding. Errors: access.ErrExists where the name is taken, access.ErrUnknown where no answer came.
func (c *Client) Bind(ctx context.Context, b access.Binding) error {
	body, err := Manifest(b)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, request{method: http.MethodPost, path: bindingPath(b), body: body})
	switch {
	case err == nil:
		return nil
	case apierrors.IsAlreadyExists(err):
		return fmt.Errorf("create %s: %w", b, access.ErrExists)
	}
	return fmt.Errorf("create %s: %w", b, c.explainWrite(ctx, err))
}

// Unbind deletes a binding; a missing one is ignored.
func (c *Client) Unbind(ctx context.Context, b access.Binding) error {
	_, err := c.send(ctx, request{method: http.MethodDelete, path: bindingPath(b) + "/" + b.Name})
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	if plain := c.explainWrite(ctx, err); !errors.Is(plain, access.ErrChanged) {
		return fmt.Errorf("delete %s: %w", b, plain)
	}
	return nil
}
