package printer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// WhoCan is the answer as a table; WHERE is there only if the question asks about anywhere.
func WhoCan(a rights.Answer, rows []rights.Row) Table {
	t := Table{Columns: []Column{{Name: "PRINCIPAL"}, {Name: "WHERE"}, {Name: "THROUGH"}, {Name: "NOTE"}, {Name: "CLASS", Wide: true}, {Name: "ARN", Wide: true}}}
	for _, r := range rows {
		t.Rows = append(t.Rows, []string{
			Clean(r.Identity.Name), where(a.Question, r), Clean(through(r)), orNone(remark(r)), r.Identity.Class.String(), orNone(string(r.Identity.Principal)),
		})
	}
	t.Columns[3].Wide = !slices.ContainsFunc(rows, func(r rights.Row) bool { return remark(r) != "" })
	return t
}

func where(q rights.Question, r rights.Row) string {
	switch {
	case len(r.Where) > 0:
		return Clean(strings.Join(r.Where, ","))
	case q.Namespace != "" && !q.Anywhere:
		return Clean(q.Namespace)
	}
	return "whole cluster"
}

func through(r rights.Row) string {
	var all []string
	seen := map[string]bool{}
	for _, c := range r.Chains {
		if text := rights.Through(c.Right); !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

func remark(r rights.Row) string {
	var all []string
	if r.Only != nil {
		all = append(all, "only: "+strings.Join(r.Only, ", "))
	}
	if r.Session != "" {
		all = append(all, "session "+r.Session+" only")
	}
	if r.Note != "" {
		all = append(all, r.Note)
	}
	return strings.Join(all, "; ")
}

// Chains are the ways in which the rows have the right, a line for each below its row.
func Chains(rows []rights.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s\n", Clean(r.Identity.Name))
		for _, c := range r.Chains {
			fmt.Fprintf(&b, "  %s\n", Clean(strings.Join(c.Words(r.Identity), " → ")))
		}
	}
	return b.String()
}

// Answer is an answer with its chains, for a page.
func Answer(a rights.Answer) string {
	var b strings.Builder
	for _, note := range slices.Concat(a.Question.Notes, a.Question.Remarks()) {
		fmt.Fprintf(&b, "%s\n", Clean(note))
	}
	background := func(r rights.Row) bool { return r.Identity.Background() }
	rows, hidden := rights.Shown(a.Rows, background)
	fmt.Fprintf(&b, "Who can %s:\n\n%s", Clean(a.Question.String()), Chains(rows))
	switch {
	case len(rows)+hidden > 0:
	case len(a.Missing)+len(a.Unknown) > 0:
		b.WriteString("nobody was found, but not everything is known\n")
	default:
		b.WriteString("nobody\n")
	}
	if hidden > 0 {
		others, _ := rights.Shown(a.Rows, func(r rights.Row) bool { return !background(r) })
		fmt.Fprintf(&b, "\nAlso service accounts, nodes and components of Kubernetes and EKS:\n\n%s", Chains(others))
	}
	for _, r := range a.Unknown {
		fmt.Fprintf(&b, "\nnot known: %s (%s)\n", Clean(r.Identity.Name), Clean(rights.Through(r.Chains[0].Right)))
	}
	return b.String()
}

// Hidden says how many rows are not shown.
//
//go:noinline
func Hidden(n int) string {
	return fmt.Sprintf("%d more, of service accounts, nodes and components of Kubernetes and EKS: add --all", n)
}

// Missing names what could not be read, a line for each.
//
//go:noinline
func Missing(all []rights.Missing) string {
	text := ""
	for _, m := range MissingLines(all) {
		text += "Not complete: " + m + "\n"
	}
	return text
}

// MissingLines name what could not be read, with one line for all that has the same reason.
func MissingLines(all []rights.Missing) (lines []string) {
	for _, m := range all {
		same := access.Where(all, func(o *rights.Missing) bool { return o.Reason() == m.Reason() })
		if same[0].What != m.What {
			continue
		}
		var what []string
		for _, o := range same {
			what = append(what, o.What)
		}
		why := ": " + m.Why
		if m.Need != "" {
			why = " (" + m.Reason() + ")"
		}
		lines = append(lines, Clean(strings.Join(what, ", ")+" could not be read"+why))
	}
	return lines
}

// whoCan is the JSON form of an answer.
type whoCan struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Question   rights.Request   `json:"question"`
	Anywhere   bool             `json:"anywhere"`
	Complete   bool             `json:"complete"`
	NotVisible []rights.Missing `json:"notVisible"`
	Rows       []whoCanRow      `json:"rows"`
}

