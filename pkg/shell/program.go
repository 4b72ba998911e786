package shell

import (
	"slices"
	"strings"
)

// Program is this program as a person calls it. It makes every command line that is printed.
type Program struct {
	Name  string   // such as kubectl access
	Flags []string // the words that select the cluster and the login
	// Kube finds the words that select the cluster for kubectl itself; nil: there are none.
	Kube func() []string
}

// Command is a command line of the program, for the same cluster and login.
func (p Program) Command(words ...string) string { return Line(p.Words(words...)) }

// Words are the words of such a command line.
func (p Program) Words(words ...string) []string {
	return slices.Concat(strings.Fields(p.Name), words, p.Flags)
}

// Kubernetes is a command line of kubectl itself for the same cluster.
func (p Program) Kubernetes(words ...string) string {
	all := append([]string{"kubectl"}, words...)
	if p.Kube != nil {
		all = append(all, p.Kube()...)
	}
	return Line(all)
}

// Elsewhere is the program without its flags, or with others.
func (p Program) Elsewhere(flags ...string) Program { return Program{Name: p.Name, Flags: flags} }
