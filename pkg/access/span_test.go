package access_test

import (
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestParseSpan(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"8h": 8 * time.Hour, "1d": day, "2w": 14 * day, "1d12h": 36 * time.Hour, "1w1d30m": 8*day + 30*time.Minute, "0": 0, "-1h": -time.Hour, "0d": 0,
		"": -1, "d": -1, "1": -1, "1x": -1, "-1d": -1, "1d-2h": -1, "1d2w": -1, "1.5d": -1, "99999w": -1, "4000w2540000h": -1, "1dd": -1,
	} {
		got, err := access.ParseSpan(text)
		if bad := want == -1; bad != (err != nil) || !bad && got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}
