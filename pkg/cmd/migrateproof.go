package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/migrate"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// prove reads every migrated principal back and prints a table: each right it had, and what gives it now. It waits for what
// EKS does not show yet.
func (m *migration) prove(ctx context.Context) error {
	who := m.plan.Principals()
	if len(who) == 0 {
		return nil
	}
	var proofs []migrate.Proof
	waiting, stop := context.WithTimeout(ctx, m.flags.timeout)
	defer stop()
	for n := 1; ; n++ {
		var err error
		var denied bool
		if proofs, denied, err = m.readBack(ctx, who); err != nil {
			return err
		}
		m.verified = verified(who, proofs)
		if m.open || denied || len(m.verified) == len(who) || pauseBetween(waiting, n) != nil {
			break
		}
	}
	m.open = m.open || len(m.verified) < len(who)
	if m.flags.output.format != "" {
		return nil
	}
	return m.flags.output.table(m.env.IO.Out, printer.Proofs(proofs, m.facts.Cluster.Account()))
}

// readBack reads what is to be verified. It reports what may not be read, for which waiting is useless.
func (m *migration) readBack(ctx context.Context, who []access.Principal) (proofs []migrate.Proof, denied bool, err error) {
	s, err := m.sides().Snapshot(ctx, access.Want{Principals: who, RBAC: true})
	if err != nil {
		return nil, false, err
	}
	for _, u := range s.Unread {
		if errors.Is(u.Err, access.ErrForbidden) {
			denied = true
			m.env.tell(fmt.Errorf("accessentry/%s: %w", u.Principal.Short(s.Cluster.Account()), u.Err))
		}
	}
	return m.plan.Prove(s, s.RBAC.Bindings), denied, ctx.Err()
}

// verified are the principals who have every right.
func verified(who []access.Principal, proofs []migrate.Proof) []string {
	var all []string
	for _, p := range who {
		if !slices.ContainsFunc(proofs, func(q migrate.Proof) bool { return q.Principal == p && !q.Holds }) {
			all = append(all, string(p))
		}
	}
	return all
}

// backup keeps the ConfigMap and all entries in a file of their own.
func (m *migration) backup(ctx context.Context) error {
	dir, err := journal.Dir()
	if err != nil {
		return err
	}
	s, err := m.sides().Snapshot(ctx, access.Want{All: true, AWSAuth: true})
	if err != nil {
		return err
	}
	if s.AWSAuth.Err != nil {
		return s.AWSAuth.Err
	}
	items := []any{map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "aws-auth", "namespace": "kube-system"}, "data": s.AWSAuth.Data,
	}}
	for _, e := range s.Entries {
		items = append(items, manifest.Of(e, s.Cluster))
	}
	text, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, "", "  ")
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "backup")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	f, err := unused(filepath.Join(dir, m.env.Now().UTC().Format("20060102T150405.000Z")+"-"+filepath.Base(s.Cluster.Name)), ".json")
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	fmt.Fprintf(m.env.IO.ErrOut, "backup of aws-auth and all entries: %s\n", printer.Clean(f.Name()))
	return nil
}

// unused creates a file of that name, with a number where another migration has the name.
func unused(name, suffix string) (*os.File, error) {
	for n := 1; ; n++ {
		path := name + suffix
		if n > 1 {
			path = fmt.Sprintf("%s-%d%s", name, n, suffix)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// writeRBAC prints bindings as manifests that kubectl applies.
func writeRBAC(w io.Writer, bindings []access.Binding) error {
	if len(bindings) > 0 {
		fmt.Fprintln(w, "# The entries need these bindings first; --apply-rbac creates them.")
	}
	for _, b := range bindings {
		o, err := kube.Manifest(b)
		if err != nil {
			return err
		}
		text, err := manifest.YAML(json.RawMessage(o))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "---\n%s", text)
	}
	return nil
}
