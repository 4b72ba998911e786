package iam_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const (
	own = "arn:aws:iam::111122223333:"
	sso = own + "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Developer_90a1b2c3d4e5f607"
)

func session(t *testing.T, profile string) *login.Session {
	t.Helper()
	s, err := login.New(context.Background(), login.Settings{Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func resolve(t *testing.T, c *iam.Client, text string) (iam.Found, error) {
	t.Helper()
	ref, err := access.ParsePrincipal(text)
	if err != nil {
		t.Fatal(err)
	}
	return c.Resolve(context.Background(), ref)
}

func TestResolveCompletesEveryForm(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := iam.New(session(t, ""))
	for text, want := range map[string]access.Principal{
		own + "role/anything": own + "role/anything", // a full ARN asks nobody
		"role/dev":            own + "role/team/dev",
		"role/team/dev":       own + "role/team/dev",
		"role/DEV":            own + "role/team/dev",
		"user/bob":            own + "user/contractors/bob",
		"sso/Developer":       sso,
		"sso/developer":       sso,
		"me":                  own + "role/platform-admin",
		own + "role/" + sso[len(sso)-len("AWSReservedSSO_Developer_90a1b2c3d4e5f607"):]:            sso,
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_90a1b2c3d4e5f607/x@y.org": sso,
		"arn:aws:sts::111122223333:assumed-role/dev/session":                                       own + "role/team/dev",
		"arn:aws:eks:us-west-2:111122223333:access-entry/demo/user/111122223333/bob/1-2-3":         own + "user/contractors/bob",
	} {
		got, err := resolve(t, c, text)
		if err != nil || got.Principal != want || got.Doubt != "" {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestResolveDoesNotTakeANamesakeOfAnotherAccount(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := iam.New(session(t, ""))
	got, err := resolve(t, c, "arn:aws:sts::444455556666:assumed-role/dev/session")
	if err != nil || got.Principal != "arn:aws:iam::444455556666:role/dev" || !strings.Contains(got.Doubt, "used as written") {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = resolve(t, c, "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Developer_90a1b2c3d4e5f607/session")
	if err == nil || !strings.Contains(err.Error(), "use the full ARN") {
		t.Errorf("an Identity Center role without its path: %v", err)
	}
}

func TestResolveSaysWhatIsMissing(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := iam.New(session(t, ""))
	for text, says := range map[string]string{
		"role/nobody":    "cannot be found",
		"user/nobody":    "cannot be found",
		"role/other/dev": "did you mean role/team/dev?",
		"sso/Nothing":    "it has AdministratorAccess, Developer",
		"arn:aws:sts::111122223333:assumed-role/nobody/s": "cannot be found",
	} {
		if _, err := resolve(t, c, text); !errors.Is(err, access.ErrNotFound) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func TestWhereIAMMayNotBeAskedTheFullARNIsWanted(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	c := iam.New(session(t, "no-iam"))
	for _, text := range []string{"role/dev", "user/bob", "sso/Developer"} {
		if _, err := resolve(t, c, text); !errors.Is(err, access.ErrForbidden) || !strings.Contains(err.Error(), "full ARN instead") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got, err := resolve(t, c, "me"); err != nil || got.Principal != own+"role/eks-operator" || got.Doubt == "" {
		t.Errorf("me: %+v, %v", got, err)
	}
}

func TestLifeTellsWhatBecameOfThePrincipal(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	s := session(t, "")
	all, err := eks.New(s, "demo").Snapshot(context.Background(), access.Want{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[access.Principal]access.Life{
		own + "role/team/dev": access.Alive, own + "role/departed": access.Gone, own + "role/rotated": access.Recreated,
	} {
		e, _ := all.Entry(name)
		if got := iam.New(s).Life(context.Background(), e); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if got := iam.New(session(t, "no-iam")).Life(context.Background(), e); got != access.LifeUnknown {
			t.Errorf("%s: %v although IAM may not be asked", name, got)
		}
	}
	foreign := access.Entry{Principal: "arn:aws:iam::444455556666:role/dev"}
	if got := iam.New(s).Life(context.Background(), foreign); got != access.LifeUnknown {
		t.Errorf("a foreign role: %v", got)
	}
}

// Many are looked up in IAM's own lists, and few one by one; where a list is refused, the other is still used.
func TestLivesOfManyAreReadFromLists(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{Entries: 60})
	s := session(t, "")
	all, err := eks.New(s, "demo").Snapshot(context.Background(), access.Want{All: true})
	if err != nil {
		t.Fatal(err)
	}
	before := box.Calls()
	lives, err := iam.New(s).Lives(context.Background(), all.Entries)
	after := box.Calls()
	if err != nil || after["iam.GetRole"] != before["iam.GetRole"] || after["iam.ListRoles"] != before["iam.ListRoles"]+1 {
		t.Errorf("%v; %v, before %v", err, after, before)
	}
	for i, e := range all.Entries {
		want := map[access.Principal]access.Life{own + "role/departed": access.Gone, own + "role/rotated": access.Recreated}[e.Principal]
		if want == 0 {
			want = access.Alive
		}
		if lives[i] != want {
			t.Errorf("%s: %v, want %v", e.Principal, lives[i], want)
		}
	}
	lives, err = iam.New(session(t, "no-iam")).Lives(context.Background(), all.Entries)
	if !errors.Is(err, access.ErrForbidden) || !strings.Contains(err.Error(), "iam:") || len(lives) != len(all.Entries) {
		t.Errorf("%v", err)
	}
}
