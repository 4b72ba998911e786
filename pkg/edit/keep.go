package edit

import (
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Keep is Grant for principals with access through aws-auth: the new entry also gets the groups and username of the mapping
// that it overrides and, for system:masters, which an entry cannot have, the policy cluster-admin.
func Keep(want access.Entry) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		m, mapped := s.ActiveMapping(want.Principal)
		if !mapped {
			return Grant(want)(s)
		}
		name := want.Principal.Short(s.Cluster.Account())
		if m.Node() {
			return access.Snapshot{}, fmt.Errorf("%w: %s: its mapping %s is for nodes; create an entry for nodes with --type", access.ErrRule, name, m.Place())
		}
		username, groups := m.Identity(want.Principal)
		for _, g := range groups {
			if access.Templated(g) {
				return access.Snapshot{}, fmt.Errorf("%w: %s: an entry cannot have the group %s of its mapping %s, which differs between sessions", access.ErrRule, name, g, m.Place())
			}
			if !m.Masters() || access.CheckGroup(g) == nil { // cluster-admin includes what a reserved group may give
				want.Groups = append(want.Groups[:len(want.Groups):len(want.Groups)], g)
			}
		}
		if m.Masters() {
			want.Grants = widen(append([]access.Grant{}, want.Grants...), access.Grant{Policy: access.ClusterAdmin})
		}
		if unfit := access.CheckUsername(username) != nil || strings.Contains(username, "{{AccessKeyID}}"); want.Username == "" && (!m.Masters() || !unfit) {
			want.Username = username
		}
		return Grant(want)(s)
	}
}
