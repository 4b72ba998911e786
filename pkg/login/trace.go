package login

import (
	"context"
	"os"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// lookup is a variable in the environment of the exec entry's command.
func (s Settings) lookup(name string) string {
	if v, ok := s.Env[name]; ok {
		return v
	}
	return os.Getenv(name)
}

// tracer prints each attempt of a call, with name and status only: headers contain secrets.
type tracer struct {
	printf func(format string, args ...any)
}

// AfterAttempt is the SDK's hook.
func (t tracer) AfterAttempt(ctx context.Context, in *smithyhttp.InterceptorContext) error {
	status := "no answer"
	if in.Response != nil {
		status = in.Response.Status
	}
	t.printf("AWS %s.%s %s\n", awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), status)
	return nil
}
