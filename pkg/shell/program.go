package shell

import "slices"

// Program is this program as it was called. It makes all its command lines that people are given to run.
type Program struct {
	Name  []string // what was typed for it, such as kubectl access
	Flags []string // those that select the cluster and the login
}

// Words is a command line of the program for the same cluster and login, word by word.
func (p Program) Words(words ...string) []string { return slices.Concat(p.Name, words, p.Flags) }

// Command is the same, to be printed.
func (p Program) Command(words ...string) string { return Line(p.Words(words...)) }

// For is the program with other flags, for another cluster or for somebody else's login.
func (p Program) For(flags ...string) Program { return Program{Name: p.Name, Flags: flags} }
