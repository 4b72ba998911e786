package printer

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
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
	t := Table{Columns: []Column{
		{Name: "WHEN"}, {Name: "CLUSTER", Wide: h.In != trail.Cluster{}}, {Name: "PRINCIPAL", Wide: h.One}, {Name: "WHAT"}, {Name: "BY"}, {Name: "WITH"}, {Name: "STATE"},
		{Name: "ARN", Wide: true}, {Name: "FROM", Wide: true}, {Name: "MFA", Wide: true}, {Name: "SESSION", Wide: true}, {Name: "AGENT", Wide: true}, {Name: "UNDO", Wide: true},
	}}
	for _, c := range h.Changes {
		a := c.Actor
		t.Rows = append(t.Rows, []string{
			stampOf(c.Time, utc), orNone(c.Cluster.Name), orNone(c.Principal.Short(c.Cluster.Account)), Clean(c.What()), orNone(a.Person), orNone(with(c)), Clean(h.state(c)),
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

// with is the tool, and the service that made the call for the actor.
func with(c *trail.Change) string {
	via, _, _ := strings.Cut(c.Actor.Via, ".")
	switch {
	case c.Actor.Type == "AWSService" || c.Tool == c.Actor.Via && c.Tool != "":
		return ""
	case via != "" && !strings.EqualFold(via, c.Tool):
		return strings.TrimPrefix(c.Tool+" by "+via, " ")
	}
	return c.Tool
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
	for _, f := range h.Story.Why(h.In, *now) {
		b.WriteString(Clean(name + " has " + f.What + h.since(f, now.Created)))
		b.WriteByte('\n')
	}
	return b.String()
}

func (h *History) since(f trail.Fact, created time.Time) string {
	entry := strings.HasPrefix(f.What, "an access entry")
	switch c := f.Since; {
	case c != nil && entry:
		return " since " + day(c.Time) + ", created by " + doer(c)
	case c != nil:
		return " since " + day(c.Time) + ", granted by " + doer(c)
	case created.IsZero():
		return ": no event says since when"
	case entry:
		return " since " + day(created) + ": " + h.silence(created)
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

// doer names the person and the tool: alice (Terraform).
func doer(c *trail.Change) string {
	if tool := with(c); tool != "" {
		return c.Actor.Name() + " (" + tool + ")"
	}
	return c.Actor.Name()
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }

// gone is who deleted the entry, where that was read.
func (h *History) gone() string {
	for _, c := range h.Changes {
		if c.Name == "DeleteAccessEntry" && !c.Failed() {
			return ": deleted " + day(c.Time) + " by " + doer(c)
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

// the JSON forms of changes

type changeObject struct {
	Time      string      `json:"time,omitempty"`
	Cluster   string      `json:"cluster"`
	Region    string      `json:"region,omitempty"`
	Account   string      `json:"account,omitempty"`
	EventIDs  []string    `json:"eventIDs"`
	Requests  []string    `json:"requestIDs"`
	Action    string      `json:"action"`
	Principal string      `json:"principal,omitempty"`
	What      string      `json:"what"`
	Before    *entryState `json:"before,omitempty"`
	After     *entryState `json:"after,omitempty"`
	Mode      string      `json:"mode,omitempty"`
	Actor     actorObject `json:"actor"`
	Tool      string      `json:"tool,omitempty"`
	Error     string      `json:"error,omitempty"`
	Message   string      `json:"errorMessage,omitempty"`
	State     string      `json:"state"`
	Source    string      `json:"source"`
	JournalID string      `json:"journalID,omitempty"`
	Undo      string      `json:"undo,omitempty"`
}

// entryState is an entry at one moment; partial where events before the first one that was read decide the rest.
type entryState struct {
	Exists  bool           `json:"exists"`
	Partial bool           `json:"partial,omitempty"`
	Spec    *manifest.Spec `json:"spec,omitempty"`
}

type actorObject struct {
	Type     string `json:"type,omitempty"`
	ARN      string `json:"arn,omitempty"`
	Person   string `json:"person"`
	Session  string `json:"session,omitempty"`
	Source   string `json:"sourceIdentity,omitempty"`
	Via      string `json:"via,omitempty"`
	MFA      string `json:"mfa,omitempty"`
	SourceIP string `json:"sourceIP,omitempty"`
	Self     bool   `json:"self,omitempty"` // for its own access
}

// Object is the history for -o json and yaml.
func (h *History) Object() any {
	all := []changeObject{}
	for _, c := range h.Changes {
		all = append(all, h.object(c))
	}
	o := map[string]any{
		"apiVersion": manifest.OwnVersion, "kind": "History", "sources": append([]string{}, h.Sources...), "changes": all,
		"notSeen": []string{"changes inside the cluster: aws-auth, RBAC"},
	}
	if h.In.Name != "" {
		o["cluster"], o["region"], o["account"] = h.In.Name, h.In.Region, h.In.Account
	}
	if w := h.Window; w != nil {
		o["window"] = map[string]any{"from": stampOf(w.From, true), "to": stampOf(w.To, true), "readBackTo": stampOf(w.Since, true), "complete": w.Complete}
	}
	return o
}

func (h *History) object(c *trail.Change) changeObject {
	a := c.Actor
	o := changeObject{
		Cluster: c.Cluster.Name, Region: c.Cluster.Region, Account: c.Cluster.Account, Action: c.Name, Principal: string(c.Principal), What: c.What(), Mode: string(c.Mode), Tool: c.Tool, Error: c.Error, Message: c.Message,
		State: h.state(c), Source: "cloudtrail", JournalID: c.Journal, Undo: h.undo(c), EventIDs: []string{}, Requests: []string{},
		Actor: actorObject{a.Type, a.ARN, a.Person, a.Session, a.Source, a.Via, a.MFA, a.Address, c.Principal != "" && a.Is(c.Principal)},
	}
	if !c.Time.IsZero() {
		o.Time = stampOf(c.Time, true)
	}
	if c.Own {
		o.Source = "journal"
	}
	for _, e := range c.Calls() {
		o.EventIDs, o.Requests = append(o.EventIDs, e.ID), append(o.Requests, e.Request)
	}
	empty := func(s string) bool { return s == "" }
	o.EventIDs, o.Requests = slices.DeleteFunc(o.EventIDs, empty), slices.DeleteFunc(o.Requests, empty)
	if c.Principal != "" && !c.Failed() {
		o.Before, o.After = stateObject(c.Before, c.Cluster.Name), stateObject(c.After, c.Cluster.Name)
	}
	return o
}

func stateObject(s trail.State, name string) *entryState {
	if s.Entry == nil {
		return &entryState{}
	}
	spec := manifest.Of(*s.Entry, access.Info{Name: name}).Spec
	return &entryState{Exists: true, Partial: s.Partial, Spec: &spec}
}

// Text is the history of one principal for the full screen.
func (h *History) Text(p access.Principal) string {
	var b strings.Builder
	if now, read := h.Live[p]; read {
		b.WriteString(h.Why(p.Short(h.In.Account), now) + "\n")
	}
	for _, c := range h.Changes {
		b.WriteString(stampOf(c.Time, false) + "  " + Clean(c.What()) + "\n    by " + Clean(doer(c)) + "; " + Clean(h.state(c)) + "\n")
		if u := h.undo(c); u != "" {
			b.WriteString("    undo: " + Clean(u) + "\n")
		}
	}
	if len(h.Changes) == 0 {
		b.WriteString("No change was found.\n")
	}
	return b.String() + "\n" + h.Borders()
}
