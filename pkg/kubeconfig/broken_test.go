package kubeconfig

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func flagsOf(t *testing.T, text string) *Flags {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Flags{path: file}
}

// TestNoSecretOfABrokenKubeconfigIsTold has two users of one name: clientcmd quotes both with all they have.
func TestNoSecretOfABrokenKubeconfigIsTold(t *testing.T) {
	f := flagsOf(t, `apiVersion: v1
kind: Config
current-context: a
clusters: [{name: a, cluster: {server: "https://0A1B2C3D.gr7.eu-west-1.eks.amazonaws.com"}}]
contexts: [{name: a, context: {cluster: a, user: ops}}]
users:
- {name: ops, user: {token: "line one\nSECRET"}}
- {name: ops, user: {username: admin, password: SECRET}}
`)
	_, err := f.Target()
	_, _, all := f.Contexts()
	for _, err := range []error{err, all} {
		if !errors.Is(err, ErrUnreadable) || strings.Contains(err.Error(), "SECRET") || !strings.HasSuffix(err.Error(), `duplicate name "ops"`) {
			t.Error(err)
		}
	}
}

// TestTemplatesAreLegible: kubectl takes no such file, but what is written in it can be told.
func TestTemplatesAreLegible(t *testing.T) {
	const template = `apiVersion: v1
kind: Config
current-context: shop
clusters: [{name: shop, cluster: {server: "${endpoint}", certificate-authority-data: "CA"}}]
contexts: [{name: shop, context: {cluster: shop, user: shop}}]
users: [{name: shop, user: {client-key-data: "LS0tLS1CRUdJTiBDRVJU...", exec: {
  apiVersion: client.authentication.k8s.io/v1, command: aws, args: [--region, us-east-1, eks, get-token, --cluster-name, shop]}}}]
`
	for ca, legible := range map[string]bool{"${cluster_ca}": true, "LS0tLS1CRUdJTiBDRVJU...": true, "": true} {
		f := flagsOf(t, strings.Replace(template, "CA", ca, 1))
		if _, err := f.Target(); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q: %v", ca, err)
		}
		if got, ok := f.Legible(); ok != legible || got.Name != "shop" || got.Region != "us-east-1" {
			t.Errorf("%q: %+v, %t", ca, got, ok)
		}
	}
	for _, text := range []string{"{{ if .x }}\n", "- a\n", "kind: Config\n"} {
		if got, ok := flagsOf(t, text).Legible(); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if _, ok := (&Flags{path: filepath.Join(t.TempDir(), "none")}).Legible(); ok {
		t.Error("there is no file")
	}
}
