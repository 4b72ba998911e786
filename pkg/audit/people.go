package audit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

const kubeSystem = "kube-system"

// chains are in words how an identity has some of its rights, and the commands that revoke them.
func (v *view) chains(id *rights.Identity, chains []rights.Chain) (evidence, remedy string) {
	for _, c := range chains {
		evidence += sep + strings.Join(c.Words(*id), " → ")
		if l := v.Index.Link(*id, c); l.Revoke != nil {
			remedy += sep + v.Command(l.Revoke...)
		} else {
			remedy += sep + v.Kubernetes(l.Delete...)
		}
	}
	return evidence, remedy
}

// having are the rights that fit.
//
//go:noinline
func having(id *rights.Identity, fits func(*access.Right) bool) (chains []rights.Chain) {
	for i := range id.Rights {
		if fits(&id.Rights[i]) {
			chains = append(chains, rights.Chain{Right: &id.Rights[i]})
		}
	}
	return chains
}

func administers(r *access.Right) bool { return r.Kind == access.Administer }

func anyRight(*access.Right) bool { return true }

// broad reports whether a right is edit or admin, by policy or by ClusterRole, in the whole cluster or in kube-system.
func broad(r *access.Right) bool {
	switch r.Name {
	case "ClusterRole edit", "ClusterRole admin", "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy":
		return r.Session() == "" && r.In(kubeSystem)
	}
	return false
}

func reachesKubeSystem(v *view, id *rights.Identity, admin bool) {
	chains := having(id, broad)
	if admin || len(chains) == 0 {
		return
	}
	evidence, remedy := v.chains(id, chains)
	r := chains[0].Right
	if r.Kind == access.ByPolicy && r.Where == "" {
		remedy += sep + v.Command("grant", id.Name, "--policy", access.Policy(r.Name).Short(), "-n", "NAMESPACE")
	}
	evidence += sep + "impersonate system:serviceaccount:kube-system:clusterrole-aggregation-controller → patch ClusterRole system:basic-user"
	v.about(id.Principal, "", evidence, remedy, r.String())
}

func awsAuthWriters(v *view) {
	if !v.reads() {
		return
	}
	seen := map[access.Principal]bool{}
	for _, verb := range []string{"update", "patch"} {
		q := rights.Question{Request: rights.Request{Verb: verb, Resource: "configmaps", Namespace: kubeSystem, Name: "aws-auth"}}
		rows := v.Index.WhoCan(q).Rows
		for i := range rows {
			row := &rows[i]
			p := row.Identity.Principal
			if row.Identity.Class != rights.People || access.Administrates(row.Identity.Rights) || seen[p] || row.Session != "" {
				continue
			}
			seen[p] = true
			evidence, remedy := v.chains(&row.Identity, row.Chains)
			v.about(p, "", evidence, remedy)
		}
	}
}

// escalations leave out what a right in the namespaces of its own is enough for: most people may run pods there.
func escalations(v *view) {
	all := v.Index.Escalations()
	for i := range all {
		e := &all[i]
		if e.Identity.Class != rights.People || e.Administers() || e.Danger.ID == "pods" {
			continue
		}
		var chains []rights.Chain
		severity := High
		for _, c := range e.Chains {
			if c.Right.Kind == access.ByRole && !broad(c.Right) {
				chains = append(chains, c)
				if e.Danger.Critical && c.Right.Where == "" {
					severity = Critical
				}
			}
		}
		if len(chains) > 0 {
			evidence, remedy := v.chains(&e.Identity, chains)
			v.add(e.Identity.Principal, "", e.Danger.ID, severity, evidence, remedy, e.Identity.Name, e.Danger.Why)
		}
	}
}

func adminUser(v *view, id *rights.Identity, admin bool) {
	if admin && id.Principal.Kind() == "user" {
		evidence, remedy := v.chains(id, having(id, administers))
		v.about(id.Principal, "", evidence, remedy)
	}
}

func adminCount(v *view) {
	var names []string
	for i := range v.Index.Identities {
		if id := &v.Index.Identities[i]; id.Class == rights.People && access.Administrates(id.Rights) {
			names = append(names, id.Name)
		}
	}
	switch n := len(names); {
	case n > v.MaxAdmins:
		v.add("", v.s.Cluster.Name, "", Medium, strings.Join(names, ", "), "", strconv.Itoa(n), ", more than "+strconv.Itoa(v.MaxAdmins))
	case n > 0:
		v.add("", v.s.Cluster.Name, "", Info, strings.Join(names, ", "), "", strconv.Itoa(n), "")
	}
}

