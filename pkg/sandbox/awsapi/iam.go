package awsapi

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// namedOperations are called by name: in the form of the query protocol, or in the target header.
var namedOperations = []Operation{
	{Service: "iam", Name: "GetRole", run: (*Account).getRole},
	{Service: "iam", Name: "GetUser", run: (*Account).getUser},
	{Service: "iam", Name: "GetAccessKeyLastUsed", run: (*Account).getAccessKeyLastUsed},
	{Service: "iam", Name: "ListAccessKeys", run: (*Account).listAccessKeys},
	{Service: "iam", Name: "ListRoles", run: (*Account).listRoles},
	{Service: "iam", Name: "ListUsers", run: (*Account).listUsers},
	{Service: "sts", Name: "GetCallerIdentity", run: (*Account).getCallerIdentity},
	{Service: "sts", Name: "AssumeRole", run: (*Account).assumeRole},
	{Service: "cloudtrail", Name: "LookupEvents", run: (*Account).lookupEvents},
	{Service: "organizations", Name: "ListAccounts", run: (*Account).listAccounts},
}

const sessionRE pattern = `^[\w+=,.@-]{2,64}$`

type shownRole struct {
	Path, RoleName, RoleId, Arn, CreateDate string
	AssumeRolePolicyDocument                string
	MaxSessionDuration                      int
	RoleLastUsed                            *lastUsed // GetRole alone shows it
}

type lastUsed struct {
	LastUsedDate string `xml:",omitempty"`
	Region       string `xml:",omitempty"`
}

type shownUser struct {
	Path, UserName, UserId, Arn, CreateDate string
	PasswordLastUsed                        string `xml:",omitempty"` // GetUser and ListUsers show it
}

type shownAccessKey struct {
	UserName, AccessKeyId, Status, CreateDate string
}

type shownKeyUse struct {
	LastUsedDate        string `xml:",omitempty"`
	ServiceName, Region string // N/A for a key that was never used
}

func (a *Account) shownRole(p *Principal) shownRole {
	trust := p.Trust
	if trust == nil {
		trust = []string{"arn:aws:iam::" + a.ID + ":root"}
	}
	var statements []string
	for _, who := range trust {
		kind := "Service"
		if strings.HasPrefix(who, "arn:") {
			kind = "AWS"
		}
		statements = append(statements, `{"Effect":"Allow","Principal":{"`+kind+`":"`+who+`"},"Action":"sts:AssumeRole"}`)
	}
	document := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	return shownRole{p.Path, p.Name, p.ID, a.ARN(p), p.Created.Format(time.RFC3339), url.QueryEscape(document), 43200, nil}
}

func (a *Account) shownUser(p *Principal) shownUser {
	shown := shownUser{p.Path, p.Name, p.ID, a.ARN(p), p.Created.Format(time.RFC3339), ""}
	if !p.Entered.IsZero() {
		shown.PasswordLastUsed = p.Entered.Format(time.RFC3339)
	}
	return shown
}

func noSuchEntity(kind, name string) error {
	return &refusal{status: 404, code: "NoSuchEntity", message: "The " + kind + " with name " + name + " cannot be found."}
}

func validation(message string) error {
	return &refusal{status: 400, code: "ValidationError", message: message}
}

func (a *Account) getRole(c *Call) (any, error) {
	name := c.form.Get("RoleName")
	p, ok := a.Principals[PrincipalKey("role", name)]
	if !ok {
		return nil, noSuchEntity("role", name)
	}
	shown := a.shownRole(p)
	if shown.RoleLastUsed = (&lastUsed{}); !p.Used.IsZero() {
		shown.RoleLastUsed = &lastUsed{p.Used.Format(time.RFC3339), a.Region}
	}
	return struct{ Role shownRole }{shown}, nil
}

// getUser without a name answers with the caller, who must be a user then.
func (a *Account) getUser(c *Call) (any, error) {
	p, err := a.namedUser(c)
	if err != nil {
		return nil, err
	}
	return struct{ User shownUser }{a.shownUser(p)}, nil
}

func (a *Account) namedUser(c *Call) (*Principal, error) {
	name := c.form.Get("UserName")
	if name == "" && c.who.Kind != "user" {
		return nil, validation("Must specify userName when calling with non-User credentials")
	}
	name = cmp.Or(name, c.who.Name)
	p, ok := a.Principals[PrincipalKey("user", name)]
	if !ok {
		return nil, noSuchEntity("user", name)
	}
	return p, nil
}

