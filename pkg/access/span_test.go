package access_test

import (
	"errors"
	"strings"
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

// FuzzParseSpan: what Go reads is read the same, a day more is a day more, and every refusal can be tested for.
func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"8h", "1d12h", "2w", "1w1d1ns", "0", "-1h", "0w-1h", "4000w2540000h", "1e3h", "+1h", "d", "1dd", "１d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := access.ParseSpan(text)
		if err != nil {
			if !errors.Is(err, access.ErrSpan) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := access.ParseSpan(got.String()); err != nil || again != got {
			t.Fatalf("%q is %v, which is read as %v, %v", text, got, again, err)
		}
		if goes, err := time.ParseDuration(text); err == nil && goes != got {
			t.Fatalf("%q is %v to Go and %v here", text, goes, got)
		}
		if strings.ContainsAny(text, "wd") {
			if got < 0 {
				t.Fatalf("%q is %v, before now", text, got)
			}
			return
		}
		if more, err := access.ParseSpan("1d" + text); err == nil && more != got+24*time.Hour {
			t.Fatalf("a day and %q are %v", text, more)
		}
	})
}
