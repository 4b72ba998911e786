package login

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// lookup is a variable in the environment of the exec entry's command.
//
//go:noinline
func (s Settings) lookup(name string) string {
	if v, ok := s.Env[name]; ok {
		return v
	}
	return os.Getenv(name)
}

// counter hears of the beginning and the end of each call, with all its attempts.
type counter struct {
	calls func(name string, more int)
}

// BeforeExecution is the SDK's hook.
func (c counter) BeforeExecution(ctx context.Context, _ *smithyhttp.InterceptorContext) error {
	c.calls(callName(ctx), 1)
	return nil
}

// AfterExecution is the SDK's hook.
func (c counter) AfterExecution(ctx context.Context, _ *smithyhttp.InterceptorContext) error {
	c.calls(callName(ctx), -1)
	return nil
}

// callName reads EKS DescribeCluster.
func callName(ctx context.Context) string {
	return awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx)
}

// tracer prints each attempt of a call: its name, address, status and time. Headers and bodies contain secrets.
type tracer struct {
	printf func(format string, args ...any)
	now    func() time.Time
	begun  *sync.Map // when each request was sent
}

// BeforeTransmit is the SDK's hook.
func (t tracer) BeforeTransmit(_ context.Context, in *smithyhttp.InterceptorContext) error {
	t.begun.Store(in.Request, t.now())
	return nil
}

// AfterAttempt is the SDK's hook.
func (t tracer) AfterAttempt(ctx context.Context, in *smithyhttp.InterceptorContext) error {
	status, at := "no answer", ""
	if in.Response != nil {
		status = in.Response.Status
		if r := in.Response.Request; r != nil && r.URL != nil {
			at = " " + r.URL.Host + r.URL.EscapedPath()
		}
	}
	if begun, ok := t.begun.LoadAndDelete(in.Request); ok {
		if since, ok := begun.(time.Time); ok {
			status += fmt.Sprintf(" in %d ms", t.now().Sub(since).Milliseconds())
		}
	}
	t.printf("AWS %s.%s%s %s\n", awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), at, status)
	return nil
}
