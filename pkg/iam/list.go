package iam

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Roles are the account's roles page by page, without service-linked roles and those of Identity Center.
func (c *Client) Roles(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return principals(c.roles(ctx, "/"), func(p access.Principal) bool { return !p.ServiceLinked() && p.PermissionSet() == "" })
}

// PermissionSets are the Identity Center roles of the account, page by page.
func (c *Client) PermissionSets(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return principals(c.roles(ctx, ssoPath), func(p access.Principal) bool { return p.PermissionSet() != "" })
}

// Users are the account's users, page by page.
func (c *Client) Users(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return principals(c.users(ctx), func(access.Principal) bool { return true })
}

func principals(pages iter.Seq2[[]made, error], wanted func(access.Principal) bool) iter.Seq2[[]access.Principal, error] {
	return func(yield func([]access.Principal, error) bool) {
		for page, err := range pages {
			var all []access.Principal
			for _, m := range page {
				if m.principal != access.Itself && wanted(m.principal) { // an empty one would stand for the cluster
					all = append(all, m.principal)
				}
			}
			if !yield(all, err) {
				return
			}
		}
	}
}

// made is a role or user, and when it was created.
type made struct {
	principal access.Principal
	at        time.Time
}

// pageSize is the most that IAM lists in one call (IAM API Reference, ListRoles).
const pageSize = "1000"

func (c *Client) roles(ctx context.Context, path string) iter.Seq2[[]made, error] {
	return c.pages(ctx, "Roles", url.Values{"PathPrefix": {path}})
}

func (c *Client) users(ctx context.Context) iter.Seq2[[]made, error] {
	return c.pages(ctx, "Users", url.Values{})
}

// pages lists all roles or users. An answer without a list is not one of IAM: who is not listed counts as deleted.
func (c *Client) pages(ctx context.Context, kind string, params url.Values) iter.Seq2[[]made, error] {
	return func(yield func([]made, error) bool) {
		params.Set("MaxItems", pageSize)
		for more := true; more; {
			result, err := c.ask(ctx, "List"+kind, params)
			if err == nil && result.at(kind).name == "" {
				err = fmt.Errorf("%w: IAM answered List%s without %s", login.ErrIncomplete, kind, kind)
			}
			if err != nil {
				yield(nil, fmt.Errorf("list IAM %s: %w", strings.ToLower(kind), err))
				return
			}
			var all []made
			for _, member := range result.at(kind).parts {
				all = append(all, madeOf(member))
			}
			if !yield(all, nil) {
				return
			}
			marker := result.at("Marker").text
			more = result.at("IsTruncated").text == "true" && marker != ""
			params.Set("Marker", marker)
		}
	}
}
