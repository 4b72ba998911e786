// Package shell is how people call this program: its name, its command lines, and the helper that kubectl runs for completions.
package shell

import (
	"slices"
	"strings"
)

// plain is what no shell obeys.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@+"

// The blanks of a command line that somebody else fills in.
const (
	BlankPolicy    = "<policy>"
	BlankNamespace = "<namespace>"
	BlankContext   = "<context>"
)

var blanks = []string{BlankPolicy, BlankNamespace, BlankContext}

// Quote keeps a shell from taking a word apart.
func Quote(s string) string {
	if s != "" && strings.Trim(s, plain) == "" || slices.Contains(blanks, s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Line is a command line.
func Line(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
