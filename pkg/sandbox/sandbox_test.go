package sandbox_test

import (
	"bytes"
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
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

const roleARN = "arn:aws:iam::111122223333:role/"

func TestEnvironReplacesEverythingOfAWSAndKubernetes(t *testing.T) {
	s := sandboxtest.New(t, sandbox.Options{})
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
	s := sandboxtest.New(t, sandbox.Options{Latency: time.Hour})
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
	s := sandboxtest.New(t, sandbox.Options{})
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
	big, err := http.Post(s.URL()+"/clusters/demo/access-entries", "application/json", bytes.NewReader(make([]byte, 256<<10+1)))
	if err != nil || big.StatusCode != 413 {
		t.Errorf("big body: %v, %v", big, err)
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestLogHasNoSecrets(t *testing.T) {
	log := &lines{}
	s := sandboxtest.New(t, sandbox.Options{Log: log})
	sandboxtest.Must[*eks.DescribeClusterOutput](t)(s.EKS("default").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("demo")}))
	_, _ = s.Send("demo", s.Token("default", "demo"), http.MethodGet, "/api/v1/namespaces", "")
	text := log.String()
	if !strings.Contains(text, "eks DescribeCluster /clusters/demo 200\n") || !strings.Contains(text, "kube/demo GET /api/v1/namespaces 200\n") {
		t.Error(text)
	}
	if strings.Contains(text, "Signature") || strings.Contains(text, "k8s-aws") {
		t.Error("the log has a signature or token")
	}
}

func TestStateIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	first := sandboxtest.New(t, sandbox.Options{State: file})
	created := sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(first.EKS("default").CreateAccessEntry(t.Context(), &eks.CreateAccessEntryInput{
		ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "newcomer"), Tags: map[string]string{"a": "b"},
	}))
	sandboxtest.Must[*eks.UpdateClusterConfigOutput](t)(first.EKS("default").UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{
		Name: aws.String("legacy"), AccessConfig: &types.UpdateAccessConfigRequest{AuthenticationMode: types.AuthenticationModeApiAndConfigMap},
	}))
	// Not closed: whatever was answered is on disk already.
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("state file: %v, %v", info, err)
	}
	now := sandboxtest.NewClock()
	now.Add(time.Minute)
	second := sandboxtest.New(t, sandbox.Options{State: file, Now: now.Now})
	described := sandboxtest.Must[*eks.DescribeAccessEntryOutput](t)(second.EKS("default").DescribeAccessEntry(t.Context(), &eks.DescribeAccessEntryInput{
		ClusterName: aws.String("demo"), PrincipalArn: aws.String(roleARN + "newcomer"),
	}))
	if diff := cmp.Diff(*created.AccessEntry, *described.AccessEntry, cmp.AllowUnexported(types.AccessEntry{}), noDocument); diff != "" {
		t.Error(diff)
	}
	legacy := sandboxtest.Must[*eks.ListAccessEntriesOutput](t)(second.EKS("default").ListAccessEntries(t.Context(), &eks.ListAccessEntriesInput{ClusterName: aws.String("legacy")}))
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
	if _, err := sandbox.Start(sandbox.Options{State: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

// noDocument skips the SDK's marker fields, which hold nothing.
var noDocument = cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".noSmithy") }, cmp.Ignore())

// TestManyAtOnce changes and reads in parallel; the file must hold the end of it.
func TestManyAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	s := sandboxtest.New(t, sandbox.Options{State: file, Entries: 60})
	c := s.EKS("default")
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			ctx, demo, who := t.Context(), aws.String("demo"), aws.String(fmt.Sprintf("arn:aws:iam::444455556666:role/many-%d", i))
			_, create := c.CreateAccessEntry(ctx, &eks.CreateAccessEntryInput{ClusterName: demo, PrincipalArn: who})
			_, associate := c.AssociateAccessPolicy(ctx, &eks.AssociateAccessPolicyInput{
				ClusterName: demo, PrincipalArn: who, PolicyArn: aws.String(awsapi.PolicyPrefix + "AmazonEKSViewPolicy"),
				AccessScope: &types.AccessScope{Type: types.AccessScopeTypeCluster},
			})
			_, list := c.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: demo})
			if err := errors.Join(create, associate, list); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	kept := sandboxtest.Must[*eks.ListAccessEntriesOutput](t)(sandboxtest.New(t, sandbox.Options{State: file}).EKS("default").ListAccessEntries(t.Context(), &eks.ListAccessEntriesInput{ClusterName: aws.String("demo")}))
	if got := len(kept.AccessEntries); got != 80 {
		t.Errorf("%d entries kept, want 80", got)
	}
}
