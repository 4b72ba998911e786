package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// httpClient is rest.HTTPClientFor with net/http's own HTTP/2 and without its cache and reloading of certificates: a program
// that ends soon needs neither, and they make it bigger.
func httpClient(cfg *rest.Config) (*http.Client, error) {
	tc, err := cfg.TransportConfig()
	if err != nil {
		return nil, err
	}
	secure, err := transport.TLSConfigFor(tc)
	if err != nil {
		return nil, err
	}
	proxy, dial := http.ProxyFromEnvironment, (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	if tc.Proxy != nil {
		proxy = tc.Proxy
	}
	if tc.DialHolder != nil {
		dial = tc.DialHolder.Dial
	}
	rt, err := transport.HTTPWrappersForConfig(tc, &http.Transport{
		Proxy: proxy, DialContext: dial, TLSClientConfig: secure, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 25,
		DisableCompression: tc.DisableCompression, ForceAttemptHTTP2: true,
	})
	return &http.Client{Transport: rt, Timeout: cfg.Timeout}, err
}

// request is one request to the API server. client-go's own needs its codecs, which make the program 5 % bigger.
type request struct {
	method string
	path   string
	query  url.Values
	accept string // "": JSON
	kind   string // the content type of the body; "": JSON
	body   []byte
}

// The tries of a request that the server asks to repeat, as client-go has it.
const tries = 10

// longestAnswer keeps a stranger from filling the memory.
const longestAnswer = 256 << 20

// send returns the body of a successful answer. A refusal is an apierrors.APIStatus.
func (c *Client) send(ctx context.Context, q request) ([]byte, error) {
	for try := 1; ; try++ {
		code, header, body, err := c.once(ctx, q)
		wait := time.Second
		switch {
		case err != nil && q.method == http.MethodGet && errors.Is(err, syscall.ECONNRESET) && try < tries:
		case err != nil:
			return nil, err
		case 200 <= code && code < 300:
			return body, nil
		default:
			after, err := strconv.Atoi(header.Get("Retry-After"))
			if again := code == http.StatusTooManyRequests || code >= http.StatusInternalServerError; err != nil || !again || try == tries {
				return nil, refused(code, after, q, body)
			}
			wait = time.Duration(after) * time.Second
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (c *Client) once(ctx context.Context, q request) (code int, header http.Header, body []byte, err error) {
	to := *c.base
	to.Path = strings.TrimSuffix(to.Path, "/") + q.path
	to.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, to.String(), bytes.NewReader(q.body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Accept", jsonType)
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if q.body != nil {
		r.Header.Set("Content-Type", jsonType)
	}
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	return answer.StatusCode, answer.Header, body, err
}

// refused is the Status that the server sent, or one for an answer that is none.
func refused(code, after int, q request, body []byte) error {
	var s metav1.Status
	if err := json.Unmarshal(body, &s); err == nil && s.Kind == "Status" && s.Code >= 400 {
		return &apierrors.StatusError{ErrStatus: s}
	}
	return apierrors.NewGenericServerResponse(code, strings.ToLower(q.method), schema.GroupResource{}, "", string(body), after, true)
}
