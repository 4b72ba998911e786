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
	all, err := iam.New(session(t, "")).Uses(context.Background(), []access.Principal{
		own + "role/idle", own + "role/demo-windows-node", own + "role/departed", own + "user/alice", "arn:aws:iam::444455556666:role/idle",
	})
	if err != nil || len(all) != 2 { // what is gone, a user and a role of another account are left out
		t.Fatalf("%v, %v", all, err)
	}
	slices.SortFunc(all, func(a, b access.Use) int { return strings.Compare(string(a.Principal), string(b.Principal)) })
	node, idle := all[0], all[1]
	if want := []string{own + "role/ops", "ec2.amazonaws.com"}; !slices.Equal(node.Trusts, want) {
		t.Errorf("trusts %q, want %q", node.Trusts, want)
	}
	if !slices.Equal(idle.Trusts, []string{own + "root"}) || idle.Created.IsZero() || !idle.Last.After(idle.Created) || !idle.Last.Before(node.Last.Add(-100*24*time.Hour)) {
		t.Errorf("%+v", idle)
	}
	if _, err := iam.New(session(t, "no-iam")).Uses(context.Background(), []access.Principal{own + "role/idle"}); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}
