package access

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// State is what an entry or a mapping is worth, in one word or two.
type State string

// The states. An entry has the first that fits.
const (
	StateStale      State = "stale"   // its role or user was deleted or recreated
	StateOverdue    State = "overdue" // it has expired, and nobody removed it
	StateNoEffect   State = "no effect"
	StateExpires    State = "expires"
	StateManaged    State = "managed" // another tool, or AWS, owns it
	StateOK         State = "ok"
	StateUnknown    State = "unknown" // it could not be read, or not all that decides
	StateOverridden State = "overridden"
	StateNever      State = "never matches"
	StateInvalid    State = "invalid"
)

// States are all of them, for messages and completion.
var States = []State{
	StateOK, StateStale, StateOverdue, StateExpires, StateNoEffect, StateManaged, StateOverridden, StateNever, StateInvalid, StateUnknown,
}

// ParseState reads a state; a dash counts as a space.
func ParseState(text string) (State, error) {
	s := State(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), "-", " "))
	if !slices.Contains(States, s) {
		var all []string
		for _, known := range States {
			all = append(all, string(known))
		}
		return "", errors.New("must be one of: " + strings.Join(all, ", "))
	}
	return s, nil
}

// EntryState is the state of an entry of the snapshot. It has no effect if it gives nothing but the connection.
func (s Snapshot) EntryState(e Entry, now time.Time) State {
	switch at := e.Expires(); {
	case s.Stale(e.Principal) != "":
		return StateStale
	case !at.IsZero() && at.Before(now):
		return StateOverdue
	case !slices.ContainsFunc(s.ByEntry(e), Right.counts):
		return StateNoEffect
	case slices.Contains(s.Doubtful, e.Principal), s.RBAC != nil && !slices.ContainsFunc(s.ByEntry(e), Right.known):
		return StateUnknown
	case !at.IsZero():
		return StateExpires
	case e.Owner().Kind != "", e.Managed():
		return StateManaged
	}
	return StateOK
}

// MappingState is the state of a mapping of the snapshot: one of its own, or an entry overrides it (EKS User Guide, "Change
// authentication mode") unless that is stale.
func (s Snapshot) MappingState(m Mapping) State {
	switch own := map[MappingState]State{Shadowed: StateOverridden, NeverMatches: StateNever, Dropped: StateInvalid}[m.State]; {
	case own != "":
		return own
	case m.Outweighed(s):
		return StateOverridden
	case m.Kind != MappedAccount && !slices.ContainsFunc(s.ByMapping(m), Right.counts): // RBAC may name users of the account
		return StateNoEffect
	}
	return StateOK
}

// Void reports whether a mapping in this state gives nothing to anybody.
func (s State) Void() bool {
	return s == StateOverridden || s == StateNever || s == StateInvalid || s == StateNoEffect
}

// known reports whether a right is more than a group or username whose bindings are not known.
func (r Right) known() bool { return r.counts() && r.Kind != ByGroup && r.Kind != ByUsername }

// counts reports whether a right is more than being authenticated.
func (r Right) counts() bool { return r.Kind != Connect }

// ByMapping are the rights that a mapping gives while it is active.
func (s Snapshot) ByMapping(m Mapping) []Right { return s.byMapping(m, Normal(m.ARN)) }

// In reports whether a right holds in a namespace.
func (r Right) In(namespace string) bool {
	return r.counts() && r.Kind != JoinNodes && (r.Where == "" || Scope{Namespaces: []string{r.Where}}.Reaches(namespace))
}
