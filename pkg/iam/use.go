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

// Uses reads the last use and the trust policy of roles of the caller's account, which only GetRole shows: a call for each. Roles
// that are gone and those of other accounts are left out.
func (c *Client) Uses(ctx context.Context, roles []access.Principal) ([]access.Use, error) {
	me, err := c.session.Caller(ctx)
	if err != nil {
		return nil, err
	}
	var all []access.Use
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(few)
	for _, p := range roles {
		if p.Kind() != "role" || p.Account() != me.Account() || p.Partition() != me.Partition() {
			continue
		}
		g.Go(func() error {
			use, err := c.use(ctx, p)
			if errors.Is(err, access.ErrNotFound) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, use)
			return err
		})
	}
	err = g.Wait()
	return all, err
}

func (c *Client) use(ctx context.Context, p access.Principal) (access.Use, error) {
	result, err := c.ask(ctx, "GetRole", url.Values{"RoleName": {p.Name()}})
	if err != nil {
		return access.Use{Principal: p}, err
	}
	role := result.at("Role")
	return access.Use{Principal: p, Created: role.at("CreateDate").time(), Last: role.at("RoleLastUsed", "LastUsedDate").time(), Trusts: trusted(role.at("AssumeRolePolicyDocument").text)}, nil
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
