// Package kubeapi is the Kubernetes side of the sandbox: an API server for each of the account's clusters. It does what
// EKS's does, for the few kinds that access depends on: it authenticates EKS tokens, authorizes by access policies and
// RBAC, and keeps aws-auth, roles and bindings. It can also serve as the webhooks of a real API server.
//
//	*http.Request ─► Server.Answer: token ─► user (entry, else aws-auth) ─► allowed? ─► object, list, watch or refusal
//
// What it needs from AWS it asks through Account. Listening and saving are up to its owner.
package kubeapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is the API server of one cluster.
type Server struct {
	Name    string
	Created time.Time
	*Objects
	Account Account
	Lock    sync.Locker // guards Objects and Account
	Now     func() time.Time
	Wrote   func(verb string) error // is called after each change of Objects, under Lock; may be nil

	mappings mappings      // of aws-auth, as it was when it was read last
	written  chan struct{} // closed at the next change
}

// Objects are what a cluster stores.
type Objects struct {
	AWSAuth  map[string]string `json:"awsAuth"`           // data of the ConfigMap; nil: there is none
	Frame    object            `json:"frame,omitempty"`   // the rest of that object, once it was written
	Written  int               `json:"written,omitempty"` // how often the cluster's objects were written
	Deleted  int               `json:"deleted,omitempty"` // the version at which one was deleted last
	Bindings []Binding         `json:"bindings"`
	Roles    []object          `json:"roles,omitempty"` // those that were created
}

// Answer is a response that is still to be written.
type Answer struct {
	Code  int
	body  any
	watch *watch // more than one body
}

// Write writes JSON, but the word of a health check as it is.
func (a Answer) Write(w http.ResponseWriter, r *http.Request) {
	if a.watch != nil {
		a.watch.stream(w, r)
		return
	}
	if text, ok := a.body.(string); ok {
		_, _ = io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	if o, ok := a.body.(object); ok && o["kind"] == aggregatedKind {
		w.Header().Set("Content-Type", aggregatedType)
	}
	w.WriteHeader(a.Code)
	_ = json.NewEncoder(w).Encode(a.body) // a caller who has gone away does not concern the cluster
}

// Answer answers one request to the cluster.
func (s *Server) Answer(r *http.Request) Answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		err = failure(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is too large")
	}
	var answer Answer
	if err == nil {
		answer, err = s.visit(r, body)
	}
	if err != nil {
		refused, ok := errors.AsType[*status](err)
		if !ok {
			refused = failure(http.StatusInternalServerError, "InternalError", err.Error())
		}
		answer = Answer{Code: refused.Code, body: refused}
	}
	return answer
}

// visit is one request to a cluster.
type visit struct {
	*http.Request
	Attributes
	server *Server
	user   User
	at     time.Time
}

// visit authenticates, authorizes and answers a request.
func (s *Server) visit(r *http.Request, body []byte) (Answer, error) {
	s.Lock.Lock()
	defer s.Lock.Unlock()
	v := &visit{Request: r, Attributes: readAttributes(r), server: s, at: s.Now()}
	if !v.public() {
		if err := v.enter(); err != nil {
			return Answer{}, err
		}
	}
	before := s.Written
	answer, err := v.answer(body)
	if s.Written != before {
		err = errors.Join(err, s.announce(v.calledAs()))
	}
	return answer, err
}

// enter authenticates and authorizes.
func (v *visit) enter() error {
	token, _ := strings.CutPrefix(v.Header.Get("Authorization"), "Bearer ")
	who, err := v.server.Account.Authenticate(token, v.server.Name, v.at)
	if err != nil {
		return errUnauthorized
	}
	var ok bool
	if v.user, ok = v.server.User(who, v.at); !ok {
		return errUnauthorized
	}
	if err := v.impersonate(); err != nil {
		return err
	}
	if !v.user.Allowed(v.Attributes) {
		return v.user.forbidden(v.Attributes)
	}
	return nil
}

// announce wakes the watches.
func (s *Server) announce(verb string) error {
	if s.written != nil {
		close(s.written)
		s.written = nil
	}
	if s.Wrote == nil {
		return nil
	}
	return s.Wrote(verb)
}

// changed is closed at the next change.
func (s *Server) changed() <-chan struct{} {
	if s.written == nil {
		s.written = make(chan struct{})
	}
	return s.written
}

// calledAs is the verb of a change, where a patch counts as an update.
func (v *visit) calledAs() string {
	verb := strings.Replace(v.Verb, "patch", "update", 1)
	return strings.ToUpper(verb[:1]) + verb[1:]
}

// public is what the role system:public-info-viewer allows without a token.
func (v *visit) public() bool {
	switch v.Path {
	case "/healthz", "/livez", "/readyz", "/version":
		return v.Verb == "get"
	}
	return false
}
