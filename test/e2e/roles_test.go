package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestPoliciesBesideClusterRoles lists where the policies view, edit and admin differ from the ClusterRoles
// of these names in the Kubernetes of these tests. Differences are AWS's choice, so they are told, not failed.
func TestPoliciesBesideClusterRoles(t *testing.T) {
	program, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(program, "prod")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	all, err := policies()
	if err != nil {
		t.Fatal(err)
	}
	roles := w.clusterRoles(t)
	for _, pair := range [][2]string{{"AmazonEKSViewPolicy", "view"}, {"AmazonEKSEditPolicy", "edit"}, {"AmazonEKSAdminPolicy", "admin"}} {
		name, role := pair[0], pair[1]
		ours, theirs := rights{}.add(find(t, all, name).Rules), rights{}.add(aggregated(roles, role))
		if len(theirs) < 50 {
			t.Errorf("ClusterRole %s has only %d rights", role, len(theirs))
		}
		t.Logf("difference: %s has %d rights, ClusterRole %s %d", name, len(ours), role, len(theirs))
		tell(t, "only in "+name, ours, theirs)
		tell(t, "only in ClusterRole "+role, theirs, ours)
	}
}

func tell(t *testing.T, where string, some, others rights) {
	t.Helper()
	verbs := map[string][]string{}
	for q := range some {
		if !others.allow(q) {
			kind := strings.TrimSuffix(q.resource+"."+q.group, ".") + q.path
			verbs[kind] = append(verbs[kind], q.verb)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(verbs)) {
		slices.Sort(verbs[kind])
		t.Logf("difference: %s: %s %s", where, strings.Join(verbs[kind], ","), kind)
	}
}

// clusterRole is what matters of one here.
type clusterRole struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Rules           []rule
	AggregationRule struct {
		ClusterRoleSelectors []struct{ MatchLabels map[string]string }
	}
}

func (w *world) clusterRoles(t *testing.T) (roles []clusterRole) {
	t.Helper()
	out, err := w.run("", "kubectl", "get", "clusterroles", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Items []clusterRole }
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(fmt.Errorf("cluster roles: %w", err))
	}
	return list.Items
}

// aggregated does what a controller does in a whole cluster: it adds the rules of the roles that a role's
// labels select.
func aggregated(roles []clusterRole, name string) (rules []rule) {
	for _, role := range roles {
		if role.Metadata.Name != name {
			continue
		}
		rules = append(rules, role.Rules...)
		for _, selector := range role.AggregationRule.ClusterRoleSelectors {
			for _, other := range roles {
				if labelled(other, selector.MatchLabels) {
					rules = append(rules, aggregated(roles, other.Metadata.Name)...)
				}
			}
		}
	}
	return rules
}

func labelled(role clusterRole, labels map[string]string) bool {
	for key, value := range labels {
		if role.Metadata.Labels[key] != value {
			return false
		}
	}
	return true
}
