package cmd_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// tripwire is a log that ends something as soon as a call was made.
type tripwire struct {
	call string
	end  func()
}

func (w tripwire) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(w.call)) {
		w.end()
	}
	return len(line), nil
}

// TestAnInterruptSaysHowToGoOnWhereSomethingWasSent: whoever only looked has nothing to go on with.
func TestAnInterruptSaysHowToGoOnWhereSomethingWasSent(t *testing.T) {
	for _, test := range []struct{ line, at, want string }{
		{"list", "ListAccessEntries", "Interrupted. No changes made.\n"},
		{"grant role/newcomer --policy view -n dev", "DescribeAccessEntry", "Interrupted. No changes made.\n"},
		{"grant role/newcomer --policy view -n dev", "CreateAccessEntry", "Interrupted. Run the same command again to complete the change.\n"},
	} {
		ctx, end := context.WithCancel(t.Context())
		sandboxtest.Start(t, sandbox.Options{Log: tripwire{test.at, end}, Latency: time.Millisecond})
		var out bytes.Buffer
		env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
		code := cmd.Run(ctx, env, strings.Fields("kubectl-access "+test.line))
		if code != 2 || !strings.HasSuffix(out.String(), test.want) {
			t.Errorf("%s, interrupted at %s: exit %d\n%s", test.line, test.at, code, &out)
		}
	}
}
