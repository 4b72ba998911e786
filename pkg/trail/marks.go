package trail

import (
	"slices"
	"strings"
	"time"
)

// Brief is something that was granted and revoked a short time later.
type Brief struct{ Given, Revoked *Change }

// short is how long a short time is (cloudtrail.md §5).
const short = time.Hour

// Briefs are the changes that granted something which was revoked within an hour, each with the change that did.
func (s *Story) Briefs() (all []Brief) {
	for i, c := range s.Changes {
		gave := gains(c)
		for _, o := range s.Changes[i+1:] {
			if len(gave) == 0 || o.Time.Sub(c.Last) > short {
				break
			}
			if o.Failed() || key(o.Cluster, o.Principal) != key(c.Cluster, c.Principal) {
				continue
			}
			left := o.After.parts()
			if slices.ContainsFunc(gave, func(part string) bool { return left[part] == "" }) {
				all = append(all, Brief{c, o})
				break
			}
		}
	}
	return all
}

// gains are the entry and the policies that a change gave. What an unread state may have had before is none.
func gains(c *Change) (all []string) {
	if c.Failed() || c.Principal == "" || c.Name == "CreateCluster" {
		return nil
	}
	had := c.Before.parts()
	for part := range c.After.parts() {
		if had[part] == "" && c.Before.Knows(part) && (part == entry || strings.HasPrefix(part, policy)) {
			all = append(all, part)
		}
	}
	return all
}

// Grants reports whether a change gave or widened something: it is not a revocation, and something differs.
func (c *Change) Grants() bool {
	return !c.Failed() && !c.revokes() && c.Name != "CreateCluster" && c.Principal != "" && len(differing(c.Before, c.After)) > 0
}

// Denied reports whether the call was refused for want of a permission, and not because it was wrong.
func (e *Event) Denied() bool { return strings.HasPrefix(e.Error, "AccessDenied") }

// With is the tool, and the service that made the call for the actor.
func (c *Change) With() string {
	via, _, _ := strings.Cut(c.Actor.Via, ".")
	switch {
	case c.Actor.Type == "AWSService" || c.Tool == c.Actor.Via && c.Tool != "":
		return ""
	case via != "" && !strings.EqualFold(via, c.Tool):
		return strings.TrimPrefix(c.Tool+" by "+via, " ")
	}
	return c.Tool
}

// By names the person and the tool: alice (Terraform).
func (c *Change) By() string {
	if tool := c.With(); tool != "" {
		return c.Actor.Name() + " (" + tool + ")"
	}
	return c.Actor.Name()
}
