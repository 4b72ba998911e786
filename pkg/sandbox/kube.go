package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// visit is one request to a cluster.
type visit struct {
	*http.Request
	attributes
	cluster *cluster
	user    user
	at      time.Time
}

// status is an error answer as Kubernetes writes it.
type status struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   object         `json:"metadata"`
	Status     string         `json:"status"`
	Message    string         `json:"message"`
	Reason     string         `json:"reason"`
	Details    *statusDetails `json:"details,omitempty"`
	Code       int            `json:"code"`
}

type statusDetails struct {
	Name   string   `json:"name,omitempty"`
	Group  string   `json:"group,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Causes []object `json:"causes,omitempty"`
}

func (s *status) Error() string { return s.Message }

func failure(code int, reason, message string) *status {
	return &status{Kind: "Status", APIVersion: "v1", Metadata: object{}, Status: "Failure", Message: message, Reason: reason, Code: code}
}

// listenCluster opens the API of one cluster, under a certificate of its own authority.
func (s *Sandbox) listenCluster(name string) error {
	ca, config, err := certificates(name)
	if err != nil {
		return err
	}
	handle := s.handleKube
	if _, ok := s.options.APIServers[name]; ok {
		handle = s.handleWebhook
	} else if name == privateCluster {
		s.account.endpoints[name] = endpoint{url: "https://127.0.0.1:1", ca: ca}
		return nil
	}
	server := newServer(func(w http.ResponseWriter, r *http.Request) { handle(w, r, name) })
	server.TLSConfig = config
	addr, err := s.listen(server)
	if err != nil {
		return err
	}
	s.account.endpoints[name] = endpoint{url: "https://" + addr.String(), ca: ca}
	return nil
}

func (s *Sandbox) handleKube(w http.ResponseWriter, r *http.Request, name string) {
	s.delay(r.Context())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var answer any
	code := http.StatusOK
	if err != nil {
		err = failure(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is too large")
	} else {
		code, answer, err = s.visit(r, body, name)
	}
	if err != nil {
		refused, ok := errors.AsType[*status](err)
		if !ok {
			refused = failure(http.StatusInternalServerError, "InternalError", err.Error())
		}
		code, answer = refused.Code, refused
	}
	s.writeLog(moment(s.options), "kube/"+name, r.Method, r.URL.EscapedPath(), fmt.Sprint(code))
	w.Header().Set("Date", moment(s.options).Format(http.TimeFormat))
	if events, ok := answer.(*watch); ok {
		s.stream(w, r, events)
		return
	}
	writeKube(w, code, answer)
}

// writeKube writes JSON, but the word of a health check as it is.
func writeKube(w http.ResponseWriter, code int, answer any) {
	if text, ok := answer.(string); ok {
		_, _ = io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // a caller who has gone away is no concern of the cluster
}

// visit is a request's way through the cluster: who, whether, what.
func (s *Sandbox) visit(r *http.Request, body []byte, name string) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &visit{Request: r, attributes: readAttributes(r), cluster: s.account.Clusters[name], at: moment(s.options)}
	s.account.settle(v.at)
	if !v.public() {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		who, err := s.account.verifyToken(token, name, strings.TrimPrefix(s.url, "http://"), v.at)
		if err != nil {
			return 0, nil, failure(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		}
		var ok bool
		if v.user, ok = s.account.admit(v.cluster, who, v.at); !ok {
			return 0, nil, failure(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		}
		if err := v.impersonate(); err != nil {
			return 0, nil, err
		}
		if !v.user.allowed(v.attributes) {
			return 0, nil, v.user.forbidden(v.attributes)
		}
	}
	before := v.cluster.Written
	code, answer, err := v.answer(body)
	if v.cluster.Written != before {
		s.calls["kube."+v.calledAs()]++
		close(s.written)
		s.written = make(chan struct{})
		err = errors.Join(err, s.account.save())
	}
	return code, answer, err
}

// calledAs names a write as Calls counts it.
func (v *visit) calledAs() string {
	verb := strings.Replace(v.verb, "patch", "update", 1)
	return strings.ToUpper(verb[:1]) + verb[1:]
}

// public is what the role system:public-info-viewer lets everybody see.
func (v *visit) public() bool {
	switch v.path {
	case "/healthz", "/livez", "/readyz", "/version":
		return v.verb == "get"
	}
	return false
}

// readAttributes takes a path apart as the API server does.
func readAttributes(r *http.Request) attributes {
	at := attributes{verb: strings.ToLower(r.Method), path: r.URL.Path}
	words := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case words[0] == "api" && len(words) > 2:
		words = words[2:]
	case words[0] == "apis" && len(words) > 3:
		at.group, words = words[1], words[3:]
	default:
		return at
	}
	at.path = ""
	if words[0] == "namespaces" && len(words) > 1 {
		at.namespace = words[1]
		if len(words) > 2 {
			words = words[2:]
		}
	}
	words = append(words, "", "") // what is not there is empty
	at.resource, at.name, at.subresource = words[0], words[1], words[2]
	if at.verb = resourceVerb(r, at.name); at.verb == "list" || at.verb == "watch" {
		at.name = onlyName(r.URL.Query().Get("fieldSelector")) // a role may allow it for some names
	}
	return at
}

func resourceVerb(r *http.Request, name string) string {
	verb := map[string]string{"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[r.Method]
	switch {
	case name != "":
	case verb == "get" && r.URL.Query().Get("watch") != "" && r.URL.Query().Get("watch") != "false":
		return "watch"
	case verb == "get":
		return "list"
	case verb == "delete":
		return "deletecollection"
	}
	return cmp.Or(verb, strings.ToLower(r.Method))
}

// forbidden refuses in the words of the API server, which kubectl and people know.
func (u user) forbidden(at attributes) *status {
	if at.path != "" {
		return failure(http.StatusForbidden, "Forbidden", fmt.Sprintf("forbidden: User %q cannot %s path %q", u.Name, at.verb, at.path))
	}
	resource, what, where := at.resource, at.resource, "at the cluster scope"
	if at.subresource != "" {
		resource += "/" + at.subresource
	}
	if at.group != "" {
		what += "." + at.group
	}
	if at.name != "" {
		what += fmt.Sprintf(" %q", at.name)
	}
	if at.namespace != "" {
		where = fmt.Sprintf("in the namespace %q", at.namespace)
	}
	s := failure(http.StatusForbidden, "Forbidden",
		fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group %q %s", what, u.Name, at.verb, resource, at.group, where))
	s.Details = &statusDetails{Name: at.name, Group: at.group, Kind: at.resource}
	return s
}

func (v *visit) notFound() *status {
	s := failure(http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	if v.name != "" {
		kind := v.resource
		if v.group != "" {
			kind += "." + v.group
		}
		s.Message = fmt.Sprintf("%s %q not found", kind, v.name)
		s.Details = &statusDetails{Name: v.name, Group: v.group, Kind: v.resource}
	}
	return s
}
