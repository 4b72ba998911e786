package change

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Files is what files say of a cluster's entries.
type Files struct {
	Wants []access.Desired
	Set   string             // the entries become members of this set; "": of none
	Prune []access.Principal // members of the set that no file has
	Now   time.Time
	Place func(access.Principal, error) error // adds to an error where in the files a principal is
}

// manyPruned is how many entries are deleted at once without a risk's name.
const manyPruned = 10

// Apply is the request that makes entries what files say.
func (f *Files) Apply() Request {
	wants := map[access.Principal]access.Desired{}
	var who []access.Principal
	for _, w := range f.Wants {
		wants[w.Principal] = w
		who = append(who, w.Principal)
	}
	return Request{
		Kind: journal.Apply, Who: append(who, f.Prune...), Takes: true, Names: true, Asks: f.Set != "",
		Edit: func(p access.Principal) access.Edit {
			want, named := wants[p]
			if !named {
				return edit.Prune(f.Set, p)
			}
			return func(s access.Snapshot) (access.Snapshot, error) {
				after, err := edit.SetOf(f.Set, want)(s)
				if err != nil {
					err = f.Place(p, err)
				}
				return after, err
			}
		},
		Check: f.check,
		Risks: f.risks,
	}
}

// check notes typos, entries that become members of the set, and members that no file has and that stay.
func (f *Files) check(_ context.Context, before access.Snapshot) (c Checked) {
	account := before.Cluster.Account()
	for i := range f.Wants {
		w := &f.Wants[i]
		if f.change(before, i) == nil {
			continue
		}
		have, exists := before.Entry(w.Principal)
		if text := w.Tags[access.ExpiresTag]; text != "" && !w.Expires().After(f.Now) && text != have.Tags[access.ExpiresTag] {
			c.Notes = append(c.Notes, access.Failure(w.Principal.Short(account), f.Place(w.Principal, fmt.Errorf("tag %s: %s is not a time in the future", access.ExpiresTag, text))))
			c.Leave = append(c.Leave, w.Principal)
			continue
		}
		if !have.Node() {
			c.Notes = append(c.Notes, access.Notes(access.NoteTypo, "", before.Typos(w.Entry)...)...)
		}
		if f.Set != "" && exists && have.Tags[access.SetTag] == "" {
			name := w.Principal.Short(account)
			c.Notes = append(c.Notes, access.Notes(access.NoteSet, name, fmt.Sprintf("%s is adopted: it becomes a member of set %s", name, f.Set))...)
		}
	}
	for _, p := range f.Prune {
		if e, ok := before.Entry(p); ok && e.Prunable() != "" {
			name := p.Short(account)
			c.Notes = append(c.Notes, access.Notes(access.NoteSet, name, fmt.Sprintf("%s is in no file and stays: %s", name, e.Prunable()))...)
			c.Leave = append(c.Leave, p)
		}
	}
	return c
}

// change is what the files change about an entry; nil: nothing, or it is refused.
//
//go:noinline
func (f *Files) change(before access.Snapshot, i int) *access.Change {
	one := access.Snapshot{Cluster: before.Cluster}
	have, exists := before.Entry(f.Wants[i].Principal)
	if exists {
		one = one.Put(have)
	}
	after, err := edit.SetOf(f.Set, f.Wants[i])(one)
	switch {
	case err != nil:
		return nil
	case !exists:
		return &access.Change{After: &after.Entries[0]}
	case have.Same(after.Entries[0]):
		return nil
	}
	return &access.Change{Before: &have, After: &after.Entries[0]}
}

// risks are those of files: a change of what another tool owns, and the end of many entries at once.
func (f *Files) risks(before access.Snapshot) (risks []access.Risk) {
	account := before.Cluster.Account()
	for i := range f.Wants {
		ch := f.change(before, i)
		if ch == nil || ch.Before == nil || !ch.Before.Owner().Proof {
			continue
		}
		if remark := ch.OwnerRemark(account); remark != "" {
			risks = append(risks, access.Risk{Name: access.OwnedElsewhere, Why: remark})
		}
	}
	gone := slices.DeleteFunc(slices.Clone(f.Prune), func(p access.Principal) bool {
		e, ok := before.Entry(p)
		return !ok || e.Prunable() != ""
	})
	if n := len(gone); n > manyPruned || n > len(f.Wants) && n > 1 {
		names := make([]string, n)
		for i, p := range gone {
			names[i] = p.Short(account)
		}
		risks = append(risks, access.Risk{Name: access.PruneMany, Why: fmt.Sprintf("%d entries of set %s are in no file and would be deleted: %s", n, f.Set, strings.Join(names, ", "))})
	}
	return risks
}
