package edit

import (
	"maps"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Copied is what an entry of one cluster becomes in another one.
type Copied struct {
	access.Desired        // the principal is that of the source where there is nothing to look up
	LookUp         string // the principal that must be looked up in the account of the other cluster: it is another one of this name
	LeftOut        string // why the entry is not copied; "": it is
}

// foreign begin the keys of tags that belong to the entry of the source: those of AWS, of other tools and of this program.
var foreign = []string{"aws:", "services.k8s.aws/", "kubectl-access/", "crossplane-", "kro.run/", "alpha.eksctl.io/", "eksctl.cluster.k8s.io/"}

// Copy decides what an entry becomes in another cluster. A permission set and a role or user of the source's account are the ones of
// the same name in the other account.
func Copy(e access.Entry, from, to access.Info) Copied {
	c := Copied{Desired: access.Desired{Entry: e, Written: access.Fields{Kind: true, Groups: true, Grants: true, Tags: true, Username: true}}}
	c.ARN = ""
	c.Tags = maps.Clone(e.Tags)
	maps.DeleteFunc(c.Tags, func(key, _ string) bool {
		for _, begin := range foreign {
			if strings.HasPrefix(key, begin) {
				return true
			}
		}
		return false
	})
	if e.Username == usual(e.Principal) {
		c.Username, c.Written.Username = "", false
	}
	switch o := e.Owner(); {
	case from.Partition() != to.Partition():
		c.LeftOut = "it is of partition " + from.Partition() + ", and the other cluster is in " + to.Partition()
	case e.Managed():
		c.LeftOut = "AWS owns it"
	case e.Node():
		c.LeftOut = "it is for nodes"
	case o.Adds:
		c.LeftOut = "it is " + o.String()
	case !e.Expires().IsZero():
		c.LeftOut = "it is temporary, tagged to expire " + e.Tags[access.ExpiresTag]
	case from.Account() != to.Account() && e.Principal.Account() == from.Account():
		c.LookUp = e.Principal.Short(from.Account())
	}
	return c
}

// usual is the username that EKS gives to the entry of a principal.
func usual(p access.Principal) string {
	if p.Kind() != "role" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":sts::" + p.Account() + ":assumed-role/" + p.Name() + "/{{SessionName}}"
}
