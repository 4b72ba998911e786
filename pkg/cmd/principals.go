package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
)

// answer is what IAM says of one principal.
type answer struct {
	iam.Found
	err error
}

// anybody completes what was written on the command line by asking IAM. A principal that IAM does
// not know is told of and left out; the others go on. Where IAM could not tell a path, an entry may.
func (c *connection) anybody(ctx context.Context, written []string) ([]access.Principal, bool, error) {
	names := c.names(ctx)
	return c.principals(ctx, written, func(ref access.Ref, a answer) answer {
		if a.err != nil || a.Doubt == "" {
			return a
		}
		return names.among(ref, a)
	})
}

// letIn completes principals that have an entry already: where IAM does not know them any more, may
// not be asked, or knows a newer role of the same permission set, the entries do.
func (c *connection) letIn(ctx context.Context, written []string) ([]access.Principal, bool, error) {
	names := c.names(ctx)
	return c.principals(ctx, written, func(ref access.Ref, a answer) answer {
		if unknown(a.err) || a.err == nil && (a.Doubt != "" || ref.Lookup == access.LookupPermissionSet) {
			return names.among(ref, a)
		}
		return a
	})
}

// unknown tells whether IAM knows nobody, or may not be asked.
func unknown(err error) bool {
	return errors.Is(err, access.ErrNotFound) || errors.Is(err, access.ErrForbidden)
}

// names are those who have an entry, read once and only where they are needed, and those whose entry was changed from here.
type names struct {
	read   func() ([]access.Principal, error)
	former func() []access.Principal
	mapped func() []access.Principal // those of aws-auth
	caller func() (access.Principal, error)
}

func (c *connection) names(ctx context.Context) names {
	return names{
		read:   sync.OnceValues(func() ([]access.Principal, error) { return c.eks.Names(ctx) }),
		former: sync.OnceValue(c.former),
		mapped: sync.OnceValue(func() (all []access.Principal) {
			for _, m := range c.sides().awsAuth(ctx).Mappings { // none where it cannot be read
				all = append(all, access.Normal(m.ARN))
			}
			return all
		}),
		caller: func() (access.Principal, error) { return c.session.Caller(ctx) },
	}
}

// former are all whose entry a change on record is about.
func (c *connection) former() []access.Principal {
	records, err := c.env.changes(c.target)
	if err != nil {
		return nil // without records nothing is known
	}
	var all []access.Principal
	for _, r := range records {
		changes, _ := r.Changes() // what a broken record holds is not known either
		for _, ch := range changes {
			all = append(all, ch.Principal())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// among prefers the entry that the answer names, and then the only one that what was written can mean. One that is gone
// is meant where there is no other: a second revoke finds whom the first did.
func (n names) among(ref access.Ref, a answer) answer {
	me, whoErr := n.caller()
	entries, err := n.read()
	if errors.Join(whoErr, err) != nil || a.err == nil && slices.Contains(entries, a.Principal) {
		return a
	}
	if ref.Lookup == access.LookupCaller {
		ref = access.Ref{Written: ref.Written, Principal: me, Lookup: access.LookupPath}
	}
	found := among(entries, me.Account(), ref, a)
	for _, others := range []func() []access.Principal{n.former, n.mapped} {
		if unknown(found.err) {
			found = among(others(), me.Account(), ref, found)
		}
	}
	return found
}

// namesake is the entry that the same role or user has by another ARN, with a path or in other letter case; "" where
// there is none.
func (n names) namesake(p access.Principal) (access.Principal, error) {
	entries, err := n.read()
	i := slices.IndexFunc(entries, func(q access.Principal) bool { return q != p && q.Is(p) })
	if err != nil || i < 0 {
		return "", err
	}
	return entries[i], nil
}

// notFound is the error about somebody who has no entry. A namesake's is told of and not taken: only who wrote the ARN
// knows whether it is meant.
func (n names) notFound(p access.Principal, account, why string) error {
	if q, _ := n.namesake(p); q != "" {
		why = fmt.Sprintf("the entry of that name is %s; if it is meant, write %s", q.Short(account), q)
	}
	return fmt.Errorf("accessentry/%s: %w: %s", p.Short(account), access.ErrNotFound, why)
}

// among finds the one entry that a short form means.
func among(entries []access.Principal, account string, ref access.Ref, a answer) answer {
	var found []access.Principal
	for _, p := range entries {
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
	return answer{err: fmt.Errorf("%s may be any of %v: write the ARN", ref.Written, found)}
}

// principals resolves all side by side; second may find what IAM did not.
func (c *connection) principals(ctx context.Context, written []string, second func(access.Ref, answer) answer) (found []access.Principal, failed bool, err error) {
	refs := make([]access.Ref, len(written))
	for i, text := range written {
		if refs[i], err = access.ParsePrincipal(text); err != nil {
			return nil, false, err
		}
	}
	answers := make([]answer, len(refs))
	var g sync.WaitGroup
	for i, ref := range refs {
		g.Go(func() { answers[i].Found, answers[i].err = c.iam.Resolve(ctx, ref) })
	}
	g.Wait()
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	for i, a := range answers {
		if a = second(refs[i], a); a.err != nil {
			failed = true
			c.env.tell(a.err)
			continue
		}
		if a.Doubt != "" {
			c.env.warn("%s", a.Doubt)
		}
		if !slices.Contains(found, a.Principal) {
			found = append(found, a.Principal)
		}
	}
	slices.SortFunc(found, func(a, b access.Principal) int { return strings.Compare(string(a), string(b)) })
	return found, failed, nil
}
