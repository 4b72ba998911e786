package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTheAPIServerAcceptsAnExport: what export writes for the controller of AWS is valid for its definition, field for field, in
// a server-side dry run; and an object with a field too many is not.
func TestTheAPIServerAcceptsAnExport(t *testing.T) {
	program, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(program, "demo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	if _, err := w.run("", "kubectl", "apply", "-f", cmp.Or(os.Getenv("ACK_CRD"), "testdata/accessentries.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run("", "kubectl", "wait", "--for=condition=established", "--timeout="+startPatience.String(), "crd/accessentries.eks.services.k8s.aws"); err != nil {
		t.Fatal(err)
	}
	text, err := w.run("", "kubectl", "access", "export", "--to", "ack")
	if err != nil {
		t.Fatal(err)
	}
	const entries = 8
	out, err := w.dryRun(t, text)
	if n := strings.Count(out, "created (server dry run)"); err != nil || n != entries {
		t.Errorf("%d of %d objects: %v\n%s", n, entries, err, out)
	}
	wrong := strings.Replace(text, "\n  principalARN:", "\n  principalArn: x\n  principalARN:", 1)
	if out, err := w.dryRun(t, wrong); err == nil || !strings.Contains(err.Error(), `unknown field "spec.principalArn"`) {
		t.Errorf("a field too many: %v\n%s", err, out)
	}
}

// dryRun gives objects to the API server, which checks them and keeps none. A new type takes it a moment to serve.
func (w *world) dryRun(t *testing.T, text string) (out string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		out, err = w.run("", "kubectl", "create", "--dry-run=server", "--validate=strict", "-n", "default", "-f", file)
		if err == nil || !strings.Contains(err.Error(), "no matches for kind") || time.Now().After(deadline) {
			return out, err
		}
	}
}
