package login

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBodies makes net/http read a request's body with Read only. The SDK closes the body when the answer's header
// arrives; its WriteTo then fails with EOF, and net/http closes the connection while the answer is still being read (smithy-go v1.28.9, transport/http/internal/io/safe.go: WriteTo of a closed body).
func plainBodies(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("PlainBodies", hideWriteTo), middleware.After)
}

func hideWriteTo(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, m middleware.Metadata, err error) {
	if r, ok := in.Request.(*smithyhttp.Request); ok && r.GetStream() != nil {
		if in.Request, err = r.SetStream(struct{ io.Reader }{r.GetStream()}); err != nil {
			return out, m, err
		}
	}
	return next.HandleDeserialize(ctx, in)
}
