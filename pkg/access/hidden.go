package access

import (
	"regexp"
	"strings"
	"unicode"
)

// Hidden reports whether a character is a control character or invisible on a terminal.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// userinfo is the part before the host in a URL. A password may contain an unescaped slash.
var userinfo = regexp.MustCompile(`://([^\s/"'@]*|[^\s/:"'@]*:[^\s"']*)@`)

// HidePasswords removes usernames and passwords from URLs, as in https://user:password@host.
func HidePasswords(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return userinfo.ReplaceAllString(text, "://***@")
}
