package whoami

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// recreated: the entry exists and no longer works.
func (f Facts) recreated() []Problem {
	if !f.dead() {
		return nil
	}
	commands := append([]string{f.administrator().Command("revoke", string(f.Entry.Principal))}, f.grant(renewed(*f.Entry))...)
	return one(RoleRecreated, Administrator, fmt.Sprintf("%s was deleted and recreated on %s; its access entry (%s) is still tied to the old one's ID and no longer works",
		f.short(), f.Made.UTC().Format("2006-01-02"), f.Entry.Created.UTC().Format("2006-01-02")), commands...)
}

// notYet: the entry fits, and takes effect some seconds later (eks-access.md §2).
func (f Facts) notYet() []Problem {
	if f.Entry == nil {
		return nil
	}
	text := fmt.Sprintf("%s has an access entry, but the cluster does not accept it yet: a change takes a few seconds, so try again", f.short())
	if f.MadeErr != nil {
		text += fmt.Sprintf("; if this persists, %s may have been deleted and recreated, which could not be checked", f.short())
	}
	return one(EntryNotYet, You, text)
}

// roleChanged: the entry is for the caller's role under its former suffix or path.
func (f Facts) roleChanged() []Problem {
	former := f.FormerOf()
	if former == "" {
		return nil
	}
	e := access.Entry{}
	if f.Former != nil {
		e = renewed(*f.Former)
	}
	what := "Identity Center recreated the role of permission set " + former.PermissionSet()
	if former.PermissionSet() == "" {
		what = "the path of the role has changed"
	}
	return one(RoleChanged, Administrator, fmt.Sprintf("%s: the access entry is for %s, and you are %s", what, former, f.principal()),
		append(f.grant(e), f.administrator().Command("revoke", string(former)))...)
}

// FormerOf is the principal of an entry that was made for the caller's role before it changed, or "".
func (f Facts) FormerOf() access.Principal {
	me := f.principal()
	for _, p := range f.Entries {
		sameSet := me.PermissionSet() != "" && p.PermissionSet() == me.PermissionSet() && p.Account() == me.Account()
		if p != me && p.Partition() == me.Partition() && (sameSet || p.Is(me)) {
			return p
		}
	}
	return ""
}

func (f Facts) otherProfile() []Problem {
	var found []Problem
	for _, profile := range f.Profiles {
		for _, p := range f.Entries {
			if profile.Role.Is(p) && !p.Is(f.principal()) || profile.Role.PermissionSet() == "" && sameSet(profile.Role, p) {
				found = append(found, Problem{
					Cause: OtherProfile, By: You,
					Text:     fmt.Sprintf("%s has no access entry, but %s has one, which your profile %s assumes", f.short(), p.Short(p.Account()), profile.Name),
					Commands: []string{f.kubeconfig(profile.Name)},
				})
				break
			}
		}
	}
	return found
}

// sameSet compares a profile's sso_role_name, which is the permission set, with a role's full name.
func sameSet(set, p access.Principal) bool {
	return p.PermissionSet() != "" && p.PermissionSet() == set.Name() && p.Account() == set.Account()
}

// neverMatches: a mapping was meant for the caller, and never matches.
func (f Facts) neverMatches() []Problem {
	var found []Problem
	if f.mapping() != nil {
		return nil
	}
	for _, m := range f.Mappings {
		if m.State == access.InForce || !f.means(m) {
			continue
		}
		found = append(found, Problem{Cause: MappingNeverMatches, By: Administrator, Text: never(m), Commands: f.cure(entryOf(m))})
	}
	if len(found) > 0 || f.AWS == nil {
		return found
	}
	if text, ok := f.Unread[map[string]string{"role": "mapRoles", "user": "mapUsers"}[f.principal().Kind()]]; ok {
		found = append(found, Problem{Cause: MappingNeverMatches, By: Administrator, Text: "part of aws-auth is invalid and is ignored: " + text, Commands: f.cure(access.Entry{})})
	}
	return found
}

//go:noinline
func never(m access.Mapping) string {
	return fmt.Sprintf("an aws-auth mapping for %s never matches: %s", m.ARN, m.Reason)
}

// cure is how an administrator grants access: where entries are not read yet, they are turned on first.
func (f Facts) cure(e access.Entry) []string {
	commands := f.grant(e)
	if f.NoEntries {
		step := f.administrator().Command("mode", string(access.ModeBoth), "--accept-risk=one-way-mode")
		return append([]string{step}, commands...)
	}
	return commands
}

