package kubeapi

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// Account is what an API server asks AWS.
type Account interface {
	// Authenticate finds out who made a token.
	Authenticate(token, cluster string, at time.Time) (awsapi.Caller, error)
	// Access is what EKS knows about a principal.
	Access(cluster, principalID string, at time.Time) awsapi.Access
}

// User is an identity inside a cluster, with everything that grants it rights.
type User struct {
	Name     string               `json:"username"`
	UID      string               `json:"uid,omitempty"`
	Groups   []string             `json:"groups"`
	Extra    map[string][]string  `json:"extra,omitempty"`
	Policies []awsapi.Association `json:"-"` // of the user's access entry
	Bindings []Binding            `json:"-"` // of the cluster
	roles    []role               // of the cluster, besides those that every cluster has
}

// User maps a caller to a user of this cluster; there is none for a caller without access.
func (s *Server) User(who awsapi.Caller, now time.Time) (User, bool) {
	if !s.mappings.read(s.AWSAuth) {
		s.mappings = readMappings(s.AWSAuth)
	}
	u, ok := recognize(who, s.Account.Access(s.Name, who.ID, now), s.mappings)
	u.Bindings, u.roles = s.Bindings, s.ownRoles()
	return u, ok
}

// recognize is EKS's authenticator. An entry overrides aws-auth.
func recognize(who awsapi.Caller, access awsapi.Access, all mappings) (User, bool) {
	if e := access.Entry; e != nil {
		u, ok := newUser(who, e.Username, e.KubernetesGroups)
		u.Policies = e.Policies
		return u, ok
	}
	if access.Mode == awsapi.ModeAPI {
		return User{}, false
	}
	if access.Mode == awsapi.ModeConfigMap && access.Creator {
		// UNVERIFIED (eks-access.md §5): the username; that it is an administrator in no ConfigMap is documented.
		return newUser(who, "kubernetes-admin", []string{"system:masters"})
	}
	if m, ok := all.of(canonicalARN(who), who.Account); ok {
		return newUser(who, m.username, m.groups)
	}
	return User{}, false
}

// canonicalARN is what aws-auth is compared with: the path of a session's role is not known to it.
//
//go:noinline
func canonicalARN(who awsapi.Caller) string {
	if who.Session == "" {
		return who.ARN()
	}
	return "arn:aws:iam::" + who.Account + ":role/" + who.Name
}

func newUser(who awsapi.Caller, name string, groups []string) (User, bool) {
	u := User{
		UID: "aws-iam-authenticator:" + who.Account + ":" + who.ID,
		Extra: map[string][]string{
			"arn": {who.ARN()}, "canonicalArn": {canonicalARN(who)}, "sessionName": {who.Session},
			"accessKeyId": {who.Key}, "principalId": {who.ID}, "sigs.k8s.io/aws-iam-authenticator/principalId": {who.ID},
		},
	}
	var ok bool
	if u.Name, ok = render(name, who); !ok {
		return User{}, false
	}
	for _, group := range groups {
		if group, ok = render(group, who); !ok {
			return User{}, false
		}
		u.Groups = append(u.Groups, group)
	}
	u.Groups = append(u.Groups, "system:authenticated")
	return u, true
}

// render fills in a username or group. EC2 is asked for the name of a node's host by its instance ID, which only a node
// has as its session; without one there is no user.
func render(template string, who awsapi.Caller) (string, bool) {
	const dns = "{{EC2PrivateDNSName}}"
	values := map[string]string{
		"{{SessionName}}": strings.ReplaceAll(who.Session, "@", "-"), "{{SessionNameRaw}}": who.Session,
		"{{AccountID}}": who.Account, "{{AccessKeyID}}": who.Key,
	}
	if strings.Contains(template, dns) {
		if ok, _ := regexp.MatchString(`^i-(\w{8}|\w{17})$`, who.Session); !ok {
			return "", false
		}
		sum := awsapi.Digest(who.Session)
		values[dns] = fmt.Sprintf("ip-10-0-%d-%d.us-west-2.compute.internal", sum[0], sum[1])
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		template = strings.ReplaceAll(template, name, values[name])
	}
	return template, true
}
