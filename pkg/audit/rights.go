package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

const kubeSystem = "kube-system"

// people are the principals with access, without nodes and the entries of AWS.
func (v *view) people() (all []rights.Identity) {
	for _, id := range v.Index.Identities {
		if id.Class == rights.People {
			all = append(all, id)
		}
	}
	return all
}

// others are the people who are not cluster administrators.
func (v *view) others() []rights.Identity {
	return slices.DeleteFunc(v.people(), func(id rights.Identity) bool { return access.Administrates(id.Rights) })
}

// admins are the cluster administrators.
func (v *view) admins() []rights.Identity {
	return slices.DeleteFunc(v.people(), func(id rights.Identity) bool { return !access.Administrates(id.Rights) })
}

// chains are in words how an identity has some of its rights, and the commands that revoke them.
func (v *view) chains(id rights.Identity, chains []rights.Chain) (evidence, remedy []string) {
	for _, c := range chains {
		evidence = append(evidence, strings.Join(c.Words(id), " → "))
		command := ""
		if l := v.Index.Link(id, c); l.Revoke != nil {
			command = v.Command(l.Revoke...)
		} else {
			command = l.Delete
		}
		if command != "" && !slices.Contains(remedy, command) {
			remedy = append(remedy, command)
		}
	}
	return evidence, remedy
}

// having are the chains of the rights that fit.
func having(id rights.Identity, fits func(access.Right) bool) (chains []rights.Chain) {
	for i := range id.Rights {
		if fits(id.Rights[i]) {
			chains = append(chains, rights.Chain{Right: &id.Rights[i]})
		}
	}
	return chains
}

func administers(r access.Right) bool { return r.Kind == access.Administer }

// broad reports whether a right is edit or admin, by policy or by ClusterRole, in the whole cluster or in kube-system.
func broad(r access.Right) bool {
	name := r.Name
	if r.Kind == access.ByPolicy {
		name = "ClusterRole " + access.Policy(r.Name).Short()
	}
	reaches := r.Where == "" || access.Scope{Namespaces: []string{r.Where}}.Reaches(kubeSystem)
	return reaches && r.Session() == "" && (name == "ClusterRole edit" || name == "ClusterRole admin")
}

func (v *view) kubeSystem() (all []Finding) {
	for _, id := range v.others() {
		chains := having(id, broad)
		if len(chains) == 0 {
			continue
		}
		evidence, remedy := v.chains(id, chains)
		evidence = append(evidence, "impersonate system:serviceaccount:kube-system:clusterrole-aggregation-controller → patch ClusterRole system:basic-user")
		if r := chains[0].Right; r.Kind == access.ByPolicy && r.Where == "" {
			remedy = append(remedy, v.Command("grant", id.Name, "--policy", access.Policy(r.Name).Short(), "-n", "NAMESPACE"))
		}
		all = append(all, v.about(id.Principal, "", "is a cluster administrator in effect: %s includes kube-system, where it may act as a controller that may change every role", chains[0].Right).with(evidence, remedy...))
	}
	return all
}

func (v *view) awsAuthWriters() (all []Finding) {
	if !v.s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	chains := map[access.Principal][]rights.Chain{}
	for _, verb := range []string{"update", "patch"} {
		q := rights.Question{Request: rights.Request{Verb: verb, Resource: "configmaps", Namespace: kubeSystem, Name: "aws-auth"}}
		for _, row := range v.Index.WhoCan(q).Rows {
			if chains[row.Identity.Principal] == nil && row.Session == "" {
				chains[row.Identity.Principal] = row.Chains
			}
		}
	}
	for _, id := range v.others() {
		if found := chains[id.Principal]; found != nil {
			evidence, remedy := v.chains(id, found)
			all = append(all, v.about(id.Principal, "", "can change aws-auth, which the cluster reads, and so map anyone to system:masters").with(evidence, remedy...))
		}
	}
	return all
}

// worst are the dangers that a right in the namespaces of its own does not have: most people may run pods there.
func worst(d rights.Danger) bool { return d.ID != "pods" && d.ID != "cluster-admin" }

