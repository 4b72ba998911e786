package iam

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kubectl-access/kubectl-access/pkg/access"
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

func madeOf(arn *string, at *time.Time) made {
	return made{access.Principal(aws.ToString(arn)), aws.ToTime(at)}
}

// pageSize is the most that IAM lists in one call (IAM API Reference, ListRoles).
const pageSize = 1000

func (c *Client) roles(ctx context.Context, path string) iter.Seq2[[]made, error] {
	in := &iam.ListRolesInput{PathPrefix: &path, MaxItems: aws.Int32(pageSize)}
	return pages(ctx, "roles", iam.NewListRolesPaginator(c.api, in), func(page *iam.ListRolesOutput) (all []made) {
		for _, r := range page.Roles {
			all = append(all, madeOf(r.Arn, r.CreateDate))
		}
		return all
	})
}

func (c *Client) users(ctx context.Context) iter.Seq2[[]made, error] {
	in := &iam.ListUsersInput{MaxItems: aws.Int32(pageSize)}
	return pages(ctx, "users", iam.NewListUsersPaginator(c.api, in), func(page *iam.ListUsersOutput) (all []made) {
		for _, u := range page.Users {
			all = append(all, madeOf(u.Arn, u.CreateDate))
		}
		return all
	})
}

// paginator is one of the SDK's.
type paginator[Page any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*iam.Options)) (Page, error)
}

func pages[Page any](ctx context.Context, what string, p paginator[Page], read func(Page) []made) iter.Seq2[[]made, error] {
	return func(yield func([]made, error) bool) {
		for p.HasMorePages() {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("list IAM %s: %w", what, explain(err)))
				return
			}
			if !yield(read(page), nil) {
				return
			}
		}
	}
}
