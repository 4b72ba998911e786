package access

import (
	"errors"
	"strings"
	"testing"
)

func TestParsePrincipalAcceptsEveryForm(t *testing.T) {
	const set = "AWSReservedSSO_Read_Only_0123456789abcdef"
	for _, c := range []struct {
		text   string
		arn    Principal
		lookup Lookup
		name   string
		path   string
	}{
		{"arn:aws:iam::111122223333:role/dev", "arn:aws:iam::111122223333:role/dev", LookupNone, "dev", "/"},
		{"arn:aws:iam::111122223333:role/a/b/dev", "arn:aws:iam::111122223333:role/a/b/dev", LookupNone, "dev", "/a/b/"},
		{"arn:aws-cn:iam::111122223333:user/x.y", "arn:aws-cn:iam::111122223333:user/x.y", LookupNone, "x.y", "/"},
		{"arn:aws-us-gov:iam::011122223333:user/x", "arn:aws-us-gov:iam::011122223333:user/x", LookupNone, "x", "/"},
		{"arn:aws-eusc:iam::111122223333:role/x", "arn:aws-eusc:iam::111122223333:role/x", LookupNone, "x", "/"},
		{"arn:aws:iam::111122223333:role/" + set, "arn:aws:iam::111122223333:role/" + set, LookupPath, set, ""},
		{"arn:aws:sts::111122223333:assumed-role/dev/me@example.com", "arn:aws:iam::111122223333:role/dev", LookupPath, "dev", ""},
		{"arn:aws:eks:us-west-2:111122223333:access-entry/demo/role/444455556666/dev/1-2", "arn:aws:iam::444455556666:role/dev", LookupPath, "dev", ""},
		{"arn:aws:eks:us-west-2:111122223333:access-entry/demo/user/111122223333/bob/1-2", "arn:aws:iam::111122223333:user/bob", LookupPath, "bob", ""},
		{"arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdev", "arn:aws:iam::111122223333:role/dev", LookupNone, "dev", "/"},
		{"arn:aws:iam::111122223333:role/a%2Fb/dev", "arn:aws:iam::111122223333:role/a%2Fb/dev", LookupNone, "dev", "/a%2Fb/"},
		{" 'arn:aws:iam::111122223333:role/dev'\n", "arn:aws:iam::111122223333:role/dev", LookupNone, "dev", "/"},
		{"\ufeff“arn:aws:iam::111122223333:role/dev”\u200b", "arn:aws:iam::111122223333:role/dev", LookupNone, "dev", "/"},
		{"‹arn:aws:iam::111122223333:role/dev›", "arn:aws:iam::111122223333:role/dev", LookupNone, "dev", "/"},
		{"arn:aws:iam::111122223333:role/a//b/dev", "arn:aws:iam::111122223333:role/a//b/dev", LookupNone, "dev", "/a//b/"},
		{"arn:aws:sts::111122223333:assumed-role/dev", "arn:aws:iam::111122223333:role/dev", LookupPath, "dev", ""},
		{"arn:aws:iam::111122223333:role/aws-service-role/b.amazonaws.com/AWSServiceRoleForB", "arn:aws:iam::111122223333:role/aws-service-role/b.amazonaws.com/AWSServiceRoleForB", LookupNone, "AWSServiceRoleForB", "/aws-service-role/b.amazonaws.com/"},
		{"arn:aws:iam::111122223333:role/AWSServiceRoleForB", "arn:aws:iam::111122223333:role/AWSServiceRoleForB", LookupPath, "AWSServiceRoleForB", ""},
		{"role/dev", "", LookupRole, "dev", ""},
		{"role/team/dev", "", LookupRole, "dev", "/team/"},
		{"user/x@example.com", "", LookupUser, "x@example.com", ""},
		{"sso/Read_Only", "", LookupPermissionSet, "Read_Only", ""},
		{"accessentry/role/dev", "", LookupRole, "dev", ""},
		{"me", "", LookupCaller, "", ""},
	} {
		got, err := ParsePrincipal(c.text)
		if err != nil || got.Principal != c.arn || got.Lookup != c.lookup || got.Name != c.name || got.Path != c.path {
			t.Errorf("ParsePrincipal(%q) = %+v, %v", c.text, got, err)
		}
	}
}

func TestParsePrincipalRefusesAndSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty"},
		{"   ", "empty"},
		{"dev", "use role/dev or user/dev"},
		{"role/", "name is missing"},
		{"role/team/", "name is missing"},
		{"role/with space", "letters, digits"},
		{"role/" + strings.Repeat("x", 65), "64"},
		{"user/$NAME", "placeholder"},
		{"sso/" + strings.Repeat("x", 33), "32"},
		{"sso/", "role/NAME"},
		{"group/devs", "IAM group cannot be a principal"},
		{"111122223333", "a whole account"},
		{"x@example.com", "e-mail"},
		{"AROAEXAMPLEID:session", "unique ID"},
		{"AWSReservedSSO_X_0123456789abcdef", "role/AWSReservedSSO_X_0123456789abcdef"},
		{"arn:aws:iam::111122223333:root", "root"},
		{"arn:aws:iam::111122223333:group/devs", "IAM group cannot be a principal"},
		{"arn:aws:iam::111122223333:instance-profile/web", "use its role"},
		{"arn:aws:iam::111122223333:oidc-provider/example.com", "identity provider"},
		{"arn:aws:iam::111122223333:saml-provider/corp", "identity provider"},
		{"arn:aws:iam::111122223333:mfa/x", "MFA"},
		{"arn:aws:iam::111122223333:policy/x", "IAM policy"},
		{"arn:aws:iam::111122223333:server-certificate/x", "certificate"},
		{"arn:aws:iam::111122223333:thing/x", "neither a role nor a user"},
		{"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "--policy"},
		{"arn:aws:eks:us-west-2:111122223333:cluster/demo", "cannot be a principal"},
		{"arn:aws:s3:::bucket", "cannot be a principal"},
		{"AWSServiceRoleForBatch", "service-linked role; use role/AWSServiceRoleForBatch"},
		{"arn:aws:iam::111122223333:role/*", "wildcards"},
		{"arn:aws:iam::111122223333:role/aws-reserved/*/AWSReservedSSO_X_*", "wildcards"},
		{"arn:aws:iam::1234:role/dev", "12 digits"},
		{"arn:aws:iam::XXXXXXXXXXXX:role/dev", "12 digits"},
		{"arn:aws:iam::${ACCOUNT}:role/dev-${NAME}", "12 digits"},
		{"arn:aws:iam::111122223333:role/dev-${NAME}", "placeholder"},
		{"arn:amazon:iam::111122223333:role/dev", "partition"},
		{"arn::role", "incomplete"},
		{"arn:aws:sts::111122223333:federated-user/x", "federated"},
		{"arn:aws:sts::111122223333:assumed-role", "session"},
		{"{arn}iam::111122223333:role/x", "placeholder"},
		{"arn:aws:sts::111122223333:assumed-role/team/dev/me", "no path"},
		{"arn:aws:sts::111122223333:assumed-role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_X_0123456789abcdef/me", "no path"},
		{"arn:aws:iam::111122223333:role", "name is missing"},
		{"arn:aws:iam::111122223333:user", "name is missing"},
		{"arn:aws:iam:us-east-1:111122223333:role/dev", "use arn:aws:iam::111122223333:role/dev"},
		{"arn:aws:iam:*:111122223333:role/dev", "no region"},
		{"arn:aws:iam::111122223333:role//dev", "two slashes"},
		{"role//dev", "two slashes"},
		{"arn:aws:iam::111122223333:role/dev,arn:aws:iam::111122223333:role/ops", "separate them"},
		{"arn:aws:iam::111122223333:role/" + strings.Repeat("x", 511) + "/dev", "512"},
		{"root", "root user cannot stand"},
		{"1111-2222-3333", "a whole account"},
		{"AKIAIOSFODNN7EXAMPLE", "access key"},
		{"AIPAEXAMPLEID", "unique ID"},
		{"ec2.amazonaws.com", "AWS service"},
		{"AmazonEKSViewPolicy", "--policy"},
		{"aws_iam_role.dev.arn", "Terraform"},
		{"ME", "lower case"},
		{"None", "unset"},
		{"system:masters", "--group"},
		{"instance-profile/web", "use its role"},
		{"assumed-role/dev/me", "role/ROLE"},
		{"111122223333:role/dev", "arn:aws:iam::"},
		{"sso/Admin*", "wildcards"},
		{"sso/AWSReservedSSO_X_0123456789abcdef", "use sso/X"},
		{"AWSReservedSSO_*", "wildcards"},
	} {
		_, err := ParsePrincipal(c.text)
		if !errors.Is(err, ErrPrincipal) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("ParsePrincipal(%q) = %v, want %q", c.text, err, c.says)
		}
	}
}

