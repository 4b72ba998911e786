package awsapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// signed sends one request that is signed by the SDK's signer and then, perhaps, spoiled.
func signed(t *testing.T, s sandboxtest.Box, service, method, path, body string, k awsapi.Key, at time.Time, spoil func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if service == "iam" || service == "sts" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	sum := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]), service, "us-west-2", at); err != nil {
		t.Fatal(err)
	}
	if spoil != nil {
		spoil(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("X-Amzn-ErrorType") + string(text)
}

type signatureTest struct {
	name       string
	key        awsapi.Key
	age        time.Duration
	spoil      func(*http.Request)
	json, form string // codes
}

// signatureTests are all the ways in which a signature fails, and the codes for it in JSON and in a form.
func signatureTests(good, expired awsapi.Key) []signatureTest {
	wrong, unknown, noToken, otherToken := good, good, good, good
	wrong.Secret, unknown.ID, noToken.Token, otherToken.Token = "x", "ASIAXXXXXXXXXXXXXXXX", "", "x"
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	return []signatureTest{
		{"unsigned", good, 0, func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException", "MissingAuthenticationToken"},
		{"garbage", good, 0, set("Authorization", "AWS4-HMAC-SHA256 Credential=x"), "IncompleteSignatureException", "IncompleteSignature"},
		{"no such key", unknown, 0, nil, "UnrecognizedClientException", "InvalidClientTokenId"},
		{"no token", noToken, 0, nil, "UnrecognizedClientException", "InvalidClientTokenId"},
		{"other token", otherToken, 0, nil, "UnrecognizedClientException", "InvalidClientTokenId"},
		{"expired token", expired, 0, nil, "ExpiredTokenException", "ExpiredToken"},
		{"wrong secret", wrong, 0, nil, "InvalidSignatureException", "SignatureDoesNotMatch"},
		{"old", good, 6 * time.Minute, nil, "InvalidSignatureException", "SignatureDoesNotMatch"},
		{"of the future", good, -6 * time.Minute, nil, "InvalidSignatureException", "SignatureDoesNotMatch"},
		{"other body", good, 0, func(r *http.Request) {
			r.Body = io.NopCloser(bytes.NewReader(bytes.Repeat([]byte{'x'}, int(r.ContentLength))))
		}, "InvalidSignatureException", ""},
		{"other path", good, 0, func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/clusters/prod/access-entries", "" }, "InvalidSignatureException", ""},
		{"other query", good, 0, func(r *http.Request) { r.URL.RawQuery = "x=y" }, "InvalidSignatureException", "SignatureDoesNotMatch"},
		{"other host", good, 0, func(r *http.Request) { r.Host = "eks.example" }, "InvalidSignatureException", "SignatureDoesNotMatch"},
	}
}

func TestSignatures(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
	now, good := time.Now(), s.Key("default")
	for _, test := range signatureTests(good, s.Key("expired")) {

		status, got := signed(t, s, "eks", "POST", "/clusters/demo/access-entries", `{"principalArn":"x"}`, test.key, now.Add(-test.age), test.spoil)
		if status/100 != 4 || !strings.HasPrefix(got, test.json+`{"message":`) {
			t.Errorf("%s, eks: %d %s", test.name, status, got)
		}
		if test.form == "" {
			continue
		}
		status, got = signed(t, s, "sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", test.key, now.Add(-test.age), test.spoil)
		if status/100 != 4 || !strings.Contains(got, "<Code>"+test.form+"</Code>") {
			t.Errorf("%s, sts: %d %s", test.name, status, got)
		}
	}
	status, got := signed(t, s, "iam", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", good, now, nil)
	if status != 403 || !strings.Contains(got, "correct service: &#39;sts&#39;") {
		t.Errorf("scope of another service: %d %s", status, got)
	}
}

func TestPresignedRequest(t *testing.T) {
	at := sandboxtest.NewClock()
	s := sandboxtest.New(t, sandbox.Options{Now: at.Now})
	p := sandboxtest.Must[*v4.PresignedHTTPRequest](t)(sts.NewPresignClient(sts.NewFromConfig(s.Config("default"))).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	get := func() (int, string) {
		resp, err := http.Get(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	if status, text := get(); status != 200 || !strings.Contains(text, "assumed-role/platform-admin/sandbox") {
		t.Errorf("%d %s", status, text)
	}
	at.Add(16 * time.Minute)
	if status, text := get(); status != 400 || !strings.Contains(text, "RequestExpired") {
		t.Errorf("%d %s", status, text)
	}
}

func TestIAM(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{Entries: 400})
	c := iam.NewFromConfig(s.Config("read-only"))
	r := sandboxtest.Must[*iam.GetRoleOutput](t)(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("DEV")})).Role
	if *r.Arn != roleARN+"team/dev" || !strings.HasPrefix(*r.RoleId, "AROA") || len(*r.RoleId) != 21 || r.CreateDate == nil {
		t.Errorf("%+v", r)
	}
	u := sandboxtest.Must[*iam.GetUserOutput](t)(c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("bob")})).User
	if *u.Arn != "arn:aws:iam::111122223333:user/contractors/bob" || !strings.HasPrefix(*u.UserId, "AIDA") {
		t.Errorf("%+v", u)
	}
	sso := sandboxtest.Must[*iam.ListRolesOutput](t)(c.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/aws-reserved/sso.amazonaws.com/")}))
	if len(sso.Roles) != 4 || sso.IsTruncated {
		t.Errorf("SSO roles: %+v", sso.Roles)
	}
	total, pages := 0, 0
	for p := iam.NewListRolesPaginator(c, &iam.ListRolesInput{}); p.HasMorePages(); pages++ {
		total += len(sandboxtest.Must[*iam.ListRolesOutput](t)(p.NextPage(ctx)).Roles)
	}
	if total < 300 || pages != (total+99)/100 {
		t.Errorf("%d roles in %d pages", total, pages)
	}
	users := sandboxtest.Must[*iam.ListUsersOutput](t)(c.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1)}))
	if len(users.Users) != 1 || !users.IsTruncated || users.Marker == nil {
		t.Errorf("%+v", users)
	}
	_, absentRole := c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("departed")})
	_, absentUser := c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("carol")})
	_, nobody := c.GetUser(ctx, &iam.GetUserInput{})
	noIAM := iam.NewFromConfig(s.Config("no-iam"))
	_, denied := noIAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("ops")})
	_, deniedList := noIAM.ListUsers(ctx, &iam.ListUsersInput{})
	for i, test := range []struct {
		err  error
		want string
	}{
		{absentRole, "NoSuchEntity: The role with name departed cannot be found."},
		{absentUser, "NoSuchEntity: The user with name carol cannot be found."},
		{nobody, "ValidationError: Must specify userName when calling with non-User credentials"},
		{denied, "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/eks-operator/sandbox is not authorized to perform: iam:GetRole on resource: role ops because no identity-based policy allows the iam:GetRole action"},
		{deniedList, "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/eks-operator/sandbox is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111122223333:user/ because no identity-based policy allows the iam:ListUsers action"},
	} {
		if got := sandboxtest.Code(t, test.err); got != test.want {
			t.Errorf("%d: got %s, want %s", i, got, test.want)
		}
	}
}

