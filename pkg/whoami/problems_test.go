package whoami_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

const (
	account = "111122223333"
	ssoNow  = access.Principal(role + "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef")
	ssoThen = access.Principal(role + "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_fedcba9876543210")
)

// told is what a report says, in values: each cause, who can end it, and with which commands.
func told(r whoami.Report) string {
	var all []string
	for _, p := range r.Problems {
		text := string(p.Cause) + " (" + string(p.By) + ")"
		for _, c := range p.Commands {
			c = strings.TrimPrefix(c, "kubectl access ")
			text += " " + strings.NewReplacer(" --eks-cluster demo", "", " --name demo", "", " --region us-west-2", "").Replace(c) + ";"
		}
		all = append(all, strings.TrimSuffix(text, ";"))
	}
	return strings.Join(all, " | ")
}

// The changes of a table, each in few words.
type with = func(*whoami.Facts)

func met(t whoami.Trouble) with { return func(f *whoami.Facts) { f.Trouble = t } }

// loggedOut is somebody of whom AWS tells nothing.
func loggedOut(t whoami.Trouble) with {
	return func(f *whoami.Facts) { f.Login, f.AWS, f.AWSErr = t, nil, errRefused }
}

func profile(name string) with   { return func(f *whoami.Facts) { f.Profile = name } }
func clock(d time.Duration) with { return func(f *whoami.Facts) { f.Clock = d } }
func mode(m access.Mode) with    { return func(f *whoami.Facts) { f.Info.Mode = m } }
func noEntries(f *whoami.Facts)  { f.NoEntries, f.Info.Mode = true, access.ModeConfigMap }
func other(f *whoami.Facts)      { f.Other, f.Info.Endpoint = true, "https://b" }
func private(f *whoami.Facts)    { f.Private = true }
func noExec(f *whoami.Facts)     { f.NoExec, f.Exec = true, "aws" }
func recreated(f *whoami.Facts)  { f.Made = today }
func sso(f *whoami.Facts)        { f.SSO = true }

func named(all ...access.Principal) with { return func(f *whoami.Facts) { f.Entries = all } }

func as(p access.Principal) with {
	return func(f *whoami.Facts) { f.AWS.Principal = p }
}

func taking(name string, p access.Principal) with {
	return func(f *whoami.Facts) { f.Profiles = append(f.Profiles, whoami.Profile{Name: name, Role: p}) }
}

// holding gives the caller an entry from an hour ago.
func holding(e access.Entry) with {
	return func(f *whoami.Facts) {
		e.Principal, e.Kind, e.Created = dev, access.Standard, today.Add(-time.Hour)
		f.Entry = &e
	}
}

func viewer() access.Entry {
	return access.Entry{Grants: []access.Grant{{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: []string{"dev"}}}}}
}

// mapped adds a mapping that reads "arn username group,group".
func mapped(state access.MappingState, text string) with {
	return func(f *whoami.Facts) {
		words := append(strings.Fields(text), "", "")
		m := access.Mapping{Kind: access.MappedRole, ARN: words[0], Username: words[1], State: state, Reason: "why", Item: len(f.Mappings) + 1}
		if access.IsAccount(m.ARN) {
			m.Kind = access.MappedAccount
		}
		if words[2] != "" {
			m.Groups = strings.Split(words[2], ",")
		}
		f.Mappings = append(f.Mappings, m)
	}
}

func all(changes []with) with {
	return func(f *whoami.Facts) {
		for _, c := range changes {
			c(f)
		}
	}
}