func (v *view) escalations() (all []Finding) {
	for _, e := range v.Index.Escalations() {
		if e.Identity.Class != rights.People || e.Administers() || !worst(e.Danger) {
			continue
		}
		chains := slices.DeleteFunc(slices.Clone(e.Chains), func(c rights.Chain) bool { return c.Right.Kind != access.ByRole || broad(*c.Right) })
		if len(chains) == 0 {
			continue
		}
		evidence, remedy := v.chains(e.Identity, chains)
		f := v.about(e.Identity.Principal, e.Danger.ID, "%s", e.Danger.Why).with(evidence, remedy...)
		if e.Danger.Critical && chains[0].Right.Where == "" {
			f = f.as(Critical)
		}
		all = append(all, f)
	}
	return all
}

func (v *view) adminUsers() (all []Finding) {
	for _, id := range v.admins() {
		if id.Principal.Kind() == "user" {
			evidence, remedy := v.chains(id, having(id, administers))
			all = append(all, v.about(id.Principal, "", "is an IAM user, whose keys do not expire, and a cluster administrator").with(evidence, remedy...))
		}
	}
	return all
}

func (v *view) adminCount() []Finding {
	admins := v.admins()
	if len(admins) == 0 {
		return nil
	}
	var names []string
	for _, id := range admins {
		names = append(names, id.Name)
	}
	text, severity := fmt.Sprintf("%d principals are cluster administrators", len(admins)), Info
	if len(admins) == 1 {
		text = "1 principal is a cluster administrator"
	}
	if len(admins) > v.MaxAdmins {
		text, severity = fmt.Sprintf("%s, more than %d", text, v.MaxAdmins), Medium
	}
	return []Finding{Finding{Object: v.s.Cluster.Name, Message: text, Severity: severity}.with([]string{strings.Join(names, ", ")})}
}

func (v *view) permanentAdmins() (all []Finding) {
	for _, id := range v.admins() {
		e, ok := v.s.Entry(id.Principal)
		if !ok || !e.Expires().IsZero() || e.Owner().Kind != "" {
			continue
		}
		evidence, _ := v.chains(id, having(id, administers))
		all = append(all, v.about(id.Principal, "", "is a cluster administrator without an expiry").with(evidence, v.Command("grant", id.Name, "--policy", "cluster-admin", "-A", "--for", "720h")))
	}
	return all
}

// views reports whether a right is only view, by policy or by ClusterRole.
func views(r access.Right) bool {
	return r.Kind == access.Connect || r.Name == "ClusterRole view" || r.Kind == access.ByPolicy && access.Policy(r.Name).Short() == "view"
}

func (v *view) foreign() (all []Finding) {
	for _, id := range v.people() {
		if id.Principal.Account() == v.account {
			continue
		}
		severity := High
		if !slices.ContainsFunc(id.Rights, func(r access.Right) bool { return !views(r) }) {
			severity = Medium
		}
		evidence, _ := v.chains(id, having(id, func(access.Right) bool { return true }))
		all = append(all, v.about(id.Principal, "", "is a principal of another account, which decides who may use it").as(severity).with(evidence, v.Command("revoke", id.Name)))
	}
	return all
}

func (v *view) sameIdentity() (all []Finding) {
	holders := map[string][]rights.Identity{}
	var names []string
	for _, id := range v.people() {
		name := v.username(id.Principal)
		if name == "" {
			continue
		}
		if holders[name] == nil {
			names = append(names, name)
		}
		holders[name] = append(holders[name], id)
	}
	slices.Sort(names)
	for _, name := range names {
		if len(holders[name]) < 2 {
			continue
		}
		var who []string
		bound := false
		for _, id := range holders[name] {
			who = append(who, id.Name)
			bound = bound || slices.ContainsFunc(id.Rights, func(r access.Right) bool { return strings.HasPrefix(r.Via, "user ") })
		}
		f := Finding{Object: "username " + name, Severity: Medium, Message: fmt.Sprintf("%s have the same username %s: the audit log does not tell them apart", strings.Join(who, " and "), name)}
		if bound {
			f.Severity, f.Message = High, fmt.Sprintf("%s have the same username %s, so what RBAC grants to one it grants to all", strings.Join(who, " and "), name)
		}
		all = append(all, f.with(nil, v.Command("grant", who[0], "--username", "NAME")))
	}
	return all
}

// username is that of an entry or else of a mapping.
func (v *view) username(p access.Principal) string {
	if e, ok := v.s.Entry(p); ok && v.s.HasEntry(p) {
		if e.Username == "" {
			return access.DefaultUsername(p)
		}
		return e.Username
	}
	m, _ := v.s.ActiveMapping(p)
	name, _ := m.Identity(p)
	return name
}
