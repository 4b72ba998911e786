package kubefile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// secrets are the keys of a user whose values are credentials.
var secrets = []string{"token", "password", "client-key-data", "access-token", "id-token", "refresh-token", "client-secret"}

// redact replaces the secrets in a kubeconfig that will be shown, and counts them.
func redact(root *yaml.Node) int {
	n := 0
	if users := get(root, keyUsers); users != nil {
		for _, item := range users.Content {
			n += hide(get(item, "user"))
		}
	}
	return n
}

func hide(n *yaml.Node) (hidden int) {
	n = resolve(n)
	if n == nil {
		return 0
	}
	for i, c := range n.Content {
		isValue := n.Kind == yaml.MappingNode && i%2 == 1
		switch {
		case isValue && slices.Contains(secrets, n.Content[i-1].Value), isValue && n.Content[i-1].Value == "value" && secretName(nameOf(n)):
			hidden += blank(resolve(c))
		default:
			hidden += hide(c)
		}
	}
	return hidden
}

// secretName reports whether a variable of an exec entry holds a secret, such as AWS_SECRET_ACCESS_KEY.
func secretName(name string) bool {
	return slices.ContainsFunc([]string{"SECRET", "TOKEN", "PASSWORD", "PASSWD", "KEY"}, func(s string) bool { return strings.Contains(strings.ToUpper(name), s) })
}

func blank(n *yaml.Node) int {
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || isNull(n) || n.Value == "REDACTED" {
		return 0
	}
	n.SetString("REDACTED")
	return 1
}
