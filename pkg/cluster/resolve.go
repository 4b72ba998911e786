package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// answer is what IAM says of one principal.
type answer struct {
	iam.Found
	err error
}

// Resolve completes what was written on a command line, sorted and each principal once. Those that cannot be completed are
// failures among the notes, and the others are returned. New principals are looked up in IAM, and in the entries only where IAM
// does not know a path. Existing ones have access already: where IAM no longer knows them, cannot be read, or knows a newer role of
// the same permission set, they are looked up in the entries, this machine's records and aws-auth.
func (c *Cluster) Resolve(ctx context.Context, written []string, existing bool) (found []access.Principal, notes []access.Note, err error) {
	refs := make([]access.Ref, len(written))
	for i, text := range written {
		if refs[i], err = access.ParsePrincipal(text); err != nil {
			return nil, nil, err
		}
	}
	answers := make([]answer, len(refs))
	var g sync.WaitGroup
	for i, ref := range refs {
		g.Go(func() { answers[i].Found, answers[i].err = c.IAM.Resolve(ctx, ref) })
	}
	g.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	names := c.Names(ctx)
	for i, a := range answers {
		if a.err == nil && a.Doubt != "" || existing && (unknown(a.err) || a.err == nil && refs[i].Lookup == access.LookupPermissionSet) {
			a = names.among(refs[i], a)
		}
		if a.err != nil {
			if errors.Is(a.err, access.ErrNotFound) {
				a.err = fmt.Errorf("%w%s", a.err, c.meant(ctx, refs[i], names))
			}
			notes = append(notes, access.Failure(refs[i].Written, a.err))
			continue
		}
		notes = append(notes, access.Notes(access.NoteNotChecked, refs[i].Written, a.Doubt)...)
		found = append(found, a.Principal)
	}
	slices.Sort(found)
	return slices.Compact(found), notes, nil
}

// meantTime is how long the names of IAM are read for a suggestion.
const meantTime = 2 * time.Second

// meant suggests a principal in place of one that was not found: one that has access, or one of the account.
func (c *Cluster) meant(ctx context.Context, ref access.Ref, names Names) string {
	if ref.Principal != "" || ref.Lookup == access.LookupCaller {
		return ""
	}
	ctx, stop := context.WithTimeout(ctx, cmp.Or(c.Patience, meantTime))
	defer stop()
	entries, _ := names.Entries() // where they cannot be read, there are others
	known := slices.Concat(entries, names.mapped())
	pages := map[access.Lookup]iter.Seq2[[]access.Principal, error]{access.LookupRole: c.IAM.Roles(ctx), access.LookupUser: c.IAM.Users(ctx)}[ref.Lookup]
	if pages != nil {
		for page, err := range pages {
			if err != nil {
				break
			}
			known = append(known, page...)
		}
	}
	var words []string
	for _, p := range known {
		if word := c.Short(p); word != ref.Written { // an entry outlives its role
			words = append(words, word)
		}
	}
	return access.DidYouMean(ref.Written, words)
}

// unknown reports whether IAM has no principal of that name, or cannot be read.
func unknown(err error) bool {
	return errors.Is(err, access.ErrNotFound) || errors.Is(err, access.ErrForbidden)
}

// Names are the principals that a short form may mean: those with an entry, those whose entry was changed from this machine
// and those of aws-auth. Each is read once, and only where it is needed.
type Names struct {
	Entries  func() ([]access.Principal, error)
	Recorded func() []access.Principal
	mapped   func() []access.Principal
	caller   func() (access.Principal, error)
}

// Names are those of this cluster.
func (c *Cluster) Names(ctx context.Context) Names {
	return Names{
		Entries:  sync.OnceValues(func() ([]access.Principal, error) { return c.EKS.Names(ctx) }),
		Recorded: sync.OnceValue(c.recorded),
		mapped: sync.OnceValue(func() (all []access.Principal) {
			for _, m := range c.AWSAuth(ctx).Mappings { // none where it cannot be read
				all = append(all, access.Normal(m.ARN))
			}
			return all
		}),
		caller: func() (access.Principal, error) { return c.Session.Caller(ctx) },
	}
}

