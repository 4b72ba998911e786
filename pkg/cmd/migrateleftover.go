package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// removeLeftover deletes the RBAC bindings that an interrupted migration of an earlier version left, unless an entry is in
// a group that they are for.
func (c *connection) removeLeftover(ctx context.Context, f *changeFlags) error {
	look := change{connection: c, flags: f, mappings: true}
	now, err := look.fresh(ctx, []access.Principal{access.Itself})
	if err != nil {
		return err
	}
	if now.RBAC.Err != nil {
		c.env.warn("not checked: RBAC bindings of an interrupted migration (%v); their names begin with %s", now.RBAC.Err, access.HelpPrefix)
		return nil
	}
	left := migrate.Leftover(now.RBAC.Bindings)
	var used []string
	for _, e := range now.Entries {
		if migrate.Marked(e) {
			used = append(used, "accessentry/"+c.short(e.Principal))
		}
	}
	for _, u := range now.Unread { // it may be in one
		used = append(used, "accessentry/"+c.short(u.Principal))
	}
	if len(left) == 0 || len(used) > 0 {
		if len(left) > 0 {
			c.env.warn("the temporary RBAC bindings of an interrupted migration stay, since their groups are in use: %s", strings.Join(used, ", "))
		}
		return nil
	}
	client, err := c.kube(ctx)
	if err != nil {
		return err
	}
	failed := false
	for _, b := range left {
		if err := client.Unbind(ctx, b); err != nil {
			failed = true
			c.env.tell(fmt.Errorf("%s was not deleted: %w\n  to delete it: %s", b, err, c.kubectlDelete(b)))
			continue
		}
		fmt.Fprintf(c.env.IO.ErrOut, "%s deleted\n", printer.Clean(b.String()))
	}
	return errIf(failed)
}

// kubectlDelete is the command that deletes a binding of this cluster.
func (c *connection) kubectlDelete(b access.Binding) string {
	words := []string{"kubectl", "delete", strings.ToLower(b.Kind()), b.Name}
	if b.Namespace != "" {
		words = append(words, "--namespace", b.Namespace)
	}
	for _, name := range []string{"kubeconfig", "context", "cluster", "user"} {
		if f := c.env.persist.Lookup(name); f != nil && f.Changed {
			words = append(words, "--"+name, f.Value.String())
		}
	}
	return shell.Line(words)
}
