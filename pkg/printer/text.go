// Package printer makes what people read: tables, plans, results. It returns text and rows;
// who writes them where is not its business.
package printer

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Clean makes every character visible that a terminal would obey or hide: an escape becomes ^[,
// a line break \n, one that turns the direction of writing \u202e. It hides the passwords of URLs.
func Clean(s string) string {
	s = access.HidePasswords(s)
	if !strings.ContainsFunc(s, access.Hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !access.Hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			b.WriteString("^" + string(r^0x40))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// CleanLines is Clean, but for the ends of lines.
func CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n")
}

// EscapeJSON writes what Clean would make visible in the way of JSON texts, which mean the same then.
func EscapeJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !access.Hidden(r) || r == unicode.ReplacementChar:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Age is how long ago something was, as kubectl says it.
func Age(t, now time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return duration.HumanDuration(now.Sub(t))
}

// Until is how long something still lasts.
func Until(t, now time.Time) string {
	if t.Before(now) {
		return "expired " + duration.HumanDuration(now.Sub(t)) + " ago"
	}
	return "in " + duration.HumanDuration(t.Sub(now))
}

// None is what kubectl prints for an empty value.
const None = "<none>"

// Unknown is what is printed for a value that is not known.
const Unknown = "<unknown>"

const (
	none    = None
	unknown = Unknown
)

//go:noinline
func orNone(s string) string {
	if s == "" {
		return none
	}
	return Clean(s)
}

// Paint is how something that is added or removed looks.
type Paint interface {
	Good(string) string
	Bad(string) string
}

// Color is the Paint of the command line, or none.
type Color bool

// The three colours there are; each is carried by a word or a sign too.
func (c Color) paint(code, s string) string {
	if !c {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Good is for what is added, Bad for what goes, Warn for what needs attention.
func (c Color) Good(s string) string { return c.paint("32", s) }

// Bad is red.
func (c Color) Bad(s string) string { return c.paint("31", s) }

// Warn is yellow and bold, as kubectl's warnings are.
func (c Color) Warn(s string) string { return c.paint("33;1", s) }