// TestWhyNobodyLetsMeInAndWhatIsNext: one row for each cause, and below it what is just another.
func TestWhyNobodyLetsMeInAndWhatIsNext(t *testing.T) {
	const view, anew = "grant " + string(dev) + " --policy <policy> -n <namespace>", "kubeconfig"
	for _, c := range []struct {
		name    string
		changes []with
		want    string
	}{
		{"nothing is known against it", nil, "no-entry (administrator) " + view},
		{"the plugin is not installed", []with{met(whoami.Plugin), noExec}, "exec-not-installed (you) " + anew + " --exec native"},
		{"it is installed and fails", []with{met(whoami.Plugin)}, "exec-failed (you) " + anew + " --exec native"},
		{"it is not installed and was not asked", []with{noExec}, "no-entry (administrator) " + view},
		{"with a profile that needs quotes", []with{met(whoami.Plugin), profile("my prod")}, "exec-failed (you) " + anew + " --profile 'my prod' --exec native"},

		{"the clock is behind", []with{clock(2 * time.Minute)}, "clock-off (you) sudo timedatectl set-ntp true"},
		{"the clock is ahead", []with{clock(-time.Hour)}, "clock-off (you) sudo timedatectl set-ntp true"},
		{"on macOS", []with{clock(time.Hour), func(f *whoami.Facts) { f.System = "darwin" }}, "clock-off (you) sudo sntp -sS time.apple.com"},
		{"on Windows", []with{clock(time.Hour), func(f *whoami.Facts) { f.System = "windows" }}, "clock-off (you) w32tm /resync"},
		{"the clock is a little off", []with{clock(2*time.Minute - time.Second)}, "no-entry (administrator) " + view},
		{"a wrong clock explains a refused login", []with{clock(time.Hour), loggedOut(whoami.Expired)}, "clock-off (you) sudo timedatectl set-ntp true"},

		{"no login", []with{loggedOut(whoami.Missing)}, "credentials-missing (you) aws configure sso"},
		{"no login yet by Identity Center", []with{loggedOut(whoami.Missing), sso}, "credentials-missing (you) aws sso login"},
		{"of a profile", []with{loggedOut(whoami.Missing), profile("p")}, "credentials-missing (you) aws configure sso --profile p"},
		{"an old login", []with{loggedOut(whoami.Expired), profile("p")}, "credentials-expired (you) aws sso login --profile p"},
		{"an unknown login", []with{loggedOut(whoami.Invalid)}, "credentials-invalid (you) aws sso login"},
		{"no AWS", []with{loggedOut(whoami.Unreachable)}, "aws-unreachable (you)"},
		{"a login of which nobody knows why it fails", []with{loggedOut(whoami.Unknown)}, ""},
		{"the login explains an unreachable cluster", []with{loggedOut(whoami.Expired), met(whoami.Unreachable)}, "credentials-expired (you) aws sso login"},

		{"no cluster", []with{met(whoami.Unreachable)}, "endpoint-unreachable (you)"},
		{"a private cluster", []with{met(whoami.Unreachable), private}, "endpoint-private (you)"},
		{"a private cluster that answers", []with{private}, "no-entry (administrator) " + view},
		{"another cluster than the kubeconfig's", []with{met(whoami.Unreachable), private, other}, "other-cluster (you) " + anew},
		{"another cluster that answers", []with{other}, "other-cluster (you) " + anew},
		{"another's certificate", []with{met(whoami.Certificate), profile("p")}, "other-cluster (you) " + anew + " --profile p"},
		{"nobody knows what is wrong", []with{met(whoami.Unknown)}, ""},

		{"a token that ended", []with{func(f *whoami.Facts) { f.TokenEnd = today }}, "token-expired (you) " + anew},
		{"a token that ends", []with{func(f *whoami.Facts) { f.TokenEnd = today.Add(time.Second) }}, "no-entry (administrator) " + view},
		{"nobody is named", []with{func(f *whoami.Facts) { f.Kube = &whoami.Kubernetes{Username: "system:anonymous"} }}, "no-credentials-sent (you) " + anew},
		{"the account's root", []with{as("arn:aws:iam::111122223333:root")}, "not-a-principal (you) aws configure list-profiles"},
		{"a federated user", []with{as("arn:aws:sts::111122223333:federated-user/amy")}, "not-a-principal (you) aws configure list-profiles"},

		{"the role was recreated", []with{holding(viewer()), recreated}, "role-recreated (administrator) revoke " + string(dev) + "; grant " + string(dev) + " --policy view -n dev"},
		{"its entry had nothing", []with{holding(access.Entry{Username: "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}"}), recreated}, "role-recreated (administrator) revoke " + string(dev) + "; " + view},
		{"its entry had a name of its own", []with{holding(access.Entry{Username: "d:x", Groups: []string{"g", "h"}}), recreated}, "role-recreated (administrator) revoke " + string(dev) + "; grant " + string(dev) + " --group g --group h --username d:x"},
		{"its entry had two policies", []with{holding(access.Entry{Groups: []string{"g"}, Grants: append(viewer().Grants, access.Grant{Policy: access.ClusterAdmin})}), recreated}, "role-recreated (administrator) revoke " + string(dev) + "; grant " + string(dev) + " --policy view -n dev --group g; grant " + string(dev) + " --policy cluster-admin -A"},
		{"the entry is as old as the role", []with{holding(viewer()), func(f *whoami.Facts) { f.Made = today.Add(-time.Hour) }}, "entry-not-in-effect (you)"},
		{"nobody knows how old the role is", []with{holding(viewer()), func(f *whoami.Facts) { f.MadeErr = errRefused }}, "entry-not-in-effect (you)"},

		{"Identity Center made the role anew", []with{as(ssoNow), named(ssoThen)}, "role-changed (administrator) grant " + string(ssoNow) + " --policy <policy> -n <namespace>; revoke " + string(ssoThen)},
		{"with what the former role had", []with{as(ssoNow), named(ssoThen), func(f *whoami.Facts) { e := viewer(); f.Former = &e }}, "role-changed (administrator) grant " + string(ssoNow) + " --policy view -n dev; revoke " + string(ssoThen)},
		{"another permission set", []with{as(ssoNow), named(role + "AWSReservedSSO_View_fedcba9876543210")}, "no-entry (administrator) grant " + string(ssoNow) + " --policy <policy> -n <namespace>"},
		{"the same in another account", []with{as(ssoNow), named("arn:aws:iam::444455556666:role/AWSReservedSSO_Admin_fedcba9876543210")}, "no-entry (administrator) grant " + string(ssoNow) + " --policy <policy> -n <namespace>"},
		{"the same in China", []with{as(ssoNow), named("arn:aws-cn:iam::111122223333:role/AWSReservedSSO_Admin_fedcba9876543210")}, "no-entry (administrator) grant " + string(ssoNow) + " --policy <policy> -n <namespace>"},
		{"the path changed", []with{named(role+"x", role+"other/dev")}, "role-changed (administrator) " + view + "; revoke " + role + "other/dev"},
		{"a namesake in China", []with{named("arn:aws-cn:iam::111122223333:role/dev")}, "no-entry (administrator) " + view},

		{"another profile has an entry", []with{named(role + "ops"), taking("p q", role+"ops")}, "other-profile (you) kubeconfig --profile 'p q'"},
		{"two have", []with{named(role+"ops", role+"adm"), taking("p", role+"ops"), taking("q", role+"adm"), taking("r", role+"no")}, "other-profile (you) kubeconfig --profile p | other-profile (you) kubeconfig --profile q"},
		{"a profile of a permission set", []with{named(ssoNow), taking("p", role+"Admin")}, "other-profile (you) kubeconfig --profile p"},
		{"in another account", []with{named(ssoNow), taking("p", "arn:aws:iam::444455556666:role/Admin")}, "no-entry (administrator) " + view},
		{"of another one", []with{named(ssoNow), taking("p", role+"Adm")}, "no-entry (administrator) " + view},
		{"the caller's own entry is no other's", []with{named(dev), taking("p", role+"dev")}, "no-entry (administrator) " + view},

		{"a mapping with a path", []with{mapped(access.NeverMatches, string(dev)+" d g")}, "mapping-never-matches (administrator) grant " + string(dev) + " --group g --username d"},
		{"of a session", []with{mapped(access.NeverMatches, "arn:aws:sts::111122223333:assumed-role/dev/me d:{{SessionName}} g")}, "mapping-never-matches (administrator) grant " + string(dev) + " --group g"},
		{"of an administrator", []with{mapped(access.Dropped, string(dev)+" system:x system:masters,eks:x,g")}, "mapping-never-matches (administrator) grant " + string(dev) + " --policy cluster-admin -A --group g"},
		{"in capitals", []with{mapped(access.NeverMatches, strings.ToUpper(string(dev))+" d g")}, "mapping-never-matches (administrator) grant " + string(dev) + " --group g --username d"},
		{"that gives nothing EKS takes", []with{mapped(access.Dropped, string(dev)+" system:x system:bootstrappers")}, "mapping-never-matches (administrator) " + view},
		{"somebody else's", []with{mapped(access.NeverMatches, role+"team/ops d g")}, "no-entry (administrator) " + view},
		{"beside one that works", []with{mapped(access.NeverMatches, string(dev)+" d g"), mapped(access.InForce, role+"dev d g")}, "no-entry (administrator) " + view},
		{"what could not be read may have been meant", []with{func(f *whoami.Facts) { f.Unread = map[string]string{"mapRoles": "line 3"} }}, "mapping-never-matches (administrator) " + view},
		{"which does not count beside one that is read", []with{mapped(access.NeverMatches, string(dev)+" d g"), func(f *whoami.Facts) { f.Unread = map[string]string{"mapRoles": "line 3"} }}, "mapping-never-matches (administrator) grant " + string(dev) + " --group g --username d"},
		{"not for a role", []with{func(f *whoami.Facts) { f.Unread = map[string]string{"mapUsers": "line 3"} }}, "no-entry (administrator) " + view},
		{"but for a user", []with{as("arn:aws:iam::111122223333:user/amy"), func(f *whoami.Facts) { f.Unread = map[string]string{"mapUsers": "line 3"} }}, "mapping-never-matches (administrator) grant arn:aws:iam::111122223333:user/amy --policy <policy> -n <namespace>"},

		{"entries are not read", []with{noEntries}, "mode-config-map (administrator) mode API_AND_CONFIG_MAP --accept-risk=one-way-mode; " + view},
		{"entries are not read, and a mapping was meant", []with{noEntries, mapped(access.NeverMatches, string(dev)+" d g")}, "mapping-never-matches (administrator) mode API_AND_CONFIG_MAP --accept-risk=one-way-mode; grant " + string(dev) + " --group g --username d"},
		{"entries are not read, and nobody knows who asks", []with{noEntries, loggedOut(whoami.Unknown)}, ""},
		{"a mapping is not read any more", []with{mode(access.ModeAPI), mapped(access.InForce, role+"dev d g")}, "no-entry (administrator) grant " + string(dev) + " --group g --username d"},
		{"of the account", []with{mode(access.ModeAPI), mapped(access.InForce, account)}, "no-entry (administrator) " + view},
		{"a mapping is read and does not let in", []with{mapped(access.InForce, role+"dev d g")}, "no-entry (administrator) " + view},
	} {
		r := whoami.Judge(stranded(all(c.changes)))
		if got := told(r); got != c.want || r.HasAccess || r.By != nil {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestWhoIsInHearsWhatIsOdd: here one finding does not hide another.
func TestWhoIsInHearsWhatIsOdd(t *testing.T) {
	const view = "grant " + string(dev) + " --policy <policy> -n <namespace>"
	seen := func(arn string) with {
		return func(f *whoami.Facts) { f.Kube.Extra = map[string][]string{"arn": {arn}} }
	}
	unbound := func(f *whoami.Facts) { f.Unbound = true }
	for _, c := range []struct {
		name    string
		changes []with
		want    string
	}{
		{"nothing", []with{holding(viewer())}, ""},
		{"kubectl itself does not get in", []with{holding(viewer()), noExec}, "exec-not-installed (you) kubeconfig --exec native"},
		{"another session of the role", []with{holding(viewer()), seen("arn:aws:sts::111122223333:assumed-role/dev/you")}, ""},
		{"another role", []with{holding(viewer()), seen("arn:aws:sts::111122223333:assumed-role/devs/me")}, "other-identity (you) kubeconfig"},
		{"a user", []with{holding(viewer()), seen("arn:aws:iam::111122223333:user/dev")}, "other-identity (you) kubeconfig"},
		{"another user", []with{holding(viewer()), func(f *whoami.Facts) { f.AWS.ARN = "arn:aws:iam::111122223333:user/amy" }, seen("arn:aws:iam::111122223333:user/bob")}, "other-identity (you) kubeconfig"},
		{"the caller among others", []with{holding(viewer()), seen("arn:aws:iam::111122223333:user/bob"), func(f *whoami.Facts) {
			f.Kube.Extra["arn"] = append(f.Kube.Extra["arn"], f.AWS.ARN)
		}}, ""},
		{"by an old entry and a mapping", []with{holding(viewer()), recreated, mapped(access.InForce, role+"dev dev g")}, "role-recreated (administrator) revoke " + string(dev) + "; grant " + string(dev) + " --policy view -n dev"},
		{"a mapping that a later one replaced", []with{mapped(access.Shadowed, role+"dev d g,h"), mapped(access.InForce, role+"dev d g")}, "mapping-shadowed (administrator)"},
		{"a mapping that never matched", []with{mapped(access.NeverMatches, string(dev)+" d h"), mapped(access.InForce, role+"dev d g")}, "mapping-never-matches (administrator)"},
		{"which gave no more", []with{mapped(access.Shadowed, role+"dev d g"), mapped(access.InForce, role+"dev d g,h")}, ""},
		{"which gave no more than an administrator has", []with{mapped(access.Shadowed, role+"dev d h"), mapped(access.InForce, role+"dev d system:masters")}, ""},
		{"and an entry overrides both", []with{holding(viewer()), mapped(access.Shadowed, role+"dev d h"), mapped(access.InForce, role+"dev d g")}, ""},
		{"somebody else's", []with{mapped(access.Shadowed, role+"ops d h"), mapped(access.InForce, role+"dev d g")}, ""},
		{"where entries are not read", []with{noEntries, mapped(access.Shadowed, role+"dev d h"), mapped(access.InForce, role+"dev d g")}, "mapping-shadowed (administrator)"},
		{"an entry that gives nothing", []with{holding(access.Entry{Groups: []string{"g"}}), unbound}, "grants-nothing (administrator) " + view},
		{"that RBAC gives something", []with{holding(access.Entry{Groups: []string{"g"}})}, ""},
		{"that has a policy", []with{holding(viewer()), unbound}, ""},
		{"that is for nodes", []with{holding(access.Entry{}), unbound, func(f *whoami.Facts) { f.Entry.Kind = access.EC2Linux }}, ""},
		{"that is not what lets in", []with{holding(access.Entry{Username: "another"}), unbound}, ""},
		{"two at once", []with{noExec, holding(access.Entry{}), unbound}, "exec-not-installed (you) kubeconfig --exec native | grants-nothing (administrator) " + view},
	} {
		r := whoami.Judge(entered(all(c.changes)))
		if got := told(r); got != c.want || !r.HasAccess || r.Unknown {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
