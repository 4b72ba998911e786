package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// few is how many roles, or users, are read one by one; for more, listing all takes fewer calls.
const few = 20

// Life is the Life of an entry's principal.
func (c *Client) Life(ctx context.Context, e access.Entry) access.Life {
	all, _ := c.Lives(ctx, []access.Entry{e})
	return all[0]
}

// Lives is the Life of the principals of several entries, read concurrently. The error is why some are unknown; principals
// of other accounts are unknown without an error.
func (c *Client) Lives(ctx context.Context, entries []access.Entry) ([]access.Life, error) {
	all := make([]access.Life, len(entries))
	if len(entries) == 0 {
		return all, nil
	}
	me, err := c.session.Caller(ctx)
	if err != nil {
		return all, err
	}
	var roles, users []int
	for i, e := range entries {
		switch {
		case e.Principal.Account() != me.Account() || e.Principal.Partition() != me.Partition():
		case e.Principal.Kind() == "user":
			users = append(users, i)
		default:
			roles = append(roles, i)
		}
	}
	var g errgroup.Group
	g.SetLimit(2 * few)
	for kind, which := range map[string][]int{"role": roles, "user": users} {
		if len(which) > few {
			g.Go(func() error { return c.fromList(ctx, kind, entries, which, all) })
			continue
		}
		for _, i := range which {
			g.Go(func() (err error) { all[i], err = c.life(ctx, entries[i]); return err })
		}
	}
	return all, g.Wait()
}

func (c *Client) life(ctx context.Context, e access.Entry) (access.Life, error) {
	kind := e.Principal.Kind()
	p, at, err := c.get(ctx, kind == "user", e.Principal.Name())
	switch {
	case errors.Is(err, access.ErrNotFound):
		return access.Gone, nil
	case errors.Is(err, access.ErrForbidden):
		return access.LifeUnknown, fmt.Errorf("%w: iam:Get%s", access.ErrForbidden, operations[kind])
	case err != nil:
		return access.LifeUnknown, err
	}
	return judge(e, made{p, at}), nil
}

var operations = map[string]string{"role": "Role", "user": "User"} // as in the names of IAM operations

func judge(e access.Entry, is made) access.Life {
	switch {
	case is.principal != e.Principal: // none, or one with another path
		return access.Gone
	case is.at.After(e.Created):
		return access.Recreated
	}
	return access.Alive
}

func (c *Client) fromList(ctx context.Context, kind string, entries []access.Entry, which []int, all []access.Life) error {
	known, err := c.list(ctx, kind)
	if errors.Is(err, access.ErrForbidden) {
		return fmt.Errorf("%w: iam:List%ss", access.ErrForbidden, operations[kind])
	}
	if err != nil {
		return err
	}
	for _, i := range which {
		all[i] = judge(entries[i], known[strings.ToLower(entries[i].Principal.Name())])
	}
	return nil
}

// list are all roles or all users of the account, by name in lower case.
func (c *Client) list(ctx context.Context, kind string) (map[string]made, error) {
	pages := c.roles(ctx, "/")
	if kind == "user" {
		pages = c.users(ctx)
	}
	known := map[string]made{}
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			known[strings.ToLower(m.principal.Name())] = m
		}
	}
	return known, nil
}

// LookUp finds the full ARN of a principal of the caller's account. A role of the same name in another account is another
// one.
func (c *Client) LookUp(ctx context.Context, p access.Principal) access.Identity {
	if !c.owns(ctx, p) {
		return access.Identity{Doubt: "only IAM of account " + p.Account() + " knows whether it exists"}
	}
	found, _, err := c.Made(ctx, p)
	switch {
	case errors.Is(err, access.ErrNotFound):
		return access.Identity{Missing: true}
	case err != nil:
		return access.Identity{Doubt: err.Error()}
	}
	return access.Identity{Principal: found}
}
