package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const (
	clusterAdmin = policyPrefix + "AmazonEKSClusterAdminPolicy"
	viewPolicy   = policyPrefix + "AmazonEKSViewPolicy"
	roleARN      = "arn:aws:iam::111122223333:role/"
)

func start(t *testing.T, o Options) *Sandbox {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// clock is a time that tests move on by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// config is an SDK configuration of one profile that sends each request once.
func (s *Sandbox) config(profile string) aws.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := *s.account.profiles[profile]
	return keyConfig(s, k)
}

func keyConfig(s *Sandbox, k key) aws.Config {
	return aws.Config{
		Region: "us-west-2", BaseEndpoint: &s.url,
		Credentials: credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  plainBodies{},
	}
}

// plainBodies hides the WriteTo of the SDK's request bodies, by which answers are lost (see pkg/login/body.go).
type plainBodies struct{}

// Do is aws.HTTPClient's.
func (plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return http.DefaultClient.Do(r)
}

func (s *Sandbox) eks(profile string) *eks.Client { return eks.NewFromConfig(s.config(profile)) }

func code(t *testing.T, err error) string {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want an API error", err)
	}
	return api.ErrorCode() + ": " + api.ErrorMessage()
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func TestEnvironReplacesEverythingOfAWSAndKubernetes(t *testing.T) {
	s := start(t, Options{})
	got := map[string]string{}
	for _, v := range s.Environ([]string{"PATH=/bin", "AWS_PROFILE=real", "AWS_CA_BUNDLE=x", "KUBECONFIG=/real"}) {
		name, value, _ := strings.Cut(v, "=")
		got[name] = value
	}
	if got["PATH"] != "/bin" || got["AWS_PROFILE"] != "" || got["AWS_CA_BUNDLE"] != "" || !strings.HasPrefix(got["KUBECONFIG"], s.Dir()) {
		t.Errorf("environment: %v", got)
	}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || got["AWS_ENDPOINT_URL"] != s.URL() {
		t.Errorf("endpoint %s, in the environment %s", s.URL(), got["AWS_ENDPOINT_URL"])
	}
	for _, name := range []string{"config", "credentials", "kubeconfig"} {
		info, err := os.Stat(filepath.Join(s.Dir(), name))
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	s := start(t, Options{Latency: time.Hour})
	waiting := make(chan error)
	go func() {
		_, err := http.Get(s.URL())
		waiting <- err
	}()
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	<-waiting
	if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder is still there: %v", err)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("still listens")
	}
}

func TestUnknownOperations(t *testing.T) {
	s := start(t, Options{})
	for _, path := range []string{"/nodegroups", "/clusters//access-entries", "/clusters/demo/../x", "/"} {
		resp, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 404 || resp.Header.Get("X-Amzn-ErrorType") != "UnknownOperationException" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	big, err := http.Post(s.URL()+"/clusters/demo/access-entries", "application/json", bytes.NewReader(make([]byte, maxBody+1)))
	if err != nil || big.StatusCode != 413 {
		t.Errorf("big body: %v, %v", big, err)
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	var log bytes.Buffer
	s := start(t, Options{Log: &log})
	must[*eks.DescribeClusterOutput](t)(s.eks("default").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("demo")}))
	_, _ = s.get(t, "demo", s.token(t, "default", "demo"), "/api/v1/namespaces")
	s.logging.Lock()
	defer s.logging.Unlock()
	text := log.String()
	if !strings.Contains(text, "eks DescribeCluster /clusters/demo 200\n") || !strings.Contains(text, "kube/demo GET /api/v1/namespaces 200\n") {
		t.Error(text)
	}
	if strings.Contains(text, "Signature") || strings.Contains(text, "k8s-aws") {
		t.Error("the log tells a signature or token")
	}
}

func TestStateIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	first := start(t, Options{State: file})
	created := must[*eks.CreateAccessEntryOutput](t)(first.eks("default").CreateAccessEntry(t.Context(), &eks.CreateAccessEntryInput{
		ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "newcomer"), Tags: map[string]string{"a": "b"},
	}))
	must[*eks.UpdateClusterConfigOutput](t)(first.eks("default").UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{
		Name: aws.String("legacy"), AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: types.AuthenticationModeApiAndConfigMap},
	}))
	// Not closed: whatever was answered is on disk already.
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("state file: %v, %v", info, err)
	}
	now := &clock{at: time.Now().Add(time.Minute)}
	second := start(t, Options{State: file, Now: now.now})
	described := must[*eks.DescribeAccessEntryOutput](t)(second.eks("default").DescribeAccessEntry(t.Context(), &eks.DescribeAccessEntryInput{
		ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "newcomer"),
	}))
	if diff := cmp.Diff(*created.AccessEntry, *described.AccessEntry, cmp.AllowUnexported(types.AccessEntry{}), noDocument); diff != "" {
		t.Error(diff)
	}
	legacy := must[*eks.ListAccessEntriesOutput](t)(second.eks("default").ListAccessEntries(t.Context(), &eks.ListAccessEntriesInput{ClusterName: aws.String("legacy")}))
	if diff := cmp.Diff([]string{roleARN + "platform-admin"}, legacy.AccessEntries); diff != "" {
		t.Error(diff)
	}
	left, _ := filepath.Glob(file + "*")
	if len(left) != 1 {
		t.Errorf("beside the state file: %v", left)
	}
}

func TestStateThatCannotBeReadIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{State: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// noDocument skips the SDK's marker fields, which hold nothing.
var noDocument = cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".noSmithy") }, cmp.Ignore())

// TestManyAtOnce changes and reads in parallel; the file must hold the end of it.
func TestManyAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	s := start(t, Options{State: file, Entries: 60})
	c := s.eks("default")
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			ctx, arn := t.Context(), fmt.Sprintf("arn:aws:iam::444455556666:role/many-%d", i)
			_, create := c.CreateAccessEntry(ctx, createInput("demo", arn))
			_, associate := c.AssociateAccessPolicy(ctx, associateInput("demo", arn, viewPolicy))
			_, list := c.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")})
			if err := errors.Join(create, associate, list); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	kept, err := openAccount(Options{State: file, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if got := kept.Clusters["demo"].count(); got != 80 {
		t.Errorf("%d entries kept, want 80", got)
	}
}

func TestEpochIsANumber(t *testing.T) {
	at := epoch{time.UnixMilli(1685540747281).UTC()}
	text, err := json.Marshal(at)
	if err != nil || string(text) != "1685540747.281" {
		t.Fatalf("%s, %v", text, err)
	}
	var back epoch
	if err := json.Unmarshal(text, &back); err != nil || !back.Equal(at.Time) {
		t.Errorf("%v, %v", back, err)
	}
}