type whoCanRow struct {
	Principal string     `json:"principal,omitempty"`
	Name      string     `json:"name"`
	Class     string     `json:"class"`
	State     string     `json:"state"` // can, limited or unknown
	Where     []string   `json:"where,omitempty"`
	LimitedTo []string   `json:"limitedTo,omitempty"`
	Session   string     `json:"session,omitempty"`
	Note      string     `json:"note,omitempty"`
	Chains    [][]string `json:"chains"`
}

// WhoCanObject is the answer for -o json and yaml, with all rows.
func WhoCanObject(a rights.Answer) any {
	o := whoCan{
		APIVersion: manifest.OwnVersion, Kind: "WhoCan", Question: a.Question.Request, Anywhere: a.Question.Anywhere, Complete: a.Complete(),
		NotVisible: append([]rights.Missing{}, a.Missing...), Rows: []whoCanRow{},
	}
	add := func(r rights.Row, state string) {
		row := whoCanRow{Principal: string(r.Identity.Principal), Name: r.Identity.Name, Class: r.Identity.Class.String(), State: state, Where: r.Where, LimitedTo: r.Only, Session: r.Session, Note: r.Note}
		for _, c := range r.Chains {
			row.Chains = append(row.Chains, c.Words(r.Identity))
		}
		o.Rows = append(o.Rows, row)
	}
	for _, r := range a.Rows {
		if r.Can() {
			add(r, "can")
		} else {
			add(r, "limited")
		}
	}
	for _, r := range a.Unknown {
		add(r, "unknown")
	}
	return o
}

// Escalations is who can become a cluster administrator, as a table.
func Escalations(all []rights.Escalation) Table {
	t := Table{Columns: []Column{{Name: "PRINCIPAL"}, {Name: "WHY"}, {Name: "WHERE"}, {Name: "THROUGH"}, {Name: "ALSO", Wide: true}, {Name: "ARN", Wide: true}}}
	for _, e := range all {
		t.Rows = append(t.Rows, []string{
			Clean(e.Identity.Name), e.Danger.Why, Clean(e.Place()), Clean(through(rights.Row{Chains: e.Chains})), orNone(strings.Join(e.Others, ",")), orNone(string(e.Identity.Principal)),
		})
	}
	return t
}

// EscalationsObject is the same for -o json and yaml.
func EscalationsObject(all []rights.Escalation, missing []rights.Missing) any {
	type row struct {
		Principal string     `json:"principal,omitempty"`
		Name      string     `json:"name"`
		Class     string     `json:"class"`
		Danger    string     `json:"danger"`
		Why       string     `json:"why"`
		Where     string     `json:"where"`
		Also      []string   `json:"also,omitempty"`
		Chains    [][]string `json:"chains"`
	}
	rows := []row{}
	for _, e := range all {
		r := row{Principal: string(e.Identity.Principal), Name: e.Identity.Name, Class: e.Identity.Class.String(), Danger: e.Danger.ID, Why: e.Danger.Why, Where: e.Place(), Also: e.Others}
		for _, c := range e.Chains {
			r.Chains = append(r.Chains, c.Words(e.Identity))
		}
		rows = append(rows, r)
	}
	return answered("Escalations", missing, rows)
}
