package iam

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// pageSize is the most that IAM lists in one call (IAM API Reference, ListRoles).
const pageSize = 1000

// Roles are the account's roles page by page, without service-linked roles and those of Identity Center.
func (c *Client) Roles(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return c.roles(ctx, "/", func(p access.Principal) bool { return !p.ServiceLinked() && p.PermissionSet() == "" })
}

// PermissionSets are the Identity Center roles of the account, page by page.
func (c *Client) PermissionSets(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return c.roles(ctx, ssoPath, func(p access.Principal) bool { return p.PermissionSet() != "" })
}

func (c *Client) roles(ctx context.Context, path string, wanted func(access.Principal) bool) iter.Seq2[[]access.Principal, error] {
	return func(yield func([]access.Principal, error) bool) {
		in := &iam.ListRolesInput{PathPrefix: &path, MaxItems: aws.Int32(pageSize)}
		for pages := iam.NewListRolesPaginator(c.api, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("list IAM roles: %w", explain(err)))
				return
			}
			var all []access.Principal
			for _, r := range page.Roles {
				if p := access.Principal(aws.ToString(r.Arn)); p != access.Itself && wanted(p) { // an empty one would stand for the cluster
					all = append(all, p)
				}
			}
			if !yield(all, nil) {
				return
			}
		}
	}
}

// Users are the account's users, page by page.
func (c *Client) Users(ctx context.Context) iter.Seq2[[]access.Principal, error] {
	return func(yield func([]access.Principal, error) bool) {
		for pages := iam.NewListUsersPaginator(c.api, &iam.ListUsersInput{MaxItems: aws.Int32(pageSize)}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("list IAM users: %w", explain(err)))
				return
			}
			var all []access.Principal
			for _, u := range page.Users {
				if p := access.Principal(aws.ToString(u.Arn)); p != access.Itself {
					all = append(all, p)
				}
			}
			if !yield(all, nil) {
				return
			}
		}
	}
}