func TestAssumeRole(t *testing.T) {
	at := sandboxtest.NewClock()
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{Now: at.Now})
	c := sts.NewFromConfig(s.Config("default"))
	assume := func(arn, session string) (*sts.AssumeRoleOutput, error) {
		return c.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &session, DurationSeconds: aws.Int32(900)})
	}
	out := sandboxtest.Must[*sts.AssumeRoleOutput](t)(assume(roleARN+"team/dev", "dana@example.com")).Credentials
	session := awsapi.Key{ID: *out.AccessKeyId, Secret: *out.SecretAccessKey, Token: *out.SessionToken}
	me := sandboxtest.Must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(s.ConfigOf(session.ID, session.Secret, session.Token)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if *me.Arn != "arn:aws:sts::111122223333:assumed-role/dev/dana@example.com" || !strings.HasSuffix(*me.UserId, ":dana@example.com") {
		t.Errorf("%+v", me)
	}
	for _, arn := range []string{roleARN + "dev", roleARN + "departed", "arn:aws:iam::444455556666:role/x"} {
		_, err := assume(arn, "session")
		want := "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox is not authorized to perform: sts:AssumeRole on resource: " + arn
		if got := sandboxtest.Code(t, err); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if _, err := assume(roleARN+"ops", "no spaces"); !strings.HasPrefix(sandboxtest.Code(t, err), "ValidationError") {
		t.Error(err)
	}
	at.Add(16 * time.Minute)
	status, text := signed(t, s, "sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", session, at.Now(), nil)
	if status != 403 || !strings.Contains(text, "ExpiredToken") {
		t.Errorf("after its end: %d %s", status, text)
	}
}
