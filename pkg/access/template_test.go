package access_test

import (
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestATemplateBecomesWhatTheAuthenticatorMakesOfIt (eks-access.md §6.1): which RBAC subjects a templated name may be, and of
// which session.
func TestATemplateBecomesWhatTheAuthenticatorMakesOfIt(t *testing.T) {
	for _, c := range []struct {
		name, subject string
		matches       bool
		session       string
	}{
		{"plain", "plain", true, ""},
		{"plain", "plain2", false, ""},
		{"a.c", "abc", false, ""},
		{"ops:{{SessionName}}", "ops:amy", true, "amy"},
		{"ops:{{SessionName}}", "ops:amy-example.com", true, "amy-example.com"},
		{"ops:{{SessionName}}", "ops:amy@example.com", false, ""}, // which has no @
		{"ops:{{SessionNameRaw}}", "ops:amy@example.com", true, "amy-example.com"},
		{"ops:{{SessionName}}", "ops:amy:bob", false, ""},
		{"ops:{{SessionName}}", "dev:ops:amy", false, ""},
		{"ops:{{SessionName}}", "ops:", true, ""},
		{"{{SessionName}}:{{AccessKeyID}}", "amy:AKIAEXAMPLE", true, "amy/AKIAEXAMPLE"},
		{"x:{{AccessKeyID}}", "x:akia", false, ""},
		{"x:{{AccessKeyID}}", "x:", false, ""},
		{"system:node:{{EC2PrivateDNSName}}", "system:node:ip-10-0-0-1.ec2.internal", true, "ip-10-0-0-1.ec2.internal"},
		{"system:node:{{EC2PrivateDNSName}}", "system:node:", false, ""},
		{"x:{{Unknown}}", "x:amy", false, ""},
		{"x:{{Unknown}}", "x:{{Unknown}}", true, ""},
		{"a+(b):{{SessionName}}", "a+(b):amy", true, "amy"},
	} {
		if got := len(access.Matching(c.name, []string{"other", c.subject})) == 1; got != c.matches {
			t.Errorf("%s may be %s: %v", c.name, c.subject, got)
		}
		if got := access.SessionOf(c.name, c.subject); got != c.session {
			t.Errorf("%s is %s for session %q", c.name, c.subject, got)
		}
	}
	if got := access.Matching("", []string{"", "x"}); got != nil {
		t.Errorf("no name is %v", got)
	}
}

// TestMatchingLeavesTheListAlone: the names belong to a snapshot.
func TestMatchingLeavesTheListAlone(t *testing.T) {
	among := strings.Fields("x:a y:b x:c")
	if got := access.Matching("x:{{SessionName}}", among); strings.Join(got, " ") != "x:a x:c" || strings.Join(among, " ") != "x:a y:b x:c" {
		t.Errorf("%v of %v", got, among)
	}
}

// TestExpandFillsInWhatEverySessionHas: the account, and of a user, who has no session, that there is none.
func TestExpandFillsInWhatEverySessionHas(t *testing.T) {
	for _, c := range []struct {
		text string
		p    access.Principal
		want string
	}{
		{"x", ops, "x"},
		{"{{AccountID}}:{{AccountID}}", ops, "111122223333:111122223333"},
		{"{{AccountID}}", who("foreign"), "444455556666"},
		{"o:{{SessionName}}", ops, "o:{{SessionName}}"},
		{"a:{{SessionName}}{{SessionNameRaw}}", alice, "a:"},
		{"a:{{AccessKeyID}}", alice, "a:{{AccessKeyID}}"},
	} {
		got := access.Expand(c.text, c.p)
		if got != c.want || access.Templated(got) != strings.Contains(c.want, "{{") {
			t.Errorf("%s for %s: %s", c.text, c.p, got)
		}
	}
}

// TestNothingHiddenReachesATerminal: what moves the cursor, or is not seen.
func TestNothingHiddenReachesATerminal(t *testing.T) {
	for _, r := range "\x00\a\b\t\n\r\x1b\x7f\u0085\u009b\u00ad\u200b\u200e\u202e\u2028\u2029\u2066\ufeff\ufffd\U000e0041" {
		if !access.Hidden(r) {
			t.Errorf("%U is shown", r)
		}
	}
	for _, r := range " aé中…“\u00a0🙂" {
		if access.Hidden(r) {
			t.Errorf("%U is hidden", r)
		}
	}
}

// TestPasswordsInURLsAreHidden, and nothing else.
func TestPasswordsInURLsAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		"proxy http://amy:secret@proxy:8080/x":         "proxy http://***@proxy:8080/x",
		"http://amy@proxy":                             "http://***@proxy",
		"http://:secret@proxy":                         "http://***@proxy",
		"http://amy:sec/ret@proxy":                     "http://***@proxy",
		`dial "https://amy:a:b@proxy": refused`:        `dial "https://***@proxy": refused`,
		"http://a:b@one and socks5://c:d@two":          "http://***@one and socks5://***@two",
		"https://eks.us-west-2.amazonaws.com/clusters": "https://eks.us-west-2.amazonaws.com/clusters",
		"https://host/path/amy@example.com":            "https://host/path/amy@example.com",
		"https://host/?user=amy@example.com":           "https://host/?user=amy@example.com",
		"amy:secret@host":                              "amy:secret@host",
		"":                                             "",
	} {
		if got := access.HidePasswords(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
