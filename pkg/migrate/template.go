package migrate

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// carry is the new name of someone with an old name; "" where it cannot be determined.
func carry(subject, from, to string) string {
	found := access.NameMatcher(from).FindStringSubmatch(subject)
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
	if access.Templated(to) {
		return ""
	}
	return to
}

func firstTemplate(text string) (at int, name string) {
	at = len(text)
	for _, t := range access.Templates {
		if i := strings.Index(text, t.Name); i >= 0 && i < at {
			at, name = i, t.Name
		}
	}
	return at, name
}
