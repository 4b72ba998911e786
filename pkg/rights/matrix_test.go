package rights_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// cells reads "cluster none, dev edit".
func cells(m rights.Matrix, name string) string {
	for _, r := range m.Rows {
		if r.Identity.Name == name {
			all := []string{"cluster " + r.Cluster.String()}
			for i, c := range r.Cells {
				all = append(all, m.Namespaces[i]+" "+c.String())
			}
			return strings.Join(all, ", ")
		}
	}
	return "no row"
}

func TestTheMatrixComparesRulesAndNotNames(t *testing.T) {
	s := world()
	s.Namespaces = []string{"dev", "qa"}
	policies := func(name string, grants ...string) {
		e := access.Entry{Principal: arn(name), Kind: access.Standard, Username: name}
		for _, g := range grants {
			policy, ns, _ := strings.Cut(g, "@")
			grant := access.Grant{Policy: access.Policy(policy)}
			if ns != "" {
				grant.Scope.Namespaces = []string{ns}
			}
			e.Grants = append(e.Grants, grant)
		}
		s.Entries = append(s.Entries, e)
	}
	policies("adminview", "AmazonEKSAdminViewPolicy")
	policies("both", "AmazonEKSViewPolicy", "AmazonEKSAdminPolicy@d*")
	policies("all-in-qa", "AmazonEKSClusterAdminPolicy@qa")
	for _, p := range policy.All() {
		if p.RulesForm != "table" {
			policies("prose", p.Name, "AmazonEKSViewPolicy@dev")
			break
		}
	}
	e := access.Entry{Principal: arn("likeview"), Kind: access.Standard, Username: "likeview", Groups: []string{"likeview"}}
	s.Entries = append(s.Entries, e)
	s.RBAC.Bindings = append(s.RBAC.Bindings, access.Binding{Namespace: "dev", Name: "likeview", Role: access.RoleRef{Kind: "Role", Name: "mine"}, Groups: []string{"likeview"}})
	view, _ := policy.Find("AmazonEKSViewPolicy")
	s.RBAC.Roles = append(s.RBAC.Roles, access.Role{Namespace: "dev", Name: "mine", Rules: view.Rules})
	m := rights.New(s).Matrix()
	for who, want := range map[string]string{
		"boss":      "cluster cluster-admin, dev cluster-admin, qa cluster-admin",
		"ops":       "cluster cluster-admin, dev cluster-admin, qa cluster-admin",
		"edits":     "cluster none, dev edit, qa none",
		"views":     "cluster view, dev view, qa view",
		"both":      "cluster view, dev admin, qa view",
		"all-in-qa": "cluster none, dev none, qa cluster-admin",
		"likeview":  "cluster none, dev view, qa none",
		"adminview": "cluster view+, dev view+, qa view+",
		"grouped":   "cluster none, dev custom, qa custom",
		"limited":   "cluster custom, dev custom, qa custom",
		"sess":      "cluster custom, dev custom, qa custom", // one session has some
		"stale":     "cluster none, dev none, qa none",
		"typo":      "cluster none, dev none, qa none",
		"prose":     "cluster unknown, dev view?, qa unknown",
	} {
		if got := cells(m, "role/"+who); got != want {
			t.Errorf("%s:\n got %s\nwant %s", who, got, want)
		}
	}
}

// TestTheMatrixIsNeverTooLowInSilence: what could not be read makes a cell unknown.
func TestTheMatrixIsNeverTooLowInSilence(t *testing.T) {
	s := world()
	s.RBAC, s.Namespaces = &access.RBAC{Err: access.ErrRBAC}, nil
	m := rights.New(s).Matrix()
	if len(m.Missing) == 0 {
		t.Error("nothing is missing")
	}
	for who, want := range map[string]string{
		"grouped": "cluster unknown, * unknown, dev unknown, dev-* unknown, z* unknown",
		"boss":    "cluster cluster-admin, * cluster-admin, dev cluster-admin, dev-* cluster-admin, z* cluster-admin",
		"views":   "cluster view?, * view?, dev view?, dev-* view?, z* view?",
	} {
		if got := cells(m, "role/"+who); got != want {
			t.Errorf("%s:\n got %s\nwant %s", who, got, want)
		}
	}
}
