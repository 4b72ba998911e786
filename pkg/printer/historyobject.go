package printer

import (
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// changeObject is a change for -o json.
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
