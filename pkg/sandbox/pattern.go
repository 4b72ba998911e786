package sandbox

import (
	"regexp"
	"sync"
)

// pattern compiles an expression when it is first used: at every start of the program it would cost a third of a
// millisecond, and few starts are a sandbox.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
