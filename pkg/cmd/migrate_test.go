package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

var viewRole = access.RoleRef{Kind: "ClusterRole", Name: "view"}

// lines is an aws-auth of these roles: name, username and groups.
func lines(roles ...string) map[string]string {
	var b strings.Builder
	for _, role := range roles {
		words := strings.Fields(role)
		fmt.Fprintf(&b, "- rolearn: %s\n  username: %q\n  groups: [%s]\n", arn("role/"+words[0]), words[1], strings.Join(words[2:], ", "))
	}
	return map[string]string{"mapRoles": b.String()}
}

// decided is a file of decisions: an ID and an answer in turn.
func decided(t *testing.T, decisions ...string) string {
	t.Helper()
	text := "cluster: demo\ndecisions:\n"
	for pair := range slices.Chunk(decisions, 2) {
		text += fmt.Sprintf("- {id: '%s', answer: '%s'}\n", pair[0], pair[1])
	}
	path := filepath.Join(t.TempDir(), "decisions.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bound is who has a role by the bindings of the whole cluster, by the binding's name.
func bound(t *testing.T, role string) map[string]string {
	t.Helper()
	s, err := linked(t).Snapshot(t.Context(), access.Want{RBAC: true})
	if err != nil || s.RBAC.Err != nil {
		t.Fatal(err, s.RBAC)
	}
	found := map[string]string{}
	for _, b := range s.RBAC.Bindings {
		if b.Namespace == "" && b.Role.Name == role {
			found[b.Name] = strings.Join(slices.Concat(b.Users, b.Groups), " ")
		}
	}
	return found
}

// TestABindingIsMadeBesideOneOfItsName: the second migration gives the same name to other people, for whom the binding
// of the first one does nothing.
func TestABindingIsMadeBesideOneOfItsName(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops system:ops:{{SessionName}}", "auditor system:audit:{{SessionName}}")})
	people := access.Binding{Name: "people", Role: viewRole, Users: []string{"system:ops:olga", "system:audit:anna"}}
	if _, err := linked(t).Bind(t.Context(), []access.Binding{people}); err != nil {
		t.Fatal(err)
	}
	ops, auditor := "username/"+string(arn("role/ops")), "username/"+string(arn("role/auditor"))
	must(t, "migrate", "--yes", "--apply-rbac", "--decisions", decided(t, ops, "name:team:{{SessionName}}"))
	out := must(t, "migrate", "--yes", "--apply-rbac", "--decisions", decided(t, ops, "name:team:{{SessionName}}", auditor, "name:team:{{SessionName}}"))
	if is := bound(t, "view"); is["people:team:-SessionName-"] != "team:olga" || is["people:team:-SessionName--2"] != "team:anna" {
		t.Errorf("%v\n%s", is, out)
	}
	for _, line := range []string{"ClusterRoleBinding people:team:-SessionName--2 created\n", "accessentry/role/auditor created\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
}

// TestAMigrationThatGoesOnTakesNothing: between a migration that was killed and the next one somebody gives more to the
// unfinished entry, or takes from it what it would have had: then it stays as it is.
func TestAMigrationThatGoesOnTakesNothing(t *testing.T) {
	for line, want := range map[string]string{
		"grant role/ops --policy view -n prod --group extra --tag a=b": `STANDARD ops ["extra"] [cluster-admin on the whole cluster view in namespace prod] map["a":"b"]`,
		"revoke role/ops --group viewers":                              "STANDARD ops [] [] map[]",
	} {
		k := &killer{}
		sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops system:masters viewers"), Log: k})
		k.runs(t, " CreateAccessEntry", "migrate", "--yes")
		must(t, append(strings.Fields(line), allRisks)...)
		out := must(t, "migrate", "--yes")
		want = strings.Replace(want, `["extra"]`, `["extra" "viewers"]`, 1)
		if is := world(t)[string(arn("role/ops"))]; is != want || strings.Contains(out, "revoked") {
			t.Errorf("%s: %s\n%s", line, is, out)
		}
	}
}

// TestWhatAuthorsOfAWSAuthWriteIsShownEscaped in every form, for a terminal would turn the direction of writing.
func TestWhatAuthorsOfAWSAuthWriteIsShownEscaped(t *testing.T) {
	const turn = "\u202e"
	sandboxtest.Start(t, sandbox.Options{AWSAuth: lines("ops ops " + turn + "gnp")})
	for _, form := range [][]string{nil, {"-o", "json"}, {"-o", "yaml"}} {
		if out := must(t, append([]string{"migrate", "--dry-run"}, form...)...); strings.Contains(out, turn) || !strings.Contains(out, `\u202egnp`) {
			t.Errorf("%v:\n%s", form, out)
		}
	}
	must(t, "migrate", "--yes")
	if out := must(t, "list", "role/ops", "-o", "yaml"); strings.Contains(out, turn) || !strings.Contains(out, `- "\u202egnp"`) {
		t.Error(out)
	}
}
