package login_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestATokenTellsWhoSignedItAndUntilWhen(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	key, _ := sandboxKeys(t, "default")
	before := time.Now().Add(-time.Second)
	session, err := login.New(context.Background(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := session.Token(context.Background(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	got, err := login.ReadToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessKeyID != key || got.Region != "us-west-2" || !got.Temporary || !got.Bound || got.Signed.Before(before) || got.Expires.Sub(got.Signed) != 15*time.Minute {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	encode := func(url string) string { return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(url)) }
	const good = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Credential=A/20261125/us-west-2/sts/aws4_request&X-Amz-Date=20261125T000000Z&X-Amz-Expires=60"
	if _, err := login.ReadToken(encode(good)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "eyJhbGciOiJSUzI1NiJ9.e30.x", "k8s-aws-v1.", "k8s-aws-v1.!", encode(":"), encode("nothing"), encode("https://h/?X-Amz-Date=x"),
		encode(good[:len(good)-2] + "x"), encode(good + string(make([]byte, 4096))),
		encode("https://h/?Action=AssumeRole&X-Amz-Credential=A/1/r/sts/aws4_request&X-Amz-Date=20261125T000000Z&X-Amz-Expires=60"),
	} {
		if got, err := login.ReadToken(text); !errors.Is(err, login.ErrToken) {
			t.Errorf("%.40q: %+v, %v", text, got, err)
		}
	}
}

func TestTheVersionIsWhatKubectlAsksFor(t *testing.T) {
	for info, want := range map[string]string{
		"": login.ExecV1Beta1,
		`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":true}}`: login.ExecV1,
		`{"apiVersion":"client.authentication.k8s.io/v1beta1"}`:                                                login.ExecV1Beta1,
	} {
		if got, doubt := login.ExecVersion(info); got != want || doubt != "" {
			t.Errorf("%s: %s, %s", info, got, doubt)
		}
	}
	for _, info := range []string{"{", "[]", `{"apiVersion":"client.authentication.k8s.io/v1alpha1"}`, `{"apiVersion":"client.authentication.k8s.io/v9"}`} {
		if got, doubt := login.ExecVersion(info); got != login.ExecV1Beta1 || doubt == "" {
			t.Errorf("%s: %s, %q", info, got, doubt)
		}
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add("k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8_QWN0aW9uPUdldENhbGxlcklkZW50aXR5")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		got, err := login.ReadToken(token)
		if err == nil && (got.Expires.Sub(got.Signed) != 15*time.Minute || got.Signed.IsZero()) {
			t.Errorf("%+v", got)
		}
	})
}

func FuzzExecVersion(f *testing.F) {
	f.Add(`{"apiVersion":"client.authentication.k8s.io/v1"}`)
	f.Fuzz(func(t *testing.T, info string) {
		if got, _ := login.ExecVersion(info); got != login.ExecV1 && got != login.ExecV1Beta1 {
			t.Error(got)
		}
	})
}
