package awsapi

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// Key is an access key, long-term or of a session. Keys live as long as the process and are never kept.
type Key struct {
	ID, Secret, Token string
	Expires           time.Time // zero: never
	who               Caller
}

// Caller is the identity that signed a request.
type Caller struct {
	*Principal
	Account string
	Key     string // access key ID
	Session string // "" for a user
	since   time.Time
}

// ARN is what GetCallerIdentity answers: a session's ARN leaves out the role's path.
//
//go:noinline
func (c Caller) ARN() string {
	if c.Session == "" {
		return "arn:aws:iam::" + c.Account + ":user" + c.Path + c.Name
	}
	return "arn:aws:sts::" + c.Account + ":assumed-role/" + c.Name + "/" + c.Session
}

// UserID is AIDA… of a user, AROA…:session of a session.
func (c Caller) UserID() string {
	if c.Session == "" {
		return c.ID
	}
	return c.ID + ":" + c.Session
}

// may reports whether one of the caller's action patterns allows the action.
//
//go:noinline
func (c Caller) may(action string) bool {
	return slices.ContainsFunc(c.Allow, func(pattern string) bool {
		ok, err := path.Match(pattern, action)
		return ok && err == nil
	})
}

// Issue makes a key; session "" makes a user's long-term one, which has no token. Without a time it never expires.
func (a *Account) Issue(who *Principal, session string, expires, now time.Time) Key {
	k := &Key{ID: "AKIA" + rand.Text()[:16], Secret: rand.Text() + rand.Text()[:14], Expires: expires}
	if session != "" {
		k.ID, k.Token = "ASIA"+k.ID[4:], rand.Text()+rand.Text()+rand.Text()
	}
	k.who = Caller{Principal: who, Account: a.ID, Key: k.ID, Session: session, since: now}
	top := a.top()
	if top.keys == nil {
		top.keys = map[string]*Key{}
	}
	top.keys[k.ID] = k
	return *k
}

// authenticate verifies the call's signature as AWS does: key, token, age, scope, signature.
func (a *Account) authenticate(c *Call) error {
	g, err := readSignature(c.Request)
	if err != nil {
		return err
	}
	if err := g.checkTime(c.At); err != nil {
		return err
	}
	c.region = g.region
	c.who, err = a.verify(g, c.Request, c.body, c.Service, c.At)
	return err
}

// verify is authenticate without the age of the request, which a bearer token judges by another rule.
func (a *Account) verify(g signature, r *http.Request, body []byte, service string, now time.Time) (Caller, error) {
	k, ok := a.top().keys[g.key]
	switch {
	case !ok, k.Token != g.token, g.region == DisabledRegion:
		return Caller{}, authErr(unknownKey, "The security token included in the request is invalid.")
	case !k.Expires.IsZero() && now.After(k.Expires):
		return Caller{}, authErr(expiredToken, "The security token included in the request is expired")
	case g.service != service:
		return Caller{}, authErr(mismatch, fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service))
	case !g.matches(r, body, k.Secret):
		return Caller{}, authErr(mismatch, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return k.who, nil
}

// authorize checks the caller's permissions. GetCallerIdentity needs none.
func (a *Account) authorize(c *Call) error {
	action := c.Service + ":" + c.Name
	if action == "sts:GetCallerIdentity" || action == "sts:AssumeRole" { // AssumeRole checks them itself: its refusal has other words
		return nil
	}
	return c.who.require(action, a.resource(c))
}

func (c Caller) require(action, resource string) error {
	if c.may(action) {
		return nil
	}
	return denied(fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
		c.ARN(), action, resource, action))
}

// resource names what a call is about in the words of a refusal.
func (a *Account) resource(c *Call) string {
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
	case c.Service == "iam" && strings.Contains(c.Name, "User"):
		return "arn:aws:iam::" + a.ID + ":user/"
	case c.Service == "iam":
		return "arn:aws:iam::" + a.ID + ":role/"
	}
	return "*"
}

func (a *Account) entryResource(c *Call, prefix string) string {
	arn := c.PathValue("principalArn")
	if cl, ok := a.Clusters[c.PathValue("name")]; ok {
		if e := cl.Entries[arn].Now(); e != nil {
			return e.AccessEntryARN
		}
	}
	return prefix + "*" // the ID of an entry that does not exist is not for anybody to know
}