func TestPermissionSetIsCutFromTheEnd(t *testing.T) {
	for name, want := range map[string]string{
		"AWSReservedSSO_Admin_0123456789abcdef":     "Admin",
		"AWSReservedSSO_Read_Only_0123456789abcdef": "Read_Only",
		"AWSReservedSSO_Admin_0123456789ABCDEF":     "",
		"AWSReservedSSO_0123456789abcdef":           "",
		"AWSReservedSSO__0123456789abcdef":          "",
		"SSO_Admin_0123456789abcdef":                "",
	} {
		if got := PermissionSet(name); got != want {
			t.Errorf("PermissionSet(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestPrincipalPartsSurviveOddARNs(t *testing.T) {
	p := Principal("arn:aws:iam::111122223333:role/a//b/dev")
	if p.Name() != "dev" || p.Path() != "/a//b/" || p.Kind() != "role" || p.Short("111122223333") != "role/a//b/dev" || p.Short("444455556666") != string(p) {
		t.Errorf("%s: %q %q %q", p, p.Name(), p.Path(), p.Kind())
	}
	for _, odd := range []Principal{"", "arn:", "arn:aws:iam::1:root", "nonsense", "arn:aws:iam::1:"} {
		_ = odd.Name() + odd.Path() + odd.Kind() + odd.Account() + odd.Short("1") + odd.PermissionSet()
	}
}

func TestIsIgnoresPathAndCase(t *testing.T) {
	a := Principal("arn:aws:iam::111122223333:role/team/Dev")
	for q, want := range map[Principal]bool{
		"arn:aws:iam::111122223333:role/dev":    true,
		"arn:aws:iam::444455556666:role/dev":    false,
		"arn:aws-cn:iam::111122223333:role/dev": false,
		"arn:aws:iam::111122223333:user/dev":    false,
		"":                                      false,
	} {
		if a.Is(q) != want {
			t.Errorf("Is(%q) = %v", q, !want)
		}
	}
}

func FuzzParsePrincipal(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/a/dev", "role/dev", "sso/X", "me", "arn%3Aaws%3Asts%3A%3A111122223333%3Aassumed-role%2Fr%2Fs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParsePrincipal(s)
		if err != nil {
			return
		}
		if ref.Lookup == LookupNone {
			again, err := ParsePrincipal(string(ref.Principal))
			if err != nil || again.Principal != ref.Principal {
				t.Fatalf("%q became %q, which is read as %q, %v", s, ref.Principal, again.Principal, err)
			}
		}
		if ref.Principal == "" && ref.Name == "" && ref.Lookup != LookupCaller {
			t.Fatalf("%q names nobody: %+v", s, ref)
		}
	})
}

func TestMatchesStaysInTheAccount(t *testing.T) {
	const own, foreign Principal = "arn:aws:iam::111122223333:role/team/dev", "arn:aws:iam::444455556666:role/dev"
	for text, want := range map[string][2]bool{
		"role/dev":       {true, false},
		"role/team/DEV":  {true, false},
		"role/other/dev": {false, false},
		"user/dev":       {false, false},
		"me":             {false, false},
		"arn:aws:sts::444455556666:assumed-role/dev/x": {false, true},
	} {
		ref, err := ParsePrincipal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{ref.Matches(own, "111122223333"), ref.Matches(foreign, "111122223333")}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
