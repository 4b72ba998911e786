package login_test

import (
	"context"
	"net/http/httptrace"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/iam"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// TestNoRequestBodyFailsAfterItsAnswer asks for what comes in many pages; each request has a body, which the SDK closes
// when the answer's header is there.
func TestNoRequestBodyFailsAfterItsAnswer(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{Entries: 400})
	session, err := login.New(context.Background(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err != nil {
			t.Errorf("the body ended in %v", i.Err)
		}
	}})
	for range 50 {
		_, err := iam.New(session).Resolve(ctx, access.Ref{Written: "sso/Developer", Lookup: access.LookupPermissionSet, Name: "Developer"})
		if err != nil {
			t.Fatal(err)
		}
	}
}
