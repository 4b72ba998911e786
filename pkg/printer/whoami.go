package printer

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// Whoami shows the caller's identity and what gives it access, or why it has none.
func Whoami(r whoami.Report, color Color) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s:\t%s\n", name, Clean(value))
		}
	}
	row("Cluster", r.Cluster.Name+" ("+r.Cluster.Region+")")
	if a := r.AWS; a != nil {
		row("AWS", a.ARN)
		row("Principal", string(a.Principal))
		row("Profile", a.Profile)
		row("Role", a.RoleARN)
	}
	if k := r.Kubernetes; k != nil {
		row("Username", k.Username)
		row("Groups", strings.Join(k.Groups, ", "))
	}
	accessRow(row, r)
	w.Flush()
	if r.By != nil && r.By.Entry != nil && !r.By.Entry.Node() {
		grantLines(&b, r)
	}
	problems(&b, r, color)
	for _, u := range r.Unchecked {
		fmt.Fprintf(&b, "Not checked: %s\n", Clean(u))
	}
	return b.String()
}

func accessRow(row func(name, value string), r whoami.Report) {
	switch {
	case r.Unknown:
		row("Access", "unknown: the cluster could not be read")
	case !r.LetIn:
		row("Access", "no")
	case r.By == nil:
		row("Access", "yes (the source could not be determined)")
	case r.By.Entry != nil:
		row("Access", "yes, through the access entry of "+r.By.Entry.Principal.Short(r.By.Entry.Principal.Account())+" ("+string(r.By.Entry.Kind)+")")
	case r.By.Mapping != nil:
		row("Access", "yes, through the aws-auth mapping of "+r.By.Mapping.ARN)
	default:
		row("Access", "yes, as the cluster creator, who is never listed")
	}
}

func grantLines(b *strings.Builder, r whoami.Report) {
	if len(r.By.Entry.Grants) == 0 {
		b.WriteString("Grants:     <none>\n")
		return
	}
	b.WriteString("Grants:\n")
	for _, g := range r.By.Entry.Grants {
		fmt.Fprintf(b, "  %s\n", Clean(g.String()))
	}
}

// problems prints each problem with the commands that solve it and who can run them.
func problems(b *strings.Builder, r whoami.Report, color Color) {
	for _, p := range r.Problems {
		fmt.Fprintf(b, "\n%s %s\n", color.Warn("Problem:"), Clean(p.Text))
		lead := "Try:"
		if p.By == whoami.Administrator {
			lead = "Ask a cluster administrator to run:"
		}
		if len(p.Commands) > 0 {
			fmt.Fprintf(b, "  %s\n", lead)
		}
		for _, c := range slices.Compact(p.Commands) {
			fmt.Fprintf(b, "    %s\n", Clean(c))
		}
	}
	if len(r.Problems) > 0 && len(r.Unchecked) > 0 {
		b.WriteString("\n")
	}
}

// Identity is the written form of whoami's report.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	whoami.Report
	By *accessBy `json:"by,omitempty"`
}

// IdentityOf is the form of a report about a cluster in that region and account.
func IdentityOf(r whoami.Report, region, account string) Identity {
	return Identity{"v1", "Identity", r, by(r, region, account)}
}

// accessBy is what gives access, with the entry in its written form.
type accessBy struct {
	Kind    string                `json:"kind"` // entry, aws-auth or creator
	Entry   *manifest.AccessEntry `json:"entry,omitempty"`
	Mapping *mappingForm          `json:"mapping,omitempty"`
}

type mappingForm struct {
	Kind     access.MappingKind `json:"kind"`
	ARN      string             `json:"arn"`
	Username string             `json:"username,omitempty"`
	Groups   []string           `json:"groups,omitempty"`
}

func by(r whoami.Report, region, account string) *accessBy {
	switch {
	case r.By == nil:
		return nil
	case r.By.Entry != nil:
		form := manifest.Of(*r.By.Entry, access.Info{
			Name: r.Cluster.Name, ARN: "arn:" + access.PartitionOf(region) + ":eks:" + region + ":" + account + ":cluster/" + r.Cluster.Name,
		})
		return &accessBy{Kind: "entry", Entry: &form}
	case r.By.Mapping != nil:
		m := *r.By.Mapping
		return &accessBy{Kind: "aws-auth", Mapping: &mappingForm{m.Kind, m.ARN, m.Username, m.Groups}}
	}
	return &accessBy{Kind: "creator"}
}
