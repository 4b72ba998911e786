// Package iam completes principals: it finds the path of a role, the role of an IAM Identity Center permission set, and
// the caller.
package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Client reads IAM in the account of the session.
type Client struct {
	session *login.Session
	api     *login.Service
}

// New makes a client. It sends nothing.
func New(session *login.Session) *Client {
	return &Client{session: session, api: session.NewService("IAM", "iam", place, refusal)}
}

// Found is a completed principal. Doubt is a sentence about what could not be checked, "" for nothing.
type Found struct {
	Principal access.Principal
	Doubt     string
}

// Resolve completes a principal. Errors: access.ErrNotFound when IAM has no such role or user, access.ErrForbidden when
// the caller may not read IAM and the ARN is incomplete without it. Both say what to write instead.
func (c *Client) Resolve(ctx context.Context, ref access.Ref) (Found, error) {
	switch ref.Lookup {
	case access.LookupCaller:
		return c.caller(ctx)
	case access.LookupRole, access.LookupUser:
		return c.named(ctx, ref)
	case access.LookupPermissionSet:
		return c.permissionSet(ctx, ref.Name)
	case access.LookupPath:
		return c.path(ctx, ref.Principal)
	case access.LookupNone:
	}
	return Found{Principal: ref.Principal}, nil
}

func (c *Client) caller(ctx context.Context) (Found, error) {
	p, err := c.session.Caller(ctx)
	if err != nil {
		return Found{}, err
	}
	ref, err := access.ParsePrincipal(string(p))
	if err != nil {
		return Found{}, err
	}
	if p.Kind() == "role" {
		return c.path(ctx, p)
	}
	return Found{Principal: ref.Principal}, nil
}

func (c *Client) named(ctx context.Context, ref access.Ref) (Found, error) {
	p, _, err := c.get(ctx, ref.Lookup == access.LookupUser, ref.Name)
	if errors.Is(err, access.ErrForbidden) {
		return Found{}, fmt.Errorf("%s: cannot look up its ARN in IAM, use the full ARN instead: %w", ref.Written, err)
	}
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w", ref.Written, err)
	}
	if ref.Path != "" && !strings.EqualFold(ref.Path, p.Path()) {
		return Found{}, fmt.Errorf("%s: %w; did you mean %s?", ref.Written, access.ErrNotFound, p.Short(p.Account()))
	}
	return Found{Principal: p}, nil
}

// path completes an ARN without its path. Only IAM in the principal's own account knows it; a role of the same name in the
// caller's account is another one.
func (c *Client) path(ctx context.Context, p access.Principal) (Found, error) {
	found, _, err := c.get(ctx, p.Kind() == "user", p.Name())
	if err == nil && found.Is(p) {
		return Found{Principal: found}, nil
	}
	if p.PermissionSet() != "" {
		return Found{}, fmt.Errorf("%s: the ARN of an Identity Center role needs its path, which could not be looked up: use the full ARN, which %s shows: %w",
			p, "`aws iam get-role --role-name "+p.Name()+"`", whyNot(err, p))
	}
	if known := errors.Is(err, access.ErrNotFound) || errors.Is(err, access.ErrForbidden); err != nil && (!known || errors.Is(err, access.ErrNotFound) && c.owns(ctx, p)) {
		return Found{}, fmt.Errorf("%s: %w", p, err)
	}
	return Found{Principal: p, Doubt: fmt.Sprintf("%s is used as written: %v", p, whyNot(err, p))}, nil
}

func whyNot(err error, p access.Principal) error {
	switch {
	case errors.Is(err, access.ErrForbidden):
		return fmt.Errorf("%w: its path could not be looked up (you need iam:Get%s)", access.ErrForbidden, operations[p.Kind()])
	case err == nil || errors.Is(err, access.ErrNotFound):
		return fmt.Errorf("its path can only be looked up in account %s", p.Account())
	}
	return err
}

func (c *Client) owns(ctx context.Context, p access.Principal) bool {
	me, err := c.session.Caller(ctx)
	return err == nil && me.Account() == p.Account() && me.Partition() == p.Partition()
}

// ssoPath is the path of Identity Center roles (IAM Identity Center User Guide, "Referencing permission sets").
const ssoPath = "/aws-reserved/sso.amazonaws.com/"

func (c *Client) permissionSet(ctx context.Context, set string) (Found, error) {
	var found []access.Principal
	var sets []string
	for page, err := range c.PermissionSets(ctx) {
		if err != nil {
			return Found{}, fmt.Errorf("sso/%s: use the role's full ARN instead: %w", set, err)
		}
		for _, p := range page {
			sets = append(sets, p.PermissionSet())
			if strings.EqualFold(p.PermissionSet(), set) {
				found = append(found, p)
			}
		}
	}
	switch len(found) {
	case 0:
		return Found{}, fmt.Errorf("sso/%s: %w: this account has no role of that permission set; it has %s", set, access.ErrNotFound, orNone(sets))
	case 1:
		return Found{Principal: found[0]}, nil
	}
	return Found{}, fmt.Errorf("sso/%s: several roles have that permission set, use the ARN of one: %v", set, found)
}

func orNone(sets []string) string {
	if len(sets) == 0 {
		return "no Identity Center roles"
	}
	return strings.Join(sets, ", ")
}

// Made is the full ARN and the creation time of a role or user in the session's account.
func (c *Client) Made(ctx context.Context, p access.Principal) (access.Principal, time.Time, error) {
	return c.get(ctx, p.Kind() == "user", p.Name())
}

func (c *Client) get(ctx context.Context, user bool, name string) (access.Principal, time.Time, error) {
	kind := "Role"
	if user {
		kind = "User"
	}
	result, err := c.about(ctx, "Get"+kind, kind+"Name", name)
	if err != nil {
		return "", time.Time{}, err
	}
	m := madeOf(result.at(kind))
	if m.principal == "" || m.at.IsZero() {
		return "", time.Time{}, fmt.Errorf("%w: IAM answered Get%s without its ARN or its creation time", login.ErrIncomplete, kind)
	}
	return m.principal, m.at, nil
}

// explain turns an IAM error into one of the core, with the message of IAM.
func explain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) || login.Trouble(err) != nil {
		return login.Plain(err)
	}
	switch api.ErrorCode() {
	case "NoSuchEntity":
		return fmt.Errorf("%w: %s", access.ErrNotFound, api.ErrorMessage())
	case "AccessDenied", "AccessDeniedException":
		return fmt.Errorf("%w: %s", access.ErrForbidden, api.ErrorMessage())
	case "Throttling", "ThrottlingException":
		return fmt.Errorf("%w: %s", access.ErrThrottled, api.ErrorMessage())
	}
	return login.Plain(err)
}
