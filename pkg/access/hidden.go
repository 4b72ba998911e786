package access

import (
	"regexp"
	"strings"
	"unicode"
)

// Hidden tells whether a terminal would obey a character, or hide it, where it should show it.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// userinfo is what stands before the host in a URL. A password may hold a slash that nobody escaped.
var userinfo = regexp.MustCompile(`://([^\s/"'@]*|[^\s/:"'@]*:[^\s"']*)@`)

// HidePasswords takes names and passwords out of URLs, as in https://user:password@host.
func HidePasswords(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return userinfo.ReplaceAllString(text, "://***@")
}
