package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

const twoContexts = `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
contexts: [{name: a, context: {cluster: c, user: a}}, {name: b, context: {cluster: c, user: b}}],
users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [--region, us-west-2, eks, get-token, --cluster-name, a]}}},
{name: b, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [--region, us-west-2, eks, get-token, --cluster-name, b]}}}]}`

// TestAnInterruptPrintsWhatCame of several clusters, and nothing where nothing came. A cluster that does not stop is left behind.
func TestAnInterruptPrintsWhatCame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(twoContexts), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)
	for came, want := range map[string]string{"": "", "a": "error: b: interrupted\n== a\nit is a\n"} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
			env.bind(pflag.NewFlagSet("", pflag.ContinueOnError))
			ctx, interrupt := context.WithCancel(t.Context())
			err := env.over(ctx, &fleetFlags{every: true, patience: time.Hour}, printer.Format{}, false, func(_ context.Context, own *Env) error {
				if own.part.Name == came {
					fmt.Fprintln(own.IO.Out, "it is "+came)
					return nil
				}
				time.Sleep(time.Second)
				interrupt()
				time.Sleep(time.Hour)
				return nil
			})
			if !errors.Is(err, context.Canceled) || out.String() != want {
				t.Errorf("%v\n%s", err, &out)
			}
			time.Sleep(time.Hour) // those that were left behind end
		})
	}
}
