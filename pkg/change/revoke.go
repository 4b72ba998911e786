package change

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Names tell a principal without access from one that is mistyped.
type Names interface {
	// Namesake is the entry that the same role or user has by another ARN; "" where there is none.
	Namesake(access.Principal) (access.Principal, error)
	// HadEntry reports whether a recorded change is about the principal's entry.
	HadEntry(access.Principal) bool
	// NotFound is the error about a principal without an entry.
	NotFound(p access.Principal, account, why string) error
}

// revocation is a request to revoke, and what it found.
type revocation struct {
	who   []access.Principal
	what  *edit.Revocation // may not be complete before the request is prepared
	whole bool             // nothing is named: all access goes
	names Names
	dir   Directory
}

// Revoke is the request that revokes what is named; whole says that nothing is. Then the mappings of the principals go too,
// unless entryOnly is set.
//
//go:noinline
func Revoke(who []access.Principal, what *edit.Revocation, whole, entryOnly bool, names Names, dir Directory) Request {
	v := &revocation{who: who, what: what, whole: whole, names: names, dir: dir}
	r := Request{Kind: journal.Revoke, Who: who, Takes: true, Edit: v.edit, Check: v.check}
	if whole && !entryOnly {
		r.Whole, r.Who = true, append([]access.Principal{access.Itself}, who...)
	}
	return r
}

func (v *revocation) edit(p access.Principal) access.Edit {
	if p != access.Itself {
		return edit.Revoke(p, *v.what)
	}
	return func(s access.Snapshot) (access.Snapshot, error) {
		if s.AWSAuth != nil && s.AWSAuth.Err != nil {
			return s, nil // what that leaves is a risk or an error of its own
		}
		return awsauth.RemoveMappings(v.theirs)(s)
	}
}

// theirs are the mappings that name a principal of the revocation.
func (v *revocation) theirs(all []access.Mapping) []access.Mapping {
	return slices.DeleteFunc(slices.Clone(all), func(m access.Mapping) bool {
		return m.State == access.Dropped || !slices.ContainsFunc(v.who, m.Belongs)
	})
}

func (v *revocation) check(ctx context.Context, before access.Snapshot) Checked {
	c := v.missing(ctx, before)
	v.who = slices.DeleteFunc(slices.Clone(v.who), func(p access.Principal) bool { return slices.Contains(c.Leave, p) })
	if v.whole {
		v.remaining(before, &c)
	} else {
		c.Notes = append(c.Notes, v.absent(before)...)
	}
	return c
}

// missing leaves out principals that nothing can be revoked from because nobody is called so. Who had an entry once, or could
// have one, is as the command wants it.
func (v *revocation) missing(ctx context.Context, before access.Snapshot) (c Checked) {
	account := before.Cluster.Account()
	for _, p := range v.who {
		if _, has := before.Entry(p); has || v.names.HadEntry(p) {
			continue
		}
		namesake, doubt := v.names.Namesake(p)
		mapped := before.AWSAuth != nil && slices.ContainsFunc(before.AWSAuth.Mappings, func(m access.Mapping) bool { return m.Belongs(p) })
		if mapped && namesake == "" {
			continue
		}
		id := v.dir.LookUp(ctx, p)
		if namesake != "" || id.Missing {
			c.Notes = append(c.Notes, access.Failure(p.Short(account), v.names.NotFound(p, account, "it has no entry, and IAM has no such "+p.Kind())))
			c.Leave = append(c.Leave, p)
			continue
		}
		if id.Doubt != "" {
			doubt = errors.New(id.Doubt)
		}
		if doubt != nil {
			c.Notes = append(c.Notes, access.Notes(access.NoteTypo, p.Short(account), fmt.Sprintf("%s has no entry, and it is not known whether there is such a %s, so the name may be mistyped: %v", p.Short(account), p.Kind(), doubt))...)
		}
	}
	return c
}

// remaining notes of principals without an entry what a revoke does not remove, or may not have found.
func (v *revocation) remaining(before access.Snapshot, c *Checked) {
	if before.AWSAuth == nil || !before.Cluster.Mode.ReadsConfigMap() {
		return
	}
	for _, p := range v.who {
		name := p.Short(before.Cluster.Account())
		if _, has := before.Entry(p); !has && before.AWSAuth.Err != nil {
			c.Incomplete = true
			c.Notes = append(c.Notes, access.Notes(access.NoteNotChecked, name, fmt.Sprintf("%s has no entry, and aws-auth could not be read, so it is not known whether a mapping gives it access: %v", name, before.AWSAuth.Err))...)
			continue
		}
		for _, m := range before.AWSAuth.InForce() {
			if m.Kind == access.MappedAccount && m.For(p) {
				_, had := before.Entry(p)
				c.Incomplete = c.Incomplete || !had && len(v.theirs(before.AWSAuth.Mappings)) == 0 // nothing is revoked, and the access stays
				c.Notes = append(c.Notes, access.Notes(access.NoteMapping, m.Place(), fmt.Sprintf("everyone in account %s has access without groups (aws-auth %s), and so has %s until that mapping is removed for all of them", m.ARN, m.Place(), name))...)
			}
		}
	}
}

// absent notes what an entry does not have. It may have been revoked before, so it is not an error.
func (v *revocation) absent(before access.Snapshot) (notes []access.Note) {
	for _, p := range v.who {
		name := p.Short(before.Cluster.Account())
		e, ok := before.Entry(p)
		if text := v.what.Absent(e, name); ok && text != "" {
			notes = append(notes, access.Notes(access.NoteAbsent, name, text)...)
		}
	}
	return notes
}
