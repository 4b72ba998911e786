package printer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Policies is a table of access policies.
func Policies(all []policy.Policy) Table {
	t := Table{Columns: []Column{{Name: "NAME"}, {Name: "FOR"}, {Name: "PURPOSE"}, {Name: "AWS NAME", Wide: true}}}
	all = slices.Clone(all)
	access.Sort(all, func(a, b policy.Policy) int {
		return cmp.Or(cmp.Compare(a.Rank(), b.Rank()), strings.Compare(access.Policy(a.Name).Short(), access.Policy(b.Name).Short()))
	})
	for _, p := range all {
		t.Rows = append(t.Rows, []string{Clean(access.Policy(p.Name).Short()), Audience(p), Clean(p.Purpose), Clean(p.Name)})
	}
	return t
}

// Audience is who a policy is for.
func Audience(p policy.Policy) string {
	switch {
	case p.ServiceLinkedRoleOnly:
		return "AWS only"
	case p.Audience == "human":
		return "people"
	case p.Audience == "aws-service":
		return "services"
	}
	return unknown
}

// Policy is all that is known of one policy.
func Policy(p policy.Policy, width int) string {
	return about(p) + "Rules:\n" + rules(p, "  ", width)
}

func about(p policy.Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Name:     %s\nAWS name: %s\nPurpose:  %s\n", Clean(access.Policy(p.Name).Short()), Clean(p.Name), Clean(p.Purpose))
	if p.UsedBy != "" {
		fmt.Fprintf(&b, "Used by:  %s\n", Clean(p.UsedBy))
	}
	if p.Note != "" {
		fmt.Fprintf(&b, "Note:     %s\n", Clean(p.Note))
	}
	return b.String()
}

// PolicyBrief is the same, with what the policy allows in words.
func PolicyBrief(p policy.Policy, rules string) string {
	text := about(p) + "For:      " + Audience(p) + "\nAllows:   " + Clean(p.Summary(false)) + "\n"
	if len(p.Rules) > 0 {
		text += "Rules:    " + rules + "\n"
	}
	return text
}

// rules lists what a policy allows, one row for each of its rules.
func rules(p policy.Policy, indent string, width int) string {
	var b strings.Builder
	switch {
	case len(p.Described) > 0:
		for _, d := range p.Described {
			fmt.Fprintf(&b, "%s%s (AWS publishes no exact rules)\n", indent, Clean(d))
		}
	case len(p.Rules) == 0:
		fmt.Fprintf(&b, "%sAWS publishes none\n", indent)
	}
	for _, verbs := range byVerbs(p.Rules) {
		fmt.Fprintf(&b, "%s%s on\n%s", indent, verbs.verbs, wrap(verbs.objects, indent+"  ", width))
	}
	return b.String()
}

// Width is how wide the command line prints lists of resources.
const Width = 100

// allowed is what some verbs are allowed on.
type allowed struct {
	verbs   string
	objects []string
}

// byVerbs joins the rules that allow the same verbs; AWS writes a row for each API group.
func byVerbs(rules []policy.Rule) []allowed {
	var all []allowed
	for _, r := range rules {
		verbs := strings.Join(r.Verbs, ", ")
		i := slices.IndexFunc(all, func(a allowed) bool { return a.verbs == verbs })
		if i < 0 {
			i, all = len(all), append(all, allowed{verbs: verbs})
		}
		all[i].objects = append(all[i].objects, ruleObjects(r)...)
	}
	return all
}

// wrap breaks a list into lines.
func wrap(items []string, indent string, width int) string {
	var b strings.Builder
	line := indent
	for i, item := range items {
		if i < len(items)-1 {
			item += ","
		}
		if len(line)+len(item) >= width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += item + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}

// ruleObjects names resources as kubectl does: deployments.apps, pods/log.
func ruleObjects(r policy.Rule) []string {
	only := ""
	if len(r.ResourceNames) > 0 {
		only = " named " + strings.Join(r.ResourceNames, " or ")
	}
	if r.Restricted != "" {
		only += " (" + r.Restricted + ")"
	}
	var names []string
	for _, group := range r.APIGroups {
		for _, resource := range r.Resources {
			names = append(names, Clean(qualified(resource, group)+only))
		}
	}
	for _, url := range r.NonResourceURLs {
		names = append(names, Clean(url))
	}
	return names
}

func qualified(resource, group string) string {
	if group == "" {
		return resource
	}
	base, sub, isSub := strings.Cut(resource, "/")
	if isSub {
		return base + "." + group + "/" + sub
	}
	return base + "." + group
}

// policyForm is a policy with what Kubernetes' printers want of an object.
type policyForm struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       policy.Policy     `json:"spec"`
}

// PolicyObject is the object of a policy.
func PolicyObject(p policy.Policy) policyForm {
	p.Audience = Audience(p)
	return policyForm{manifest.OwnVersion, "AccessPolicy", map[string]string{"name": access.Policy(p.Name).Short()}, p}
}

// PolicyList is the list of policies as one object.
func PolicyList(docs []policy.Policy) map[string]any {
	items := make([]policyForm, len(docs))
	for i, d := range docs {
		items[i] = PolicyObject(d)
	}
	return map[string]any{"apiVersion": manifest.OwnVersion, "kind": "AccessPolicyList", "metadata": map[string]any{}, "items": items}
}
