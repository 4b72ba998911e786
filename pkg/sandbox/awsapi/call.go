package awsapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// Operation is one row of a service's table.
type Operation struct {
	Service, Name string
	pattern       string // of an EKS call; the other services are called by name
	Changes       bool   // is recorded in CloudTrail, and worth keeping
	run           func(*Account, *Call) (any, error)
}

// Call is one request on its way through the account.
type Call struct {
	*http.Request
	Operation
	At time.Time // when it reaches the account

	id     string
	body   []byte
	form   url.Values // of the query protocol
	who    Caller
	region string // from the signature: what the caller believes to talk to
}

// Handler reads each request and finds its operation; serve gets the call, or an error to answer with.
func Handler(serve func(http.ResponseWriter, *Call, error)) http.Handler {
	handle := func(op Operation) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c := &Call{Request: r, Operation: op}
			serve(w, c, c.read())
		}
	}
	mux := http.NewServeMux()
	for _, op := range eksOperations {
		mux.HandleFunc(op.pattern, handle(op))
	}
	byName := handle(Operation{})
	mux.HandleFunc("/", byName)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); strings.TrimSuffix(p, "/") != strings.TrimSuffix(path.Clean(p), "/") {
			byName(w, r) // ServeMux would redirect, which AWS never does
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (c *Call) read() (err error) {
	if c.body, err = io.ReadAll(c.Body); err != nil {
		return errTooLarge
	}
	if c.run == nil {
		return c.find()
	}
	return nil
}

// find looks up the operation of a service that is called by name: in the target header (JSON 1.1), in the form (query
// protocol) or, presigned, in the query.
func (c *Call) find() error {
	c.Service = "unknown"
	if c.URL.Path != "/" {
		return errUnknown
	}
	if target := c.Header.Get("X-Amz-Target"); target != "" {
		c.Service = "cloudtrail"
		if strings.HasPrefix(target, "AWSOrganizations") {
			c.Service = "organizations"
		}
		return c.choose(target)
	}
	c.form = c.URL.Query()
	if c.Method == http.MethodPost {
		c.form, _ = url.ParseQuery(string(c.body)) // an unreadable form has no action
	}
	action := c.form.Get("Action")
	if action == "" {
		return errUnknown
	}
	c.Service = "sts"
	if c.form.Get("Version") == "2010-05-08" {
		c.Service = "iam"
	}
	if err := c.choose(action); err != nil {
		return &refusal{status: 400, code: "InvalidAction", message: "Could not find operation " + action + " for version " + c.form.Get("Version")}
	}
	return nil
}

func (c *Call) choose(name string) error {
	for _, op := range namedOperations {
		if op.Service == c.Service && name[strings.LastIndex(name, ".")+1:] == op.Name {
			c.Operation = op
			return nil
		}
	}
	return errUnknown
}

// Do verifies who sent the call and what the sender may do, and runs it.
func (a *Account) Do(c *Call) (result any, err error) {
	if err := a.authenticate(c); err != nil {
		return nil, err
	}
	if a = a.at(c); a.root != nil {
		a.STS = a.root.STS
	}
	a.settle(c.At)
	if err = a.authorize(c); err == nil {
		result, err = c.run(a, c)
	}
	if c.Changes {
		a.record(c, result, err)
	}
	return result, err
}

// decode reads a JSON body; no body at all is an empty one.
func (c *Call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return &refusal{status: 400, code: "SerializationException", message: "the request body is not the JSON that is expected"}
	}
	return nil
}

// Target is what the call is about, for a log: the path, or what a call by name names. Never the query or a header,
// which hold signatures and tokens.
func (c *Call) Target() string {
	target := c.URL.EscapedPath()
	for _, name := range []string{"RoleName", "UserName", "RoleArn", "PathPrefix"} {
		if v := c.form.Get(name); v != "" {
			target = strings.ReplaceAll(escape(v), "%2F", "/")
		}
	}
	return target
}
