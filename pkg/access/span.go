package access

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrSpan says that a text is not a duration.
var ErrSpan = errors.New("must be a duration such as 30m, 8h, 1d, 2w or 1d12h")

// ParseSpan reads a duration of Go, with optional weeks and days before it. A day has 24 hours.
func ParseSpan(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	rest, total := text, time.Duration(0)
	for _, unit := range []struct {
		letter string
		lasts  time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		count, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 12) // up to 80 years, without overflow
		if err != nil {
			return 0, ErrSpan
		}
		total, rest = total+time.Duration(n)*unit.lasts, after
	}
	if rest == "" && text != "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || rest != text && d < 0 || total+d < total && d > 0 {
		return 0, ErrSpan
	}
	return total + d, nil
}
