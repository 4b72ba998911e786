package kube

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// serve starts an API server that answers with handle, and makes a client of it.
func serve(t *testing.T, handle http.HandlerFunc) (*Client, *rest.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are meant
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	cfg := &rest.Config{Host: s.URL, BearerToken: "k8s-aws-v1.secret", TLSClientConfig: rest.TLSClientConfig{CAData: ca}}
	return connect(t, cfg), cfg
}

// silent waits until the client is gone. A handler that returned would answer 200, which can still reach the client.
func silent(r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func connect(t *testing.T, cfg *rest.Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func status(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
	})
}

func TestAWSAuthIsReadWithTheTokenThatWasGiven(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/kube-system/configmaps/aws-auth" || r.Method != "GET" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if r.Header.Get("Authorization") != "Bearer k8s-aws-v1.secret" || r.UserAgent() != "kubectl-access" {
			t.Errorf("header %v", r.Header)
		}
		fmt.Fprint(w, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"aws-auth","resourceVersion":"7"},"data":{"mapRoles":"[]"}}`)
	})
	got, err := c.AWSAuth(t.Context())
	if want := (access.ConfigMap{Data: map[string]string{"mapRoles": "[]"}, Version: "7"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestATokenSilencesThePlugin(t *testing.T) {
	c, cfg := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"kind":"ConfigMap","metadata":{"resourceVersion":"7"}}`)
	})
	if _, err := c.AWSAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.ExecProvider = missingPlugin()
	if _, err := connect(t, cfg).AWSAuth(t.Context()); err != nil {
		t.Errorf("with a plugin that is missing: %v", err)
	}
}

func missingPlugin() *api.ExecConfig {
	return &api.ExecConfig{Command: "no-such-plugin", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: api.NeverExecInteractiveMode, InstallHint: "install\nit"}
}

func TestTheConfigIsLeftAlone(t *testing.T) {
	cfg := &rest.Config{Host: "https://cluster.example"}
	c := connect(t, cfg)
	if c.timeout != 10*time.Second || cfg.Timeout != 0 || cfg.UserAgent != "" || cfg.QPS != 0 {
		t.Errorf("timeout %s, config %+v", c.timeout, cfg)
	}
	cfg.Timeout = time.Minute
	if c := connect(t, cfg); c.timeout != time.Minute {
		t.Errorf("timeout %s", c.timeout)
	}
}

func TestNamespacesOfAllPages(t *testing.T) {
	pages := map[string]string{
		"":   `{"kind":"List","metadata":{"continue":"p2"},"items":[{"metadata":{"name":"qa"}},{"metadata":{"name":"dev"}}]}`,
		"p2": `{"kind":"List","metadata":{},"items":[{"metadata":{"name":"app"}}]}`,
	}
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces" || r.URL.Query().Get("limit") != "500" {
			t.Errorf("%s", r.URL)
		}
		fmt.Fprint(w, pages[r.URL.Query().Get("continue")])
	})
	names, err := c.Namespaces(t.Context())
	if err != nil || strings.Join(names, " ") != "app dev qa" {
		t.Errorf("%v, %v", names, err)
	}
}

func TestNamespacesBeginAgainWhenTheListExpires(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("continue") != "":
			status(w, http.StatusGone, "Expired", "the provided continue parameter is too old")
		case q.Get("limit") == "0":
			fmt.Fprint(w, `{"kind":"List","items":[{"metadata":{"name":"b"}},{"metadata":{"name":"a"}}]}`)
		default:
			fmt.Fprint(w, `{"kind":"List","metadata":{"continue":"x"},"items":[{"metadata":{"name":"b"}}]}`)
		}
	})
	names, err := c.Namespaces(t.Context())
	if err != nil || strings.Join(names, " ") != "a b" {
		t.Errorf("%v, %v", names, err)
	}
}