// recorded are all whose entry a change on record is about.
func (c *Cluster) recorded() []access.Principal {
	dir, err := journal.Dir()
	if err != nil {
		return nil // without records nothing is known
	}
	records, _ := journal.Read(dir)
	var all []access.Principal
	for _, r := range records.In(c.Target.Name, c.Target.Region, c.Target.Account).Records {
		changes, _ := r.Changes() // what a broken record holds is not known either
		for _, ch := range changes {
			all = append(all, ch.Principal())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// among prefers the entry that the answer names, and then the only one that what was written can mean. A recorded one is
// meant where there is no other: a second revoke finds the principal of the first.
func (n Names) among(ref access.Ref, a answer) answer {
	me, whoErr := n.caller()
	entries, err := n.Entries()
	if errors.Join(whoErr, err) != nil || a.err == nil && slices.Contains(entries, a.Principal) {
		return a
	}
	if ref.Lookup == access.LookupCaller {
		ref = access.Ref{Written: ref.Written, Principal: me, Lookup: access.LookupPath}
	}
	found := among(entries, me.Account(), ref, a)
	for _, others := range []func() []access.Principal{n.Recorded, n.mapped} {
		if unknown(found.err) {
			found = among(others(), me.Account(), ref, found)
		}
	}
	return found
}

// among finds the one principal that a short form means.
func among(all []access.Principal, account string, ref access.Ref, a answer) answer {
	var found []access.Principal
	for _, p := range all {
		if ref.Matches(p, account) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return a
	case 1:
		return answer{Found: iam.Found{Principal: found[0]}}
	}
	return answer{err: fmt.Errorf("%s may be any of %v: use the ARN", ref.Written, found)}
}

// Namesake is the entry that the same role or user has by another ARN, with a path or in other letter case; "" where there
// is none.
func (n Names) Namesake(p access.Principal) (access.Principal, error) {
	entries, err := n.Entries()
	i := slices.IndexFunc(entries, func(q access.Principal) bool { return q != p && q.Is(p) })
	if err != nil || i < 0 {
		return "", err
	}
	return entries[i], nil
}

// NotFound is the error about a principal without an entry. A namesake's entry is named and not taken: only who wrote the
// ARN knows whether it is meant.
func (n Names) NotFound(p access.Principal, account, why string) error {
	if q, _ := n.Namesake(p); q != "" {
		why = fmt.Sprintf("the entry of that name is %s; to use it, write %s", q.Short(account), q)
	}
	return fmt.Errorf("accessentry/%s: %w: %s", p.Short(account), access.ErrNotFound, why)
}

// HadEntry reports whether a change on record is about the principal's entry.
func (n Names) HadEntry(p access.Principal) bool { return slices.Contains(n.Recorded(), p) }

// Grants finds the policies that were written in the live list of the region, or in the embedded one where AWS does not
// answer.
func (c *Cluster) Grants(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	if len(written) == 0 {
		return nil, nil
	}
	known, err := c.EKS.Policies(ctx)
	if err != nil {
		known = Embedded()
	}
	found, err := access.ParseGrants(written, known)
	for _, g := range found {
		if doc, ok := policy.Find(string(g.Policy)); ok && doc.ServiceLinkedRoleOnly {
			return nil, fmt.Errorf("%w: %s is for AWS's own service-linked roles", access.ErrRule, g.Policy)
		}
	}
	return found, err
}

// Granted finds policies to revoke. AWS is read only for a policy that this version does not know: it may be newer.
func (c *Cluster) Granted(ctx context.Context, written []access.Scoped) ([]access.Grant, error) {
	grants, err := access.ParseGrants(written, Embedded())
	if err == nil {
		return grants, nil
	}
	live, err := c.EKS.Policies(ctx)
	if err != nil {
		return nil, err
	}
	return access.ParseGrants(written, append(live, Embedded()...))
}

// Embedded are the access policies that this version knows.
//
//go:noinline
func Embedded() []access.Policy {
	var names []access.Policy
	for _, p := range policy.All() {
		names = append(names, access.Policy(p.Name))
	}
	return names
}
