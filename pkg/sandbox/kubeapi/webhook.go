package kubeapi

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

const (
	// AuthenticatePath is where a real API server sends token reviews.
	AuthenticatePath = "/authenticate"
	// AuthorizePath is where it sends access reviews.
	AuthorizePath = "/authorize"

	// AuthenticatorName is the sandbox's username when it reads aws-auth from a real server.
	AuthenticatorName = "eks:authenticator"

	// patience is how long the server may take to answer with aws-auth.
	patience = 3 * time.Second

	// maxObject is more than etcd accepts.
	maxObject = 4 << 20
)

// Webhook serves a real API server: it says who a token belongs to, and what access policies allow. Everything
// else, RBAC and aws-auth too, is the server's own.
type Webhook struct {
	*Server
	url    string
	client *http.Client
	token  string // of AuthenticatorName
}

// NewWebhook serves the API server at an https URL, whose certificate the authority in the PEM has signed.
func NewWebhook(s *Server, server string, ca []byte) (*Webhook, error) {
	pool := x509.NewCertPool()
	if u, err := url.Parse(server); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an https URL", server)
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the PEM of its authority has no certificate")
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return &Webhook{s, server, client, rand.Text()}, nil
}

// Close ends the connections to the server.
func (h *Webhook) Close() { h.client.CloseIdleConnections() }

// Answer answers a review, and says in a word how.
func (h *Webhook) Answer(r *http.Request) (Answer, string) {
	body, err := io.ReadAll(r.Body)
	answer, word := object(nil), "unreadable"
	switch {
	case err != nil:
	case r.URL.Path == AuthenticatePath:
		answer, word = h.tokenReview(r.Context(), body)
	case r.URL.Path == AuthorizePath:
		answer, word = h.accessReview(body)
	}
	if answer == nil {
		return Answer{Code: http.StatusBadRequest, body: failure(http.StatusBadRequest, "BadRequest", "a v1 TokenReview or SubjectAccessReview is expected")}, word
	}
	return Answer{Code: http.StatusOK, body: answer}, word
}

// tokenReview finds out who made a token.
func (h *Webhook) tokenReview(ctx context.Context, body []byte) (object, string) {
	var in struct {
		APIVersion string `json:"apiVersion"`
		Spec       struct {
			Token string `json:"token"`
		} `json:"spec"`
	}
	if json.Unmarshal(body, &in) != nil || in.APIVersion != authn+"/v1" {
		return nil, "unreadable"
	}
	status, word := object{"authenticated": false}, "refused"
	if u, err := h.authenticate(ctx, in.Spec.Token); err != nil {
		status["error"] = err.Error()
	} else {
		status, word = object{"authenticated": true, "user": u}, u.Name
	}
	return object{"apiVersion": authn + "/v1", "kind": "TokenReview", "status": status}, word
}

// authenticate does what the simulated cluster does, but with the aws-auth of the real one.
func (h *Webhook) authenticate(ctx context.Context, token string) (User, error) {
	if token == h.token {
		return User{Name: AuthenticatorName, Groups: []string{"system:masters"}}, nil
	}
	who, access, err := h.lookUp(token)
	if err != nil {
		return User{}, err
	}
	var awsAuth map[string]string
	if access.Mode != awsapi.ModeAPI {
		awsAuth = h.awsAuth(ctx) // not under the lock: the server asks the sandbox who it is
	}
	u, ok := recognize(who, access, readMappings(awsAuth))
	if !ok {
		return User{}, fmt.Errorf("%s has no access", who.ARN())
	}
	return u, nil
}

func (h *Webhook) lookUp(token string) (awsapi.Caller, awsapi.Access, error) {
	h.Lock.Lock()
	defer h.Lock.Unlock()
	at := h.Now()
	who, err := h.Account.Authenticate(token, h.Name, at)
	if err != nil {
		return awsapi.Caller{}, awsapi.Access{}, err
	}
	return who, h.Account.Access(h.Name, who.ID, at), nil
}

// awsAuth reads aws-auth from the real server as the authenticator does. Nobody has access through one that cannot be
// read.
func (h *Webhook) awsAuth(ctx context.Context) map[string]string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/api/v1/namespaces/kube-system/configmaps/aws-auth", http.NoBody)
	if err != nil {
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+h.token)
	resp, err := h.client.Do(r)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, maxObject)).Decode(&configMap) != nil {
		return nil
	}
	return configMap.Data
}

// review is what an API server asks about one request.
type review struct {
	APIVersion string `json:"apiVersion"`
	Spec       struct {
		User                  string              `json:"user"`
		Groups                []string            `json:"groups"`
		Extra                 map[string][]string `json:"extra"`
		ResourceAttributes    *struct{ Verb, Group, Resource, Subresource, Namespace, Name string }
		NonResourceAttributes *struct{ Verb, Path string }
	} `json:"spec"`
}

func (r review) attributes() (asked Attributes) {
	if a := r.Spec.ResourceAttributes; a != nil {
		asked = Attributes{a.Verb, a.Group, a.Resource, a.Subresource, a.Namespace, a.Name, ""}
	} else if a := r.Spec.NonResourceAttributes; a != nil {
		asked = Attributes{Verb: a.Verb, Path: a.Path}
	}
	return asked
}

// accessReview allows what an access policy of the user's entry allows. It never denies: RBAC would not be asked then.
func (h *Webhook) accessReview(body []byte) (object, string) {
	var in review
	if json.Unmarshal(body, &in) != nil || in.APIVersion != authz+"/v1" {
		return nil, "unreadable"
	}
	status, word := object{"allowed": false}, "no opinion"
	// Impersonation leaves the principal's ID behind, and with it the access policies (eks-access.md §8): only
	// a token brings this key, for in an impersonation header it would be in lower case.
	if id := in.Spec.Extra["principalId"]; len(id) == 1 {
		if reason, ok := h.allows(id[0], in.attributes()); ok {
			status, word = object{"allowed": true, "reason": reason}, "allowed"
		}
	}
	return object{"apiVersion": authz + "/v1", "kind": "SubjectAccessReview", "status": status}, word
}

// allows asks the access policies of a principal's entry, and says by which in the words of EKS's audit log (§8).
// UNVERIFIED there: the words for a policy that holds in namespaces.
func (h *Webhook) allows(id string, asked Attributes) (reason string, ok bool) {
	h.Lock.Lock()
	e := h.Account.Access(h.Name, id, h.Now()).Entry
	h.Lock.Unlock()
	if e == nil {
		return "", false
	}
	p, ok := allowing(e.Policies, asked)
	return fmt.Sprintf("EKS Access Policy: allowed by ClusterRoleBinding %q of ClusterRole %q to User %q", e.PrincipalARN+"+"+p.PolicyARN, p.PolicyARN, id), ok
}
