package printer

import (
	"strings"
	"testing"
	"time"
)

// TestTheProgressLineGoesWhenTheReadEnds: what is printed next must not stick to it.
func TestTheProgressLineGoesWhenTheReadEnds(t *testing.T) {
	const line, gone = "\r\x1b[Kread 5 of 9 entries found so far", "\r\x1b[K"
	type call struct {
		at          time.Duration
		done, total int
	}
	for name, test := range map[string]struct {
		calls []call
		want  string
	}{
		"a fast read says nothing":               {[]call{{0, 0, 0}, {100, 5, 9}, {200, 0, 0}}, ""},
		"a read that failed halfway":             {[]call{{0, 0, 0}, {1100, 5, 9}, {1200, 0, 0}}, line + gone},
		"it is renewed ten times a second":       {[]call{{0, 0, 0}, {1100, 5, 9}, {1150, 6, 9}, {1200, 5, 9}, {1300, 0, 0}}, line + line + gone},
		"what is between two reads is no read":   {[]call{{0, 0, 0}, {100, 0, 0}, {60000, 0, 0}, {60100, 5, 9}, {60200, 0, 0}}, ""},
		"the line of a second read goes as well": {[]call{{0, 0, 0}, {1100, 5, 9}, {1200, 0, 0}, {5000, 0, 0}, {6100, 5, 9}, {6200, 0, 0}}, line + gone + line + gone},
	} {
		var out strings.Builder
		var at time.Duration
		progress := Progress(&out, func() time.Time { return time.Unix(1e9, 0).Add(at * time.Millisecond) })
		for _, c := range test.calls {
			at = c.at
			progress(c.done, c.total)
		}
		if out.String() != test.want {
			t.Errorf("%s: got %q, want %q", name, out.String(), test.want)
		}
	}
}
