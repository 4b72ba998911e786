package awsapi

import (
	"slices"
	"strings"
)

// Place is another account of the organization, or another region of the account: what is kept in one region of one account. It
// lives as long as the process.
func (a *Account) Place(id, region string) *Account {
	other := &Account{Kept: Kept{ID: id, Region: region, Principals: map[string]*Principal{}}, Clusters: map[string]*Cluster{}, root: a}
	if id == a.ID {
		other.Principals = a.Principals
	}
	for _, p := range a.places {
		if p.ID == id {
			other.Principals = p.Principals
		}
	}
	other.Settings = a.Settings
	other.Endpoints = map[string]Endpoint{}
	a.places = append(a.places, other)
	return other
}

// at is where a call goes: the caller's account in the region that was signed for.
func (a *Account) at(c *Call) *Account {
	if c.who.Account == a.ID && c.region == a.Region {
		return a
	}
	home := a
	for _, p := range a.places {
		if p.ID == c.who.Account && p.Region == c.region {
			return p
		}
		if p.ID == c.who.Account && home.ID != p.ID {
			home = p
		}
	}
	return home
}

// accountOf is the account of a role's ARN, as far as the organization has it.
func (a *Account) accountOf(arn string) *Account {
	top := a.top()
	for _, p := range top.places {
		if strings.HasPrefix(arn, p.ARNOf("")) {
			return p
		}
	}
	return top
}

// top is the account that the sandbox began with. It has the keys of all.
func (a *Account) top() *Account {
	if a.root != nil {
		return a.root
	}
	return a
}

// regions of the account, and one that is not enabled in it.
var regions = []string{"eu-central-1", "us-east-1", "us-west-2"}

// DisabledRegion knows no credentials, as a region that an account has not enabled.
const DisabledRegion = "ap-east-1"

// listRegions answers in pages of two.
func (a *Account) listRegions(c *Call) (any, error) {
	var in struct{ NextToken string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	type region struct{ RegionName, RegionOptStatus string }
	out := struct {
		Regions   []region
		NextToken string `json:",omitempty"`
	}{}
	rest := regions[max(0, slices.Index(regions, in.NextToken)):]
	for i, name := range rest {
		if i == 2 {
			out.NextToken = name
			break
		}
		out.Regions = append(out.Regions, region{name, "ENABLED_BY_DEFAULT"})
	}
	return out, nil
}

// members of the organization. One is suspended, and one has no role that may be assumed.
var members = []struct{ id, name, status string }{
	{"111122223333", "management", "ACTIVE"},
	{"444455556666", "workloads", "ACTIVE"},
	{"555566667777", "data", "ACTIVE"},
	{"666677778888", "sealed", "ACTIVE"},
	{"777788889999", "former", "SUSPENDED"},
}

// listAccounts answers with an empty page first, as Organizations may.
func (a *Account) listAccounts(c *Call) (any, error) {
	var in struct{ NextToken string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if a.root != nil {
		return nil, &refusal{status: 400, code: "AccessDeniedException", message: "You don't have permissions to access this resource."}
	}
	type account struct{ Id, Arn, Name, Status string }
	out := struct {
		Accounts  []account
		NextToken string `json:",omitempty"`
	}{Accounts: []account{}}
	switch in.NextToken {
	case "":
		out.NextToken = "1"
	case "1", "2":
		half := members[:3]
		if out.NextToken = "2"; in.NextToken == "2" {
			half, out.NextToken = members[3:], ""
		}
		for _, m := range half {
			out.Accounts = append(out.Accounts, account{m.id, "arn:aws:organizations::" + a.ID + ":account/o-sandbox/" + m.id, m.name, m.status})
		}
	}
	return out, nil
}
