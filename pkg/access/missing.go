package access

import "errors"

// Missing is something that could not be read.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Need string `json:"need,omitempty"` // the permission that would show it, if that is what is missing
}

// The parts of a snapshot that may be missing.
const (
	ReadEntries  = "access entries"
	ReadAWSAuth  = "aws-auth mappings"
	ReadBindings = "RBAC bindings"
	ReadRoles    = "RBAC roles"
	ReadLives    = "whether some roles or users were deleted or recreated" // who was has no access
)

// NeedAWSAuth is the permission to read aws-auth.
const NeedAWSAuth = "get on configmaps/aws-auth in kube-system"

// NotRead is why something could not be read: for want of a permission, or for another reason.
func NotRead(what string, err error, need string) Missing {
	if !errors.Is(err, ErrForbidden) {
		need = ""
	}
	why := err.Error()
	if errors.Is(err, ErrUnauthorized) { // the same for everything in the cluster
		why = ErrUnauthorized.Error()
	}
	return Missing{What: what, Why: why, Need: need}
}

// Reason reads "you need list on clusterroles and roles", or is the error.
func (m Missing) Reason() string {
	if m.Need != "" {
		return "you need " + m.Need
	}
	return m.Why
}

// Note reads "not checked: RBAC roles (you need list on clusterroles and roles)".
func (m Missing) Note() Note {
	return Note{Kind: NoteNotChecked, Text: "not checked: " + m.What + " (" + m.Reason() + ")"}
}

// Missing is what was requested of a snapshot and could not be read, but for single entries, and the permissions for it.
func (s Snapshot) Missing() (all []Missing) {
	if m := s.AWSAuth; m != nil && m.Err != nil && s.Cluster.Mode.ReadsConfigMap() {
		all = append(all, NotRead(ReadAWSAuth, m.Err, NeedAWSAuth))
	}
	if r := s.RBAC; r != nil && r.Err != nil {
		all = append(all, NotRead(ReadBindings, r.Err, "list on clusterrolebindings and rolebindings"))
	}
	if r := s.RBAC; r != nil && r.RolesErr != nil {
		all = append(all, NotRead(ReadRoles, r.RolesErr, "list on clusterroles and roles"))
	}
	return all
}

// AllMissing is Missing with the single entries.
func (s Snapshot) AllMissing() []Missing {
	all := s.Missing()
	for _, u := range s.Unread {
		all = append(all, u.Missing())
	}
	return all
}

// Missing is why an entry could not be read.
//
//go:noinline
func (u Unread) Missing() Missing {
	return NotRead("the access entry of "+string(u.Principal), u.Err, "eks:DescribeAccessEntry and eks:ListAssociatedAccessPolicies")
}
