package audit

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// ACKGroup is the API group of AWS Controllers for Kubernetes for EKS.
const ACKGroup = "eks.services.k8s.aws"

// Other is a kind of access that is neither an entry nor a mapping.
type Other struct {
	Kind    string   `json:"kind"` // oidc, argo-cd, ack or iam
	Text    string   `json:"text"`
	Present bool     `json:"present"`
	Names   []string `json:"names,omitempty"`
	From    string   `json:"-"` // aws or the cluster
}

// Others are all these kinds, whether the cluster has them or not.
func Others(f Facts) []Other {
	oidc := Other{Kind: "oidc", From: "aws", Text: "no OIDC identity provider", Names: f.Providers, Present: len(f.Providers) > 0}
	if oidc.Present {
		oidc.Text = "OIDC identity provider " + strings.Join(f.Providers, ", ") + ": its users and groups have what RBAC binds to their names"
	}
	all := []Other{oidc, f.argoCD(), f.ack(), {
		Kind: "iam", From: "aws", Text: "not evaluated: IAM permissions; eks:CreateAccessEntry, eks:UpdateAccessEntry or eks:AssociateAccessPolicy on the cluster is enough to become a cluster administrator",
	}}
	for _, m := range slices.Concat(f.Index.Missing, f.Missing) {
		if i := slices.Index([]string{ReadProviders, ReadArgoCD, ReadACK}, m.What); i >= 0 && !all[i].Present {
			all[i].Text = m.Note().Text
		}
	}
	return all
}

func (f Facts) argoCD() Other {
	o := Other{Kind: "argo-cd", From: "aws", Text: "no managed Argo CD capability"}
	for i := range f.ArgoCD {
		argo := &f.ArgoCD[i]
		o.Present = true
		for _, m := range argo.Members {
			o.Names = append(o.Names, m.Role+" "+m.Kind+" "+m.ID)
		}
		o.Text = "managed Argo CD capability " + argo.Name + " deploys as " + argo.Role.Short(f.Index.Snapshot.Cluster.Account()) + " for IAM Identity Center: " + orNone(strings.Join(o.Names, ", "))
	}
	return o
}

// ack is who can create the objects of which the ACK controller makes entries.
func (f Facts) ack() Other {
	o := Other{Kind: "ack", From: "cluster", Text: "no ACK AccessEntry resource type", Present: f.ACK}
	if !f.ACK {
		return o
	}
	const resource = "accessentries"
	for _, verb := range []string{"create", "update", "patch"} {
		q := rights.Question{Request: rights.Request{Verb: verb, Group: ACKGroup, Resource: resource}, Type: rights.Type{Name: resource, Group: ACKGroup, Namespaced: true}, Anywhere: true}
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

func otherAccess(v *view) {
	for _, o := range Others(v.Facts) {
		if o.Present {
			v.add("", o.Kind, "", Info, strings.Join(o.Names, sep), "", o.Text)
		}
	}
}
