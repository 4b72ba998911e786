package sandbox

import (
	"fmt"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// OrganizationRole is the role that the accounts of the organization have for their management account.
const OrganizationRole = "org-access"

// seedPlaces are clusters in other regions and accounts. Two have the name of one in the account itself.
var seedPlaces = []struct {
	account, region, cluster string
	entries                  []seedEntry
}{
	{accountID, "eu-central-1", "demo", []seedEntry{{principal: "role/platform-admin", kind: "STANDARD", days: 90, policies: "ClusterAdmin"}, {principal: "role/team/dev", kind: "STANDARD", days: 80, policies: "View:dev"}}},
	{"444455556666", "us-west-2", "demo", []seedEntry{{principal: "role/" + OrganizationRole, kind: "STANDARD", days: 70, policies: "ClusterAdmin"}, {principal: "role/team/dev", kind: "STANDARD", days: 60, policies: "Edit:dev"}}},
	{"444455556666", "eu-central-1", "shop", []seedEntry{{principal: "role/" + OrganizationRole, kind: "STANDARD", days: 50, policies: "ClusterAdmin"}}},
	{"555566667777", "us-west-2", "lake", []seedEntry{{principal: "role/" + OrganizationRole, kind: "STANDARD", days: 40, policies: "AdminView"}}},
}

// FleetAccounts are the accounts of Options.Fleet. They have the OrganizationRole, too.
var FleetAccounts = []string{"222233334444", "333344445555", "888899990000", "999900001111"}

// fleet are more clusters, to see how long reading all takes.
func (s state) fleet(o Options, now time.Time) (all []place) {
	if o.Fleet == 0 {
		return nil
	}
	for _, id := range FleetAccounts {
		p := place{s.account.Place(id, s.account.Region), map[string]*kubeapi.Objects{}}
		p.account.Add("role/"+OrganizationRole, now, "*").Trust = []string{"arn:aws:iam::" + accountID + ":root"}
		for i := range o.Fleet {
			name := fmt.Sprintf("fleet-%s-%d", id[:4], i)
			cl := &awsapi.Cluster{Name: name, Created: now, Creator: p.account.ARNOf("role/" + OrganizationRole), Mode: awsapi.ModeAPI, Tags: map[string]string{}, Entries: map[string]awsapi.History{}, NodeGroups: map[string]awsapi.NodeGroup{}}
			p.account.Clusters[name], p.objects[name] = cl, kubeapi.NewObjects(nil)
			fill(p.account, cl, o.Entries, now)
		}
		all = append(all, p)
	}
	return all
}

// place is one region of one account, with the state of its clusters.
type place struct {
	account *awsapi.Account
	objects map[string]*kubeapi.Objects
}

// places are the other regions and accounts. They are made at each start.
func (s state) places(now time.Time) (all []place) {
	at := map[string]place{}
	for _, seed := range seedPlaces {
		key := seed.account + seed.region
		p, ok := at[key]
		if !ok {
			p = place{s.account.Place(seed.account, seed.region), map[string]*kubeapi.Objects{}}
			at[key], all = p, append(all, p)
		}
		for _, e := range seed.entries {
			if _, known := p.account.Principal(p.account.ARNOf(e.principal)); !known {
				added := p.account.Add(e.principal, daysAgo(now, e.days+1, e.principal), "*")
				added.Trust = []string{"arn:aws:iam::" + accountID + ":root"}
			}
		}
		cl := &awsapi.Cluster{
			Name: seed.cluster, Created: daysAgo(now, 100, seed.cluster), Creator: p.account.ARNOf(seed.entries[0].principal), Mode: awsapi.ModeAPI,
			Tags: map[string]string{}, Entries: map[string]awsapi.History{}, NodeGroups: map[string]awsapi.NodeGroup{},
		}
		p.account.Clusters[seed.cluster], p.objects[seed.cluster] = cl, kubeapi.NewObjects(nil)
		for _, e := range seed.entries {
			e.enter(p.account, cl, now)
		}
	}
	return all
}
