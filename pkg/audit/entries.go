package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

const day = "2006-01-02"

// each makes findings of the entries that AWS does not manage.
func (v *view) each(find func(e access.Entry) []Finding) (all []Finding) {
	if !v.s.Cluster.Mode.ReadsEntries() {
		return nil
	}
	for _, e := range v.s.Entries {
		if !e.Managed() {
			all = append(all, find(e)...)
		}
	}
	return all
}

// one makes at most one finding of each entry: where fits says so.
func (v *view) one(fits func(e access.Entry) bool, find func(e access.Entry) Finding) []Finding {
	return v.each(func(e access.Entry) []Finding {
		if !fits(e) {
			return nil
		}
		return []Finding{find(e)}
	})
}

func (v *view) revoke(p access.Principal, flags ...string) string {
	return v.Command(append([]string{"revoke", v.name(p)}, flags...)...)
}

// again grants an entry's first policy once more.
func (v *view) again(e access.Entry) string {
	if len(e.Grants) == 0 {
		return ""
	}
	g := e.Grants[0]
	words := []string{"grant", v.name(e.Principal), "--policy", g.Policy.Short()}
	if g.Scope.WholeCluster() {
		return v.Command(append(words, "-A")...)
	}
	return v.Command(append(words, "-n", strings.Join(g.Scope.Namespaces, ","))...)
}

func (v *view) recreated() []Finding {
	return v.one(func(e access.Entry) bool { return v.s.Stale(e.Principal) == access.StaleRecreated }, func(e access.Entry) Finding {
		f := v.about(e.Principal, "", "was deleted and recreated after its entry, which no longer works: EKS ties an entry to the ID of its %s", e.Principal.Kind())
		return f.with([]string{"access entry of " + e.Created.UTC().Format(day)}, v.revoke(e.Principal), v.again(e))
	})
}

func (v *view) deleted() []Finding {
	return v.one(func(e access.Entry) bool { return v.s.Stale(e.Principal) == access.StaleDeleted }, func(e access.Entry) Finding {
		return v.about(e.Principal, "", "no longer exists in IAM, and its entry is left").with([]string{"access entry of " + e.Created.UTC().Format(day)}, v.revoke(e.Principal))
	})
}

func (v *view) overdue() []Finding {
	return v.one(func(e access.Entry) bool { at := e.Expires(); return !at.IsZero() && at.Before(v.Now) }, func(e access.Entry) Finding {
		f := v.about(e.Principal, "", "has access that expired at %s and was not removed", e.Tags[access.ExpiresTag])
		return f.with([]string{"tag " + access.ExpiresTag + "=" + e.Tags[access.ExpiresTag]}, v.revoke(e.Principal))
	})
}

func (v *view) adminView() []Finding {
	const adminView access.Policy = "AmazonEKSAdminViewPolicy"
	return v.one(func(e access.Entry) bool {
		g, ok := e.Grant(adminView)
		return ok && g.Scope.WholeCluster() && !e.Administers()
	}, func(e access.Entry) Finding {
		f := v.about(e.Principal, "", "can read every secret and run commands in pods through the kubelet, by admin-view on the whole cluster")
		return f.with([]string{"access entry → policy admin-view on the whole cluster → get on secrets, nodes/proxy"},
			v.Command("grant", v.name(e.Principal), "--policy", "view", "-A"), v.revoke(e.Principal, "--policy", "admin-view"))
	})
}

func (v *view) wildcards() []Finding {
	return v.each(func(e access.Entry) (all []Finding) {
		for _, g := range e.Grants {
			for _, ns := range g.Scope.Namespaces {
				one := access.Scope{Namespaces: []string{ns}}
				if strings.Contains(ns, "*") && (one.Reaches(kubeSystem) || one.Reaches("default")) {
					f := v.about(e.Principal, string(g.Policy)+" "+ns, "has %s in %s, which includes kube-system or default", g.Policy.Short(), ns)
					all = append(all, f.with([]string{"access entry → policy " + g.String()}, v.revoke(e.Principal, "--policy", g.Policy.Short(), "-n", ns)))
				}
			}
		}
		return all
	})
}

func (v *view) userEntries() []Finding {
	return v.one(func(e access.Entry) bool { return e.Principal.Kind() == "user" }, func(e access.Entry) Finding {
		return v.about(e.Principal, "", "is an IAM user, whose keys do not expire; use a role or an IAM Identity Center permission set").with(e.Holdings(), v.revoke(e.Principal))
	})
}

