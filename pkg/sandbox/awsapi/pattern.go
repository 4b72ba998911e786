package awsapi

import (
	"regexp"
	"sync"
)

// pattern is an expression that is compiled when it is first used: at every start of the program the five would cost a
// third of a millisecond, and few starts are a sandbox.
type pattern string

var compiled sync.Map //nolint:gochecknoglobals // a cache of what never changes

func (p pattern) expression() *regexp.Regexp {
	if re, ok := compiled.Load(p); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(string(p))
	compiled.Store(p, re)
	return re
}
