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

// TestAGrantDoesNotWaitForASlowCluster: what is only good to know is left out.
func TestAGrantDoesNotWaitForASlowCluster(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	for patience, warned := range map[time.Duration]bool{time.Nanosecond: false, time.Minute: true} {
		var out bytes.Buffer
		env := &cmd.Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now, Patience: patience}
		code := cmd.Run(context.Background(), env, strings.Fields("kubectl-access grant role/idle --policy view -n devv"))
		if code != 0 || strings.Contains(out.String(), "no namespace devv") != warned {
			t.Errorf("%s: exit %d\n%s", patience, code, &out)
		}
	}
}
