package kubefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// ErrLocked says that another program has locked a kubeconfig file.
var ErrLocked = errors.New("the kubeconfig is locked")

const (
	patience = 10 * time.Second      // for a lock of another program
	interval = 10 * time.Millisecond // between two tries
)

// lock locks the files as kubectl does, by creating FILE.lock. Where that exists kubectl gives up, and this waits. The
// target of a link is locked too, because other links may lead to it.
func lock(ctx context.Context, paths []string) (unlock func(), err error) {
	var names, held []string
	for _, path := range paths {
		real, err := follow(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		names = append(names, path+".lock", real+".lock")
	}
	slices.Sort(names) // every process locks them in the same order
	unlock = func() {
		for _, name := range held {
			_ = os.Remove(name)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrLocked)
	defer cancel()
	for _, name := range slices.Compact(names) {
		ok, err := take(ctx, name)
		if err != nil {
			unlock()
			return nil, err
		}
		if ok {
			held = append(held, name)
		}
	}
	return unlock, nil
}

// take waits for one lock. Where it cannot be created, writing will fail too and report why.
func take(ctx context.Context, name string) (bool, error) {
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0)
		switch {
		case err == nil:
			return true, f.Close()
		case errors.Is(err, fs.ErrExist), runtime.GOOS == "windows" && errors.Is(err, fs.ErrPermission): // Windows: it is being removed
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EROFS):
			return false, nil
		default:
			return false, err
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return false, ctx.Err()
			}
			return false, fmt.Errorf("%w: %s exists; if no other program is changing the kubeconfig, remove it and run the command again", ErrLocked, name)
		case <-time.After(interval):
		}
	}
}
