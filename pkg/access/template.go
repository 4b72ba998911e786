package access

import (
	"regexp"
	"slices"
	"strings"
)

// Templates are the placeholders of usernames and groups, and what may replace them (eks-access.md §6.1, §13).
// {{SessionName}} has no @, and users have no session.
var Templates = []struct{ Name, Becomes string }{
	{"{{SessionName}}", `[\w+=,.-]*`},
	{"{{SessionNameRaw}}", `[\w+=,.@-]*`},
	{"{{AccessKeyID}}", `[A-Z0-9]+`},
	{"{{EC2PrivateDNSName}}", `[\w.-]+`},
}

// Expand replaces the placeholders whose value is the same for every session: the account, and the session of a
// user, who has none.
func Expand(text string, who Principal) string {
	text = strings.ReplaceAll(text, "{{AccountID}}", who.Account())
	if who.Kind() == "user" {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "{{SessionName}}", ""), "{{SessionNameRaw}}", "")
	}
	return text
}

// SessionOf is the session that an RBAC subject means among all those with a templated name: what replaces the
// placeholders in it. It is "" where every session has the same name. The name of a session has no @ where it is not raw.
func SessionOf(name, subject string) string {
	if !Templated(name) {
		return ""
	}
	found := NameMatcher(name).FindStringSubmatch(subject)
	if found == nil {
		return ""
	}
	return strings.ReplaceAll(strings.Join(found[1:], "/"), "@", "-")
}

// Templated reports whether a name differs between sessions.
//
//go:noinline
func Templated(text string) bool { return strings.Contains(text, "{{") }

// NameMatcher matches what a templated name may become; its groups are the placeholders.
func NameMatcher(text string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(text)
	for _, t := range Templates {
		pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(t.Name), "("+t.Becomes+")")
	}
	return regexp.MustCompile("^" + pattern + "$")
}

// Matching returns those of the names that a templated name may become.
func Matching(name string, among []string) (found []string) {
	switch {
	case name == "":
		return nil
	case !Templated(name):
		if i := slices.Index(among, name); i >= 0 {
			return among[i : i+1 : i+1]
		}
		return nil
	}
	begins, _, _ := strings.Cut(name, "{{")
	var matcher *regexp.Regexp
	for _, s := range among {
		if !strings.HasPrefix(s, begins) {
			continue
		}
		if matcher == nil { // it costs more than all else here
			matcher = NameMatcher(name)
		}
		if matcher.MatchString(s) {
			found = append(found, s)
		}
	}
	return found
}
