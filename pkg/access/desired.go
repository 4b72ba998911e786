package access

// Desired is an entry as a file has it. What the file does not write stays as it is; what it writes empty becomes empty.
type Desired struct {
	Entry
	Written Fields
}

// Fields are the fields of an entry that a file writes.
type Fields struct{ Kind, Username, Groups, Grants, Tags bool }

// SetTag is the tag with the set of files that an entry belongs to.
const SetTag = "kubectl-access/set"

// Prunable is why an entry of a set stays although no file has it; "" where it may be deleted. Files never delete what others
// own, nodes, or access that somebody has for a while.
func (e Entry) Prunable() (why string) {
	switch o := e.Owner(); {
	case e.Managed():
		return "AWS owns it"
	case e.Node():
		return "it is for nodes"
	case o.Kind != "" && o.Proof:
		return "it is " + o.String()
	case !e.Expires().IsZero():
		return "it is temporary, tagged to expire " + e.Tags[ExpiresTag]
	}
	return ""
}
