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
func PlanObject(p access.Plan, risks []access.Risk) any {
	c := p.Cluster
	form := planForm{
		APIVersion: manifest.OwnVersion, Kind: "Plan", Cluster: map[string]any{"name": c.Name, "arn": c.ARN},
		Changes: []changedForm{}, Effects: []effectForm{}, Risks: []riskForm{},
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

func rightTexts(rights []access.Right) []string {
	all := make([]string, len(rights))
	for i, r := range rights {
		all[i] = r.String()
	}
	return all
}

// markdownLimit is how many bytes of a plan go into a comment: GitHub takes 65,536 characters.
const markdownLimit = 60_000

// PlanMarkdown is a plan for a pull request. The marker in its first line finds the comment again, so that one is kept up to date.
func PlanMarkdown(p access.Plan, risks []access.Risk, set string) string {
	var b, diff strings.Builder
	fmt.Fprintf(&b, "<!-- kubectl-access:%s:%s -->\n", Clean(p.Cluster.ARN), Clean(set))
	count := map[string]int{}
	for _, c := range p.Changes {
		count[actionOf(c)]++
	}
	if p.Empty() {
		fmt.Fprintf(&b, "**Access to cluster %s: no differences.**\n", Clean(p.Cluster.Name))
		return b.String()
	}
	fmt.Fprintf(&b, "**Access to cluster %s: %d to create, %d to change, %d to delete.**\n", Clean(p.Cluster.Name), count["create"], count["change"], count["delete"])
	for _, r := range risks {
		fmt.Fprintf(&b, "\n- Risk `%s`: %s", r.Name, strings.ReplaceAll(Clean(r.Why), "<", "&lt;"))
	}
	Plan(&diff, p, Color(false))
	text := strings.ReplaceAll(diff.String(), "```", "'''") // nothing ends the block but the block
	if len(text) > markdownLimit {
		text = text[:strings.LastIndexByte(text[:markdownLimit], '\n')+1] + "… the rest is left out; run diff to see it\n"
	}
	fmt.Fprintf(&b, "\n```diff\n%s```\n", text)
	return b.String()
}

// EntryFile is the name of a file about an entry, and its content.
func EntryFile(e access.Entry, cluster access.Info) (name string, text []byte, err error) {
	w := manifest.Of(e, cluster)
	w.Status = nil
	text, err = manifest.YAML(w)
	return strings.ReplaceAll(w.Metadata.Name, "/", "-") + ".yaml", text, err
}
