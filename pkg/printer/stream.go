package printer

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// Terminal reports whether a stream is a terminal.
func Terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Colorful follows kubectl: a terminal that is not dumb, and no NO_COLOR.
func Colorful(w io.Writer) Color {
	_, no := os.LookupEnv("NO_COLOR")
	return Color(!no && !Dumb() && Terminal(w))
}

// Dumb reports whether the terminal can only take one line after the other, so that no screen can be drawn on it.
//
//go:noinline
func Dumb() bool { return os.Getenv("TERM") == "dumb" }

// Progress shows on a terminal how far a read is, once it takes longer than a second. What begins and ends a read, 0 of
// 0, takes the line away: what comes next on the terminal has it for itself.
func Progress(out io.Writer, now func() time.Time) func(done, total int) {
	var mu sync.Mutex
	var start, shown time.Time
	return func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		at := now()
		switch {
		case total == 0 && !shown.IsZero():
			fmt.Fprint(out, "\r\x1b[K")
			fallthrough
		case total == 0:
			start, shown = at, time.Time{}
		case at.Sub(start) >= time.Second && at.Sub(shown) >= 100*time.Millisecond:
			shown = at
			fmt.Fprintf(out, "\r\x1b[Kread %d of %d entries found so far", done, total)
		}
	}
}

// Waiting names on a terminal the calls that a command has waited for longer than a second, and again after ten,
// unless something else is on the line.
func Waiting(out io.Writer, busy func() bool) (calls func(name string, more int)) {
	var mu sync.Mutex
	pending := map[string]int{}
	var timer *time.Timer
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		if len(pending) > 0 && !busy() {
			fmt.Fprintf(out, "Waiting for %s…\n", strings.Join(slices.Sorted(maps.Keys(pending)), ", "))
		}
		if timer != nil {
			timer.Reset(10 * time.Second)
		}
	}
	return func(name string, more int) {
		mu.Lock()
		defer mu.Unlock()
		if pending[name] += more; pending[name] <= 0 {
			delete(pending, name)
		}
		switch {
		case len(pending) == 0 && timer != nil:
			timer.Stop()
			timer = nil
		case len(pending) > 0 && timer == nil:
			timer = time.AfterFunc(time.Second, tell)
		}
	}
}

// CleanStderr makes visible what a terminal would obey in what libraries and credential plugins write to the
// process's own stderr; the commands write to errOut. When spoken returns, all that was written is shown.
func CleanStderr(errOut io.Writer) (spoken func()) {
	was := os.Stderr
	in, out, err := os.Pipe()
	if errOut != io.Writer(was) || err != nil {
		return func() {}
	}
	os.Stderr = out
	var ending atomic.Bool
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		showClean(was, in, &ending)
	}()
	return func() {
		os.Stderr = was
		ending.Store(true)
		_, _ = out.Write([]byte{0}) // not by closing it: what a plugin left running may hold it open forever
		<-shown
	}
}

// showClean copies text as it comes, until its end or a zero when it is ending.
func showClean(to io.Writer, from io.Reader, ending *atomic.Bool) {
	in, out := bufio.NewReader(from), bufio.NewWriter(to)
	defer func() { _ = out.Flush() }()
	for {
		r, _, err := in.ReadRune()
		switch {
		case err != nil || r == 0 && ending.Load():
			return
		case r == '\r' && in.Buffered() > 0: // the end of a line, on Windows
			if next, _ := in.Peek(1); next[0] == '\n' {
				continue
			}
			fallthrough
		case r != '\n' && r != '\t':
			_, _ = out.WriteString(Clean(string(r)))
		default:
			_, _ = out.WriteRune(r)
		}
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
}
