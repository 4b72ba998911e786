package audit

import (
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Change is a change of access, or an attempt, that the history has and a check finds.
type Change struct {
	Check     string // the ID of the check that finds it
	ID        string // tells it from others
	At        time.Time
	Principal access.Principal // "" for the cluster
	What      string           // "+ edit in namespace dev"
	By        string           // with the tool: alice (Terraform)
	Error     string
	Until     time.Time // when it was revoked
	RevokedBy string
	_         [0]func() // nothing compares changes, which costs code
}

// The sources that are read on request only.
const (
	ReadHistory = "history of changes"
	ReadFiles   = "files"
)

// changed are the changes that the history has for a check.
func changed(v *view) {
	for _, c := range v.History {
		if c.Check != v.check.ID {
			continue
		}
		name, remedy := c.Principal.Short(v.account), []string{"history"}
		evidence := c.At.UTC().Format(time.RFC3339) + " " + c.What + " by " + c.By + sep + c.Error
		if c.Principal != "" {
			remedy = append(remedy, name)
		} else {
			name = v.s.Cluster.Name
		}
		words := []string{name, c.What, c.By}
		if c.Error != "" {
			remedy = append(remedy, "--errors")
		}
		if !c.Until.IsZero() {
			evidence += sep + c.Until.UTC().Format(time.RFC3339) + " revoked by " + c.RevokedBy
			words = append(words, c.Until.Sub(c.At).Round(time.Second).String())
		}
		v.add(c.Principal, name, c.ID, Info, evidence, v.Command(remedy...), words...)
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
		v.about(e.Principal, "", "cluster: "+live+sep+"files: "+written, v.Command("apply", "-f", strings.Join(v.Files, ",")), live, written)
	}
}