func (v *view) unused() (all []Finding) {
	if v.Unused <= 0 {
		return nil
	}
	since := v.Now.Add(-v.Unused)
	for _, u := range v.Uses {
		e, entry := v.s.Entry(u.Principal)
		if u.Last.After(since) || u.Created.After(since) || entry && (e.Node() || e.Managed() || e.Created.After(since)) {
			continue
		}
		text, evidence := "was not used anywhere since "+u.Last.UTC().Format(day), "RoleLastUsed "+u.Last.UTC().Format(time.RFC3339)
		if u.Last.IsZero() {
			text, evidence = "was not used anywhere in the 400 days that IAM looks back", "RoleLastUsed is empty"
			if u.Created.After(v.Now.Add(-access.Tracked)) {
				text = "was not used anywhere since it was created at " + u.Created.UTC().Format(day)
			}
		}
		all = append(all, v.about(u.Principal, "", "%s, and has access to the cluster", text).with([]string{evidence}, v.revoke(u.Principal)))
	}
	return all
}

func (v *view) servicePolicies() []Finding {
	return v.each(func(e access.Entry) (all []Finding) {
		if e.Node() || e.Owner().Proof { // the role of a capability or of EKS Auto Mode
			return nil
		}
		for _, g := range e.Grants {
			if p, known := policy.Find(string(g.Policy)); known && !p.ForPeople() {
				f := v.about(e.Principal, string(g.Policy), "has the policy %s, which AWS made for its services", g.Policy.Short())
				all = append(all, f.with([]string{"access entry → policy " + g.String()}, v.revoke(e.Principal, "--policy", g.Policy.Short())))
			}
		}
		return all
	})
}

func (v *view) noEffect() []Finding {
	return v.one(func(e access.Entry) bool {
		return !e.Node() && v.s.Stale(e.Principal) == "" && v.s.EntryState(e, v.Now) == access.StateNoEffect
	}, func(e access.Entry) Finding {
		return v.about(e.Principal, "", "has an entry that grants nothing: neither a policy nor an RBAC binding gives it anything").with(e.Holdings(), v.revoke(e.Principal))
	})
}

func (v *view) unboundGroups() []Finding {
	var bound []string
	for _, b := range v.s.RBAC.Bindings {
		bound = append(bound, b.Groups...)
	}
	return v.each(func(e access.Entry) (all []Finding) {
		for _, g := range e.Groups {
			if e.Node() || access.Templated(g) || slices.Contains(bound, g) {
				continue
			}
			f := v.about(e.Principal, g, "has the group %s, which no RBAC binding names%s", g, access.DidYouMean(g, bound))
			all = append(all, f.with([]string{"access entry → group " + g}, v.revoke(e.Principal, "--group", g)))
		}
		return all
	})
}

func (v *view) absentNamespaces() []Finding {
	return v.each(func(e access.Entry) (all []Finding) {
		for _, g := range e.Grants {
			for _, ns := range g.Scope.Namespaces {
				if strings.Contains(ns, "*") || slices.Contains(v.s.Namespaces, ns) {
					continue
				}
				f := v.about(e.Principal, string(g.Policy)+" "+ns, "has %s in namespace %s, which does not exist%s", g.Policy.Short(), ns, access.DidYouMean(ns, v.s.Namespaces))
				all = append(all, f.with([]string{"access entry → policy " + g.String()}, v.revoke(e.Principal, "--policy", g.Policy.Short(), "-n", ns)))
			}
		}
		return all
	})
}

func (v *view) sharedUsernames() []Finding {
	return v.one(func(e access.Entry) bool {
		return !e.Node() && e.Principal.Kind() == "role" && e.Username != "" && !strings.Contains(e.Username, "{{SessionName")
	}, func(e access.Entry) Finding {
		f := v.about(e.Principal, "", "has the username %s for all its sessions, so the audit log does not tell the people behind it apart", e.Username)
		return f.with([]string{"access entry → username " + e.Username}, v.Command("grant", v.name(e.Principal), "--username", strings.TrimSuffix(e.Username, ":")+":{{SessionName}}"))
	})
}

func (v *view) ownedElsewhere() []Finding {
	return v.one(func(e access.Entry) bool { return e.Owner().Kind != "" }, func(e access.Entry) Finding {
		o := e.Owner()
		f := v.about(e.Principal, "", "is %s: %s", o, o.Effect)
		return f.with([]string{"to change it: " + o.Instead})
	})
}

