package kubeapi

import (
	"fmt"
	"testing"
)

// TestReadingAWSAuth holds the rows of the authenticator's behaviour that people fall over.
func TestReadingAWSAuth(t *testing.T) {
	const role, user = "arn:aws:iam::111122223333:role/x", "arn:aws:iam::111122223333:user/x"
	for _, test := range []struct{ name, section, text, arn, want string }{
		{"case of the ARN", "mapRoles", "- rolearn: ARN:aws:iam::111122223333:role/X\n  username: a", role, "a []"},
		{"case of the key", "mapRoles", "- RoleARN: " + role + "\n  UserName: a", role, "a []"},
		{"last wins", "mapRoles", "- rolearn: " + role + "\n  username: a\n- rolearn: " + role + "\n  username: b", role, "b []"},
		{"path", "mapRoles", "- rolearn: arn:aws:iam::111122223333:role/p/x\n  username: a", role, ""},
		{"syntax", "mapRoles", "- rolearn: " + role + "\n username: a", role, ""},
		{"template without quotes", "mapRoles", "- rolearn: " + role + "\n  username: {{SessionName}}", role, ""},
		{"no list", "mapRoles", "rolearn: " + role, role, ""},
		{"scalar groups", "mapRoles", "- rolearn: " + role + "\n  username: a\n  groups: b", role, "a []"},
		{"role among users", "mapUsers", "- rolearn: " + role + "\n  username: a", role, ""},
		{"user", "mapUsers", "- userarn: " + user + "\n  username: a\n  groups: [b, c]", user, "a [b c]"},
		{"account", "mapAccounts", `- "111122223333"`, user, user + " []"},
		{"account without quotes", "mapAccounts", `- 111122223333`, role, role + " []"},
		{"other account", "mapAccounts", `- "444455556666"`, role, ""},
	} {
		got := ""
		if m, ok := readMappings(map[string]string{test.section: test.text}).of(test.arn, "111122223333"); ok {
			got = fmt.Sprint(m.username, " ", m.groups)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
