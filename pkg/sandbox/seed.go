package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// seeded makes a new account: the same names and IDs every time, as old as they say on the day they are made.
func seeded(now time.Time) state {
	kept := awsapi.Kept{ID: accountID, Region: "us-west-2", Principals: map[string]*awsapi.Principal{}}
	a := &awsapi.Account{Kept: kept, Clusters: map[string]*awsapi.Cluster{}}
	s := state{account: a, objects: map[string]*kubeapi.Objects{}}
	for _, p := range seedPrincipals {
		salt := p.name[strings.LastIndex(p.name, "/")+1:]
		principal := a.Add(p.name, daysAgo(now, p.days+1, salt), p.allow...)
		principal.Used = daysAgo(now, max(1, seedUnused[p.name]), salt)
		principal.Trust = seedTrust[p.name]
	}
	for _, c := range seedClusters {
		cl := &awsapi.Cluster{
			Name: c.name, Created: daysAgo(now, c.days+1, c.name), Creator: a.ARNOf("role/platform-admin"), Mode: c.mode,
			Tags: tagsOf(c.tags), Entries: map[string]awsapi.History{}, NodeGroups: map[string]awsapi.NodeGroup{},
		}
		a.Clusters[c.name], s.objects[c.name] = cl, kubeapi.NewObjects(c.awsAuth())
		for _, e := range c.entries {
			e.enter(a, cl, now)
		}
	}
	for _, g := range seedNodeGroups {
		a.Clusters[g.cluster].NodeGroups[g.name] = awsapi.NodeGroup{Role: a.ARNOf(g.role), Fargate: g.fargate}
	}
	for _, o := range seedOutside {
		cl := a.Clusters[o.cluster]
		if cl.Providers = append(cl.Providers, o.providers...); o.argoCD.Type != "" {
			o.argoCD.RoleARN = a.ARNOf("role/argocd")
			cl.Capabilities = map[string]awsapi.Capability{"argocd": o.argoCD}
		}
	}
	remember(a, now)
	return s
}

// awsAuth is the data of the ConfigMap, nil for none.
func (c seedCluster) awsAuth() (data map[string]string) {
	for _, section := range [][2]string{{"mapRoles", c.mapRoles}, {"mapUsers", c.mapUsers}, {"mapAccounts", c.mapAccounts}} {
		if section[1] != "" {
			if data == nil {
				data = map[string]string{}
			}
			data[section[0]] = section[1]
		}
	}
	return data
}

// tagsOf reads name=value name=value.
func tagsOf(text string) map[string]string {
	tags := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		tags[name] = value
	}
	return tags
}

//go:noinline
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// daysAgo adds some hours and minutes of salt's own, so that ages look grown.
func daysAgo(now time.Time, days int, salt string) time.Time {
	sum := awsapi.Digest(salt)
	return now.Add(-time.Duration(days)*24*time.Hour + time.Duration(sum[0])*time.Minute + time.Duration(sum[1])*time.Second)
}

func (s seedEntry) enter(a *awsapi.Account, cl *awsapi.Cluster, now time.Time) {
	var policies []awsapi.Association
	for _, text := range strings.Fields(s.policies) {
		policies = append(policies, seedGrant(text))
	}
	in := awsapi.EntryRequest{PrincipalARN: a.ARNOf(s.principal), Type: s.kind, Username: s.username, KubernetesGroups: list(s.groups), Tags: tagsOf(s.tags)}
	a.Enter(cl, in, daysAgo(now, s.days, s.principal), policies...)
}

func seedGrant(text string) awsapi.Association {
	name, namespaces, _ := strings.Cut(text, ":")
	if !strings.HasPrefix(name, "AWS") {
		name = "AmazonEKS" + name
	}
	return awsapi.Grant(name+"Policy", list(namespaces)...)
}

// fill brings the cluster to total entries, each with a real principal behind it.
func fill(a *awsapi.Account, cl *awsapi.Cluster, total int, now time.Time) {
	if cl == nil {
		return
	}
	for i, have := 0, cl.Count(); have < total; i++ {
		s := fillKinds[i%len(fillKinds)]
		s.principal = fmt.Sprintf("%s-%04d", s.principal, i)
		if cl.Entries[a.ARNOf(s.principal)].Now() != nil {
			continue // kept from the run before
		}
		a.Add(s.principal, daysAgo(now, s.days+1, s.principal))
		s.enter(a, cl, now)
		have++
	}
}
