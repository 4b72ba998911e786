package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// token is what `get-token` makes of a profile's key.
func (s *Sandbox) token(t *testing.T, profile, cluster string) string {
	t.Helper()
	return pack(s.presign(t, s.config(profile), cluster))
}

func (s *Sandbox) sessionToken(t *testing.T, role, session, cluster string) string {
	t.Helper()
	s.mu.Lock()
	now := moment(s.options)
	k := *s.account.issue(s.account.Principals[principalKey("role", role)], session, now.Add(time.Hour), now)
	s.mu.Unlock()
	return pack(s.presign(t, keyConfig(s, k), cluster))
}

func (s *Sandbox) presign(t *testing.T, config aws.Config, cluster string) string {
	t.Helper()
	r, err := sts.NewPresignClient(sts.NewFromConfig(config)).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
			if cluster != "" {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster))
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.URL
}

func pack(text string) string {
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(text))
}

type tokenTest struct {
	name, token string
	after       time.Duration
	ok          bool
}

// tokenTests are a good token, and what becomes of it when it is spoiled in one way.
func (s *Sandbox) tokenTests(t *testing.T) []tokenTest {
	t.Helper()
	good := s.presign(t, s.config("default"), "demo")
	host := strings.TrimPrefix(s.url, "http://")
	edit := func(change func(*url.URL, url.Values)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(u, q)
		u.RawQuery = q.Encode()
		return pack(u.String())
	}
	set := func(name, value string) string { return edit(func(_ *url.URL, q url.Values) { q.Set(name, value) }) }
	long := fmt.Sprintf("%s&x=%s", good, strings.Repeat("x", maxToken))
	otherSTS := s.config("default")
	otherSTS.BaseEndpoint = aws.String("http://127.0.0.1:1")
	return []tokenTest{
		{"as it is", pack(good), 0, true},
		{"reordered", edit(func(*url.URL, url.Values) {}), 0, true},
		{"after X-Amz-Expires", pack(good), 14 * time.Minute, true},
		{"old", pack(good), 16 * time.Minute, false},
		{"of the future", pack(good), -6 * time.Minute, false},
		{"none", "", 0, false},
		{"no prefix", strings.TrimPrefix(pack(good), tokenPrefix), 0, false},
		{"padded", tokenPrefix + base64.URLEncoding.EncodeToString([]byte(good+"&")), 0, false},
		{"no base64", tokenPrefix + "!", 0, false},
		{"too long", pack(long), 0, false},
		{"of another cluster", pack(s.presign(t, s.config("default"), "prod")), 0, false},
		{"of no cluster", pack(s.presign(t, s.config("default"), "")), 0, false},
		{"of another STS", pack(s.presign(t, otherSTS, "demo")), 0, false},
		{"https", edit(func(u *url.URL, _ url.Values) { u.Scheme = "https" }), 0, false},
		{"path", edit(func(u *url.URL, _ url.Values) { u.Path = "/x" }), 0, false},
		{"user", edit(func(u *url.URL, _ url.Values) { u.User = url.User("x") }), 0, false},
		{"another action", set("Action", "AssumeRole"), 0, false},
		{"more parameters", set("Extra", "x"), 0, false},
		{"a parameter twice", edit(func(_ *url.URL, q url.Values) { q.Add("Action", "GetCallerIdentity") }), 0, false},
		{"another signature", set("X-Amz-Signature", strings.Repeat("0", 64)), 0, false},
		{"another expiry", set("X-Amz-Expires", "900"), 0, false},
		{"no expiry", edit(func(_ *url.URL, q url.Values) { q.Del("X-Amz-Expires") }), 0, false},
		{"a long expiry", set("X-Amz-Expires", "901"), 0, false},
		{"another key", set("X-Amz-Credential", "AKIAX/20260101/us-west-2/sts/aws4_request"), 0, false},
		{"another token", set("X-Amz-Security-Token", "x"), 0, false},
		{"unsigned", pack("http://" + host + "/?Action=GetCallerIdentity&Version=2011-06-15"), 0, false},
	}
}

func TestTokens(t *testing.T) {
	s := start(t, Options{})
	now, host := time.Now(), strings.TrimPrefix(s.url, "http://")
	for _, test := range s.tokenTests(t) {

		s.mu.Lock()
		who, err := s.account.verifyToken(test.token, "demo", host, now.Add(test.after))
		s.mu.Unlock()
		if (err == nil) != test.ok || test.ok && who.Name != "platform-admin" {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

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
		if m, ok := (&cluster{AWSAuth: map[string]string{test.section: test.text}}).mapping(test.arn); ok {
			got = fmt.Sprint(m.username, " ", m.groups)
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
