package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	authenticatePath = "/authenticate"
	authorizePath    = "/authorize"

	// authenticatorName is who the sandbox is to a real server when it reads aws-auth there.
	authenticatorName = "eks:authenticator"
)

// handleWebhook answers a real API server: who a token belongs to, and what access policies allow.
func (s *Sandbox) handleWebhook(w http.ResponseWriter, r *http.Request, name string) {
	s.delay(r.Context())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	answer, word := object(nil), "unreadable"
	switch {
	case err != nil:
	case r.URL.Path == authenticatePath:
		answer, word = s.tokenReview(r.Context(), body, name)
	case r.URL.Path == authorizePath:
		answer, word = s.accessReview(body, name)
	}
	s.writeLog(moment(s.options), "webhook/"+name, strings.TrimPrefix(r.URL.Path, "/"), word)
	if answer == nil {
		writeKube(w, http.StatusBadRequest, failure(http.StatusBadRequest, "BadRequest", "a v1 TokenReview or SubjectAccessReview is expected"))
		return
	}
	writeKube(w, http.StatusOK, answer)
}

// tokenReview tells who made a token, and a word about it for the log.
func (s *Sandbox) tokenReview(ctx context.Context, body []byte, name string) (object, string) {
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
	if u, err := s.admitToken(ctx, in.Spec.Token, name); err != nil {
		status["error"] = err.Error()
	} else {
		status, word = object{"authenticated": true, "user": u}, u.Name
	}
	return object{"apiVersion": authn + "/v1", "kind": "TokenReview", "status": status}, word
}

// admitToken does what the simulated cluster does, but with the aws-auth of the real one.
func (s *Sandbox) admitToken(ctx context.Context, token, name string) (user, error) {
	server := s.backends[name]
	if token == server.token {
		return user{Name: authenticatorName, Groups: []string{"system:masters"}}, nil
	}
	who, cl, at, err := s.recognize(token, name)
	if err != nil {
		return user{}, err
	}
	if cl.Mode != modeAPI {
		cl.AWSAuth = server.awsAuth(ctx) // not under the lock: the server asks the sandbox who it is
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.account.admit(&cl, who, at)
	if !ok {
		return user{}, fmt.Errorf("nothing lets %s in", who.arn())
	}
	return u, nil
}

// recognize verifies a token, and copies the cluster as it is at that moment.
func (s *Sandbox) recognize(token, name string) (caller, cluster, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := moment(s.options)
	s.account.settle(at)
	who, err := s.account.verifyToken(token, name, strings.TrimPrefix(s.url, "http://"), at)
	return who, *s.account.Clusters[name], at, err
}

// review is what the API server asks about one request.
type review struct {
	APIVersion string `json:"apiVersion"`
	Spec       struct {
		Extra                 map[string][]string `json:"extra"`
		ResourceAttributes    *struct{ Verb, Group, Resource, Subresource, Namespace, Name string }
		NonResourceAttributes *struct{ Verb, Path string }
	} `json:"spec"`
}

func (r review) attributes() (asked attributes) {
	if a := r.Spec.ResourceAttributes; a != nil {
		asked = attributes{a.Verb, a.Group, a.Resource, a.Subresource, a.Namespace, a.Name, ""}
	} else if a := r.Spec.NonResourceAttributes; a != nil {
		asked = attributes{verb: a.Verb, path: a.Path}
	}
	return asked
}

// accessReview allows what an access policy of the user's entry allows. It never denies: that would keep
// RBAC from being asked.
func (s *Sandbox) accessReview(body []byte, name string) (object, string) {
	var in review
	if json.Unmarshal(body, &in) != nil || in.APIVersion != authz+"/v1" {
		return nil, "unreadable"
	}
	status, word := object{"allowed": false}, "no opinion"
	// Impersonation leaves the principal's ID behind, and with it the access policies (eks-access.md §8): only
	// a token brings this key, for in an impersonation header it would be in lower case.
	if id := in.Spec.Extra["principalId"]; len(id) == 1 {
		s.mu.Lock()
		reason, ok := s.account.allows(s.account.Clusters[name], id[0], in.attributes(), moment(s.options))
		s.mu.Unlock()
		if ok {
			status, word = object{"allowed": true, "reason": reason}, "allowed"
		}
	}
	return object{"apiVersion": authz + "/v1", "kind": "SubjectAccessReview", "status": status}, word
}

// allows asks the access policies of a principal's entry, and says by which in the words of EKS's audit
// log (§8). UNVERIFIED there: the words for a policy that holds in namespaces.
func (a *account) allows(cl *cluster, id string, asked attributes, now time.Time) (reason string, ok bool) {
	if cl.Mode == modeConfigMap {
		return "", false
	}
	for arn, h := range cl.Entries {
		e := h.seen(now.Add(-a.lag))
		if e == nil || e.PrincipalID != id {
			continue
		}
		if p, ok := allowing(e.Policies, asked); ok {
			return fmt.Sprintf("EKS Access Policy: allowed by ClusterRoleBinding %q of ClusterRole %q to User %q", arn+"+"+p.PolicyARN, p.PolicyARN, id), true
		}
	}
	return "", false
}
