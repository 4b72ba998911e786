package iam

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Uses reads the last use of roles and users of the caller's account, and the trust policies of roles: a call for each role, and
// for each user one, one for its keys and one for each key. Principals that are gone and those of other accounts are left out. The
// errors are why some roles, and some users, are not among them.
func (c *Client) Uses(ctx context.Context, who []access.Principal) (all []access.Use, roles, users error) {
	me, err := c.session.Caller(ctx)
	if err != nil {
		return nil, err, err
	}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(few)
	for _, p := range who {
		if p.Account() != me.Account() || p.Partition() != me.Partition() {
			continue
		}
		read, failed := c.roleUse, &roles
		if p.Kind() == "user" {
			read, failed = c.userUse, &users
		}
		g.Go(func() error {
			use, err := read(ctx, p)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				all = append(all, use)
			case *failed == nil && !errors.Is(err, access.ErrNotFound):
				*failed = err
			}
			return nil
		})
	}
	_ = g.Wait() // the errors are kept
	return all, roles, users
}

func (c *Client) roleUse(ctx context.Context, p access.Principal) (access.Use, error) {
	result, err := c.about(ctx, "GetRole", "RoleName", p.Name())
	if err != nil {
		return access.Use{}, err
	}
	role := result.at("Role")
	return access.Use{Principal: p, Created: role.at("CreateDate").time(), Last: role.at("RoleLastUsed", "LastUsedDate").time(), Trusts: trusted(role.at("AssumeRolePolicyDocument").text)}, nil
}

// userUse is the last use of a user's password or of one of its keys, of which it has two at most.
func (c *Client) userUse(ctx context.Context, p access.Principal) (access.Use, error) {
	result, err := c.about(ctx, "GetUser", "UserName", p.Name())
	if err != nil {
		return access.Use{}, err
	}
	user := result.at("User")
	use := access.Use{Principal: p, Created: user.at("CreateDate").time(), Last: user.at("PasswordLastUsed").time()}
	if result, err = c.about(ctx, "ListAccessKeys", "UserName", p.Name()); err != nil {
		return use, err
	}
	for _, key := range result.at("AccessKeyMetadata").parts {
		used, err := c.about(ctx, "GetAccessKeyLastUsed", "AccessKeyId", key.at("AccessKeyId").text)
		if err != nil {
			return use, err
		}
		if at := used.at("AccessKeyLastUsed", "LastUsedDate").time(); at.After(use.Last) {
			use.Last = at
		}
	}
	return use, nil
}

// trusted are the principals that a trust policy allows. A document that cannot be read has none.
func trusted(document string) (all []string) {
	text, err := url.QueryUnescape(document)
	if err != nil {
		return nil
	}
	var policy struct{ Statement any }
	if json.Unmarshal([]byte(text), &policy) != nil {
		return nil
	}
	for _, one := range several(policy.Statement) {
		statement, _ := one.(map[string]any)
		if statement["Effect"] != "Allow" {
			continue
		}
		kinds, ok := statement["Principal"].(map[string]any)
		if !ok {
			kinds = map[string]any{"": statement["Principal"]}
		}
		for _, names := range kinds {
			for _, name := range several(names) {
				if text, ok := name.(string); ok {
					all = append(all, text)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// several is what JSON policies write as one value or as a list of them.
func several(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	return []any{v}
}
