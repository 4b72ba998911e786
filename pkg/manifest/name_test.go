package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestNames(t *testing.T) {
	for arn, want := range map[access.Principal]string{
		"arn:aws:iam::111122223333:role/Ops":         "dev-role-ops",
		"arn:aws:iam::111122223333:role/team/Ops":    "dev-role-ops",
		"arn:aws:iam::111122223333:user/amy.b":       "dev-user-amy.b",
		"arn:aws:iam::444455556666:role/ops":         "dev-444455556666-role-ops",
		"arn:aws:iam::111122223333:role/a_b":         "dev-role-a-b-7cd390d7",
		"arn:aws:iam::111122223333:user/amy@x.org":   "dev-user-amy-x.org-428927d1",
		"arn:aws:iam::111122223333:role/a..b":        "dev-role-a--b-b0106b0c",
		"arn:aws:iam::111122223333:role/ops-":        "dev-role-ops-d8f00f9a",
		"arn:aws:iam::111122223333:role/_":           "dev-role-19b6e88c",
		"arn:aws:sts::111122223333:federated-user/x": "dev-federated-user-x",
	} {
		if got := Name(access.Entry{Principal: arn}, dev); got != want {
			t.Errorf("%s: %s, want %s", arn, got, want)
		}
	}
}

func TestNamesAreSubdomains(t *testing.T) {
	for _, cluster := range []string{"dev", "Dev_1", "", "-", strings.Repeat("c", 300)} {
		for _, name := range []string{"a", "", "...", "-a", "a-.b", "a.-b", "ü", "+=,.@_-", strings.Repeat("a.", 200), "A"} {
			for _, arn := range []string{"arn:aws:iam::111122223333:role/" + name, name} {
				got := Name(access.Entry{Principal: access.Principal(arn)}, access.Info{Name: cluster, ARN: dev.ARN})
				if !isSubdomain(got) {
					t.Errorf("%q of %q in %q", got, arn, cluster)
				}
			}
		}
	}
}

func isSubdomain(s string) bool {
	return len(s) <= 253 && !slices.ContainsFunc(strings.Split(s, "."), func(label string) bool {
		return label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(label, "-") != label
	})
}

func TestNamesOfDifferentPrincipalsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"a_b", "a-b", "a+b", "a=b", "a,b", "a@b", "a.b", "a--b", "a._b", "ab", "ab-", "ab_", "a..b", "a.-b"} {
		for _, account := range []string{"111122223333", "444455556666"} {
			for _, kind := range []string{"role", "user"} {
				arn := "arn:aws:iam::" + account + ":" + kind + "/" + name
				got := Name(access.Entry{Principal: access.Principal(arn)}, dev)
				if seen[got] != "" {
					t.Errorf("%s is %s and %s", got, arn, seen[got])
				}
				seen[got] = arn
			}
		}
	}
}
