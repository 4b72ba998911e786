package awsauth

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// item is one item of mapRoles or mapUsers. As always in encoding/json, the case of its keys is ignored.
type item struct {
	RoleARN  string   `json:"rolearn"`
	UserARN  string   `json:"userarn"`
	SSO      *ssoRole `json:"sso"`
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

// ssoRole names an Identity Center role by its permission set.
type ssoRole struct {
	PermissionSetName string `json:"permissionSetName"`
	AccountID         string `json:"accountID"`
	Partition         string `json:"partition"`
}

// item reads one item and reports whether the authenticator reads all of it.
func (r *reader) item(m access.Mapping, raw json.RawMessage) bool {
	var it item
	_ = json.Unmarshal(raw, &it) // a wrong type affects its own field only; faults reports it
	m.ARN, m.Username, m.Groups = it.arn(m.Kind), it.Username, it.Groups
	if m.Reason = it.refusal(m.Kind, raw); m.Reason != "" {
		m.State = access.Dropped
		if m.ARN == "" && m.Username == "" && len(m.Groups) == 0 {
			r.fault(m, "%s", m.Reason)
		} else {
			r.add(m)
		}
		return false
	}
	whole := r.faults(m, raw)
	m.State = access.InForce
	if m.Reason = it.never(m.Kind, m.ARN); m.Reason != "" {
		m.State = access.NeverMatches
	}
	r.add(m)
	r.remarks(m)
	return whole
}

// arn is the ARN that the section looks for; for an item in the wrong section, the one it has.
func (it item) arn(kind access.MappingKind) string {
	own, other := it.RoleARN, it.UserARN
	if kind == access.MappedUser {
		own, other = other, own
	}
	switch {
	case own != "":
		return own
	case it.SSO != nil && kind == access.MappedRole:
		return it.SSO.pattern()
	}
	return other
}

// refusal is why the authenticator drops the item; "" when it keeps it.
func (it item) refusal(kind access.MappingKind, raw json.RawMessage) string {
	switch {
	case typeOf(raw) != "map":
		return fmt.Sprintf("the mapping is %s and is ignored; write rolearn or userarn, username and groups", article(typeOf(raw)))
	case kind == access.MappedUser && it.UserARN == "" && it.RoleARN != "":
		return "mapUsers ignores rolearn; move the mapping to mapRoles"
	case kind == access.MappedUser && it.UserARN == "":
		return "the mapping has no userarn and is ignored; add one"
	case kind == access.MappedUser:
		return ""
	case it.RoleARN == "" && it.SSO == nil && it.UserARN != "":
		return "mapRoles ignores userarn; move the mapping to mapUsers"
	case it.RoleARN == "" && it.SSO == nil:
		return "the mapping has no rolearn and is ignored; add one"
	case it.RoleARN != "" && it.SSO != nil:
		return "the mapping has both rolearn and sso and is ignored; delete one of them"
	case it.SSO != nil:
		return it.SSO.refusal()
	}
	return ""
}

// refusal holds the authenticator's own checks of an sso item.
func (s ssoRole) refusal() string {
	switch {
	case !access.IsAccount(s.AccountID):
		return fmt.Sprintf("the mapping is ignored: sso.accountID is %q; write 12 digits in quotes", s.AccountID)
	case len(s.PermissionSetName) > 32 || !iamName(s.PermissionSetName):
		return fmt.Sprintf("the mapping is ignored: %q is not the name of a permission set", s.PermissionSetName)
	case s.Partition != "" && !slices.Contains(access.Partitions, s.Partition):
		return fmt.Sprintf("the mapping is ignored: there is no AWS partition %q", s.Partition)
	}
	return ""
}

func (s ssoRole) pattern() string {
	return "arn:" + cmp.Or(s.Partition, "aws") + ":iam::" + s.AccountID + ":role/AWSReservedSSO_" + s.PermissionSetName + "_*"
}

func (it item) never(kind access.MappingKind, arn string) string {
	if it.SSO != nil && kind == access.MappedRole {
		return "sso never matches unless the authenticator's feature gate SSORoleMatch is on, and it is off by default; use rolearn with the role's ARN without its path"
	}
	return never(arn)
}
