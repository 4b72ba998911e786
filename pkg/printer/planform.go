package printer

import (
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// planForm is the object of a plan.
type planForm struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Cluster    map[string]any `json:"cluster"`
	Changes    []changedForm  `json:"changes"`
	Effects    []effectForm   `json:"effects"`
	Risks      []riskForm     `json:"risks"`
	Notes      []string       `json:"notes"` // what to know before it is carried out, and what could not be checked
}

// changedForm is one entry; null for none.
type changedForm struct {
	Principal access.Principal      `json:"principal"`
	Action    string                `json:"action"` // create, change or delete
	Before    *manifest.AccessEntry `json:"before"`
	After     *manifest.AccessEntry `json:"after"`
}

// effectForm is what a principal gains and loses, from all sources.
type effectForm struct {
	Principal access.Principal `json:"principal"`
	Gained    []string         `json:"gained"`
	Lost      []string         `json:"lost"`
}

type riskForm struct {
	Name access.RiskName `json:"name"`
	Why  string          `json:"why"`
}

// PlanObject is a plan as one object.
func PlanObject(p access.Plan, risks []access.Risk, notes []access.Note) any {
	c := p.Cluster
	form := planForm{
		APIVersion: manifest.OwnVersion, Kind: "Plan", Cluster: map[string]any{"name": c.Name, "arn": c.ARN},
		Changes: []changedForm{}, Effects: []effectForm{}, Risks: []riskForm{}, Notes: append([]string{}, access.Sentences(notes)...),
	}
	written := func(e *access.Entry) *manifest.AccessEntry {
		if e == nil {
			return nil
		}
		w := manifest.Of(*e, c)
		return &w
	}
	for _, ch := range p.Changes {
		form.Changes = append(form.Changes, changedForm{ch.Principal(), actionOf(ch), written(ch.Before), written(ch.After)})
	}
	for _, e := range p.Effects {
		form.Effects = append(form.Effects, effectForm{e.Principal, rightTexts(e.Gained), rightTexts(e.Lost)})
	}
	for _, r := range risks {
		form.Risks = append(form.Risks, riskForm(r))
	}
	return form
}

func actionOf(c access.Change) string {
	switch {
	case c.Before == nil:
		return "create"
	case c.After == nil:
		return "delete"
	}
	return "change"
}

//go:noinline
func rightTexts(rights []access.Right) []string {
	all := make([]string, len(rights))
	for i, r := range rights {
		all[i] = r.String()
	}
	return all
}

// markdownLimit is how many bytes of a plan go into a comment: GitHub takes 65,536 characters. Risks and notes take half of it at most.
const markdownLimit = 60_000

// PlanMarkdown is a plan for a pull request. The marker in its first line finds the comment again, so that one is kept up to date.
func PlanMarkdown(p access.Plan, risks []access.Risk, notes []access.Note, set string) string {
	var known, diff strings.Builder
	text := func(s string) string { return strings.ReplaceAll(Clean(s), "<", "&lt;") }
	for i, r := range risks {
		fmt.Fprintf(&known, "%s- Risk `%s`: %s\n", strings.Repeat("\n", max(0, 1-i)), r.Name, text(r.Why))
	}
	for i, n := range access.Sentences(notes) {
		fmt.Fprintf(&known, "%s- %s\n", strings.Repeat("\nNotes:\n\n", max(0, 1-i)), text(n))
	}
	head := fmt.Sprintf("<!-- kubectl-access:%s:%s -->\n**Access to cluster %s: %s.**\n%s", Clean(p.Cluster.ARN), Clean(set), Clean(p.Cluster.Name), counted(p), cut(known.String(), markdownLimit/2))
	if p.Empty() {
		return head
	}
	Plan(&diff, p, Color(false))
	return head + fmt.Sprintf("\n```diff\n%s```\n", cut(strings.ReplaceAll(diff.String(), "```", "'''"), markdownLimit-len(head))) // nothing ends the block but the block
}

// counted says how many entries a plan changes.
func counted(p access.Plan) string {
	if p.Empty() {
		return "no differences"
	}
	count := map[string]int{}
	for _, c := range p.Changes {
		count[actionOf(c)]++
	}
	return fmt.Sprintf("%d to create, %d to change, %d to delete", count["create"], count["change"], count["delete"])
}

// cut keeps the first lines of a text, and says that there are more.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:strings.LastIndexByte(text[:most], '\n')+1] + "… the rest is left out; run diff to see it\n"
}

// EntryFile is the name of a file about an entry, and its content.
func EntryFile(e access.Entry, cluster access.Info) (name string, text []byte, err error) {
	w := manifest.Of(e, cluster)
	w.Status = nil
	text, err = manifest.YAML(w)
	return strings.ReplaceAll(w.Metadata.Name, "/", "-") + ".yaml", text, err
}
