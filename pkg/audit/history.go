package audit

import (
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Change is a change of access, or an attempt, that the history has.
type Change struct {
	ID        string // tells it from others
	At        time.Time
	Principal access.Principal // "" for the cluster
	What      string           // "+ edit in namespace dev"
	By        string           // with the tool: alice (Terraform)
	Error     string
	Until     time.Time // when it was revoked
	RevokedBy string
}

// The sources that are read on request only.
const (
	ReadHistory = "history of changes"
	ReadFiles   = "files"
)

// stamp is the time of a change, as evidence.
func (c *Change) stamp() string {
	return c.At.UTC().Format(time.RFC3339) + " " + c.What + " by " + c.By
}

// changed adds a finding about a change.
func (v *view) changed(c *Change, evidence string, words ...string) {
	name := c.Principal.Short(v.account)
	remedy := v.Command("history", name)
	if c.Principal == "" {
		name = v.s.Cluster.Name
		remedy = v.Command("history", "--errors")
	} else if c.Error != "" {
		remedy = v.Command("history", name, "--errors")
	}
	v.add(c.Principal, name, c.ID, Info, c.stamp()+evidence, remedy, append([]string{name}, words...)...)
}

func shortLived(v *view) {
	for i := range v.Brief {
		c := &v.Brief[i]
		v.changed(c, sep+c.Until.UTC().Format(time.RFC3339)+" revoked by "+c.RevokedBy, c.Until.Sub(c.At).Round(time.Second).String(), c.What, c.By)
	}
}

func selfGrant(v *view) {
	for i := range v.Own {
		c := &v.Own[i]
		v.changed(c, "", c.What, c.By)
	}
}

func refusedAttempt(v *view) {
	for i := range v.Refused {
		c := &v.Refused[i]
		v.changed(c, sep+c.Error, c.By, c.What)
	}
}

// drift is what differs from files: Before is the entry, and After what the files say.
func drift(v *view) {
	for _, c := range v.Drift {
		e := c.After
		live, written := "no entry", "no entry"
		if c.After != nil {
			written = holdings(c.After)
		}
		if c.Before != nil {
			e, live = c.Before, holdings(c.Before)
		}
		v.about(e.Principal, "", "cluster: "+live+sep+"files: "+written, v.Command(append([]string{"apply"}, v.Files...)...), live, written)
	}
}
