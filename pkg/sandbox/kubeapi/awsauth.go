package kubeapi

import (
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// mappings are those of aws-auth, as the authenticator reads them.
type mappings struct {
	text         [3]string // what was read
	roles, users []mapping
	accounts     []string
}

// mapping is what aws-auth makes of a principal.
type mapping struct {
	arn, username string
	groups        []string
}

func sections(data map[string]string) [3]string {
	return [3]string{data["mapRoles"], data["mapUsers"], data["mapAccounts"]}
}

// read reports whether this is what the data say.
func (m mappings) read(data map[string]string) bool { return m.text == sections(data) }

func readMappings(data map[string]string) mappings {
	text := sections(data)
	m := mappings{text: text, roles: items(text[0], "rolearn"), users: items(text[1], "userarn")}
	var accounts []any
	_ = yaml.Unmarshal([]byte(text[2]), &accounts) // what is not a list has no effect
	for _, account := range accounts {
		switch account := account.(type) {
		case string:
			m.accounts = append(m.accounts, account)
		case float64: // written without quotes
			m.accounts = append(m.accounts, strconv.FormatFloat(account, 'f', 0, 64))
		}
	}
	return m
}

// items reads one section. What is not a list of objects makes the whole section void; a field of the wrong type is
// empty.
func items(text, key string) (list []mapping) {
	var raw []map[string]any
	if yaml.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	for _, item := range raw {
		lower := map[string]any{}
		for name, value := range item {
			lower[strings.ToLower(name)] = value
		}
		var m mapping
		m.arn, _ = lower[key].(string)
		m.username, _ = lower["username"].(string)
		groups, _ := lower["groups"].([]any)
		for _, group := range groups {
			if text, ok := group.(string); ok {
				m.groups = append(m.groups, text)
			}
		}
		list = append(list, m)
	}
	return list
}

// of looks an ARN up as the authenticator does: roles, then users, then whole accounts. Case does not matter, paths are
// not stripped, and of several mappings the last one wins.
func (m mappings) of(arn, account string) (mapping, bool) {
	for _, section := range [][]mapping{m.roles, m.users} {
		for _, item := range slices.Backward(section) {
			if item.arn != "" && strings.EqualFold(item.arn, arn) {
				return item, true
			}
		}
	}
	return mapping{username: arn}, slices.Contains(m.accounts, account)
}
