// Package kube asks a cluster's API server the little that this program wants to know of it:
// what stands in aws-auth, and which namespaces there are. The one thing it writes is the data of aws-auth.
//
// Only the REST client of client-go is used, with structs of our own. The typed clientset and
// core/v1 would make the program start slower and its file half as big again.
package kube

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	userAgent = "kubectl-access"
	patience  = 10 * time.Second // for a server that says nothing, where nobody set a timeout
	page      = 500
)

// Client speaks to one cluster's API server.
type Client struct {
	rest    rest.Interface
	host    string
	timeout time.Duration
	secrets []string // never to be seen in an error
	watch   *watch
}

// New makes a client and does not talk yet. A token that was made in this process goes into
// cfg.BearerToken: client-go then leaves the kubeconfig's credential plugin alone.
func New(cfg *rest.Config) (*Client, error) {
	cfg = rest.CopyConfig(cfg)
	v1 := schema.GroupVersion{Version: "v1"}
	cfg.APIPath, cfg.GroupVersion, cfg.NegotiatedSerializer = "/api", &v1, codecs(v1)
	cfg.QPS, cfg.UserAgent = -1, userAgent // client-go would wait in silence after a few calls
	cfg.WarningHandler = rest.NoWarnings{} // they would go to stderr by another way than ours
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	w := &watch{now: time.Now} //nolint:forbidigo // what is compared is this machine's own clock
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { w.RoundTripper = next; return w })
	r, err := rest.RESTClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %s", access.HidePasswords(err.Error())) // it quotes the server
	}
	c := &Client{rest: r, host: r.Get().URL().Host, timeout: cfg.Timeout, watch: w}
	for _, s := range []string{cfg.BearerToken, cfg.Password} {
		if s != "" {
			c.secrets = append(c.secrets, s)
		}
	}
	return c, nil
}

// At speaks to the API server at an endpoint without a kubeconfig: with the certificates to trust, PEM in base64, and a token.
func At(endpoint, ca, token string) (*Client, error) {
	pem, err := base64.StdEncoding.DecodeString(ca)
	if err != nil {
		return nil, fmt.Errorf("the certificates of %s: %w", endpoint, err)
	}
	return New(&rest.Config{Host: endpoint, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: pem}})
}

// codecs know no kind but Status, which is what refusals come as.
func codecs(v1 schema.GroupVersion) runtime.NegotiatedSerializer {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, v1)
	return serializer.NewCodecFactory(scheme).WithoutConversion()
}

// Namespaces are the names of all namespaces, sorted.
func (c *Client) Namespaces(ctx context.Context) ([]string, error) {
	names, err := c.namespaces(ctx, page)
	if apierrors.IsResourceExpired(err) { // the list grew old between two pages: take it in one
		names, err = c.namespaces(ctx, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (c *Client) namespaces(ctx context.Context, limit int) (names []string, err error) {
	for next := ""; ; {
		var list struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []struct {
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			} `json:"items"`
		}
		get := c.rest.Get().Resource("namespaces").Param("limit", strconv.Itoa(limit))
		if next != "" {
			get.Param("continue", next)
		}
		if err := c.read(ctx, get, &list); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			names = append(names, item.Metadata.Name)
		}
		if next = list.Metadata.Continue; next == "" {
			return names, nil
		}
	}
}

// silent keeps client-go from writing to stderr what its error tells as well.
func silent(ctx context.Context) context.Context { return logr.NewContext(ctx, logr.Discard()) }

func (c *Client) read(ctx context.Context, get *rest.Request, into any) error {
	result := get.Do(silent(ctx))
	if err := result.Error(); err != nil {
		return c.explain(ctx, err)
	}
	body, err := result.Raw()
	if err != nil {
		return c.explain(ctx, err)
	}
	var object struct {
		Kind string `json:"kind"` // every answer of an API server has one; without it {} would read as an empty object
	}
	if err := errors.Join(json.Unmarshal(body, &object), json.Unmarshal(body, into)); err != nil {
		return &failure{text: c.stranger(), err: err}
	}
	if object.Kind == "" {
		return errors.New(c.stranger())
	}
	return nil
}
