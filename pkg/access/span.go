package access

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrSpan is wrapped where a text says no length of time.
var ErrSpan = errors.New("must be a duration such as 30m, 8h, 1d, 2w or 1d12h")

// ParseSpan reads how long something lasts: as Go writes it, with weeks and days before it. A day has 24 hours.
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
		n, err := strconv.ParseUint(count, 10, 12) // eighty years are enough, and weeks and days fit together
		if err != nil {
			return 0, ErrSpan
		}
		total, rest = total+time.Duration(n)*unit.lasts, after
	}
	if rest == "" && text != "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || total > 0 && d < 0 || total+d < total && d > 0 {
		return 0, ErrSpan
	}
	return total + d, nil
}