func (a *Account) listAccessKeys(c *Call) (any, error) {
	p, err := a.namedUser(c)
	if err != nil {
		return nil, err
	}
	answer := struct {
		AccessKeyMetadata []shownAccessKey `xml:"AccessKeyMetadata>member"`
		IsTruncated       bool
	}{}
	for id, k := range a.keys {
		if k.who.Principal == p {
			answer.AccessKeyMetadata = append(answer.AccessKeyMetadata, shownAccessKey{p.Name, id, "Active", p.Created.Format(time.RFC3339)})
		}
	}
	return answer, nil
}

func (a *Account) getAccessKeyLastUsed(c *Call) (any, error) {
	id := c.form.Get("AccessKeyId")
	k := a.keys[id]
	if k == nil || k.who.Kind != "user" {
		return nil, noSuchEntity("Access Key", id)
	}
	used := shownKeyUse{"", "N/A", "N/A"}
	if at := k.who.Used; !at.IsZero() {
		used = shownKeyUse{at.Format(time.RFC3339), "eks", a.Region}
	}
	return struct {
		UserName          string
		AccessKeyLastUsed shownKeyUse
	}{k.who.Name, used}, nil
}

func (a *Account) listRoles(c *Call) (any, error) {
	found, marker, err := a.listPrincipals(c, "role")
	answer := struct {
		Roles       []shownRole `xml:"Roles>member"`
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{IsTruncated: marker != "", Marker: marker}
	for _, p := range found {
		answer.Roles = append(answer.Roles, a.shownRole(p))
	}
	return answer, err
}

func (a *Account) listUsers(c *Call) (any, error) {
	found, marker, err := a.listPrincipals(c, "user")
	answer := struct {
		Users       []shownUser `xml:"Users>member"`
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{IsTruncated: marker != "", Marker: marker}
	for _, p := range found {
		answer.Users = append(answer.Users, a.shownUser(p))
	}
	return answer, err
}

// listPrincipals is one page of IAM's kind: a path prefix, a marker, 100 items unless asked otherwise.
func (a *Account) listPrincipals(c *Call, kind string) (found []*Principal, marker string, err error) {
	size := 100
	if given := c.form.Get("MaxItems"); given != "" {
		if size, err = strconv.Atoi(given); err != nil || size < 1 || size > 1000 {
			return nil, "", validation("1 validation error detected: Value '" + given + "' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(c.form.Get("Marker"))
	if err != nil {
		return nil, "", validation("Invalid Marker.")
	}
	for _, p := range a.Principals {
		if p.Kind == kind && strings.HasPrefix(p.Path, c.form.Get("PathPrefix")) && p.Name > string(after) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *Principal) int { return strings.Compare(a.Name, b.Name) })
	if len(found) > size {
		found = found[:size]
		marker = base64.RawURLEncoding.EncodeToString([]byte(found[size-1].Name))
	}
	return found, marker, nil
}

func (a *Account) getCallerIdentity(c *Call) (any, error) {
	return struct{ UserId, Account, Arn string }{c.who.UserID(), a.ID, c.who.ARN()}, nil
}

type shownCredentials struct {
	AccessKeyId, SecretAccessKey, SessionToken, Expiration string
}

type shownSession struct {
	AssumedRoleId, Arn string
}

// assumeRole issues a session to every caller of the account who may ask for one. A role that does not exist is refused
// like one that does not trust the caller.
func (a *Account) assumeRole(c *Call) (any, error) {
	arn, session, seconds := c.form.Get("RoleArn"), c.form.Get("RoleSessionName"), 3600
	var err error
	if given := c.form.Get("DurationSeconds"); given != "" {
		seconds, err = strconv.Atoi(given)
	}
	switch {
	case !sessionRE.expression().MatchString(session):
		return nil, validation("1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: " +
			`Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case err != nil || seconds < 900 || seconds > 43200:
		return nil, validation("The requested DurationSeconds is not between 900 and 43200.")
	}
	home := a.accountOf(arn)
	who, ok := home.Principal(arn)
	if ok && home.ID != c.who.Account && !slices.Contains(who.Trust, "arn:aws:iam::"+c.who.Account+":root") {
		ok = false
	}
	if !ok || who.Kind != "role" || splitARN(arn).serviceLinked() || !c.who.may("sts:AssumeRole") {
		return nil, denied("User: " + c.who.ARN() + " is not authorized to perform: sts:AssumeRole on resource: " + arn)
	}
	k := home.Issue(who, session, c.At.Add(time.Duration(seconds)*time.Second), c.At)
	return struct {
		Credentials     shownCredentials
		AssumedRoleUser shownSession
	}{
		shownCredentials{k.ID, k.Secret, k.Token, k.Expires.Format(time.RFC3339)},
		shownSession{k.who.UserID(), k.who.ARN()},
	}, nil
}