// entryOf is the intent of a mapping as an entry: administrators by policy, and no name or group that EKS refuses (eks-access.md §4.2, §4.3).
func entryOf(m access.Mapping) access.Entry {
	var e access.Entry
	for _, g := range m.Groups {
		if access.Reserved(g) == "" {
			e.Groups = append(e.Groups, g)
		}
	}
	if m.Masters() {
		e.Grants = []access.Grant{{Policy: access.ClusterAdmin}}
	}
	if access.Reserved(m.Username) == "" && !strings.Contains(m.Username, "{{") {
		e.Username = m.Username
	}
	return e
}

func (f Facts) mode() []Problem {
	if f.AWS == nil || !f.NoEntries {
		return nil
	}
	text := fmt.Sprintf("cluster %s is in mode CONFIG_MAP: only its creator and aws-auth mappings have access", f.Cluster.Name)
	if f.MappingsErr != nil {
		text += f.perhapsMapped()
	} else {
		text += ", and no active mapping is for " + f.short()
	}
	return one(ModeConfigMap, Administrator, text, f.cure(access.Entry{})...)
}

func (f Facts) noEntry() []Problem {
	if f.AWS == nil || f.Trouble != Unauthorized {
		return nil
	}
	m := f.mapping()
	api := f.Info != nil && f.Info.Mode == access.ModeAPI
	text := fmt.Sprintf("cluster %s has no access entry for %s", f.Cluster.Name, f.short())
	switch {
	case f.EntryErr == nil && !api && f.MappingsErr != nil:
		text += f.perhapsMapped()
	case f.EntryErr != nil:
		text = fmt.Sprintf("cluster %s denies access to %s; whether it has an access entry could not be read", f.Cluster.Name, f.short())
	case api && m != nil:
		text += "; it has an aws-auth mapping, but in mode API the cluster does not read aws-auth"
		return one(NoEntry, Administrator, text, f.grant(entryOf(*m))...)
	case api:
		text += ", and in mode API only entries give access: aws-auth is not read"
	case f.Info != nil:
		text += ", and no active aws-auth mapping"
	}
	return one(NoEntry, Administrator, text, f.grant(access.Entry{})...)
}

// shadowed: the caller has access, and a mapping that gives more is overridden by a later one, or never matches. It has no
// commands: whether the caller needs more is not known.
func (f Facts) shadowed() []Problem {
	if f.ByEntry() {
		return nil // entries override aws-auth
	}
	var found []Problem
	for _, m := range f.Mappings {
		if m.State != access.InForce && f.means(m) && !f.covers(m) {
			p := Problem{Cause: MappingNeverMatches, By: Administrator, Text: never(m) + "; this matters only if you need its rights"}
			if m.State == access.Shadowed {
				p.Cause = MappingShadowed
				p.Text = fmt.Sprintf("another aws-auth mapping for %s, with %s, is overridden by a later mapping; this matters only if you need its rights", m.ARN, groups(m.Groups))
			}
			found = append(found, p)
		}
	}
	return found
}

// covers reports whether the active mapping gives all that another one would.
func (f Facts) covers(m access.Mapping) bool {
	now := f.mapping()
	return now != nil && (now.Masters() || !slices.ContainsFunc(m.Groups, func(g string) bool { return !slices.Contains(now.Groups, g) }))
}

//go:noinline
func groups(list []string) string {
	if len(list) == 0 {
		return "no groups"
	}
	return "groups " + strings.Join(list, ", ")
}

func (f Facts) grantsNothing() []Problem {
	if !f.ByEntry() || len(f.Entry.Grants) > 0 || f.Entry.Node() || !f.Unbound {
		return nil
	}
	return one(GrantsNothing, Administrator, fmt.Sprintf("the access entry of %s has no access policy, and no RBAC binding grants its username or %s anything in namespace %s",
		f.short(), groups(f.Entry.Groups), f.Namespace), f.grant(access.Entry{})...)
}

// perhapsMapped says what an administrator should look for in aws-auth, which the caller cannot read.
func (f Facts) perhapsMapped() string {
	text := "; if aws-auth has a mapping for " + f.short() + ", that mapping does not work"
	if me := f.principal(); me.Kind() == "role" && me.Path() != "/" {
		text += ": a mapping that is written with the path of the role never matches"
	}
	return text
}
