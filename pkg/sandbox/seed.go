package sandbox

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// seeded makes a new account: the same names and IDs every time, as old as they say on the day they are made.
func seeded(now time.Time) state {
	a := &awsapi.Account{ID: accountID, Region: "us-west-2", Principals: map[string]*awsapi.Principal{}, Clusters: map[string]*awsapi.Cluster{}}
	s := state{account: a, objects: map[string]*kubeapi.Objects{}}
	for _, p := range seedPrincipals {
		a.Add(p.name, daysAgo(now, p.days+1, p.name[strings.LastIndex(p.name, "/")+1:]), p.allow...)
	}
	for _, c := range seedClusters {
		cl := &awsapi.Cluster{
			Name: c.name, Created: daysAgo(now, c.days+1, c.name), Creator: a.ARNOf("role/platform-admin"), Mode: c.mode,
			Tags: maps.Clone(c.tags), Entries: map[string]awsapi.History{}, NodeGroups: map[string]awsapi.NodeGroup{},
		}
		for group, g := range seedNodeGroups[c.name] {
			cl.NodeGroups[group] = awsapi.NodeGroup{Role: a.ARNOf(g.Role), Fargate: g.Fargate}
		}
		a.Clusters[c.name], s.objects[c.name] = cl, kubeapi.NewObjects(seedAWSAuth[c.name])
		for _, e := range seedEntries[c.name] {
			e.enter(a, cl, now)
		}
	}
	return s
}

// daysAgo adds some hours and minutes of salt's own, so that ages look grown.
func daysAgo(now time.Time, days int, salt string) time.Time {
	sum := awsapi.Digest(salt)
	return now.Add(-time.Duration(days)*24*time.Hour + time.Duration(sum[0])*time.Minute + time.Duration(sum[1])*time.Second)
}

func (s seedEntry) enter(a *awsapi.Account, cl *awsapi.Cluster, now time.Time) {
	var policies []awsapi.Association
	for _, text := range s.policies {
		policies = append(policies, seedGrant(text))
	}
	in := awsapi.EntryRequest{PrincipalARN: a.ARNOf(s.principal), Type: s.kind, Username: s.username, KubernetesGroups: s.groups, Tags: s.tags}
	a.Enter(cl, in, daysAgo(now, s.days, s.principal), policies...)
}

func seedGrant(text string) awsapi.Association {
	name, list, _ := strings.Cut(text, ":")
	if !strings.HasPrefix(name, "AWS") {
		name = "AmazonEKS" + name
	}
	return awsapi.Grant(name+"Policy", strings.FieldsFunc(list, func(r rune) bool { return r == ',' })...)
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
