package awsauth

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// item is what may stand in an item of mapRoles and mapUsers. Upper and lower case of its keys
// do not count, as always in encoding/json.
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

// item reads one item and tells whether the authenticator takes in all of it.
func (r *reader) item(l line, raw json.RawMessage) bool {
	var it item
	_ = json.Unmarshal(raw, &it) // a wrong type spoils its own field only; faults names it
	l.ARN, l.Username, l.Groups = it.arn(l.Kind), it.Username, it.Groups
	if l.Reason = it.refusal(l.Kind, raw); l.Reason != "" {
		l.State = access.Dropped
		if l.ARN == "" && l.Username == "" && len(l.Groups) == 0 {
			r.defect(l.key, l.item, "%s", l.Reason)
		} else {
			r.add(l)
		}
		return false
	}
	whole := r.faults(l, raw)
	l.State = access.InForce
	if l.Reason = it.never(l); l.Reason != "" {
		l.State = access.NeverMatches
	}
	r.add(l)
	r.remarks(l)
	return whole
}

// arn is the ARN that the section looks for; of a misplaced item whatever it has.
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

// refusal says why the authenticator drops the item; "" when it keeps it.
func (it item) refusal(kind access.MappingKind, raw json.RawMessage) string {
	switch {
	case typeOf(raw) != "map":
		return fmt.Sprintf("the item is %s and not read; write rolearn or userarn, username and groups", article(typeOf(raw)))
	case kind == access.MappedUser && it.UserARN == "" && it.RoleARN != "":
		return "the item has a rolearn, which mapUsers does not read; move it to mapRoles"
	case kind == access.MappedUser && it.UserARN == "":
		return "the item has no userarn and is not read; add it"
	case kind == access.MappedUser:
		return ""
	case it.RoleARN == "" && it.SSO == nil && it.UserARN != "":
		return "the item has a userarn, which mapRoles does not read; move it to mapUsers"
	case it.RoleARN == "" && it.SSO == nil:
		return "the item has no rolearn and is not read; add it"
	case it.RoleARN != "" && it.SSO != nil:
		return "the item has both rolearn and sso and is not read; delete one of them"
	case it.SSO != nil:
		return it.SSO.refusal()
	}
	return ""
}

// refusal holds the authenticator's own checks of an sso item.
func (s ssoRole) refusal() string {
	switch {
	case !access.IsAccount(s.AccountID):
		return fmt.Sprintf("the item is not read: sso.accountID is %q; write twelve digits in quotes", s.AccountID)
	case len(s.PermissionSetName) > 32 || !iamName(s.PermissionSetName):
		return fmt.Sprintf("the item is not read: %q cannot be a permission set; write its name", s.PermissionSetName)
	case s.Partition != "" && !slices.Contains(access.Partitions, s.Partition):
		return fmt.Sprintf("the item is not read: there is no AWS partition %q", s.Partition)
	}
	return ""
}

// pattern is the ARN of the roles that are meant.
func (s ssoRole) pattern() string {
	partition := s.Partition
	if partition == "" {
		partition = "aws"
	}
	return "arn:" + partition + ":iam::" + s.AccountID + ":role/AWSReservedSSO_" + s.PermissionSetName + "_*"
}

func (it item) never(l line) string {
	if it.SSO != nil && l.Kind == access.MappedRole {
		return "sso matches nobody unless the authenticator's feature SSORoleMatch is on, and it is off by default; write the role's ARN without its path as rolearn"
	}
	return never(l.ARN)
}
