package sandboxtest

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

// Between stands between a program and an account and sees every answer of AWS and of the clusters. An answer is
// named by its request and by how many such requests came before it, so that its name is the same at each run.
type Between struct {
	// Change, when it is set, makes the body of an answer another one.
	Change func(name string, body []byte) []byte
	// Refuse, when it is set, says which requests are forbidden, as if a permission were missing.
	Refuse func(name string) bool

	tokens  map[string]string // by cluster, which the account takes; those of the program name this proxy
	key     string            // whose tokens are replaced
	texts   *strings.Replacer // the addresses of the account, and those of this proxy
	client  *http.Transport
	mu      sync.Mutex
	seen    map[string]int
	answers []string
}

var clusterOf = regexp.MustCompile(`certificate-authority-data: (\S+)\n +server: (\S+)\n +name: \S+/(\S+)`)

// Stand starts it before the account that this process points to, and points the process to it. The tokens are those by
// which the account's default identity enters the clusters.
func Stand(tb testing.TB, box *sandbox.Sandbox, tokens map[string]string) *Between {
	tb.Helper()
	b := &Between{tokens: tokens, key: os.Getenv("AWS_ACCESS_KEY_ID"), client: http.DefaultTransport.(*http.Transport).Clone(), seen: map[string]int{}}
	b.client.TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // the account's own certificates, on loopback
	tb.Cleanup(b.client.CloseIdleConnections)
	file := filepath.Join(box.Dir(), "kubeconfig")
	kubeconfig, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var pairs []string
	for _, m := range clusterOf.FindAllStringSubmatch(string(kubeconfig), -1) {
		if ca, server, name := m[1], m[2], m[3]; tokens[name] != "" {
			s := b.listen(tb, server, name)
			own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
			pairs = append(pairs, ca, base64.StdEncoding.EncodeToString(own), server, s.URL)
		}
	}
	b.texts = strings.NewReplacer(pairs...)
	if err := os.WriteFile(file, []byte(b.texts.Replace(string(kubeconfig))), 0o600); err != nil {
		tb.Fatal(err)
	}
	aws := b.listen(tb, box.URL(), "")
	tb.Setenv("AWS_ENDPOINT_URL", aws.URL)
	tb.Setenv("AWS_ENDPOINT_URL_STS", aws.URL)
	return b
}

// Answers names those that were given so far, sorted.
func (b *Between) Answers() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.answers))
}

// listen passes requests on to one server of the account; cluster is "" for AWS.
func (b *Between) listen(tb testing.TB, to, cluster string) *httptest.Server {
	tb.Helper()
	target, err := url.Parse(to)
	if err != nil {
		tb.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.pass(w, r, target, cluster) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if cluster == "" {
		s.Start()
	} else {
		s.StartTLS()
	}
	tb.Cleanup(s.Close)
	return s
}

func (b *Between) pass(w http.ResponseWriter, r *http.Request, target *url.URL, cluster string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host, out.Body = "", target.Scheme, target.Host, io.NopCloser(bytes.NewReader(body))
	if b.ours(r) {
		out.Header.Set("Authorization", "Bearer "+b.tokens[cluster])
	}
	resp, err := b.client.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler) // the client or the account has gone
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer = []byte(b.texts.Replace(string(answer)))
	name := b.name(r, body, cluster)
	if b.Change != nil {
		answer = b.Change(name, answer)
	}
	if b.Refuse != nil && b.Refuse(name) {
		forbid(w, r, cluster)
		return
	}
	for _, name := range []string{"Content-Type", "Date", "X-Amzn-Errortype", "X-Amzn-Requestid"} {
		if v := resp.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
}

// forbid answers as a cluster, as EKS and as IAM do without a permission. AWS names the action.
func forbid(w http.ResponseWriter, r *http.Request, cluster string) {
	action := map[bool]string{true: "eks:DescribeCluster", false: "eks:ListAccessEntries"}[strings.Count(r.URL.Path, "/") < 3]
	kind, text := "application/json", `{"message":"User: me is not authorized to perform: `+action+`"}`
	switch {
	case cluster != "":
		text = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"it is forbidden: you cannot","reason":"Forbidden","code":403}`
	case r.URL.Path == "/":
		kind, text = "text/xml", `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: me is not authorized to perform this</Message></Error></ErrorResponse>`
	default:
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, text)
}

// ours reports whether a token was made by the default identity.
func (b *Between) ours(r *http.Request) bool {
	_, encoded, ok := strings.Cut(r.Header.Get("Authorization"), "Bearer k8s-aws-v1.")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	return ok && err == nil && strings.Contains(string(text), b.key)
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func (b *Between) name(r *http.Request, body []byte, cluster string) string {
	name := strings.TrimSpace(strings.Join([]string{cluster, r.Method, uuid.ReplaceAllString(r.URL.Path, "UUID")}, " "))
	if form, err := url.ParseQuery(string(body)); err == nil && r.URL.Path == "/" {
		name += form.Get("Action") + form.Get("RoleName") + form.Get("UserName") + form.Get("PathPrefix")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[name]++
	name = fmt.Sprintf("%s #%d", name, b.seen[name])
	b.answers = append(b.answers, name)
	return name
}
