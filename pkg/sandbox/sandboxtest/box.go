package sandboxtest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// Box is an account with the clients that tests call it by: AWS's SDK, and plain requests to its clusters.
type Box struct {
	*sandbox.Sandbox
	tb testing.TB
}

// New runs an account until the test ends, and does not change the environment.
func New(tb testing.TB, o sandbox.Options) Box {
	tb.Helper()
	s, err := sandbox.Start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return Box{s, tb}
}

// Config is an SDK configuration of one profile.
func (b Box) Config(profile string) aws.Config {
	k := b.Key(profile)
	return b.ConfigOf(k.ID, k.Secret, k.Token)
}

// ConfigOf is an SDK configuration that sends each request once.
func (b Box) ConfigOf(id, secret, token string) aws.Config {
	url := b.URL()
	return aws.Config{
		Region: "us-west-2", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  plainBodies{},
	}
}

// plainBodies hides the WriteTo of the SDK's request bodies, which makes answers get lost (see pkg/login/body.go).
type plainBodies struct{}

// Do is aws.HTTPClient's.
func (plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return http.DefaultClient.Do(r)
}

// EKS is a client of one profile.
func (b Box) EKS(profile string) *eks.Client { return eks.NewFromConfig(b.Config(profile)) }

// Token is what `get-token` makes of a profile's key.
func (b Box) Token(profile, cluster string) string {
	b.tb.Helper()
	return Pack(b.Presign(b.Config(profile), cluster))
}

// SessionToken is the token of a session of a role, which is named without its path.
func (b Box) SessionToken(role, session, cluster string) string {
	b.tb.Helper()
	config := b.Config("default")
	found, err := iam.NewFromConfig(config).GetRole(b.tb.Context(), &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		b.tb.Fatal(err)
	}
	out, err := sts.NewFromConfig(config).AssumeRole(b.tb.Context(), &sts.AssumeRoleInput{RoleArn: found.Role.Arn, RoleSessionName: &session})
	if err != nil {
		b.tb.Fatal(err)
	}
	return Pack(b.Presign(b.ConfigOf(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken), cluster))
}

// Presign is the URL in a token.
func (b Box) Presign(config aws.Config, cluster string) string {
	b.tb.Helper()
	r, err := sts.NewPresignClient(sts.NewFromConfig(config)).PresignGetCallerIdentity(b.tb.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
			if cluster != "" {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster))
			}
		})
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	return r.URL
}

// Pack makes a token of a presigned URL.
func Pack(url string) string {
	return awsapi.TokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(url))
}

// Send sends a request to a cluster as kubectl would, with headers given as names and values.
func (b Box) Send(cluster, token, method, path, body string, headers ...string) (int, map[string]any) {
	b.tb.Helper()
	resp := b.Open(cluster, token, method, path, body, headers...)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.tb.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // a health check is not an object
	return resp.StatusCode, answer
}

// Open sends like Send; the answer's body is still to be read.
func (b Box) Open(cluster, token, method, path, body string, headers ...string) *http.Response {
	b.tb.Helper()
	url, ca := b.Endpoint(cluster)
	return b.OpenAt(url, ca, token, method, path, body, headers...)
}

// Endpoint is where a cluster answers, and the PEM of its authority.
func (b Box) Endpoint(cluster string) (url string, ca []byte) {
	b.tb.Helper()
	out, err := b.EKS("default").DescribeCluster(b.tb.Context(), &eks.DescribeClusterInput{Name: &cluster})
	if err != nil {
		b.tb.Fatal(err)
	}
	if ca, err = base64.StdEncoding.DecodeString(*out.Cluster.CertificateAuthority.Data); err != nil {
		b.tb.Fatal(err)
	}
	return *out.Cluster.Endpoint, ca
}

// OpenAt sends to a server whose certificate an authority, given as PEM, has signed.
func (b Box) OpenAt(url string, ca []byte, token, method, path, body string, headers ...string) *http.Response {
	b.tb.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	b.tb.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(b.tb.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		b.tb.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		b.tb.Fatal(err)
	}
	return resp
}

// WhoAmI is the user that a token belongs to, with its groups, or the code of the refusal.
func (b Box) WhoAmI(cluster, token string) string {
	b.tb.Helper()
	status, answer := b.Send(cluster, token, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")
	if status != http.StatusCreated {
		return fmt.Sprint(status)
	}
	info := answer["status"].(map[string]any)["userInfo"].(map[string]any)
	return fmt.Sprint(info["username"], " ", info["groups"])
}

// Code is an API error's code and message.
func Code(tb testing.TB, err error) string {
	tb.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		tb.Fatalf("got %v, want an API error", err)
	}
	return api.ErrorCode() + ": " + api.ErrorMessage()
}

// Must returns the result of a call that has to succeed.
func Must[T any](tb testing.TB) func(T, error) T {
	tb.Helper()
	return func(out T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return out
	}
}

// Clock is a time that tests move on by hand.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock begins at the time of day.
func NewClock() *Clock {
	return &Clock{at: time.Now()} //nolint:forbidigo // signatures are checked against it
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