func TestAnswersBecomeErrorsToTestFor(t *testing.T) {
	for _, row := range []struct {
		code            int
		reason, message string
		is              error
		text            string
	}{
		{404, "NotFound", `configmaps "aws-auth" not found`, access.ErrNotFound, "aws-auth: not found"},
		{403, "Forbidden", "User \"dev\"\n cannot \x1b[31mget", access.ErrForbidden, "access denied: User \"dev\" cannot \ufffd[31mget"},
		{401, "Unauthorized", "Unauthorized", ErrUnauthorized, "(Unauthorized)"},
		{429, "TooManyRequests", "slow down", access.ErrThrottled, "throttled by the API server"},
		{500, "InternalError", "etcd said k8s-aws-v1.secret", nil, "answered: etcd said …"},
	} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { status(w, row.code, row.reason, row.message) })
		_, err := c.AWSAuth(t.Context())
		if err == nil || row.is != nil && !errors.Is(err, row.is) || !strings.Contains(err.Error(), row.text) {
			t.Errorf("%d: %v", row.code, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%d tells the token: %v", row.code, err)
		}
	}
}

func TestAStrangersAnswerIsNoAnswer(t *testing.T) {
	for _, code := range []int{200, 404} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			fmt.Fprint(w, "<html>login</html>")
		})
		_, err := c.AWSAuth(t.Context())
		if err == nil || errors.Is(err, access.ErrNotFound) || !strings.Contains(err.Error(), "does not answer like a Kubernetes API server") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestAnEmptyAnswerIsNoObject: an aws-auth without a mapping would be one that nobody needs any more.
func TestAnEmptyAnswerIsNoObject(t *testing.T) {
	for _, answer := range []string{`{}`, `null`, `{"kind":null}`, `{"kind":"ConfigMap"}`, `{"kind":"ConfigMap","metadata":{"resourceVersion":""}}`} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
		if _, err := c.AWSAuth(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "read ConfigMap kube-system/aws-auth: 127.0.0.1:") {
			t.Errorf("%s: %v", answer, err)
		}
		if _, err := c.Namespaces(t.Context()); answer == `{}` && (err == nil || !strings.HasPrefix(err.Error(), "list namespaces: ")) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestWhyNoAnswerComes(t *testing.T) {
	_, cfg := serve(t, func(_ http.ResponseWriter, r *http.Request) { silent(r) })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for _, row := range []struct {
		name   string
		change func(*rest.Config)
		text   string
	}{
		{"plugin", func(c *rest.Config) { c.BearerToken, c.ExecProvider = "", missingPlugin() }, "credential plugin failed: executable no-such-plugin not found"},
		{"ca", func(c *rest.Config) { c.CAData = nil }, "not signed by the kubeconfig's certificate-authority-data"},
		{"name", func(c *rest.Config) { c.ServerName = "other.test" }, "not other.test"},
		{"refused", func(c *rest.Config) { c.Host = "https://" + closed.Addr().String() }, "refuses connections"},
		{"plain", func(c *rest.Config) { c.Host = "https://" + plain.Listener.Addr().String() }, "does not use TLS"},
		{"timeout", func(c *rest.Config) { c.Timeout = 50 * time.Millisecond }, "did not answer in time"},
		{"dns", func(c *rest.Config) { c.Dial = noSuchHost }, `host "cluster.test" not found`},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := rest.CopyConfig(cfg)
			row.change(cfg)
			_, err := connect(t, cfg).AWSAuth(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.text) || strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

func noSuchHost(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: "cluster.test", IsNotFound: true}}
}

// client-go looks through this to cancel a request, and warns on the terminal where it cannot.
var _ utilnet.RoundTripperWrapper = (*watch)(nil)

func TestACancelledCallSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); silent(r) })
	if _, err := c.Namespaces(ctx); !errors.Is(err, context.Canceled) || err.Error() != "list namespaces: context canceled" {
		t.Errorf("%v", err)
	}
}

func TestABrokenKubeconfigIsRefusedAtOnce(t *testing.T) {
	if _, err := New(&rest.Config{Host: "https://cluster.example", TLSClientConfig: rest.TLSClientConfig{CAFile: "/no/such/file"}}); err == nil {
		t.Error("no error")
	}
}
