package policy_test

import (
	"regexp"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// TestTextsAreForThoseWhoChooseAPolicy: where a fact was looked up, and what was not found there, is no help to them.
func TestTextsAreForThoseWhoChooseAPolicy(t *testing.T) {
	research := regexp.MustCompile(`(?i)\bpages?\b|was found|documented|sample output|ListAccessPolicies`)
	for _, p := range policy.All() {
		for _, text := range []string{p.Purpose, p.Note, p.UsedBy} {
			if research.MatchString(text) {
				t.Errorf("%s: %s", p.Name, text)
			}
		}
		if p.Purpose == "" {
			t.Errorf("%s has no purpose", p.Name)
		}
	}
}
