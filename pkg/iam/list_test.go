package iam_test

import (
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func all(pages iter.Seq2[[]access.Principal, error]) (found []access.Principal, err error) {
	for page, e := range pages {
		found, err = append(found, page...), errors.Join(err, e)
	}
	return found, err
}

func TestListsHoldWhoCanBeLetIn(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{Entries: 2200}) // more than a page of roles
	c := iam.New(session(t, "default"))
	roles, err := all(c.Roles(t.Context()))
	if err != nil || len(roles) < 1500 || !slices.Contains(roles, "arn:aws:iam::111122223333:role/team/dev") {
		t.Errorf("%d roles, %v", len(roles), err)
	}
	if i := slices.IndexFunc(roles, func(p access.Principal) bool { return p.ServiceLinked() || p.PermissionSet() != "" }); i >= 0 {
		t.Errorf("%s is among the roles", roles[i])
	}
	users, err := all(c.Users(t.Context()))
	if err != nil || !slices.Contains(users, "arn:aws:iam::111122223333:user/alice") {
		t.Errorf("%d users, %v", len(users), err)
	}
	sets, err := all(c.PermissionSets(t.Context()))
	if err != nil || len(sets) == 0 || slices.ContainsFunc(sets, func(p access.Principal) bool { return p.PermissionSet() == "" }) {
		t.Errorf("permission sets: %v, %v", sets, err)
	}
}

func TestWhoMayNotListIsTold(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := iam.New(session(t, "newcomer"))
	if _, err := all(c.Roles(t.Context())); !errors.Is(err, access.ErrForbidden) {
		t.Error(err)
	}
	if _, err := all(c.Users(t.Context())); !errors.Is(err, access.ErrForbidden) {
		t.Error(err)
	}
}

// TestNobodyWithoutANameIsListed: the empty principal stands for the cluster itself.
func TestNobodyWithoutANameIsListed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<R><ListUsersResult><Users><member/></Users></ListUsersResult><ListRolesResult><Roles><member/></Roles></ListRolesResult></R>`)
	}))
	defer server.Close()
	sandboxtest.Start(t, sandbox.Options{})
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	c := iam.New(session(t, ""))
	roles, failed := all(c.Roles(t.Context()))
	users, err := all(c.Users(t.Context()))
	if len(roles)+len(users) > 0 || errors.Join(failed, err) != nil {
		t.Errorf("%q, %q, %v, %v", roles, users, failed, err)
	}
}
