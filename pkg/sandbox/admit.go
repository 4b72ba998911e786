package sandbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

const (
	tokenPrefix  = "k8s-aws-v1."
	clusterIDKey = "x-k8s-aws-id"
	maxToken     = 4096
	tokenAge     = 15 * time.Minute // from X-Amz-Date, whatever X-Amz-Expires says
)

// tokenParameters may be in a token's URL, each at most once: anything else could make STS do something else.
var tokenParameters = []string{
	"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-User-Agent",
}

// verifyToken tells who made a bearer token. host is where this account's STS answers.
func (a *account) verifyToken(token, cluster, host string, now time.Time) (caller, error) {
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > maxToken {
		return caller{}, errors.New("not an EKS token, or too long a one")
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return caller{}, errors.New("token is not base64url")
	}
	u, err := url.Parse(string(text))
	if err != nil {
		return caller{}, errors.New("token holds no URL")
	}
	if err := checkTokenURL(u, host); err != nil {
		return caller{}, err
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	r.Header.Set(clusterIDKey, cluster)
	g, err := readSignature(r)
	if err != nil {
		return caller{}, err
	}
	switch {
	case !g.presigned:
		return caller{}, errors.New("the token's URL is not signed")
	case !slices.Contains(g.headers, clusterIDKey):
		return caller{}, errors.New("the token is not bound to a cluster")
	case g.expires > tokenAge:
		return caller{}, errors.New("X-Amz-Expires is over 900")
	case g.date.After(now.Add(clockSkew)), now.After(g.date.Add(tokenAge)):
		return caller{}, errors.New("the token has expired")
	}
	return a.verify(g, r, nil, "sts", now)
}

func checkTokenURL(u *url.URL, host string) error {
	if u.Scheme != "http" || u.Host != host || u.EscapedPath() != "/" || u.User != nil || u.Fragment != "" {
		return errors.New("the token's URL is not this account's STS")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the token's query cannot be read")
	}
	for name, values := range query {
		if !slices.Contains(tokenParameters, name) || len(values) != 1 {
			return fmt.Errorf("the token's query may not hold %q, or not twice", name)
		}
	}
	if !query.Has("X-Amz-Expires") {
		return errors.New("the token's query lacks X-Amz-Expires")
	}
	if query.Get("Action") != "GetCallerIdentity" {
		return errors.New("the token does not ask for the caller's identity")
	}
	return nil
}

// user is who somebody is to a cluster.
type user struct {
	Name     string              `json:"username"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra,omitempty"`
	policies []association       // of the entry that let the user in
	bindings []binding           // of the cluster
	roles    []role              // of the cluster, beside those that every cluster has
}

// admit maps a caller to a user, with all that gives it rights.
func (a *account) admit(cl *cluster, who caller, now time.Time) (user, bool) {
	u, ok := a.recognize(cl, who, now)
	u.bindings, u.roles = cl.Bindings, cl.roles()
	return u, ok
}

// recognize maps a caller to a user. An entry wins over aws-auth; one that is bound to the ID of a former
// role of that name is as good as none.
func (a *account) recognize(cl *cluster, who caller, now time.Time) (user, bool) {
	arn := a.arn(who.principal)
	if cl.Mode != modeConfigMap {
		e := cl.Entries[arn].seen(now.Add(-a.lag))
		if e != nil && e.PrincipalID == who.ID {
			u, ok := a.user(who, e.Username, e.KubernetesGroups)
			u.policies = e.Policies
			return u, ok
		}
	}
	if cl.Mode == modeAPI {
		return user{}, false
	}
	if cl.Mode == modeConfigMap && arn == cl.Creator {
		// UNVERIFIED (eks-access.md §5): the username; that it is an administrator in no ConfigMap is documented.
		return a.user(who, "kubernetes-admin", []string{"system:masters"})
	}
	if m, ok := cl.mapping(canonicalARN(who)); ok {
		return a.user(who, m.username, m.groups)
	}
	return user{}, false
}

// canonicalARN is what aws-auth is compared with: the path of a session's role is not known to it.
func canonicalARN(who caller) string {
	if who.session == "" {
		return who.arn()
	}
	return "arn:aws:iam::" + who.account + ":role/" + who.Name
}

func (a *account) user(who caller, name string, groups []string) (user, bool) {
	u := user{
		UID: "aws-iam-authenticator:" + a.ID + ":" + who.ID,
		Extra: map[string][]string{
			"arn": {who.arn()}, "canonicalArn": {canonicalARN(who)}, "sessionName": {who.session},
			"accessKeyId": {who.key}, "principalId": {who.ID}, "sigs.k8s.io/aws-iam-authenticator/principalId": {who.ID},
		},
	}
	var ok bool
	if u.Name, ok = render(name, who); !ok {
		return user{}, false
	}
	for _, group := range groups {
		if group, ok = render(group, who); !ok {
			return user{}, false
		}
		u.Groups = append(u.Groups, group)
	}
	u.Groups = append(u.Groups, "system:authenticated")
	return u, true
}

const instanceRE pattern = `^i-(\w{8}|\w{17})$`

// render fills in a username or group. The name of a node's host is asked of EC2 by its instance ID,
// which only a node has for its session; without one there is no user.
func render(template string, who caller) (string, bool) {
	const dns = "{{EC2PrivateDNSName}}"
	values := map[string]string{
		"{{SessionName}}": strings.ReplaceAll(who.session, "@", "-"), "{{SessionNameRaw}}": who.session,
		"{{AccountID}}": who.account, "{{AccessKeyID}}": who.key,
	}
	if strings.Contains(template, dns) {
		if !instanceRE.expression().MatchString(who.session) {
			return "", false
		}
		sum := digest(who.session)
		values[dns] = fmt.Sprintf("ip-10-0-%d-%d.us-west-2.compute.internal", sum[0], sum[1])
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		template = strings.ReplaceAll(template, name, values[name])
	}
	return template, true
}

// mapping is what aws-auth makes of a principal.
type mapping struct {
	username string
	groups   []string
}

// mapping looks an ARN up as the authenticator does: roles, then users, then whole accounts; the case does
// not matter, paths are not stripped, and of several lines the last one wins.
func (cl *cluster) mapping(arn string) (found mapping, ok bool) {
	for _, section := range []struct{ name, key string }{{"mapRoles", "rolearn"}, {"mapUsers", "userarn"}} {
		for _, item := range items(cl.AWSAuth[section.name]) {
			if text, _ := item[section.key].(string); text != "" && strings.EqualFold(text, arn) {
				found, ok = itemMapping(item), true
			}
		}
		if ok {
			return found, true
		}
	}
	var accounts []any
	if yaml.Unmarshal([]byte(cl.AWSAuth["mapAccounts"]), &accounts) != nil {
		return mapping{}, false
	}
	for _, account := range accounts {
		if number, is := account.(float64); is { // written without quotes
			account = strconv.FormatFloat(number, 'f', 0, 64)
		}
		if account == accountOf(arn) {
			return mapping{username: arn}, true
		}
	}
	return mapping{}, false
}

// items reads one section; what is not a list of objects drops the whole of it.
func items(text string) []map[string]any {
	var raw, list []map[string]any
	if yaml.Unmarshal([]byte(text), &raw) != nil {
		return nil
	}
	for _, item := range raw {
		lower := map[string]any{}
		for name, value := range item {
			lower[strings.ToLower(name)] = value
		}
		list = append(list, lower)
	}
	return list
}

// itemMapping leaves a field empty that has the wrong type.
func itemMapping(item map[string]any) (m mapping) {
	m.username, _ = item["username"].(string)
	groups, _ := item["groups"].([]any)
	for _, group := range groups {
		if text, ok := group.(string); ok {
			m.groups = append(m.groups, text)
		}
	}
	return m
}
