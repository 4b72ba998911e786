// Package sandboxtest runs an account for a test: in its environment (Start), or with clients to call it by (New).
package sandboxtest

import (
	"strings"
	"sync"
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

// Tripwire is a log that acts on one request, before its answer goes out.
type Tripwire struct {
	mu   sync.Mutex
	left int
	act  func()
}

// Set makes act run at the n-th request from now on.
func (w *Tripwire) Set(n int, act func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.act = n, act
}

func (w *Tripwire) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left--; w.left == 0 {
		w.act()
	}
	return len(line), nil
}
