package login

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestNeededMembersExist: a name that is written wrong would be asked of no answer.
func TestNeededMembersExist(t *testing.T) {
	clients := []any{&eks.Client{}, &sts.Client{}}
	for operation, paths := range needed {
		for _, c := range clients {
			method, ok := reflect.TypeOf(c).MethodByName(operation)
			if !ok {
				continue
			}
			for _, path := range paths {
				answer := method.Type.Out(0)
				for name := range strings.SplitSeq(path, ".") {
					for answer.Kind() == reflect.Pointer {
						answer = answer.Elem()
					}
					field, ok := answer.FieldByName(name)
					if !ok {
						t.Fatalf("%s has no %s", operation, path)
					}
					answer = field.Type
				}
			}
		}
	}
}

// TestAnIncompleteAnswerIsRefused: the SDK takes {} for an answer to everything.
func TestAnIncompleteAnswerIsRefused(t *testing.T) {
	for _, row := range []struct{ answer, want string }{
		{`{}`, "EKS answered DescribeCluster without Cluster"},
		{`{"cluster":null}`, "EKS answered DescribeCluster without Cluster"},
		{`{"cluster":{}}`, "EKS answered DescribeCluster without Cluster.Name"},
		{`{"cluster":{"name":""}}`, "EKS answered DescribeCluster without Cluster.Name"},
		{`{"cluster":{"name":"demo"}}`, "EKS answered DescribeCluster without Cluster.Arn"},
		{`{"cluster":{"name":"demo","arn":"arn:aws:eks:us-west-2:111122223333:cluster/demo"}}`, "<nil>"},
	} {
		session := answering(t, row.answer)
		_, err := eks.NewFromConfig(session.Config).DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: new("demo")})
		if !strings.HasSuffix(fmt.Sprint(err), row.want) {
			t.Errorf("%s: %v", row.answer, err)
		}
	}
	for _, answer := range []string{"<GetCallerIdentityResult/>", "<GetCallerIdentityResult><Arn/></GetCallerIdentityResult>"} {
		session := answering(t, "<GetCallerIdentityResponse>"+answer+"</GetCallerIdentityResponse>")
		if _, err := session.Caller(t.Context()); fmt.Sprint(err) != "get your identity from AWS: the answer is incomplete: STS answered GetCallerIdentity without Arn" {
			t.Errorf("%s: %v", answer, err)
		}
		if _, err := session.Token(t.Context(), "demo"); err != nil {
			t.Errorf("a token, for which nobody is asked: %v", err)
		}
	}
}

// answering is a session with services that give one answer to everything.
func answering(t *testing.T, answer string) *Session {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	t.Cleanup(server.Close)
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	s, err := New(t.Context(), Settings{Region: "us-west-2", Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
