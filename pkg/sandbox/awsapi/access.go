package awsapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// TokenPrefix begins every EKS token; a presigned URL follows.
	TokenPrefix = "k8s-aws-v1."
	// MaxToken is how long a token may be.
	MaxToken = 4096

	clusterIDKey = "x-k8s-aws-id"
	tokenAge     = 15 * time.Minute // from X-Amz-Date, whatever X-Amz-Expires says
)

// Access is what EKS knows about a principal in a cluster at one moment. It is all that a cluster's API server asks
// AWS, apart from who made a token.
type Access struct {
	Mode    string // whether aws-auth counts too
	Creator bool   // the principal created the cluster
	Entry   *Entry // nil: none that is in effect, or one that is tied to a former principal of that name
}

// Access looks a principal up by its unique ID.
func (a *Account) Access(cluster, principalID string, at time.Time) Access {
	a.settle(at)
	cl := a.Clusters[cluster]
	creator, _ := a.identify(cl.Creator)
	access := Access{Mode: cl.Mode, Creator: creator == principalID}
	if cl.Mode == ModeConfigMap {
		return access
	}
	for _, h := range cl.Entries {
		if e := h.seen(at.Add(-a.Propagation)); e != nil && e.PrincipalID == principalID {
			access.Entry = e
		}
	}
	return access
}

// tokenParameters may be in a token's URL, each at most once: anything else could make STS do something else.
var tokenParameters = []string{
	"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-User-Agent",
}

// Authenticate finds out who made a bearer token for a cluster.
func (a *Account) Authenticate(token, cluster string, now time.Time) (Caller, error) {
	encoded, ok := strings.CutPrefix(token, TokenPrefix)
	if !ok || len(token) > MaxToken {
		return Caller{}, errors.New("not an EKS token, or too long a one")
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return Caller{}, errors.New("token is not base64url")
	}
	u, err := url.Parse(string(text))
	if err != nil {
		return Caller{}, errors.New("token holds no URL")
	}
	if err := checkTokenURL(u, a.STS); err != nil {
		return Caller{}, err
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	r.Header.Set(clusterIDKey, cluster)
	g, err := readSignature(r)
	if err != nil {
		return Caller{}, err
	}
	switch {
	case !g.presigned:
		return Caller{}, errors.New("the token's URL is not signed")
	case !slices.Contains(g.headers, clusterIDKey):
		return Caller{}, errors.New("the token is not bound to a cluster")
	case g.expires > tokenAge:
		return Caller{}, errors.New("X-Amz-Expires is over 900")
	case g.date.After(now.Add(clockSkew)), now.After(g.date.Add(tokenAge)):
		return Caller{}, errors.New("the token has expired")
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