// forNodes are the services that assume roles of nodes.
var forNodes = []string{"ec2.amazonaws.com", "ec2.amazonaws.com.cn", "eks-fargate-pods.amazonaws.com", "eks.amazonaws.com", "ssm.amazonaws.com", "rolesanywhere.amazonaws.com", "sagemaker.amazonaws.com"} //nolint:gochecknoglobals // a table

// nodeRoles are roles of nodes that others can assume, or that have more than nodes need.
func (v *view) nodeRoles() (all []Finding) {
	uses := map[access.Principal]access.Use{}
	for _, u := range v.Uses {
		uses[u.Principal] = u
	}
	check := func(p access.Principal, groups []string, grants []access.Grant) {
		var why []string
		for _, t := range uses[p].Trusts {
			if !slices.Contains(forNodes, t) {
				why = append(why, "its trust policy allows "+t)
			}
		}
		for _, g := range groups {
			if !strings.HasPrefix(g, "system:") && !strings.HasPrefix(g, "eks:") || g == "system:masters" {
				why = append(why, "group "+g)
			}
		}
		for _, g := range grants {
			if g.Policy != access.AutoNode {
				why = append(why, "policy "+g.String())
			}
		}
		if len(why) > 0 {
			all = append(all, v.about(p, "", "is a role of nodes and not for nodes only (%s): with it a person joins as a node", strings.Join(why, "; ")).with(why))
		}
	}
	if v.s.Cluster.Mode.ReadsEntries() {
		for _, e := range v.s.Entries {
			if e.Node() {
				check(e.Principal, e.Groups, e.Grants)
			}
		}
	}
	for _, m := range v.active() {
		if m.Node() {
			check(v.full(m), m.Groups, nil)
		}
	}
	return all
}

// full is the principal of a mapping, with the path that IAM was read with where there is one.
func (v *view) full(m access.Mapping) access.Principal {
	p := access.Normal(m.ARN)
	for _, u := range v.Uses {
		if u.Principal.Is(p) {
			return u.Principal
		}
	}
	return p
}

func (v *view) creator() []Finding {
	if !v.s.Cluster.Mode.ReadsEntries() {
		f := Finding{Object: v.s.Cluster.Name, Message: "the cluster's creator is a cluster administrator that nothing shows; with access entries it has an entry, which can be revoked"}
		return []Finding{f.with([]string{"mode " + string(v.s.Cluster.Mode)}, v.Command("mode", string(access.ModeBoth)))}
	}
	const soon = 30 * time.Minute // a cluster takes about ten to create, and its entry is made with it
	made := v.s.Cluster.Created
	return v.one(func(e access.Entry) bool {
		return !made.IsZero() && e.Administers() && !e.Created.Before(made.Add(-soon)) && e.Created.Before(made.Add(soon))
	}, func(e access.Entry) Finding {
		f := v.about(e.Principal, "", "is a cluster administrator since the cluster was created, so it is probably the creator")
		return f.with([]string{fmt.Sprintf("cluster of %s, entry of %s", made.UTC().Format(time.RFC3339), e.Created.UTC().Format(time.RFC3339))},
			v.Command("grant", "PRINCIPAL", "--policy", "cluster-admin", "-A"), v.revoke(e.Principal))
	})
}

func (v *view) modeConfigMap() []Finding {
	if v.s.Cluster.Mode != access.ModeConfigMap {
		return nil
	}
	return []Finding{Finding{Object: cmp.Or(v.s.Cluster.Name), Message: "the cluster reads aws-auth only, which anyone who can edit one ConfigMap controls"}.
		with([]string{"mode " + string(v.s.Cluster.Mode)}, v.Command("mode", string(access.ModeBoth)), v.Command("migrate"))}
}

func (v *view) modeNotAPI() []Finding {
	if v.s.Cluster.Mode != access.ModeBoth {
		return nil
	}
	return []Finding{Finding{Object: v.s.Cluster.Name, Message: "the cluster still reads aws-auth beside access entries"}.
		with([]string{"mode " + string(v.s.Cluster.Mode)}, v.Command("migrate"), v.Command("mode", string(access.ModeAPI)))}
}

func (v *view) auditLog() []Finding {
	if v.s.Cluster.AuditLogs {
		return nil
	}
	return []Finding{Finding{Object: v.s.Cluster.Name, Message: "the logs of kinds audit and authenticator are off, so nobody can find out later who used an access or changed RBAC"}.
		with(nil, "aws eks update-cluster-config --name "+v.s.Cluster.Name+" --region "+v.s.Cluster.Region()+` --logging '{"clusterLogging":[{"types":["audit","authenticator"],"enabled":true}]}'`)}
}
