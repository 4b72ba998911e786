package sandbox

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// key is an access key, long-term or of a session. Keys live as long as the process and are never kept.
type key struct {
	ID, Secret, Token string
	Expires           time.Time // zero: never
	who               caller
}

// caller is whoever signed a request.
type caller struct {
	*principal
	account string
	key     string
	session string // "" for a user
	since   time.Time
}

// arn is what GetCallerIdentity tells: a session's ARN leaves out the role's path.
func (c caller) arn() string {
	if c.session == "" {
		return "arn:aws:iam::" + c.account + ":user" + c.Path + c.Name
	}
	return "arn:aws:sts::" + c.account + ":assumed-role/" + c.Name + "/" + c.session
}

// userID is AIDA… of a user, AROA…:session of a session.
func (c caller) userID() string {
	if c.session == "" {
		return c.ID
	}
	return c.ID + ":" + c.session
}

// may tells whether one of the caller's action patterns allows the action.
func (c caller) may(action string) bool {
	return slices.ContainsFunc(c.Allow, func(pattern string) bool {
		ok, err := path.Match(pattern, action)
		return ok && err == nil
	})
}

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

// expiredProfile has keys that have run out.
const expiredProfile = "expired"

// assumed are the profiles that have no keys of their own and take a role with those of another.
var assumed = []struct{ name, role, source string }{
	{"joiner-as-dev", "role/team/dev", "joiner"},
}

// sessionName is the session of every profile that is a role.
const sessionName = "sandbox"

func (a *account) issueKeys(now time.Time) {
	for _, p := range profiles {
		who, session, expires := a.Principals[principalKey(p.kind, p.principal)], sessionName, time.Time{}
		if who == nil {
			continue // a kept account may have lost it
		}
		if p.kind == "user" {
			session = ""
		}
		if p.name == expiredProfile {
			expires = now.Add(-time.Hour)
		}
		a.profiles[p.name] = a.issue(who, session, expires, now)
	}
}

// issue makes a key; session "" makes a user's long-term one, which has no token.
func (a *account) issue(who *principal, session string, expires, now time.Time) *key {
	k := &key{ID: "AKIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text()[:14], Expires: expires}
	if session != "" {
		k.ID, k.Token = "ASIA"+k.ID[4:], rand.Text()+rand.Text()+rand.Text()
	}
	k.who = caller{principal: who, account: a.ID, key: k.ID, session: session, since: now}
	a.keys[k.ID] = k
	return k
}

// authenticate verifies the request's signature as AWS does: key, token, age, scope, signature.
func (a *account) authenticate(r *http.Request, body []byte, service string, now time.Time) (caller, signature, error) {
	g, err := readSignature(r)
	if err != nil {
		return caller{}, g, err
	}
	if err := g.checkTime(now); err != nil {
		return caller{}, g, err
	}
	who, err := a.verify(g, r, body, service, now)
	return who, g, err
}

// verify is authenticate without the age of the request, which a bearer token judges by another rule.
func (a *account) verify(g signature, r *http.Request, body []byte, service string, now time.Time) (caller, error) {
	k, ok := a.keys[g.key]
	switch {
	case !ok, k.Token != g.token:
		return caller{}, authErr(unknownKey, "The security token included in the request is invalid.")
	case !k.Expires.IsZero() && now.After(k.Expires):
		return caller{}, authErr(expiredToken, "The security token included in the request is expired")
	case g.service != service:
		return caller{}, authErr(mismatch, fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service))
	case !g.matches(r, body, k.Secret):
		return caller{}, authErr(mismatch, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return k.who, nil
}

// authorize asks the caller's permissions. GetCallerIdentity takes none.
func (a *account) authorize(c *call) error {
	action := c.service + ":" + c.name
	if action == "sts:GetCallerIdentity" || action == "sts:AssumeRole" { // AssumeRole asks for itself: its refusal reads otherwise
		return nil
	}
	return c.who.require(action, a.resource(c))
}

func (c caller) require(action, resource string) error {
	if c.may(action) {
		return nil
	}
	return denied(fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		c.arn(), action, resource, action))
}

// resource names what a call is about in the words of a refusal.
func (a *account) resource(c *call) string {
	eks := "arn:aws:eks:" + c.region + ":" + a.ID + ":"
	name := c.PathValue("name")
	switch {
	case c.PathValue("resourceArn") != "":
		return c.PathValue("resourceArn")
	case c.PathValue("principalArn") != "":
		return a.entryResource(c, eks+"access-entry/"+name+"/")
	case name != "":
		return eks + "cluster/" + name
	case c.form.Get("RoleName") != "":
		return "role " + c.form.Get("RoleName")
	case c.form.Get("UserName") != "":
		return "user " + c.form.Get("UserName")
	case c.service == "iam" && strings.Contains(c.name, "User"):
		return "arn:aws:iam::" + a.ID + ":user/"
	case c.service == "iam":
		return "arn:aws:iam::" + a.ID + ":role/"
	}
	return "*"
}

func (a *account) entryResource(c *call, prefix string) string {
	arn := c.PathValue("principalArn")
	if cl, ok := a.Clusters[c.PathValue("name")]; ok {
		if e := cl.Entries[arn].now(); e != nil {
			return e.AccessEntryARN
		}
	}
	return prefix + "*" // the id of an entry that does not exist is nobody's to know
}
