package printer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Explanation says why a principal can do something, or why not. program makes the command lines.
func Explanation(e rights.Explanation, program shell.Program) string {
	var b strings.Builder
	name := Clean(e.Identity.Name)
	question := Clean(e.Question.String())
	switch answer := e.Answer(); {
	case answer == "yes" && len(e.Chains) == 0:
		fmt.Fprintf(&b, "yes: %s can %s, says the cluster; what could be read does not show why\n", name, question)
	case answer == "yes":
		fmt.Fprintf(&b, "yes%s: %s can %s\n", Clean(places(e)), name, question)
	case answer == "unknown":
		fmt.Fprintf(&b, "not known: whether %s can %s, because not everything could be read\n", name, question)
	case len(e.Chains) > 0:
		fmt.Fprintf(&b, "no, says the cluster: %s cannot %s, although this should allow it:\n", name, question)
	default:
		fmt.Fprintf(&b, "no: %s cannot %s\n", name, question)
	}
	if len(e.Chains) > 0 {
		for _, l := range e.Chains {
			who := e.Identity
			if l.Everybody {
				who = rights.Identity{}
			}
			fmt.Fprintf(&b, "\n  %s\n", Clean(strings.Join(l.Words(who), " → ")))
			if l.Revoke != nil {
				fmt.Fprintf(&b, "    to revoke: %s\n", Clean(program.Command(l.Revoke...)))
			}
			if l.Delete != nil {
				or := map[bool]string{true: "or, ", false: "to revoke, "}[l.Revoke != nil]
				fmt.Fprintf(&b, "    %sfor everyone it binds%s: %s\n", or, others(l.Others), Clean(program.Kubernetes(l.Delete...)))
			}
		}
	}
	if len(e.Near) > 0 {
		b.WriteString("\n")
	}
	for _, n := range e.Near {
		fmt.Fprintf(&b, "  %s", Clean(n.Text))
		if n.Next != nil {
			fmt.Fprintf(&b, ":\n    %s", Clean(program.Command(n.Next...)))
		}
		if n.Then != nil {
			fmt.Fprintf(&b, "\n    %s", Clean(program.Command(n.Then...)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// places are where a principal can, if the question is about anywhere and it cannot everywhere.
func places(e rights.Explanation) string {
	var all []string
	for _, l := range e.Chains {
		if !e.Question.Anywhere || l.Right.Where == "" {
			return ""
		}
		if !slices.Contains(all, l.Right.Where) {
			all = append(all, l.Right.Where)
		}
	}
	slices.Sort(all)
	return ", in " + access.Count(len(all), "namespace ", "namespaces ")[2:] + strings.Join(all, ", ")
}

func others(n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return " (1 more)"
	}
	return fmt.Sprintf(" (%d more)", n)
}

// Rights lists all that gives an identity rights, and what is dangerous among it.
func Rights(id rights.Identity, x *rights.Index) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", Clean(id.Name))
	n := 0
	for _, r := range id.Rights {
		if r.Kind == access.Connect {
			continue
		}
		n++
		fmt.Fprintf(&b, "  %s\n", Clean(strings.Join(rights.Chain{Right: &r}.Words(id), " → ")))
	}
	switch {
	case n == 0 && len(x.Missing) > 0:
		b.WriteString("  no rights were found, but not everything could be read\n")
	case n == 0:
		b.WriteString("  no rights\n")
	}
	for _, e := range x.Escalations() {
		if e.Identity.Name == id.Name {
			fmt.Fprintf(&b, "\nDangerous: %s (%s)\n", Clean(e.Danger.Why), Clean(e.Place()))
			if len(e.Others) > 0 {
				fmt.Fprintf(&b, "  also: %s\n", strings.Join(e.Others, ", "))
			}
		}
	}
	return b.String()
}

// RightsObject is the same for -o json and yaml.
func RightsObject(id rights.Identity) map[string]any {
	chains := [][]string{}
	for _, r := range id.Rights {
		chains = append(chains, rights.Chain{Right: &r}.Words(id))
	}
	return map[string]any{"apiVersion": manifest.OwnVersion, "kind": "PrincipalRights", "principal": string(id.Principal), "name": id.Name, "chains": chains}
}

// ExplanationObject is an explanation for -o json and yaml.
func ExplanationObject(e rights.Explanation, program shell.Program) map[string]any {
	type link struct {
		Chain  []string `json:"chain"`
		Revoke []string `json:"revoke,omitempty"`
		Delete string   `json:"delete,omitempty"`
	}
	type near struct {
		Text string   `json:"text"`
		Next []string `json:"next,omitempty"`
		Then []string `json:"then,omitempty"`
	}
	links, nears := []link{}, []near{}
	for _, l := range e.Chains {
		delete := ""
		if l.Delete != nil {
			delete = program.Kubernetes(l.Delete...)
		}
		links = append(links, link{l.Words(e.Identity), l.Revoke, delete})
	}
	for _, n := range e.Near {
		nears = append(nears, near{n.Text, n.Next, n.Then})
	}
	return map[string]any{
		"apiVersion": manifest.OwnVersion, "kind": "Explanation", "principal": string(e.Identity.Principal), "name": e.Identity.Name, "question": e.Question.Request,
		"answer": e.Answer(), "allowed": e.Answer() == "yes", "complete": len(e.Missing) == 0, "notVisible": append([]rights.Missing{}, e.Missing...), "chains": links, "near": nears,
	}
}
