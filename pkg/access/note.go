package access

import (
	"fmt"
	"slices"
)

// Note is something to know about a change or an answer. It is not a risk: nothing is refused because of it.
type Note struct {
	Kind    NoteKind
	Subject string // what the note is about: a principal in short form, a mapping's place, a record's ID; "" for the cluster
	Text    string
	Err     error // why something requested will not be done, or was not read; then Text is empty
}

// NoteKind is the kind of a note.
type NoteKind string

// The kinds of notes.
const (
	NoteContext    NoteKind = "context"     // how the cluster was found
	NoteTypo       NoteKind = "typo"        // an unknown name
	NoteExpiry     NoteKind = "expiry"      // what an expiry tag does, and does not
	NoteStale      NoteKind = "stale"       // an entry that no longer works
	NoteOwner      NoteKind = "owner"       // something else manages the entry
	NotePolicy     NoteKind = "policy"      // a policy that is not for people
	NoteEmptied    NoteKind = "emptied"     // an entry that will grant nothing
	NoteAbsent     NoteKind = "absent"      // what should be revoked does not exist
	NoteMapping    NoteKind = "mapping"     // what aws-auth gives besides the entry
	NoteMode       NoteKind = "mode"        // what a mode means for this cluster
	NoteUndo       NoteKind = "undo"        // what an undo does not restore
	NoteMigration  NoteKind = "migration"   // what is left of a migration
	NoteNotChecked NoteKind = "not-checked" // what could not be read
	NoteTrust      NoteKind = "trust"       // certificate authorities that the kubeconfig does not trust
	NoteSet        NoteKind = "set"         // what belongs to a set of files
	NoteDone       NoteKind = "done"        // what was done beside the steps of the plan
	NoteFailed     NoteKind = "failed"      // Err is set
)

// Notes are notes of one kind about one subject.
//
//go:noinline
func Notes(kind NoteKind, subject string, texts ...string) []Note {
	var all []Note
	for _, text := range texts {
		if text != "" {
			all = append(all, Note{Kind: kind, Subject: subject, Text: text})
		}
	}
	return all
}

// Sentences are notes and failures as text; nil for none.
func Sentences(notes []Note) (all []string) {
	for _, n := range notes {
		text := n.Text
		if n.Err != nil {
			text = n.Err.Error()
		}
		all = append(all, text)
	}
	return all
}

// Count reads "1 entry" or "3 entries".
//
//go:noinline
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Failure is the note of something that could not be done or read.
func Failure(subject string, err error) Note {
	return Note{Kind: NoteFailed, Subject: subject, Err: err}
}

// Failed reports whether one of the notes is a failure.
//
//go:noinline
func Failed(notes []Note) bool {
	return slices.ContainsFunc(notes, func(n Note) bool { return n.Err != nil })
}

// Failures are the entries that could not be read.
func (s Snapshot) Failures() []Note {
	var all []Note
	for _, u := range s.Unread {
		name := u.Principal.Short(s.Cluster.Account())
		all = append(all, Failure(name, fmt.Errorf("accessentry/%s: %w", name, u.Err)))
	}
	return all
}
