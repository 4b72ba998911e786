package cluster

import (
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Known notes what limits an answer about who has access: what could not be read, and what no list shows. command makes
// command lines of the program.
func (c *Cluster) Known(s access.Snapshot, command func(words ...string) string) []access.Note {
	notes := append(c.Shown(s.Cluster), c.TrustNotes(s.Trust)...)
	if !s.Cluster.Mode.ReadsEntries() {
		notes = append(notes, access.Notes(access.NoteMode, "", fmt.Sprintf("cluster %s is in mode %s and reads no access entries, only aws-auth. The cluster creator is an administrator too but is never listed. "+
			"To turn entries on (irreversible): %s", s.Cluster.Name, s.Cluster.Mode, command("mode", string(access.ModeBoth), "--accept-risk="+string(access.OneWayMode))))...)
	}
	notes = append(notes, s.Failures()...)
	for _, m := range s.Missing() {
		notes = append(notes, m.Note())
	}
	if m := s.AWSAuth; m != nil && s.Cluster.Mode.ReadsConfigMap() {
		for _, fault := range m.Faults {
			notes = append(notes, access.Notes(access.NoteMapping, "", "aws-auth: "+fault)...)
		}
	}
	return append(notes, s.DoubtNote()...)
}

// HasAccess reports whether a principal has an entry or a mapping. Where it has none, or the entry of a namesake overrides the
// mapping, a note says so, unless the entry could not be read.
func (n Names) HasAccess(s access.Snapshot, p access.Principal) (bool, []access.Note) {
	if _, ok := s.Entry(p); ok {
		return true, nil
	}
	mapped := len(MappingsOf(s, p)) > 0
	if slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return u.Principal == p }) {
		return mapped, nil
	}
	if namesake, _ := n.Namesake(p); namesake == "" && mapped {
		return true, nil
	}
	lacks := "it has no entry and no aws-auth mapping"
	if m := s.AWSAuth; m != nil && m.Err != nil && s.Cluster.Mode.ReadsConfigMap() {
		lacks = "it has no entry, and aws-auth could not be read"
	}
	return false, []access.Note{access.Failure("", n.NotFound(p, s.Cluster.Account(), lacks))}
}

// MappingsOf are the mappings of some principals, or of all; none where the cluster does not read aws-auth.
func MappingsOf(s access.Snapshot, who ...access.Principal) []access.Mapping {
	if s.AWSAuth == nil || !s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.AWSAuth.Mappings), func(m access.Mapping) bool { return len(who) > 0 && !slices.ContainsFunc(who, m.For) })
}
