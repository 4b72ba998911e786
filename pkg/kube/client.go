// Package kube reads and writes what this program needs from a cluster's API server: aws-auth, namespaces, RBAC, and the
// caller's identity and rights.
//
// It uses only the REST client of client-go, with its own structs. The typed clientset and core/v1 would make the program
// start slower and its binary half as big again.
package kube

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	userAgent = "kubectl-access"
	patience  = 10 * time.Second // for a server that does not answer, where no timeout is set
	page      = 500
)

// Client is a client of one cluster's API server.
type Client struct {
	http    *http.Client
	base    *url.URL
	host    string
	timeout time.Duration
	secrets []string // must not appear in an error
	watch   *watch
}

// New makes a client. It sends nothing. With a token in cfg.BearerToken client-go does not run the kubeconfig's credential
// plugin.
func New(cfg *rest.Config) (*Client, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent = userAgent
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	w := &watch{now: time.Now} //nolint:forbidigo // measures this machine's own clock
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { w.RoundTripper = next; return w })
	h, err := httpClient(cfg)
	base, _, errToo := rest.DefaultServerUrlFor(cfg)
	if err = errors.Join(err, errToo); err != nil {
		return nil, fmt.Errorf("kubeconfig: %s", access.HidePasswords(err.Error())) // the error quotes the server
	}
	c := &Client{http: h, base: base, host: base.Host, timeout: cfg.Timeout, watch: w}
	for _, s := range []string{cfg.BearerToken, cfg.Password} {
		if s != "" {
			c.secrets = append(c.secrets, s)
		}
	}
	return c, nil
}

// At makes a client without a kubeconfig, from an endpoint, trusted certificates (PEM in base64) and a token.
func At(endpoint, ca, token string) (*Client, error) {
	pem, err := base64.StdEncoding.DecodeString(ca)
	if err != nil {
		return nil, fmt.Errorf("the certificates of %s: %w", endpoint, err)
	}
	return New(&rest.Config{Host: endpoint, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: pem}})
}

// Namespaces are the names of all namespaces, sorted.
func (c *Client) Namespaces(ctx context.Context) ([]string, error) {
	type namespace struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	all, err := list[namespace](ctx, c, "/api/v1", "namespaces")
	var names []string
	for _, n := range all {
		names = append(names, n.Metadata.Name)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// list reads all items of a resource.
func list[Item any](ctx context.Context, c *Client, path, resource string) ([]Item, error) {
	all, err := listPages[Item](ctx, c, path, resource, page)
	if apierrors.IsResourceExpired(err) { // the list expired between two pages: read it in one
		all, err = listPages[Item](ctx, c, path, resource, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", resource, err)
	}
	return all, nil
}

func listPages[Item any](ctx context.Context, c *Client, path, resource string, limit int) (all []Item, err error) {
	for next := ""; ; {
		var answer struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []Item `json:"items"`
		}
		query := url.Values{"limit": {strconv.Itoa(limit)}}
		if next != "" {
			query.Set("continue", next)
		}
		if err := c.read(ctx, request{path: path + "/" + resource, query: query}, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Items...)
		if next = answer.Metadata.Continue; next == "" {
			return all, nil
		}
	}
}

// read sends a request, a GET if it has no method, and reads the object that comes.
func (c *Client) read(ctx context.Context, q request, into any) error {
	q.method = cmp.Or(q.method, http.MethodGet)
	body, err := c.send(ctx, q)
	if err != nil {
		return c.explain(ctx, err)
	}
	var object struct {
		Kind string `json:"kind"` // in every answer of an API server; without this check {} would be an empty object
	}
	if err := errors.Join(json.Unmarshal(body, &object), json.Unmarshal(body, into)); err != nil {
		return &failure{text: c.stranger(), err: err}
	}
	if object.Kind == "" {
		return errors.New(c.stranger())
	}
	return nil
}
