// Command kubectl-access is a kubectl plugin that shows and changes who has access to an Amazon EKS cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
)

func main() {
	debug.SetGCPercent(400) // reading a large cluster allocates much and keeps little
	// A closed output pipe must not end a change halfway: writes fail instead, and the error is reported.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := &cmd.Env{
		IO:  genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		Now: time.Now, LastLook: 500 * time.Millisecond,
	}
	code := cmd.Run(ctx, env, os.Args)
	stop()
	os.Exit(code)
}
