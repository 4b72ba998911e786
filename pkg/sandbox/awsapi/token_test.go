package awsapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

type tokenTest struct {
	name, token string
	after       time.Duration
	ok          bool
}

// tokenTests are a good token, and what becomes of it when it is spoiled in one way.
func tokenTests(t *testing.T, s sandboxtest.Box) []tokenTest {
	t.Helper()
	good := s.Presign(s.Config("default"), "demo")
	host := strings.TrimPrefix(s.URL(), "http://")
	edit := func(change func(*url.URL, url.Values)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(u, q)
		u.RawQuery = q.Encode()
		return sandboxtest.Pack(u.String())
	}
	set := func(name, value string) string { return edit(func(_ *url.URL, q url.Values) { q.Set(name, value) }) }
	long := fmt.Sprintf("%s&x=%s", good, strings.Repeat("x", awsapi.MaxToken))
	otherSTS := s.Config("default")
	otherSTS.BaseEndpoint = aws.String("http://127.0.0.1:1")
	return []tokenTest{
		{"as it is", sandboxtest.Pack(good), 0, true},
		{"reordered", edit(func(*url.URL, url.Values) {}), 0, true},
		{"after X-Amz-Expires", sandboxtest.Pack(good), 14 * time.Minute, true},
		{"old", sandboxtest.Pack(good), 16 * time.Minute, false},
		{"of the future", sandboxtest.Pack(good), -6 * time.Minute, false},
		{"none", "", 0, false},
		{"no prefix", strings.TrimPrefix(sandboxtest.Pack(good), awsapi.TokenPrefix), 0, false},
		{"padded", awsapi.TokenPrefix + base64.URLEncoding.EncodeToString([]byte(good+"&")), 0, false},
		{"no base64", awsapi.TokenPrefix + "!", 0, false},
		{"too long", sandboxtest.Pack(long), 0, false},
		{"of another cluster", sandboxtest.Pack(s.Presign(s.Config("default"), "prod")), 0, false},
		{"of no cluster", sandboxtest.Pack(s.Presign(s.Config("default"), "")), 0, false},
		{"of another STS", sandboxtest.Pack(s.Presign(otherSTS, "demo")), 0, false},
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
		{"unsigned", sandboxtest.Pack("http://" + host + "/?Action=GetCallerIdentity&Version=2011-06-15"), 0, false},
	}
}

func TestTokens(t *testing.T) {
	now := sandboxtest.NewClock()
	s := sandboxtest.New(t, sandbox.Options{Now: now.Now})
	url, ca := s.Endpoint("demo")
	for _, test := range tokenTests(t, s) {
		now.Add(test.after)
		resp := s.OpenAt(url, ca, test.token, http.MethodGet, "/api", "")
		_ = resp.Body.Close()
		if ok := resp.StatusCode == http.StatusOK; ok != test.ok || !ok && resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", test.name, resp.StatusCode)
		}
		now.Add(-test.after)
	}
}
