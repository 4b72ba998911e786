package login_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// TestPlainDropsTheFrame: what the SDK tells of itself helps nobody.
func TestPlainDropsTheFrame(t *testing.T) {
	refused := &url.Error{Op: "Post", URL: "https://sts", Err: errors.New("connection refused")}
	frame := func(err error) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: "GetCallerIdentity", Err: err}
	}
	for _, test := range []struct {
		err  error
		text string
		is   error
	}{
		{frame(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "it is expired"}), "ExpiredToken: it is expired", login.ErrExpired},
		{frame(&smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}), "AccessDenied: no", nil},
		{frame(&smithyhttp.RequestSendError{Err: refused}), `AWS cannot be reached: Post "https://sts": connection refused`, login.ErrUnreachable},
		{frame(&smithyhttp.RequestSendError{Err: context.Canceled}), "context canceled", context.Canceled},
		{frame(errors.New("no EC2 IMDS role found, operation error ec2imds: x")), "no credentials in the environment, the AWS configuration or the machine's metadata", login.ErrMissing},
		{errors.New("something else"), "something else", nil},
	} {
		got := login.Plain(test.err)
		if got.Error() != test.text || !errors.Is(got, test.err) || test.is != nil && !errors.Is(got, test.is) || test.is == nil && login.Trouble(got) != nil {
			t.Errorf("%v: %v", test.err, got)
		}
	}
	if login.Plain(nil) != nil {
		t.Error("no error became one")
	}
}
