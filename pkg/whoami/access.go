package whoami

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// recreated: an entry that is there and does nothing.
func (f Facts) recreated() []Problem {
	if !f.dead() {
		return nil
	}
	commands := append([]string{f.administrator().Command("revoke", string(f.Entry.Principal))}, f.grant(renewed(*f.Entry))...)
	return one(RoleRecreated, Administrator, fmt.Sprintf("%s was deleted and recreated on %s; its access entry (%s) is still tied to the old one's ID and no longer works",
		f.short(), f.Made.UTC().Format("2006-01-02"), f.Entry.Created.UTC().Format("2006-01-02")), commands...)
}

// notYet: an entry is there and fits, so what is missing is time (eks-access.md §2: changes take effect some seconds later).
func (f Facts) notYet() []Problem {
	if f.Entry == nil {
		return nil
	}
	text := fmt.Sprintf("%s has an access entry, and the cluster does not let it in (yet): a change takes some seconds", f.short())
	if f.MadeErr != nil {
		text += fmt.Sprintf("; if that lasts, %s was deleted and recreated since, which could not be checked", f.short())
	}
	return one(EntryNotYet, You, text, f.again())
}

// roleChanged: the entry names what the caller's role was before, under another suffix or path.
func (f Facts) roleChanged() []Problem {
	former := f.FormerOf()
	if former == "" {
		return nil
	}
	e := access.Entry{}
	if f.Former != nil {
		e = renewed(*f.Former)
	}
	what := "Identity Center made the role of permission set " + former.PermissionSet() + " anew"
	if former.PermissionSet() == "" {
		what = "the role's path has changed"
	}
	return one(RoleChanged, Administrator, fmt.Sprintf("%s: the access entry names %s, you are %s", what, former, f.principal()),
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
					Text:     fmt.Sprintf("no access entry names %s, but one names %s, which is what your profile %s takes", f.short(), p.Short(p.Account()), profile.Name),
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

// neverMatches: a line was meant for the caller, and the authenticator never takes it for that.
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
		found = append(found, Problem{Cause: MappingNeverMatches, By: Administrator, Text: "aws-auth holds what is not read: " + text, Commands: f.cure(access.Entry{})})
	}
	return found
}

func never(m access.Mapping) string {
	return fmt.Sprintf("a line of aws-auth names %s and never matches: %s", m.ARN, m.Reason)
}

// cure is how an administrator lets the caller in: where entries are not read yet, they are turned on first.
func (f Facts) cure(e access.Entry) []string {
	commands := f.grant(e)
	if f.NoEntries {
		step := f.administrator().Command("mode", string(access.ModeBoth), "--accept-risk=one-way-mode", "--yes")
		return append([]string{step}, commands...)
	}
	return commands
}

// entryOf is a line's intent as an entry: administrators by policy, and no name or group that EKS refuses (eks-access.md §4.2, §4.3).
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
	return one(ModeConfigMap, Administrator, fmt.Sprintf("cluster %s is in mode CONFIG_MAP: only its creator and lines of aws-auth get in, and none in force is for %s",
		f.Cluster.Name, f.short()), f.cure(access.Entry{})...)
}

func (f Facts) noEntry() []Problem {
	if f.AWS == nil || f.Trouble != Unauthorized {
		return nil
	}
	m := f.mapping()
	api := f.Info != nil && f.Info.Mode == access.ModeAPI
	text := fmt.Sprintf("no access entry of cluster %s names %s", f.Cluster.Name, f.short())
	switch {
	case f.EntryErr != nil:
		text = fmt.Sprintf("cluster %s does not let in %s; whether an access entry names it could not be looked at", f.Cluster.Name, f.short())
	case api && m != nil:
		text += "; a line of aws-auth does, but the cluster is in mode API and reads aws-auth no more"
		return one(NoEntry, Administrator, text, f.grant(entryOf(*m))...)
	case api:
		text += ", and in mode API nothing else lets in: lines of aws-auth are not read"
	case f.Info != nil:
		text += ", and no line of aws-auth in force is for it"
	}
	return one(NoEntry, Administrator, text, f.grant(access.Entry{})...)
}

// shadowed: the caller is in, and a line that gives more is not in force: a later one replaced it, or it never matches.
func (f Facts) shadowed() []Problem {
	if f.ByEntry() {
		return nil // entries win over aws-auth
	}
	var found []Problem
	for _, m := range f.Mappings {
		if m.State != access.InForce && f.means(m) && !f.covers(m) {
			p := Problem{Cause: MappingNeverMatches, By: Administrator, Text: never(m), Commands: f.cure(entryOf(m))}
			if m.State == access.Shadowed {
				p.Cause = MappingShadowed
				p.Text = fmt.Sprintf("another line of aws-auth for %s, with %s, is not in force, since a later one wins; should its rights have been meant:", m.ARN, groups(m.Groups))
			}
			found = append(found, p)
		}
	}
	return found
}

// covers tells whether the line in force gives all that another one would.
func (f Facts) covers(m access.Mapping) bool {
	now := f.mapping()
	return now != nil && (now.Masters() || !slices.ContainsFunc(m.Groups, func(g string) bool { return !slices.Contains(now.Groups, g) }))
}

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
	return one(GrantsNothing, Administrator, fmt.Sprintf("the access entry of %s has no access policy, and RBAC gives its username and %s nothing in namespace %s",
		f.short(), groups(f.Entry.Groups), f.Namespace), f.grant(access.Entry{})...)
}

// unchecked says what could not be looked at, and what that leaves open.
func (f Facts) unchecked(r Report) []string {
	if f.Login != None && f.Login != Unknown && !r.LetIn {
		return nil // everything else failed for that
	}
	var all []string
	add := func(err error, what string) {
		if err != nil {
			all = append(all, what+": "+err.Error())
		}
	}
	add(f.AWSErr, "who you are to AWS")
	add(f.EntryErr, "your access entry")
	add(f.EntriesErr, "which other entries there are")
	if !r.LetIn || f.Entry != nil {
		add(f.MadeErr, "whether your role or user was deleted and recreated")
	}
	if r.By == nil && (r.LetIn || len(r.Problems) == 0 || r.Problems[0].Cause == NoEntry || r.Problems[0].Cause == ModeConfigMap) {
		add(f.MappingsErr, "the aws-auth ConfigMap (an administrator reads it by `kubectl -n kube-system get configmap aws-auth -o yaml`; pass the file with --aws-auth)")
	}
	add(f.BoundErr, "whether RBAC gives you anything")
	if f.Trouble == Unknown {
		add(f.KubeErr, "who you are to the cluster")
	}
	return all
}
