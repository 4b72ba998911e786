package printer

import (
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// History is changes of access as they were recorded.
type History struct {
	Story   *trail.Story
	Changes []*trail.Change // the newest first
	In      trail.Cluster   // of all of them; zero: of several clusters
	One     bool            // all are about one principal
	Window  *trail.Window   // nil: from files
	Sources []string
	Live    map[access.Principal]*access.Entry
	Command func(words ...string) string
	Manager string    // wrote aws-auth last
	Written time.Time // zero: not known
}

// Table has a row for each change.
func (h *History) Table(utc bool) Table {
	one := h.In != trail.Cluster{}
	t := Table{Columns: []Column{
		{Name: "WHEN"},
		{Name: "CLUSTER", Wide: one},
		{Name: "PRINCIPAL", Wide: h.One},
		{Name: "WHAT"},
		{Name: "BY"},
		{Name: "WITH"},
		{Name: "STATE"},
		{Name: "ARN", Wide: true},
		{Name: "FROM", Wide: true},
		{Name: "MFA", Wide: true},
		{Name: "SESSION", Wide: true},
		{Name: "AGENT", Wide: true},
		{Name: "UNDO", Wide: true},
	}}
	for _, c := range h.Changes {
		a := c.Actor
		t.Rows = append(t.Rows, []string{
			stampOf(c.Time, utc), orNone(c.Cluster.Name), orNone(c.Principal.Short(c.Cluster.Account)), Clean(c.What()), orNone(a.Person), orNone(c.With()), Clean(h.state(c)),
			orNone(a.ARN), orNone(a.Address), orNone(a.MFA), orNone(a.Session), orNone(c.Agent), orNone(h.undo(c)),
		})
	}
	return t
}

// stampOf is a moment in the time of this machine, or of everybody.
func stampOf(t time.Time, utc bool) string {
	switch {
	case t.IsZero():
		return unknown
	case utc:
		return t.UTC().Format(time.RFC3339)
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// state says whether a change is still effective.
func (h *History) state(c *trail.Change) string {
	switch l := c.Later; {
	case c.Status == trail.Refused:
		return "refused: " + c.Error
	case c.Status == trail.Replaced && l.After.Entry == nil && l.Principal != "":
		return "deleted " + day(l.Time) + " by " + l.Actor.Name()
	case c.Status == trail.Replaced:
		return "changed " + day(l.Time) + " by " + l.Actor.Name()
	}
	return string(c.Status)
}

// undo is the command line that restores what was before; the own record of a change knows more than the events.
func (h *History) undo(c *trail.Change) string {
	if c.Journal != "" {
		return h.Command("undo", c.Journal)
	}
	var lines []string
	for _, words := range c.Undo() {
		lines = append(lines, h.Command(words...))
	}
	return strings.Join(lines, " && ")
}

// Undo is a sentence with the command that undoes the newest change that is still effective, "" where none does.
func (h *History) Undo() string {
	for _, c := range h.Changes {
		if command := h.undo(c); command != "" && (c.Status == trail.Active || c.Status == trail.Done) {
			return "To undo the change of " + stampOf(c.Time, false) + ": " + Clean(command) + "\n"
		}
	}
	return ""
}

// Why is what a principal has, and since when and by which person, one line each.
func (h *History) Why(name string, now *access.Entry) string {
	var b strings.Builder
	if now == nil {
		b.WriteString(Clean(name) + " has no access entry" + h.gone() + "\n")
		return b.String()
	}
	for _, fact := range h.Facts(*now, true) {
		b.WriteString(Clean(name) + " has " + fact + "\n")
	}
	return b.String()
}

// Facts are what an entry has, each with since when and by which person; or only those that a change explains.
func (h *History) Facts(now access.Entry, all bool) (lines []string) {
	for _, f := range h.Story.Why(h.In, now) {
		if all || f.Since != nil {
			lines = append(lines, Clean(f.What+h.since(f, now.Created)))
		}
	}
	return lines
}

// Origins are the facts of entries, by principal.
func Origins(s *trail.Story, in trail.Cluster, w *trail.Window, entries []access.Entry) map[access.Principal][]string {
	h := History{Story: s, In: in, Window: w}
	all := map[access.Principal][]string{}
	for _, e := range entries {
		all[e.Principal] = h.Facts(e, true)
	}
	return all
}

func (h *History) since(f trail.Fact, created time.Time) string {
	entry := strings.HasPrefix(f.What, "an access entry")
	switch c := f.Since; {
	case c != nil && entry:
		return " since " + day(c.Time) + ", created by " + c.By()
	case c != nil:
		return " since " + day(c.Time) + ", granted by " + c.By()
	case created.IsZero():
		return ": no event says since when"
	case entry:
		return " since " + day(created) + ": " + h.silence(created)
	case h.Window != nil && created.Before(h.Window.From):
		return " since a day between " + day(created) + " and " + day(h.Window.From) + ", which CloudTrail no longer has"
	}
	return " since " + day(created) + " or later: " + h.silence(created)
}

// silence is why no event says who did something.
func (h *History) silence(at time.Time) string {
	switch w := h.Window; {
	case w == nil:
		return "no event says who"
	case at.Before(w.From):
		return "older than the 90 days that CloudTrail keeps"
	case !w.Complete:
		return "not everything was read"
	}
	return "no event says who; EKS creates some entries itself"
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// gone is who deleted the entry, where that was read.
func (h *History) gone() string {
	for _, c := range h.Changes {
		if c.Name == "DeleteAccessEntry" && !c.Failed() {
			return ": deleted " + day(c.Time) + " by " + c.By()
		}
	}
	return ""
}

// Borders says what was read and what CloudTrail never sees.
func (h *History) Borders() string {
	if h.Window == nil {
		return ""
	}
	w := h.Window
	from := w.From
	text := "Read: CloudTrail of account " + h.In.Account + ", " + h.In.Region + ", from "
	if !w.Complete {
		from = w.Since
	}
	text += stampOf(from, true) + " to " + stampOf(w.To, true)
	if !w.Complete {
		text += " (there may be older changes: see --limit)"
	}
	text += ". Not seen: changes inside the cluster (aws-auth, RBAC); changes of the last minutes may be missing.\n"
	if !h.Written.IsZero() {
		text += "aws-auth was last written " + stampOf(h.Written, false) + " by " + Clean(h.Manager) + ".\n"
	}
	return text
}

// Text is the history of one principal for the full screen.
func (h *History) Text(p access.Principal) string {
	var b strings.Builder
	if now, read := h.Live[p]; read {
		b.WriteString(h.Why(p.Short(h.In.Account), now) + "\n")
	}
	for _, c := range h.Changes {
		b.WriteString(stampOf(c.Time, false) + "  " + Clean(c.What()) + "\n    by " + Clean(c.By()) + "; " + Clean(h.state(c)) + "\n")
		if u := h.undo(c); u != "" {
			b.WriteString("    undo: " + Clean(u) + "\n")
		}
	}
	if len(h.Changes) == 0 {
		b.WriteString("No change was found.\n")
	}
	return b.String() + "\n" + h.Borders()
}
