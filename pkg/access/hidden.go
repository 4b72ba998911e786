package access

import "unicode"

// Hidden tells whether a terminal would obey a character, or hide it, where it should show it.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}
