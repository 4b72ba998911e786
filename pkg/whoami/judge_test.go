package whoami_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

const (
	role = "arn:aws:iam::111122223333:role/"
	dev  = access.Principal(role + "team/dev")
)

var (
	errRefused = errors.New("refused")
	today      = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// stranded is somebody whom the cluster does not let in.
func stranded(change func(*whoami.Facts)) whoami.Facts {
	f := whoami.Facts{
		Program: shell.Program{Name: "kubectl access", Flags: []string{"--profile", "mine"}},
		Cluster: whoami.Cluster{Name: "demo", Region: "us-west-2", Server: "https://a"}, Namespace: "default", System: "linux", Now: today,
		AWS:     &whoami.AWS{ARN: "arn:aws:sts::111122223333:assumed-role/dev/me", Account: "111122223333", Principal: dev},
		KubeErr: errRefused, Trouble: whoami.Unauthorized,
		Info: &access.Info{Name: "demo", Mode: access.ModeBoth, Endpoint: "https://a"},
	}
	change(&f)
	return f
}

// entered is somebody whom it lets in.
func entered(change func(*whoami.Facts)) whoami.Facts {
	return stranded(func(f *whoami.Facts) {
		f.KubeErr, f.Trouble, f.Kube = nil, whoami.None, &whoami.Kubernetes{Username: "dev"}
		change(f)
	})
}

func TestTheFirstCauseHidesTheOthers(t *testing.T) {
	entry := &access.Entry{Principal: dev, Kind: access.Standard, Created: today.Add(-time.Hour)}
	for _, c := range []struct {
		want  whoami.Cause
		text  string
		facts whoami.Facts
	}{
		{whoami.ExecFailed, "refused", stranded(func(f *whoami.Facts) { f.Trouble = whoami.Plugin })},
		{whoami.ExecNotInstalled, "cannot run", stranded(func(f *whoami.Facts) {
			f.Trouble, f.NoExec, f.Unrunnable = whoami.Plugin, true, "exec: kubectl cannot run it"
		})},
		{whoami.ExecNotInstalled, "from aws", stranded(func(f *whoami.Facts) { f.Trouble, f.NoExec, f.Exec = whoami.Plugin, true, "aws" })},
		{whoami.ClockOff, "3 minutes behind", stranded(func(f *whoami.Facts) { f.Clock = 3 * time.Minute; f.Login = whoami.Expired })},
		{whoami.CredentialsExpired, "expired", stranded(func(f *whoami.Facts) { f.Login, f.AWS, f.AWSErr = whoami.Expired, nil, errRefused })},
		{whoami.CredentialsInvalid, "does not know", stranded(func(f *whoami.Facts) { f.Login, f.AWS, f.AWSErr = whoami.Invalid, nil, errRefused })},
		{whoami.AWSUnreachable, "proxy", stranded(func(f *whoami.Facts) { f.Login, f.AWS, f.AWSErr = whoami.Unreachable, nil, errRefused })},
		{whoami.EndpointUnreachable, "refused", stranded(func(f *whoami.Facts) { f.Trouble = whoami.Unreachable })},
		{whoami.EndpointPrivate, "private", stranded(func(f *whoami.Facts) { f.Trouble, f.Private = whoami.Unreachable, true })},
		{whoami.OtherCluster, "is not the endpoint of cluster demo", stranded(func(f *whoami.Facts) { f.Trouble, f.Other = whoami.Unreachable, true })},
		{whoami.OtherCluster, "refused", stranded(func(f *whoami.Facts) { f.Trouble = whoami.Certificate })},
		{whoami.TokenExpired, "2026-11-25T11:00:00Z", stranded(func(f *whoami.Facts) { f.TokenEnd = today.Add(-time.Hour) })},
		{whoami.NoCredentialsSent, "no credentials", entered(func(f *whoami.Facts) { f.Kube.Username = "system:anonymous" })},
		{whoami.NotAPrincipal, "root", stranded(func(f *whoami.Facts) {
			f.AWS.ARN, f.AWS.Principal = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"
		})},
		{whoami.RoleRecreated, "old one's ID", stranded(func(f *whoami.Facts) { f.Entry, f.Made = entry, today })},
		{whoami.EntryNotYet, "few seconds", stranded(func(f *whoami.Facts) { f.Entry, f.Made = entry, today.Add(-2*time.Hour) })},
		{whoami.RoleChanged, "path of the role has changed", stranded(func(f *whoami.Facts) { f.Entries = []access.Principal{role + "dev"} })},
		{whoami.OtherProfile, "profile p", stranded(func(f *whoami.Facts) {
			f.Entries, f.Profiles = []access.Principal{role + "ops"}, []whoami.Profile{{Name: "p", Role: role + "ops"}}
		})},
		{whoami.OtherProfile, "profile sso", stranded(func(f *whoami.Facts) {
			f.Entries = []access.Principal{role + "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"}
			f.Profiles = []whoami.Profile{{Name: "sso", Role: role + "Admin"}}
		})},
		{whoami.ModeConfigMap, "CONFIG_MAP", stranded(func(f *whoami.Facts) { f.NoEntries = true })},
		{whoami.NoEntry, "no access entry", stranded(func(*whoami.Facts) {})},
		{whoami.NoEntry, "could not be read", stranded(func(f *whoami.Facts) { f.EntryErr = errRefused })},
		{whoami.OtherIdentity, "uses another login", entered(func(f *whoami.Facts) {
			f.Entry = entry
			f.Kube.Extra = map[string][]string{"arn": {"arn:aws:sts::111122223333:assumed-role/ops/me"}}
		})},
	} {
		r := whoami.Judge(c.facts)
		if len(r.Problems) == 0 || r.Problems[0].Cause != c.want || !strings.Contains(r.Problems[0].Text, c.text) {
			t.Errorf("want %s (%s): %+v", c.want, c.text, r.Problems)
		}
	}
}

func TestWhoIsLetInWithoutTroubleHearsOfNone(t *testing.T) {
	r := whoami.Judge(entered(func(f *whoami.Facts) {
		f.Entry = &access.Entry{Principal: dev, Groups: []string{"developers"}}
		f.Kube.Extra = map[string][]string{"arn": {"arn:aws:sts::111122223333:assumed-role/dev/another-session"}}
	}))
	if !r.HasAccess || r.By == nil || r.By.Entry == nil || len(r.Problems)+len(r.Unchecked) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestTheEntryIsNamedWhereItCanBeWhatLetsIn: a dead one, and one of another name than the cluster shows, is not.
func TestTheEntryIsNamedWhereItCanBeWhatLetsIn(t *testing.T) {
	line := access.Mapping{Kind: access.MappedRole, ARN: "ARN:AWS:IAM::111122223333:role/DEV", Username: "dev", State: access.InForce}
	account := access.Mapping{Kind: access.MappedAccount, ARN: "111122223333", State: access.InForce}
	for _, c := range []struct {
		name, username, shown string
		made                  time.Time
		mappings              []access.Mapping
		want                  string
	}{
		{"alive", "dev", "dev", today.Add(-2 * time.Hour), []access.Mapping{line}, "entry"},
		{"IAM was not asked", "dev", "dev", time.Time{}, []access.Mapping{line}, "entry"},
		{"a session's name", "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}", "arn:aws:sts::111122223333:assumed-role/dev/a.b", time.Time{}, nil, "entry"},
		{"the cluster tells no name", "x:{{SessionName}}", "", time.Time{}, nil, "entry"},
		{"dead", "dev", "dev", today, []access.Mapping{line}, "aws-auth"},
		{"dead, and aws-auth is not read", "dev", "dev", today, nil, ""},
		{"dead, and the account is mapped", "dev", "arn:aws:iam::111122223333:role/dev", today, []access.Mapping{account}, "aws-auth"},
		{"another name", "ci:{{SessionName}}", "dev", time.Time{}, []access.Mapping{line}, "aws-auth"},
		{"a name that begins as the entry's", "dev", "dev2", time.Time{}, nil, ""},
		{"neither name", "ci:{{SessionName}}", "else", time.Time{}, []access.Mapping{line}, ""},
	} {
		r := whoami.Judge(entered(func(f *whoami.Facts) {
			f.Entry = &access.Entry{Principal: dev, Kind: access.Standard, Username: c.username, Created: today.Add(-time.Hour)}
			f.Kube.Username, f.Made, f.Mappings = c.shown, c.made, c.mappings
		}))
		got := ""
		switch {
		case r.By != nil && r.By.Entry != nil:
			got = "entry"
		case r.By != nil && r.By.Mapping != nil:
			got = "aws-auth"
		}
		if got != c.want || (len(r.Problems) > 0) != c.made.Equal(today) {
			t.Errorf("%s: by %q, want %q; %+v", c.name, got, c.want, r.Problems)
		}
	}
}

func TestACommandForAdministratorsIsSafeToPaste(t *testing.T) {
	r := whoami.Judge(stranded(func(f *whoami.Facts) {
		f.Entry = &access.Entry{
			Principal: dev, Username: "a b'c; rm -rf /", Groups: []string{"$(id)"}, Created: today.Add(-time.Hour),
			Grants: []access.Grant{{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev-*", "qa"}}}},
		}
		f.Made = today
	}))
	got := strings.Join(r.Problems[0].Commands, "\n")
	for _, want := range []string{`'$(id)'`, `'a b'\''c; rm -rf /'`, `-n 'dev-*,qa'`, "kubectl access revoke " + string(dev)} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in:\n%s", want, got)
		}
	}
}

func TestAMastersLineBecomesThePolicyAndNoRefusedGroup(t *testing.T) {
	r := whoami.Judge(stranded(func(f *whoami.Facts) {
		f.Mappings = []access.Mapping{{
			Kind: access.MappedRole, ARN: string(dev), Username: "system:x", State: access.NeverMatches, Reason: "path",
			Groups: []string{"system:masters", "system:bootstrappers", "ops"},
		}}
	}))
	want := "kubectl access grant " + string(dev) + " --policy cluster-admin -A --group ops --eks-cluster demo --region us-west-2"
	if r.Problems[0].Cause != whoami.MappingNeverMatches || len(r.Problems[0].Commands) != 1 || r.Problems[0].Commands[0] != want {
		t.Errorf("%+v", r.Problems)
	}
}
