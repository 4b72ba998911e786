package cmd

import (
	"context"
	"io"

	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// Screens is the outside as the full-screen interface sees it, for tests that drive it without a terminal.
func Screens(ctx context.Context, env *Env) (tui.World, func(), error) {
	New(env, "kubectl access")
	return env.world(ctx, io.Discard)
}

// ErrAsks is why the screen does not read a cluster in the background.
var ErrAsks = errAsks