func permanentAdmin(v *view, id *rights.Identity, admin bool) {
	e, ok := v.s.Entry(id.Principal)
	if admin && ok && e.Expires().IsZero() && e.Owner().Kind == "" {
		evidence, _ := v.chains(id, having(id, administers))
		v.about(id.Principal, "", evidence, "") // grant refuses an expiry for permanent access, and to revoke it first may lock out
	}
}

// more reports whether a right is more than view.
func more(r *access.Right) bool {
	return r.Kind != access.Connect && r.Name != "ClusterRole view" && r.Name != "AmazonEKSViewPolicy"
}

func foreign(v *view, id *rights.Identity, _ bool) {
	if id.Principal.Account() == v.account {
		return
	}
	severity := Medium
	if having(id, more) != nil {
		severity = High
	}
	evidence, _ := v.chains(id, having(id, anyRight))
	v.add(id.Principal, "", "", severity, evidence, v.Command("revoke", id.Name), id.Name)
}

func sameIdentity(v *view) {
	holders, bound := map[string][]string{}, map[string]bool{}
	for i := range v.Index.Identities {
		id := &v.Index.Identities[i]
		name := v.username(id)
		if id.Class != rights.People || name == "" {
			continue
		}
		holders[name] = append(holders[name], id.Name)
		bound[name] = bound[name] || having(id, func(r *access.Right) bool { return strings.HasPrefix(r.Via, "user ") }) != nil
	}
	for name, who := range holders {
		severity, why := Medium, "the audit log does not tell them apart"
		if bound[name] {
			severity, why = High, "what RBAC grants to one it grants to all"
		}
		if len(who) > 1 {
			v.add("", "username "+name, "", severity, "", v.Command("grant", who[0], "--username", "NAME"), strings.Join(who, " and "), name, why)
		}
	}
}

// username is that of an entry or else of a mapping.
func (v *view) username(id *rights.Identity) string {
	if e, ok := v.s.Entry(id.Principal); ok && v.s.HasEntry(id.Principal) {
		if e.Username == "" {
			return access.DefaultUsername(id.Principal)
		}
		return e.Username
	}
	m, _ := v.s.ActiveMapping(id.Principal)
	name, _ := m.Identity(id.Principal)
	return name
}

// orphans are subjects of bindings. The users and groups of an OIDC identity provider are not known here.
func orphans(v *view) {
	for i := range v.Index.Identities {
		id := &v.Index.Identities[i]
		if id.Class == rights.Subject && !id.BuiltIn() && len(v.Providers) == 0 {
			evidence, remedy := v.chains(id, having(id, anyRight))
			v.add("", id.Name, "", Info, evidence, remedy, id.Name)
		}
	}
}

func anonymous(v *view, b *access.Binding) {
	name, role := b.String(), b.Role.Kind+" "+b.Role.Name
	for _, subject := range slices.Concat(b.Groups, b.Users) {
		who, severity := "anonymous requests", Critical
		switch subject {
		case "system:authenticated":
			who, severity = "everybody with access to the cluster", High
		case "system:unauthenticated", "system:anonymous":
		default:
			continue
		}
		if b.Namespace == "" && (b.Role.Name == "system:public-info-viewer" || severity == High && (b.Role.Name == "system:basic-user" || b.Role.Name == "system:discovery")) {
			continue
		}
		v.add("", name, subject, severity, subject+" → "+name+" → "+role, v.Kubernetes(rights.Deletion(name)...), name, role, who)
	}
}

func dangling(v *view, b *access.Binding) {
	key := "/" + b.Role.Name
	if b.Role.Kind == "Role" {
		key = b.Namespace + key
	}
	if v.roles[key] {
		return
	}
	name := b.String()
	var who []string
	for i := range v.Index.Identities {
		id := &v.Index.Identities[i]
		if id.Class == rights.People && having(id, func(r *access.Right) bool { return r.Binding == name }) != nil {
			who = append(who, id.Name)
		}
	}
	if names := strings.Join(who, ", "); names != "" {
		v.add("", name, "", Info, names+" → "+name, v.Kubernetes(rights.Deletion(name)...), name, b.Role.Kind+" "+b.Role.Name, names)
	}
}
