package awsauth

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func FuzzParse(f *testing.F) {
	f.Add(roles(devRole, strings.ToUpper(devRole)), users(amyUser, devRole), "- 111122223333\n- 1\n")
	f.Add("- rolearn: x\n  groups: [a, 1, ]\n  sso: {}\n- 7\n-\n", "{\"a\":1}", "- {a: b}\n- ~\n")
	f.Add("- {{a}}: b", "``", "a: &a [*a]")
	f.Add("- sso: {permissionSetName: Dev, accountID: '111122223333'}\n---\n[]", "- userarn: a\n  userARN: b\n  userarn: c\n", "[")
	f.Fuzz(func(t *testing.T, roles, users, accounts string) {
		data := map[string]string{"mapRoles": roles, "mapUsers": users, "mapAccounts": accounts}
		m := Parse(data)
		if again := Parse(data); !reflect.DeepEqual(m, again) {
			t.Fatalf("not the same twice:\n%+v\n%+v", m, again)
		}
		checkMappings(t, m)
		checkDefects(t, m)
	})
}

// checkMappings holds the rules of states: each mapping has one, only an active one has no reason, and of those with the
// same ARN only the last that is kept is not overridden.
func checkMappings(t *testing.T, m Map) {
	t.Helper()
	states := []access.MappingState{access.InForce, access.Shadowed, access.NeverMatches, access.Dropped}
	winners := map[string]bool{}
	for _, m := range slices.Backward(m.Mappings) {
		if !slices.Contains(states, m.State) || (m.State == access.InForce) != (m.Reason == "") {
			t.Fatalf("%+v", m)
		}
		if m.State == access.Dropped {
			continue
		}
		if winners[slot(m)] != (m.State == access.Shadowed) && m.Kind != access.MappedUser {
			t.Fatalf("%+v", m)
		}
		if winners[slot(m)] && m.State != access.Shadowed {
			t.Fatalf("%+v is no longer the last", m)
		}
		winners[slot(m)] = true
	}
}

func checkDefects(t *testing.T, m Map) {
	t.Helper()
	texts := map[string]bool{}
	for _, d := range m.Defects {
		texts[d.Text] = true
		if d.Key == "" || d.Text == "" || d.Line < 0 || d.Item < 0 {
			t.Fatalf("%+v", d)
		}
	}
	for _, l := range m.Mappings {
		if l.State != access.InForce && !texts[l.Reason] {
			t.Fatalf("no defect reports %+v", l)
		}
	}
}
