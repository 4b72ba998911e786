package awsauth

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	devRole = "arn:aws:iam::111122223333:role/dev"
	amyUser = "arn:aws:iam::111122223333:user/amy"
)

// show is a mapping in one line: ARN username [groups] state.
func show(m access.Mapping) string {
	return strings.Join([]string{m.ARN, m.Username, "[" + strings.Join(m.Groups, " ") + "]", string(m.State)}, " ")
}

func showAll(m Map) string {
	var lines []string
	for _, l := range m.Mappings {
		lines = append(lines, show(l))
	}
	return strings.Join(lines, "; ")
}

func TestASectionIsReadAsTheAuthenticatorReadsIt(t *testing.T) {
	const item = "- rolearn: " + devRole + "\n  username: dev\n  groups: [view]\n"
	for _, row := range []struct{ name, text, want string }{
		{"plain", item, devRole + " dev [view] inForce"},
		{"json", `[{"rolearn":"` + devRole + `","username":"dev","groups":["view"]}]`, devRole + " dev [view] inForce"},
		{"key case", "- RoleARN: " + devRole + "\n  UserName: dev\n  GROUPS: [view]\n", devRole + " dev [view] inForce"},
		{"second document", item + "---\n- rolearn: x\n", devRole + " dev [view] inForce"},
		{"duplicate key", item + "  username: ops\n", devRole + " ops [view] inForce"},
		{"keys that differ in case", item + "  userName: ops\n", devRole + " dev [view] inForce"},
		{"unknown key", item + "  note: x\n", devRole + " dev [view] inForce"},
		{"groups a scalar", "- rolearn: " + devRole + "\n  username: dev\n  groups: view\n", devRole + " dev [] inForce"},
		{"a group a number", "- rolearn: " + devRole + "\n  username: dev\n  groups: [1, view]\n", devRole + " dev [ view] inForce"},
		{"username a number", "- rolearn: " + devRole + "\n  username: 7\n  groups: [view]\n", devRole + "  [view] inForce"},
		{"indented under a group", "- rolearn: " + devRole + "\n  username: dev\n  groups:\n    - a\n      - b\n", devRole + " dev [a - b] inForce"},
		{"no rolearn", "- username: dev\n", " dev [] dropped"},
		{"userarn instead", "- userarn: " + amyUser + "\n", amyUser + "  [] dropped"},
		{"rolearn a list", "- rolearn: [" + devRole + "]\n  username: dev\n", " dev [] dropped"},
		{"a text", "- dev\n" + item, devRole + " dev [view] inForce"},
		{"null", "-\n" + item, devRole + " dev [view] inForce"},
		{"rolearn and sso", item + "  sso: {permissionSetName: Dev, accountID: '111122223333'}\n", devRole + " dev [view] dropped"},
		{"sso", "- sso: {permissionSetName: Dev, accountID: '111122223333'}\n  username: dev\n", "arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_* dev [] neverMatches"},
		{"sso, account a number", "- sso: {permissionSetName: Dev, accountID: 111122223333}\n  username: dev\n", "arn:aws:iam:::role/AWSReservedSSO_Dev_* dev [] dropped"},
		{"unquoted template", "- rolearn: " + devRole + "\n  username: {{SessionName}}\n", ""},
		{"no list", "rolearn: " + devRole + "\n", ""},
		{"blank", " \n", ""},
		{"backquotes", "``\n", ""},
		{"comment", "# nobody\n", ""},
	} {
		if got := showAll(Parse(map[string]string{"mapRoles": row.text})); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestKeyStates(t *testing.T) {
	const item = "- rolearn: " + devRole + "\n  username: dev\n"
	for text, want := range map[string]KeyState{
		item:                        KeyOK,
		item + "  note: x\n":        KeyOK,
		item + "  groups: a\n":      KeyPartial,
		item + "- username: a\n":    KeyPartial,
		"- username: a\n":           KeyPartial,
		"":                          KeyEmpty,
		"''":                        KeyEmpty,
		"[]":                        KeyNothing,
		"# nobody":                  KeyNothing,
		"rolearn: x":                KeyInvalid,
		"text":                      KeyInvalid,
		"- {{x}}: y":                KeyInvalid,
		"- rolearn: x\n username: ": KeyInvalid,
	} {
		if got := Parse(map[string]string{"mapRoles": text}).Keys["mapRoles"]; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	got := Parse(map[string]string{"maproles": item, "notes": "x"})
	if want := map[string]KeyState{"maproles": KeyIgnored, "notes": KeyIgnored}; !reflect.DeepEqual(got.Keys, want) || len(got.Mappings) > 0 {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAccountsKeepTheirDigits(t *testing.T) {
	for _, row := range []struct {
		text  string
		state KeyState
		want  string
	}{
		{"- 111122223333\n- '444455556666'\n", KeyOK, "111122223333  [] inForce; 444455556666  [] inForce"},
		{"- 011122223333\n", KeyOK, "011122223333  [] inForce"},
		{`["111122223333"]`, KeyOK, "111122223333  [] inForce"},
		{"- 111122223333\n- 111122223333\n", KeyOK, "111122223333  [] shadowed; 111122223333  [] inForce"},
		{"- 12345\n", KeyOK, "12345  [] neverMatches"},
		{"- {a: b}\n- 111122223333\n", KeyPartial, "111122223333  [] inForce"},
		{"- {a: b}\n", KeyPartial, ""},
		{"- 111122223333\n- !!binary 0\n", KeyPartial, "111122223333  [] inForce;   [] neverMatches"},
		{"111122223333", KeyInvalid, ""},
		{"- 'x", KeyInvalid, ""},
		{"[]", KeyNothing, ""},
	} {
		m := Parse(map[string]string{"mapAccounts": row.text})
		if got := showAll(m); got != row.want || m.Keys["mapAccounts"] != row.state {
			t.Errorf("%q: %q %s, want %q %s", row.text, got, m.Keys["mapAccounts"], row.want, row.state)
		}
	}
}

func roles(arns ...string) string { return items("rolearn", arns) }
func users(arns ...string) string { return items("userarn", arns) }

func items(key string, arns []string) string {
	var b strings.Builder
	for _, arn := range arns {
		b.WriteString("- " + key + ": " + arn + "\n  username: u\n")
	}
	return b.String()
}

func states(m Map) string {
	var s []string
	for _, l := range m.Mappings {
		s = append(s, string(l.State))
	}
	return strings.Join(s, " ")
}

func TestWhichMappingOverridesAnother(t *testing.T) {
	const path = "arn:aws:iam::111122223333:role/x/dev"
	for _, row := range []struct{ name, roles, users, want string }{
		{"the later role", roles(devRole, devRole), "", "shadowed inForce"},
		{"roles in other case", roles(strings.ToUpper(devRole), devRole), "", "shadowed inForce"},
		{"the later user", "", users(amyUser, amyUser), "shadowed inForce"},
		{"users in other case: nobody knows", "", users(amyUser, strings.ToUpper(amyUser)), "inForce inForce"},
		{"mapRoles before mapUsers", roles(amyUser), users(strings.ToUpper(amyUser)), "inForce shadowed"},
		{"a role in mapUsers", "", users(devRole), "inForce"},
		{"sso means nothing in mapUsers", "", users(amyUser) + "  sso: {}\n", "inForce"},
		{"what never matches is shadowed too", roles(path, path), "", "shadowed neverMatches"},
		{"a dropped mapping overrides nothing", roles(devRole) + "- rolearn: " + devRole + "\n  sso: {}\n", "", "inForce dropped"},
	} {
		m := Parse(map[string]string{"mapRoles": row.roles, "mapUsers": row.users})
		if got := states(m); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestCountsOfAccepted(t *testing.T) {
	m := Parse(map[string]string{
		"mapRoles":    roles(devRole, devRole, "arn:aws:iam::111122223333:role/x/ops") + "- username: x\n",
		"mapUsers":    users(amyUser),
		"mapAccounts": "- 1\n",
	})
	got := []int{m.Accepted(access.MappedRole), m.Accepted(access.MappedUser), m.Accepted(access.MappedAccount), len(m.Mappings)}
	if want := []int{3, 1, 1, 6}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// defects are texts of a section and what must be said of them.
var defects = []struct {
	key, text string
	line      int
	item      int
	says      string
}{
	{"mapRoles", "- rolearn: " + devRole + "\n  username: {{SessionName}}\n", 0, 0, "put quotes around"},
	{"mapRoles", "- rolearn: x\n username: y\n", 1, 0, "not valid YAML"},
	{"mapRoles", roles(devRole) + "  userName: x\n", 0, 1, "userName and username are the same key"},
	{"mapRoles", "rolearn: x\n", 0, 0, "mapRoles is not a list"},
	{"mapRoles", roles(devRole) + "---\n[]\n", 0, 0, "before the line ---"},
	{"mapRoles", roles(devRole) + "  username: x\n", 3, 0, "a key appears twice"},
	{"mapRoles", roles(devRole) + "  gruops: [x]\n", 0, 1, `unknown key "gruops" is ignored`},
	{"mapRoles", roles(devRole) + "  groups: x\n", 0, 1, "groups is a string, so it is read as empty; write a list"},
	{"mapRoles", roles(devRole) + "  groups: [~]\n", 0, 1, "a group is empty"},
	{"mapRoles", roles(devRole) + "  userid: true\n", 0, 1, "userid is a boolean"},
	{"mapRoles", roles(devRole) + "-\n", 0, 2, "the mapping is null"},
	{"mapRoles", "- sso: {accountID: '111122223333', permissionSetName: a b}\n", 0, 1, `"a b" is not the name of a permission set`},
	{"mapRoles", "- sso: {accountID: '111122223333', permissionSetName: a, partition: b}\n", 0, 1, `no AWS partition "b"`},
	{"mapRoles", roles(devRole) + "  groups: [1]\n", 0, 1, "an element of groups is a number"},
	{"mapRoles", "- sso: {permissionSetName: Dev, accountID: '111122223333', partition: 7}\n", 0, 1, "sso.partition is a number"},
	{"mapRoles", roles(devRole) + "- 7\n", 0, 2, "the mapping is a number"},
	{"mapRoles", "- rolearn: " + devRole + "\n  username: 7\n", 0, 1, "username is a number"},
	{"mapRoles", "- rolearn: " + devRole + "\n", 0, 1, "no username"},
	{"mapRoles", "- username: dev\n", 0, 1, "no rolearn"},
	{"mapRoles", roles(amyUser), 0, 1, "a user in mapRoles works"},
	{"mapUsers", users(devRole), 0, 1, "a role in mapUsers works"},
	{"mapUsers", roles(devRole), 0, 1, "move the mapping to mapRoles"},
	{"mapUsers", "- username: x\n", 0, 1, "no userarn"},
	{"mapUsers", users("arn:aws:iam::111122223333:root"), 0, 1, "root user only"},
	{"mapUsers", users(amyUser, strings.ToUpper(amyUser)), 0, 2, "undefined"},
	{"mapRoles", roles(devRole, devRole), 0, 1, "overridden by mapRoles[1], a later mapping"},
	{"mapAccounts", "- 1\n", 0, 1, "12 digits"},
	{"mapAccounts", "- 111122223333\n- {a: b}\n", 2, 0, "an item is not an account"},
	{"mapAccounts", "111122223333\n", 1, 0, "mapAccounts is not a list"},
	{"MAPROLES", "[]", 0, 0, "rename it to mapRoles"},
	{"notes", "[]", 0, 0, "only mapRoles, mapUsers and mapAccounts"},
}

func TestDefectsSayWhereAndWhat(t *testing.T) {
	for _, row := range defects {
		found := false
		m := Parse(map[string]string{row.key: row.text})
		for _, d := range m.Defects {
			found = found || d.Key == row.key && d.Line == row.line && d.Item == row.item && strings.Contains(d.Text, row.says)
		}
		if !found {
			t.Errorf("%s %q: %+v, want %q", row.key, row.text, m.Defects, row.says)
		}
	}
}

func TestASoundMapHasNoDefects(t *testing.T) {
	m := Parse(map[string]string{"mapRoles": roles(devRole), "mapUsers": users(amyUser), "mapAccounts": "- '444455556666'\n"})
	if len(m.Defects) > 0 || states(m) != "inForce inForce inForce" {
		t.Errorf("%+v", m)
	}
}

// TestOnePartitionBesideAnotherIsADefect: a cluster has callers of its own partition only.
func TestOnePartitionBesideAnotherIsADefect(t *testing.T) {
	const cn, gov = "arn:aws-cn:iam::111122223333:role/cn", "arn:aws-us-gov:iam::111122223333:user/gov"
	for _, row := range []struct {
		what, roles, users string
		want               []string // section item
	}{
		{"one", roles(devRole), users(amyUser), nil},
		{"all of another", roles(cn), users(strings.Replace(cn, "role/", "user/", 1)), nil},
		{"a second", roles(devRole) + roles(cn), "", []string{"mapRoles 2"}},
		{"the first is alone", roles(cn) + roles(devRole), users(amyUser), []string{"mapRoles 1"}},
		{"across sections", roles(devRole), users(gov), []string{"mapUsers 1"}},
		{"each kind of case", roles(devRole) + roles(strings.ToUpper(devRole)+"2"), "", nil},
		{"three", roles(devRole) + roles(cn), users(gov) + users(amyUser), []string{"mapRoles 2", "mapUsers 1"}},
		{"none that exists", roles(devRole) + roles("arn:aws-xy:iam::111122223333:role/x"), "", nil},
		{"dropped", roles(devRole) + "- userarn: " + cn + "\n", "", nil},
	} {
		var got []string
		for _, d := range Parse(map[string]string{"mapRoles": row.roles, "mapUsers": row.users}).Defects {
			if strings.Contains(d.Text, "the cluster's partition only") {
				got = append(got, fmt.Sprintf("%s %d", d.Key, d.Item))
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.what, got, row.want)
		}
	}
}
