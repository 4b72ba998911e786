package printer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// Whoami shows in two lines whether the caller has access and by what, or why not, then what it may do, who solves what is wrong,
// and who the caller is. With details it quotes the services that refused an answer.
func Whoami(r whoami.Report, color Color, details bool) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s:\t%s\n", name, Clean(value))
		}
	}
	verdict(row, r)
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
	w.Flush()
	if r.Rights != nil && r.Rights.Explain != "" {
		fmt.Fprintf(&b, "\nIf a right is missing, see what would give it:\n    %s\n", Clean(r.Rights.Explain))
	}
	problems(&b, r, color)
	unchecked(&b, r, details)
	return b.String()
}

// WhoamiRow is the caller in one of several clusters.
func WhoamiRow(r whoami.Report) Table {
	row := map[string]string{}
	verdict(func(name, value string) { row[name] = value }, r)
	who := unknown
	if r.AWS != nil {
		who = Clean(r.AWS.Principal.Short(r.AWS.Principal.Account()))
	}
	return Table{
		Columns: []Column{{Name: "PRINCIPAL"}, {Name: "ACCESS"}, {Name: "RIGHTS", Wide: true}, {Name: "REASON"}},
		Rows:    [][]string{{who, Clean(row["Access"]), orNone(row["Rights"]), orNone(row["Reason"])}},
	}
}

// verdict is the two lines that matter.
func verdict(row func(name, value string), r whoami.Report) {
	switch {
	case r.Unknown && r.By != nil:
		row("Access", "unknown: the cluster could not be read. In EKS you have access"+source(r))
	case r.Unknown:
		row("Access", "unknown: the cluster could not be read")
	case !r.HasAccess:
		row("Access", "no")
	default:
		row("Access", "yes"+source(r))
	}
	if !r.HasAccess && len(r.Problems) > 0 {
		row("Reason", r.Problems[0].Text)
	}
	if rights := r.Rights; rights != nil {
		least := map[bool]string{true: "at least: "}[rights.AtLeast && rights.Summary != ""]
		row("Rights", "in namespace "+rights.Namespace+": "+least+cmp.Or(rights.Summary, "not known"))
	}
}

func source(r whoami.Report) string {
	switch {
	case r.By == nil:
		return " (the source could not be determined)"
	case r.By.Entry != nil:
		e := r.By.Entry
		text := ", through the access entry of " + e.Principal.Short(e.Principal.Account()) + " (" + string(e.Kind) + ")"
		for i, g := range e.Grants {
			text += map[bool]string{true: ": ", false: "; "}[i == 0] + g.String()
		}
		return text
	case r.By.Mapping != nil:
		return ", through the aws-auth mapping of " + r.By.Mapping.ARN
	}
	return ", as the cluster creator, who is never listed"
}

// problems prints who runs what. Where the caller has access they are findings; else the first one is the reason above.
func problems(b *strings.Builder, r whoami.Report, color Color) {
	for i, p := range r.Problems {
		reason := !r.HasAccess && i == 0
		if reason && len(p.Commands) == 0 {
			continue
		}
		b.WriteString("\n")
		if !reason {
			fmt.Fprintf(b, "%s %s\n", color.Warn("Problem:"), Clean(p.Text))
		}
		if p.By == whoami.You {
			b.WriteString("Try:\n")
		} else if len(p.Commands) > 0 {
			fmt.Fprintf(b, "Send this to a cluster administrator:\n    %s\n", Clean(r.Message(p)))
		}
		for _, c := range slices.Compact(p.Commands) {
			fmt.Fprintf(b, "    %s\n", Clean(c))
		}
	}
	if len(r.Unchecked) > 0 {
		b.WriteString("\n")
	}
}

// unchecked prints a line for each thing that could not be read.
func unchecked(b *strings.Builder, r whoami.Report, details bool) {
	for _, u := range r.Unchecked {
		line := []rune("Not checked: " + Clean(u.What) + " (" + Clean(u.Why) + ")")
		if len(line) > lineWidth && !details {
			line = append(line[:lineWidth-2], '…', ')')
		}
		fmt.Fprintln(b, string(line))
		if details && u.Detail != u.Why {
			fmt.Fprintf(b, "  %s\n", Clean(u.Detail))
		}
	}
}

// lineWidth is what fits on every terminal.
const lineWidth = 80

// Identity is the written form of whoami's report.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	whoami.Report
	By *accessBy `json:"by,omitempty"`
}

// IdentityOf is the form of a report about a cluster in that region and account.
func IdentityOf(r whoami.Report, region, account string) Identity {
	return Identity{manifest.OwnVersion, "Identity", r, by(r, region, account)}
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
