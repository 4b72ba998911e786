// Package sandboxtest gives tests an account of their own.
package sandboxtest

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

// Start runs an account until the test ends, and points this process to it.
func Start(tb testing.TB, o sandbox.Options) *sandbox.Sandbox {
	tb.Helper()
	box, err := sandbox.Start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = box.Close() })
	for _, kv := range box.Environ(nil) {
		k, v, _ := strings.Cut(kv, "=")
		tb.Setenv(k, v)
	}
	tb.Setenv("XDG_STATE_HOME", tb.TempDir())
	return box
}

// Become makes the calls that follow those of another profile of the account.
func Become(tb testing.TB, profile string) {
	tb.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		tb.Setenv(name, "")
	}
	tb.Setenv("AWS_PROFILE", profile)
}
