package cmd

import (
	"bufio"
	"io"
	"os"
	"sync/atomic"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// cleanStderr makes visible what a terminal would obey in that which libraries and credential plugins write to the
// process's own stderr; the commands write to env.IO.ErrOut. When spoken returns, all that was written is shown.
func (env *Env) cleanStderr() (spoken func()) {
	was := os.Stderr
	in, out, err := os.Pipe()
	if env.IO.ErrOut != io.Writer(was) || err != nil {
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
		_, _ = out.Write([]byte{0}) // not by closing it: what a plugin left running may hold it open for ever
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
			_, _ = out.WriteString(printer.Clean(string(r)))
		default:
			_, _ = out.WriteRune(r)
		}
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
}
