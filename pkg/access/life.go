package access

import "fmt"

// Life is whether the role or user that an entry was created for still exists.
type Life int

// EKS ties an entry to the unique ID of its principal, so it does not work for one that was recreated later under the same
// name (EKS User Guide, "Create access entries").
const (
	LifeUnknown Life = iota // not permitted, or another account
	Alive
	Gone
	Recreated
)

// Identity is a role or user as IAM knows it.
type Identity struct {
	Principal Principal // with its path
	Missing   bool      // there is none of that name
	Doubt     string    // why IAM did not say; "" where it did
}

// Mark adds the lives of the principals of entries to the snapshot.
//
//go:noinline
func (s Snapshot) Mark(entries []Entry, lives []Life) Snapshot {
	for i, e := range entries {
		switch lives[i] {
		case Gone:
			s.Dead, s.Deleted = append(s.Dead, e.Principal), append(s.Deleted, e.Principal)
		case Recreated:
			s.Dead = append(s.Dead, e.Principal)
		case LifeUnknown:
			s.Doubtful = append(s.Doubtful, e.Principal)
		case Alive:
		}
	}
	return s
}

// Rivals are the entries that compete with an active mapping, and the others; entries that AWS manages are in neither.
func (s Snapshot) Rivals(mappings []Mapping) (rivals, rest []Entry) {
	for _, e := range s.Entries {
		rival := false
		for _, m := range mappings {
			rival = rival || s.Cluster.Mode == ModeBoth && m.State == InForce && m.Names(e.Principal)
		}
		switch {
		case e.Managed():
		case rival:
			rivals = append(rivals, e)
		default:
			rest = append(rest, e)
		}
	}
	return rivals, rest
}

// Doubt is why the life of an entry's principal is unknown; "" where it is known. err is the error of IAM.
func Doubt(e Entry, life Life, err error) string {
	switch {
	case life != LifeUnknown:
		return ""
	case err != nil:
		return err.Error()
	}
	return "only IAM of account " + e.Principal.Account() + " knows it"
}

// DoubtNote notes for how many entries of the cluster's own account the role or user could not be checked.
func (s Snapshot) DoubtNote() []Note {
	n := 0
	for _, p := range s.Doubtful {
		if p.Account() == s.Cluster.Account() {
			n++
		}
	}
	if n == 0 || s.Doubt == nil {
		return nil
	}
	entries := fmt.Sprintf("%d entries", n)
	if n == 1 {
		entries = "1 entry"
	}
	return Notes(NoteNotChecked, "", fmt.Sprintf("not checked: whether the role or user of %s was deleted or recreated (%v)", entries, s.Doubt))
}
