package login_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func caller(t *testing.T, s login.Settings) string {
	t.Helper()
	session, err := login.New(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := session.Caller(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p.Name()
}

// TestIdentityIsWhatTheExecCommandWouldHave compares with how the AWS CLI chooses: a profile given
// by flag beats keys in the environment, one given by AWS_PROFILE does not.
func TestIdentityIsWhatTheExecCommandWouldHave(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	key, secret := sandboxKeys(t, "alice")
	for _, c := range []struct {
		name string
		s    login.Settings
		want string
	}{
		{"the environment", login.Settings{}, "platform-admin"},
		{"--profile", login.Settings{Profile: "developer"}, "dev"},
		{"AWS_PROFILE beside keys", login.Settings{Profile: "developer", ProfileFromEnv: true}, "platform-admin"},
		{"keys of the exec entry", login.Settings{Env: map[string]string{"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": ""}}, "alice"},
		{"a role", login.Settings{RoleARN: "arn:aws:iam::111122223333:role/ops"}, "ops"},
		{"a role from a profile", login.Settings{Profile: "developer", RoleARN: "arn:aws:iam::111122223333:role/auditor"}, "auditor"},
	} {
		if got := caller(t, c.s); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	sandboxtest.Become(t, "read-only")
	if got := caller(t, login.Settings{Profile: "developer", ProfileFromEnv: true}); got != "dev" {
		t.Errorf("AWS_PROFILE of the exec entry: %s", got)
	}
}

// sandboxKeys reads a profile's keys from the account's files.
func sandboxKeys(t *testing.T, profile string) (key, secret string) {
	t.Helper()
	data, err := os.ReadFile(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "["+profile+"]")
	section, _, _ = strings.Cut(section, "[")
	for _, line := range strings.Split(section, "\n") {
		k, v, _ := strings.Cut(line, "=")
		switch strings.TrimSpace(k) {
		case "aws_access_key_id":
			key = strings.TrimSpace(v)
		case "aws_secret_access_key":
			secret = strings.TrimSpace(v)
		}
	}
	return key, secret
}

func TestRegionIsSaidOrRefused(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	if err := os.WriteFile(config, []byte("[profile p]\nregion = eu-west-3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env := map[string]string{"AWS_CONFIG_FILE": config}
	for want, s := range map[string]login.Settings{
		"us-east-2":    {Region: "us-east-2", Env: map[string]string{"AWS_REGION": "x"}},
		"sa-east-1":    {Env: map[string]string{"AWS_REGION": "sa-east-1", "AWS_DEFAULT_REGION": "x"}},
		"ca-central-1": {Env: map[string]string{"AWS_DEFAULT_REGION": "ca-central-1"}},
		"eu-west-3":    {Profile: "p", Env: env},
	} {
		if session, err := login.New(context.Background(), s); err != nil || session.Region() != want {
			t.Errorf("want %s: %v", want, err)
		}
	}
	if _, err := login.New(context.Background(), login.Settings{}); !errors.Is(err, login.ErrNoRegion) {
		t.Errorf("no region: %v", err)
	}
}

func TestTokenIsBoundToTheClusterAndHoldsNoSecret(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	session, err := login.New(context.Background(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := session.Token(context.Background(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "k8s-aws-v1."))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("Action") != "GetCallerIdentity" || q.Get("X-Amz-Expires") != "60" || !strings.Contains(q.Get("X-Amz-SignedHeaders"), "x-k8s-aws-id") {
		t.Errorf("%s", u)
	}
	if strings.Contains(string(raw), os.Getenv("AWS_SECRET_ACCESS_KEY")) {
		t.Error("the secret key is in the token")
	}
}

func TestTheTraceNamesCallsAndNoSecrets(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	var told strings.Builder
	got := caller(t, login.Settings{Now: time.Now, Trace: func(format string, args ...any) { fmt.Fprintf(&told, format, args...) }})
	if want := regexp.MustCompile(`^AWS STS\.GetCallerIdentity 127\.0\.0\.1:\d+/ 200 OK in \d+ ms\n$`); !want.MatchString(told.String()) || got == "" {
		t.Errorf("%q, want %q", told.String(), want)
	}
}

func TestACallerWithoutCredentialsIsAnErrorAndAskedAgain(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	sandboxtest.Become(t, "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	session, err := login.New(context.Background(), login.Settings{Region: "us-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if p, err := session.Caller(context.Background()); err == nil || p != access.Principal("") {
			t.Errorf("%s, %v", p, err)
		}
	}
}
