package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// help makes the bindings that help entries over the time in which they get their policies. Where one cannot be made,
// those that were go again, since no entry will need them.
func (m *migration) help(ctx context.Context, client *kube.Client) error {
	accepted := slices.Contains(m.flags.accepted, string(access.BriefGap))
	var fresh []access.Binding
	for _, b := range m.plan.Bridges {
		made, err := bind(ctx, client, b)
		if made || errors.Is(err, access.ErrUnknown) {
			fresh = append(fresh, b)
		}
		if err == nil {
			m.helped = append(m.helped, b)
			continue
		}
		if accepted {
			continue
		}
		if errors.Is(err, access.ErrForbidden) {
			err = fmt.Errorf("%w, no entry was made:\n  %s: an entry counts a moment before its policies do, and the binding that would help over it cannot be made: %w\n    to do it all the same: --accept-risk=%s",
				errRisk, access.BriefGap, err, access.BriefGap)
		}
		_ = m.unhelp(ctx, fresh, io.Discard) // it tells what it cannot delete; why the migration ends is the error
		return err
	}
	return nil
}

// bind makes a binding that is not there yet. What somebody else has made under its name since the plan is left alone,
// and no entry may count on it.
func bind(ctx context.Context, client *kube.Client, b access.Binding) (made bool, err error) {
	err = client.Bind(ctx, b)
	if !errors.Is(err, access.ErrExists) {
		return err == nil, err
	}
	have, err := client.Binding(ctx, b)
	if err == nil && !have.Gives(b) {
		err = fmt.Errorf("make %s: one of that name was made meanwhile and gives something else, so no entry was made; run the same command again, it takes another name", b)
	}
	return false, err
}

// unbind deletes the bindings that helped, once no entry needs them.
func (m *migration) unbind(ctx context.Context) error {
	left, err := m.leftover(ctx)
	if err != nil {
		left = m.helped
	}
	if len(left) == 0 {
		return nil
	}
	waits := func(access.Principal) bool { return !m.open }
	unfinished, err := m.unfinished(ctx, &m.flags.changeFlags, waits)
	if err != nil {
		return err
	}
	if len(unfinished) > 0 {
		m.env.warn("entries are not finished yet, so the bindings that help them stay; run the same command again")
		m.open = true
		return nil
	}
	return m.later(m.unhelp(ctx, left, io.Discard))
}

// tidy deletes what helped a migration that did not come to its end, where the cluster does not read aws-auth any more.
func (m *migration) tidy(ctx context.Context) error {
	left, err := m.leftover(ctx)
	if err != nil || len(left) == 0 || m.flags.dryRun == "client" || m.flags.writeTo != "" {
		return nil //nolint:nilerr // who may not read RBAC has nothing to migrate here all the same
	}
	return m.sweep(ctx, left, &m.flags.changeFlags, func(access.Principal) bool { return false }, m.env.IO.ErrOut)
}

// leftover are the bindings that help entries in the making, of this migration or of an earlier one.
func (c *connection) leftover(ctx context.Context) ([]access.Binding, error) {
	info, err := c.eks.Info(ctx)
	if err != nil {
		return nil, err
	}
	client, err := c.kubeOf(ctx, info)
	if err != nil {
		return nil, err
	}
	all, err := client.Bindings(ctx)
	return migrate.Leftover(all), err
}

// sweep deletes bindings that helped, unless an entry is in a group of theirs.
func (c *connection) sweep(ctx context.Context, left []access.Binding, f *changeFlags, waits func(access.Principal) bool, out io.Writer) error {
	unfinished, err := c.unfinished(ctx, f, waits)
	if err != nil {
		return err
	}
	if len(unfinished) == 0 {
		return c.unhelp(ctx, left, out)
	}
	for i, who := range unfinished {
		unfinished[i] = "accessentry/" + c.short(access.Principal(who))
	}
	c.env.warn("not finished by a migration yet: %s; so what helps it stays: %s", strings.Join(unfinished, ", "), listed(left))
	return nil
}

// unfinished are the principals whose entry is in a group of a migration. EKS is given time to show it of those who are
// waited for.
func (c *connection) unfinished(ctx context.Context, f *changeFlags, waits func(access.Principal) bool) ([]string, error) {
	waiting, stop := context.WithTimeout(ctx, f.timeout)
	defer stop()
	for n := 1; ; n++ {
		now, err := c.sides().Snapshot(ctx, access.Want{All: true})
		if err != nil {
			return nil, err
		}
		var all []string
		soon := false
		for _, e := range now.Entries {
			if migrate.Marked(e) {
				all, soon = append(all, string(e.Principal)), soon || waits(e.Principal)
			}
		}
		for _, u := range now.Unread { // it may be in one
			all, soon = append(all, string(u.Principal)), soon || waits(u.Principal)
		}
		if !soon || pauseBetween(waiting, n) != nil {
			return all, ctx.Err()
		}
	}
}

// unhelp deletes bindings. Of each that is left it tells how to delete it.
func (c *connection) unhelp(ctx context.Context, left []access.Binding, out io.Writer) error {
	if len(left) == 0 {
		return nil
	}
	client, err := c.kube(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, b := range left {
		if err := client.Unbind(ctx, b); err != nil {
			failed = errFailed
			c.env.tell(fmt.Errorf("%s is left: %w\n  to delete it: %s", b, err, c.kubectlDelete(b)))
			continue
		}
		fmt.Fprintf(out, "%s deleted\n", printer.Clean(b.String()))
	}
	return failed
}

// kubectlDelete is the command that deletes a binding of this cluster.
func (c *connection) kubectlDelete(b access.Binding) string {
	words := []string{"kubectl", "delete", strings.ToLower(b.Kind()), b.Name}
	if b.Namespace != "" {
		words = append(words, "--namespace", b.Namespace)
	}
	return shell.Line(append(words, c.env.chosen()...))
}

// chosen are the flags that were typed by which kubectl finds the same cluster.
func (env *Env) chosen() (words []string) {
	for _, name := range []string{"kubeconfig", "context", "cluster", "user"} {
		if f := env.persist.Lookup(name); f != nil && f.Changed {
			words = append(words, "--"+name, f.Value.String())
		}
	}
	return words
}

// listed are the kinds and names of bindings.
func listed(bindings []access.Binding) string {
	all := make([]string, len(bindings))
	for i, b := range bindings {
		all[i] = b.String()
	}
	return strings.Join(all, ", ")
}
