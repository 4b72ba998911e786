package login_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/login"
)

func TestMayAskKnowsWhatAsksTheUser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := `[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = example
[profile code]
role_arn = arn:aws:iam::111122223333:role/dev
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/alice
[profile helper]
credential_process = helper
[profile chained]
role_arn = arn:aws:iam::111122223333:role/dev
source_profile = helper
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	for profile, asks := range map[string]bool{"keys": false, "code": true, "helper": true, "chained": true} {
		s, err := login.New(t.Context(), login.Settings{Region: "us-west-2", Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		if s.MayAsk() != asks {
			t.Errorf("%s: %v", profile, !asks)
		}
	}
}
