package audit

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

const day = "2006-01-02"

func dayOf(t time.Time) string { return t.UTC().Format(day) }

// revoke is the command that revokes an entry, or what the flags name of it.
func (v *view) revoke(e *access.Entry, flags ...string) string {
	return v.Command(append([]string{"revoke", e.Principal.Short(v.account)}, flags...)...)
}

// grant is a command that changes an entry.
func (v *view) grant(e *access.Entry, flags ...string) string {
	return v.Command(append([]string{"grant", e.Principal.Short(v.account)}, flags...)...)
}

func recreated(v *view, e *access.Entry) {
	if v.s.Stale(e.Principal) != access.StaleRecreated {
		return
	}
	remedy := v.revoke(e)
	for _, g := range e.Grants {
		if g.Scope.WholeCluster() {
			remedy += sep + v.grant(e, "--policy", g.Policy.Short(), "-A")
		} else {
			remedy += sep + v.grant(e, "--policy", g.Policy.Short(), "-n", strings.Join(g.Scope.Namespaces, ","))
		}
	}
	v.about(e.Principal, "", "access entry of "+dayOf(e.Created), remedy, e.Principal.Kind())
}

func deleted(v *view, e *access.Entry) {
	if v.s.Stale(e.Principal) == access.StaleDeleted {
		v.about(e.Principal, "", "access entry of "+dayOf(e.Created), v.revoke(e))
	}
}

func overdue(v *view, e *access.Entry) {
	if at := e.Expires(); !at.IsZero() && at.Before(v.Now) {
		at := e.Tags[access.ExpiresTag]
		v.about(e.Principal, "", "tag "+access.ExpiresTag+"="+at, v.revoke(e), at)
	}
}

func adminView(v *view, e *access.Entry) {
	if g, ok := e.Grant("AmazonEKSAdminViewPolicy"); ok && g.Scope.WholeCluster() && !e.Administers() {
		v.about(e.Principal, "", "access entry → policy admin-view on the whole cluster → get on secrets, nodes/proxy", v.grant(e, "--policy", "view", "-A")+sep+v.revoke(e, "--policy", "admin-view"))
	}
}

// scopes calls found with each namespace or pattern of an entry's policies.
func scopes(e *access.Entry, found func(g access.Grant, ns string)) {
	for _, g := range e.Grants {
		for _, ns := range g.Scope.Namespaces {
			found(g, ns)
		}
	}
}

func wildcard(v *view, e *access.Entry) {
	scopes(e, func(g access.Grant, ns string) {
		r := access.Right{Kind: access.ByPolicy, Where: ns}
		if strings.Contains(ns, "*") && (r.In(kubeSystem) || r.In("default")) {
			v.about(e.Principal, string(g.Policy)+" "+ns, g.String(), v.revoke(e, "--policy", g.Policy.Short(), "-n", ns), g.Policy.Short(), ns)
		}
	})
}

func absentNamespace(v *view, e *access.Entry) {
	scopes(e, func(g access.Grant, ns string) {
		if !strings.Contains(ns, "*") && !slices.Contains(v.s.Namespaces, ns) && !e.Owner().Adds { // a capability decides itself
			v.about(e.Principal, string(g.Policy)+" "+ns, g.String(), v.revoke(e, "--policy", g.Policy.Short(), "-n", ns), g.Policy.Short(), ns, access.DidYouMean(ns, v.s.Namespaces))
		}
	})
}

// holdings are the policies, groups and the kind of an entry in one line.
func holdings(e *access.Entry) string {
	return orNone(strings.Join(e.Holdings(), "; "))
}

func userEntry(v *view, e *access.Entry) {
	if e.Principal.Kind() == "user" {
		v.about(e.Principal, "", strings.Join(e.Holdings(), sep), v.revoke(e))
	}
}

// servicePolicy leaves out the roles of capabilities and of EKS Auto Mode, and those that only AWS services can assume.
func servicePolicy(v *view, e *access.Entry) {
	for i := range v.Uses {
		u := &v.Uses[i]
		if u.Principal == e.Principal && len(u.Trusts) > 0 && !slices.ContainsFunc(u.Trusts, func(t string) bool { return !strings.Contains(t, ".amazonaws.com") }) {
			return
		}
	}
	for _, g := range e.Grants {
		if p, known := policy.Find(string(g.Policy)); known && !p.ForPeople() && !e.Node() && !e.Owner().Proof {
			v.about(e.Principal, string(g.Policy), g.String(), v.revoke(e, "--policy", g.Policy.Short()), g.Policy.Short())
		}
	}
}

func noEffect(v *view, e *access.Entry) {
	if !e.Node() && v.s.Stale(e.Principal) == "" && v.s.EntryState(*e, v.Now) == access.StateNoEffect {
		v.about(e.Principal, "", strings.Join(e.Holdings(), sep), v.revoke(e))
	}
}

func unboundGroup(v *view, e *access.Entry) {
	for _, g := range e.Groups {
		if !e.Node() && !access.Templated(g) && !slices.Contains(v.bound, g) {
			v.about(e.Principal, g, "access entry → group "+g, v.revoke(e, "--group", g), g, access.DidYouMean(g, v.bound))
		}
	}
}

func sharedUsername(v *view, e *access.Entry) {
	if !e.Node() && e.Principal.Kind() == "role" && e.Username != "" && !strings.Contains(e.Username, "{{SessionName") {
		v.about(e.Principal, "", "access entry → username "+e.Username, v.grant(e, "--username", e.Username+":{{SessionName}}"), e.Username)
	}
}

func owned(v *view, e *access.Entry) {
	if o := e.Owner(); o.Kind != "" {
		v.about(e.Principal, "", "to change it: "+o.Instead, "", o.String(), o.Effect)
	}
}

// unused are roles and users that nobody used. The dates are about any use in AWS.
func unused(v *view) {
	since := v.Now.Add(-v.Unused)
	for i := range v.Uses {
		u := &v.Uses[i]
		e, entry := v.s.Entry(u.Principal)
		if v.Unused <= 0 || u.Last.After(since) || u.Created.After(since) || entry && (e.Node() || e.Created.After(since)) {
			continue
		}
		role := u.Principal.Kind() == "role"
		member := "RoleLastUsed"
		if !role {
			member = "last use of the password and the access keys"
		}
		when, evidence := "since "+dayOf(u.Last), member+" "+u.Last.UTC().Format(time.RFC3339)
		if u.Last.IsZero() {
			when, evidence = "in the 400 days that IAM looks back", member+" is empty"
			if !role || u.Created.After(v.Now.Add(-access.Tracked)) {
				when = "since it was created on " + dayOf(u.Created)
			}
		}
		v.about(u.Principal, "", evidence, v.Command("revoke", u.Principal.Short(v.account)), when)
	}
}
