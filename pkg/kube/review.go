package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// Identity is who the cluster says the caller is.
type Identity struct {
	Username string
	UID      string
	Groups   []string
	Extra    map[string][]string
}

// reviews are the versions of SelfSubjectReview: v1 since Kubernetes 1.28, v1beta1 since 1.27.
var reviews = []string{"v1", "v1beta1"}

// WhoAmI is the caller's identity in the cluster. It is empty where the caller has access but the cluster is too old for
// reviews, or forbids them. Errors are ErrUnauthorized, ErrUnreachable and the others of this package.
func (c *Client) WhoAmI(ctx context.Context) (Identity, error) {
	for _, version := range reviews {
		var answer struct {
			Status struct {
				UserInfo Identity `json:"userInfo"`
			} `json:"status"`
		}
		err := c.review(ctx, "authentication.k8s.io/"+version, "SelfSubjectReview", "selfsubjectreviews", nil, &answer)
		switch {
		case err == nil:
			return answer.Status.UserInfo, nil
		case errors.Is(err, access.ErrForbidden):
			return Identity{}, nil
		case !apierrors.IsNotFound(err):
			return Identity{}, fmt.Errorf("get your identity from the cluster: %w", err)
		}
	}
	return Identity{}, c.greet(ctx)
}

// greet makes a request that requires access, for a cluster without reviews.
func (c *Client) greet(ctx context.Context) error {
	var answer struct {
		Kind string `json:"kind"`
	}
	if err := c.read(ctx, request{path: "/api"}, &answer); err != nil {
		return err
	}
	if answer.Kind != "APIVersions" {
		return errors.New(c.stranger())
	}
	return nil
}

// Rule is what RBAC allows on some resources.
type Rule struct {
	Verbs         []string `json:"verbs"`
	APIGroups     []string `json:"apiGroups"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames"`
}

// Rules are what RBAC allows the caller in a namespace beyond reviews of itself. Access policies do not count: the cluster does
// not list them (EKS User Guide, "Review access policy permissions").
func (c *Client) Rules(ctx context.Context, namespace string) ([]Rule, error) {
	var answer struct {
		Status struct {
			ResourceRules []Rule `json:"resourceRules"`
		} `json:"status"`
	}
	spec := map[string]any{"namespace": namespace}
	if err := c.review(ctx, "authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", spec, &answer); err != nil {
		return nil, fmt.Errorf("get your rights in namespace %s: %w", namespace, err)
	}
	own := func(resource string) bool { return strings.HasPrefix(resource, "selfsubject") }
	return access.Where(answer.Status.ResourceRules, func(r *Rule) bool {
		return slices.ContainsFunc(r.Resources, func(resource string) bool { return !own(resource) })
	}), nil
}

// May reports whether the caller may do something; group "" is the core group, namespace "" is all of them. Access
// policies count, as in every SelfSubjectAccessReview.
func (c *Client) May(ctx context.Context, verb, group, resource, namespace string) (bool, error) {
	resource, sub, _ := strings.Cut(resource, "/")
	return c.Allows(ctx, rights.Request{Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: namespace}, rights.User{Self: true})
}

// Allows asks the cluster whether the caller may make a request, or somebody else, by RBAC at least.
func (c *Client) Allows(ctx context.Context, q rights.Request, who rights.User) (bool, error) {
	spec := map[string]any{"resourceAttributes": map[string]string{
		"verb": q.Verb, "group": q.Group, "resource": q.Resource, "subresource": q.Subresource, "namespace": q.Namespace, "name": q.Name,
	}}
	if q.URL != "" {
		spec = map[string]any{"nonResourceAttributes": map[string]string{"verb": q.Verb, "path": q.URL}}
	}
	var answer struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	kind, whose := "SelfSubjectAccessReview", "you"
	if !who.Self {
		kind, whose, spec["user"], spec["groups"] = "SubjectAccessReview", who.Username, who.Username, who.Groups
	}
	if err := c.review(ctx, "authorization.k8s.io/v1", kind, strings.ToLower(kind)+"s", spec, &answer); err != nil {
		return false, fmt.Errorf("check whether %s may %s %s%s: %w", whose, q.Verb, q.Resource, q.URL, err)
	}
	return answer.Status.Allowed, nil
}

func (c *Client) review(ctx context.Context, version, kind, resource string, spec, into any) error {
	body := map[string]any{"apiVersion": version, "kind": kind}
	if spec != nil {
		body["spec"] = spec
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.read(ctx, request{method: http.MethodPost, path: "/apis/" + version + "/" + resource, body: data}, into)
}

// Clock is how far the server's clock was ahead of this machine's at its last answer; false without an answer.
func (c *Client) Clock() (time.Duration, bool) { return c.watch.clock() }

// watch reads the date of every answer.
type watch struct {
	http.RoundTripper
	now func() time.Time

	mu    sync.Mutex
	ahead time.Duration
	known bool
}

// RoundTrip is http.RoundTripper's.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ahead, w.known = date.Sub(w.now()), true
	}
	return answer, nil
}

// WrappedRoundTripper lets client-go cancel a request through w; it would print a warning to the terminal otherwise.
func (w *watch) WrappedRoundTripper() http.RoundTripper { return w.RoundTripper }

func (w *watch) clock() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ahead, w.known
}
