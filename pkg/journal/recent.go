package journal

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Settling is how long EKS may still show a state from before a change (eks-access.md §2: several seconds).
const Settling = 10 * time.Second

// Recent holds how this machine's changes of the last seconds changed each part of some entries.
type Recent map[access.Principal]map[access.Part]course

// course is the values of one part.
type course struct {
	was   []string // its values before and between the changes
	is    []string // its value now; two where the last change was killed and may have reached this part
	doubt []string // of those, the ones that may be the value now: the last change was killed, or the answer to a step was lost
}

// Lately returns the records that RecentChanges needs, oldest first, without that of the change that asks. Unreadable ones are
// left out.
func Lately(dir, own string, now time.Time) []Record {
	files, err := os.ReadDir(dir) // sorted by name, and so by time
	if err != nil {
		return nil
	}
	const slack = time.Minute // a file server's clock may differ
	var all []Record
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), suffix)
		if !ok || id == own {
			continue
		}
		info, err := file.Info()
		if err != nil || info.ModTime().Before(now.Add(-Settling-slack)) {
			continue
		}
		if r, err := one(dir, id); err == nil {
			all = append(all, r)
		}
	}
	return all
}

// RecentChanges is what the records, oldest first, changed in a cluster's entries. own is the ID of the change that asks, if it
// has one. Other records that are older than Settling, or dated in the future, are ignored.
func RecentChanges(records []Record, cluster, own string, now time.Time) Recent {
	recent := Recent{}
	for _, r := range records {
		if r.Cluster.ARN != cluster || r.ID != own && !r.settling(now) {
			continue
		}
		planned, err := r.Changes()
		if err != nil {
			continue
		}
		for _, c := range planned {
			recent.add(c, r, own)
		}
	}
	return recent
}

func (r Record) settling(now time.Time) bool {
	at := r.Finished
	if at.IsZero() { // a migration may run for minutes before it sends anything
		at = r.Time
		if r.LastSent.After(at) {
			at = r.LastSent
		}
	}
	age := now.Sub(at)
	return 0 <= age && age <= Settling
}

func (r Record) sent(p access.Principal) (parts []access.Part) {
	for _, s := range r.Sent {
		if s.Principal == p {
			parts = append(parts, s.Part)
		}
	}
	return parts
}

// add adds one change up to the last part that was sent. If the change was killed, that part may or may not have been
// carried out; those before it were.
func (recent Recent) add(c access.Change, r Record, own string) {
	sent, open := r.sent(c.Principal()), r.Finished.IsZero()
	perhaps, surely := reached(c, sent), reached(c, sent)
	switch {
	case r.Sent == nil: // an old record, without a list of what was sent
		perhaps, surely = c.After, c.After
	case open && len(sent) > 0:
		surely = reached(c, sent[:len(sent)-1])
	}
	p, before, will, may := c.Principal(), access.PartsOf(c.Before), access.PartsOf(surely), access.PartsOf(perhaps)
	if recent[p] == nil {
		recent[p] = map[access.Part]course{}
	}
	for _, part := range (access.Change{Before: c.Before, After: perhaps}).Parts() {
		k := recent[p][part]
		was := append(append(k.was, k.is...), before[part])
		if open && r.ID != own && c.Takes() && c.Before.Administers() { // where nobody else was left, it may have been restored before the kill
			was = append(was, will[part], may[part])
		}
		now := course{was: was, is: []string{will[part], may[part]}}
		switch {
		case open && r.ID == own: // it knows what it found; what was before that may also be what it did
			now.doubt = k.was
		case open:
			now.doubt = was
		}
		recent[p][part] = now
	}
}

// reached is the entry after some parts of a change, nil for none.
func reached(c access.Change, parts []access.Part) *access.Entry {
	done := map[access.Part]bool{}
	for _, p := range parts {
		done[p] = true
	}
	if part, ok := c.Only(done); ok {
		return part.After
	}
	return c.Before
}

// Behind returns the principals for which a snapshot still shows a state from before a recent change, or between two; with
// perhaps also where that is not certain because the change was killed or an answer was lost. The snapshot was read for want: an entry counts as
// missing only if it was requested.
func (recent Recent) Behind(s access.Snapshot, want access.Want, perhaps bool) []access.Principal {
	var behind []access.Principal
	for _, p := range slices.Sorted(maps.Keys(recent)) {
		var now map[access.Part]string
		if e, ok := s.Entry(p); ok {
			now = access.PartsOf(&e)
		} else if !recent.asked(p, want) || slices.ContainsFunc(s.Unread, func(u access.Unread) bool { return u.Principal == p }) {
			continue
		}
		for part, k := range recent[p] {
			if slices.Contains(k.was, now[part]) && (perhaps && slices.Contains(k.doubt, now[part]) || !slices.Contains(k.is, now[part])) {
				behind = append(behind, p)
				break
			}
		}
	}
	return behind
}

// asked reports whether the snapshot would contain an entry of this principal.
func (recent Recent) asked(p access.Principal, want access.Want) bool {
	admin := access.Grant{Policy: access.ClusterAdmin}
	administers := slices.Contains(recent[p][access.PartOf(access.Associate{Grant: admin})].is, admin.String())
	return want.All || slices.Contains(want.Principals, p) || want.Administrators && administers
}

// Knows reports whether a recent change of this machine found or left this value of a part.
func (recent Recent) Knows(p access.Principal, part access.Part, value string) bool {
	k := recent[p][part]
	return slices.Contains(k.was, value) || slices.Contains(k.is, value)
}
