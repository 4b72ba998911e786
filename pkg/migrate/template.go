package migrate

import (
	"regexp"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// The templates of aws-auth and what they may stand for (eks-access.md §6.1, §13). {{SessionName}} has
// no @, and users have no session.
var templates = []struct{ name, becomes string }{
	{"{{SessionName}}", `[\w+=,.-]*`},
	{"{{SessionNameRaw}}", `[\w+=,.@-]*`},
	{"{{AccessKeyID}}", `[A-Z0-9]+`},
	{"{{EC2PrivateDNSName}}", `[\w.-]+`},
}

// expand fills in the templates that are the same whoever comes, since what an access entry makes of them
// is not documented: the account, and the session of a user, who has none.
func expand(text string, who access.Principal) string {
	text = strings.ReplaceAll(text, "{{AccountID}}", who.Account())
	if who.Kind() == "user" {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "{{SessionName}}", ""), "{{SessionNameRaw}}", "")
	}
	return text
}

// session is whom of those with a name one subject of RBAC is: what stands in it for the templates. It is ""
// where all of them have the same name. The name of a session has no @ where it is not raw.
func session(name, subject string) string {
	found := matcher(name).FindStringSubmatch(subject)
	if found == nil {
		return ""
	}
	return strings.ReplaceAll(strings.Join(found[1:], "/"), "@", "-")
}

// templated tells of names that are not the same for all who come.
func templated(text string) bool { return strings.Contains(text, "{{") }

// matcher matches what a name may become; its groups are the templates.
func matcher(text string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(text)
	for _, t := range templates {
		pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(t.name), "("+t.becomes+")")
	}
	return regexp.MustCompile("^" + pattern + "$")
}

// matching are those of the names that a name may become.
func matching(name string, among []string) []string {
	if name == "" {
		return nil
	}
	var found []string
	for m, i := matcher(name), 0; i < len(among); i++ {
		if m.MatchString(among[i]) {
			found = append(found, among[i])
		}
	}
	return found
}

// carry says what somebody of the old name is called under the new one; "" where that cannot be told.
func carry(subject, from, to string) string {
	found := matcher(from).FindStringSubmatch(subject)
	if found == nil {
		return ""
	}
	values, n := map[string]string{}, 1
	for rest := from; ; {
		at, name := firstTemplate(rest)
		if name == "" {
			break
		}
		values[name] = found[n]
		n++
		rest = rest[at+len(name):]
	}
	if raw, ok := values["{{SessionNameRaw}}"]; ok {
		values["{{SessionName}}"] = strings.ReplaceAll(raw, "@", "-")
	}
	for name, value := range values {
		to = strings.ReplaceAll(to, name, value)
	}
	if templated(to) {
		return ""
	}
	return to
}

func firstTemplate(text string) (at int, name string) {
	at = len(text)
	for _, t := range templates {
		if i := strings.Index(text, t.name); i >= 0 && i < at {
			at, name = i, t.name
		}
	}
	return at, name
}

// givenName is the username that EKS makes where an entry names none (eks-access.md §4.3).
func givenName(p access.Principal) string {
	if p.Kind() == "user" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":sts::" + p.Account() + ":assumed-role/" + p.Name() + "/{{SessionName}}"
}
