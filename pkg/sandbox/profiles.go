package sandbox

import (
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

const defaultProfile = "default"

// profiles are the identities that have keys from the start; all but the users are role sessions.
var profiles = []struct{ name, kind, principal string }{
	{"operator", "role", ssoOperator},
	{"rotated", "role", "rotated"},
	{"lead", "role", "lead"},
	{"mapped", "role", "mapped"},
	{"twice", "role", "twice"},
	{"idle", "role", "idle"},
	{"joiner", "role", "joiner"},
	{"dave", "user", "dave"},
	{"ops", "role", "ops"},
	{expiredProfile, "role", "dev"},
	{defaultProfile, "role", "platform-admin"},
	{"developer", "role", "dev"},
	{"newcomer", "role", "newcomer"},
	{"read-only", "role", "auditor"},
	{"no-iam", "role", "eks-operator"},
	{"no-pass-role", "role", "entry-manager"},
	{"alice", "user", "alice"},
	{"bob", "user", "bob"},
}

// Profiles are the names of all profiles in the account's AWS configuration.
func Profiles() (names []string) {
	for _, p := range profiles {
		names = append(names, p.name)
	}
	for _, p := range assumed {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

// expiredProfile has keys that have expired.
const expiredProfile = "expired"

// assumed are the profiles that have no keys of their own and assume a role with those of another.
var assumed = []struct{ name, role, source string }{
	{"joiner-as-dev", "role/team/dev", "joiner"},
}

// sessionName is the session of every profile that is a role.
const sessionName = "sandbox"

// issueKeys makes the keys of all profiles, by name.
func issueKeys(a *awsapi.Account, now time.Time) map[string]awsapi.Key {
	keys := map[string]awsapi.Key{}
	for _, p := range profiles {
		who, session, expires := a.Principals[awsapi.PrincipalKey(p.kind, p.principal)], sessionName, time.Time{}
		if who == nil {
			continue // a kept account may have lost it
		}
		if p.kind == "user" {
			session = ""
		}
		if p.name == expiredProfile {
			expires = now.Add(-time.Hour)
		}
		keys[p.name] = a.Issue(who, session, expires, now)
	}
	return keys
}
