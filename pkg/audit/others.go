package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Other is a kind of access that is neither an entry nor a mapping.
type Other struct {
	Kind    string   `json:"kind"` // oidc, argo-cd, ack or iam
	Text    string   `json:"text"`
	Present bool     `json:"present"`
	Names   []string `json:"names,omitempty"`
}

// Others are all these kinds, whether the cluster has them or not.
func Others(f Facts) []Other {
	unread := func(sources ...string) string {
		for _, m := range slices.Concat(f.Index.Missing, f.Missing) {
			if slices.Contains(sources, m.What) {
				return string(m.Note().Text)
			}
		}
		return ""
	}
	all := []Other{
		{Kind: "oidc", Text: "no OIDC identity provider", Names: f.Providers},
		f.argoCD(),
		f.ack(),
		{Kind: "iam", Text: "not evaluated: IAM permissions; eks:CreateAccessEntry, eks:UpdateAccessEntry or eks:AssociateAccessPolicy on the cluster is enough to become a cluster administrator"},
	}
	if len(f.Providers) > 0 {
		all[0].Text, all[0].Present = "OIDC identity provider "+strings.Join(f.Providers, ", ")+": its users and groups have what RBAC binds to their names", true
	}
	for i, sources := range [][]string{{ReadProviders}, {ReadArgoCD}, {ReadTypes, access.ReadBindings, access.ReadRoles}} {
		if why := unread(sources...); why != "" && !all[i].Present {
			all[i].Text = why
		}
	}
	return all
}

func (f Facts) argoCD() Other {
	o := Other{Kind: "argo-cd", Text: "no managed Argo CD capability"}
	var members []string
	for _, argo := range f.ArgoCD {
		o.Present = true
		for _, m := range argo.Members {
			kind := map[string]string{"SSO_USER": "user", "SSO_GROUP": "group"}[m.Kind]
			o.Names = append(o.Names, strings.TrimSpace(kind+" "+m.ID))
			members = append(members, fmt.Sprintf("%s: %s %s", m.Role, kind, m.ID))
		}
	}
	if o.Present {
		o.Text = fmt.Sprintf("managed Argo CD capability %s deploys as %s for IAM Identity Center %s", f.ArgoCD[0].Name, f.ArgoCD[0].Role.Short(f.Index.Snapshot.Cluster.Account()), orNone(strings.Join(members, ", ")))
	}
	return o
}

// ack is who can create the objects of which the ACK controller makes entries.
func (f Facts) ack() Other {
	const group, resource = "eks.services.k8s.aws", "accessentries"
	o := Other{Kind: "ack", Text: "no ACK AccessEntry resource type"}
	if !slices.ContainsFunc(f.Types, func(t rights.Type) bool { return t.Group == group && t.Name == resource }) {
		return o
	}
	o.Present = true
	for _, verb := range []string{"create", "update", "patch"} {
		q := rights.Question{Request: rights.Request{Verb: verb, Group: group, Resource: resource}, Type: rights.Type{Name: resource, Group: group, Namespaced: true}, Anywhere: true}
		for _, row := range f.Index.WhoCan(q).Rows {
			if row.Can() && !row.Identity.BuiltIn() && !slices.Contains(o.Names, row.Identity.Name) {
				o.Names = append(o.Names, row.Identity.Name)
			}
		}
	}
	slices.Sort(o.Names)
	o.Text = "ACK AccessEntry objects, of which the ACK controller makes entries, can be created by " + orNone(strings.Join(o.Names, ", "))
	return o
}

func (v *view) otherAccess() (all []Finding) {
	for _, o := range Others(v.Facts) {
		if o.Present {
			all = append(all, Finding{Object: o.Kind, Message: o.Text}.with(o.Names))
		}
	}
	return all
}
