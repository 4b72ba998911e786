package iam_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestUsesReadTheLastUseAndWhoMayAssumeARole(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	all, noRoles, noUsers := iam.New(session(t, "")).Uses(context.Background(), []access.Principal{
		own + "role/idle", own + "role/demo-windows-node", own + "role/departed", own + "user/dave", "arn:aws:iam::444455556666:role/idle",
	})
	if noRoles != nil || noUsers != nil || len(all) != 3 { // what is gone and a role of another account are left out
		t.Fatalf("%v, %v, %v", all, noRoles, noUsers)
	}
	slices.SortFunc(all, func(a, b access.Use) int { return strings.Compare(string(a.Principal), string(b.Principal)) })
	node, idle, dave := all[0], all[1], all[2]
	if !dave.Last.After(dave.Created) || !dave.Last.Before(node.Last.Add(-100*24*time.Hour)) {
		t.Errorf("%+v", dave)
	}
	if want := []string{own + "role/ops", "ec2.amazonaws.com"}; !slices.Equal(node.Trusts, want) {
		t.Errorf("trusts %q, want %q", node.Trusts, want)
	}
	if !slices.Equal(idle.Trusts, []string{own + "root"}) || idle.Created.IsZero() || !idle.Last.After(idle.Created) || !idle.Last.Before(node.Last.Add(-100*24*time.Hour)) {
		t.Errorf("%+v", idle)
	}
	for profile, want := range map[string]string{"no-iam": "role user", "joiner": "user"} { // the latter has GetRole and GetUser
		all, noRoles, noUsers := iam.New(session(t, profile)).Uses(context.Background(), []access.Principal{own + "role/idle", own + "user/dave"})
		var denied []string
		for kind, err := range map[string]error{"role": noRoles, "user": noUsers} {
			if errors.Is(err, access.ErrForbidden) {
				denied = append(denied, kind)
			}
		}
		if slices.Sort(denied); strings.Join(denied, " ") != want || len(all)+len(denied) != 2 {
			t.Errorf("%s: %v, %v, %v", profile, all, noRoles, noUsers)
		}
	}
}
