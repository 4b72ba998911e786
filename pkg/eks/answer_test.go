package eks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/eks"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// TestAnAnswerWithoutItsObjectNamesTheCall: what was written may have been done, and that is said too.
func TestAnAnswerWithoutItsObjectNamesTheCall(t *testing.T) {
	lists := map[string]string{"node-groups": `{"nodegroups":["ng"]}`, "fargate-profiles": `{"fargateProfileNames":["fp"]}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := lists[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
		if !ok {
			answer = `{}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	session, err := login.New(t.Context(), login.Settings{
		Region: "us-west-2", Env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := eks.New(session, "demo")
	for _, row := range []struct {
		want string
		call func(context.Context) error
	}{
		{"DescribeCluster without Cluster", func(ctx context.Context) error { _, err := c.Info(ctx); return err }},
		{"without AccessEntry|without PrincipalArn", func(ctx context.Context) error { _, err := c.Entry(ctx, role("dev")); return err }},
		{"UpdateClusterConfig without Update", func(ctx context.Context) error { return c.Do(ctx, access.SetMode{Cluster: "demo", To: access.ModeAPI}) }},
		{"DescribeNodegroup without Nodegroup|DescribeFargateProfile without FargateProfile", func(ctx context.Context) error { _, err := c.NodeRoles(ctx); return err }},
	} {
		err := row.call(t.Context())
		one, other, _ := strings.Cut(row.want, "|") // side by side, whichever comes first
		if err == nil || !strings.HasSuffix(err.Error(), one) && (other == "" || !strings.HasSuffix(err.Error(), other)) || !errors.Is(err, login.ErrIncomplete) {
			t.Errorf("%s: %v", row.want, err)
		}
		if strings.HasPrefix(row.want, "Update") != errors.Is(err, access.ErrUnknown) {
			t.Errorf("%s may have been done: %v", row.want, err)
		}
	}
}
