package eks

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// kinds says which error of the core an error code of EKS is (eks-access.md §3.1).
var kinds = map[string]error{
	"ResourceNotFoundException": access.ErrNotFound,
	"NotFoundException":         access.ErrNotFound,
	"ResourceInUseException":    access.ErrExists,
	"AccessDeniedException":     access.ErrForbidden,
	"ThrottlingException":       access.ErrThrottled,
	"TooManyRequestsException":  access.ErrThrottled,
}

// modeMessage is part of what EKS says when a cluster does not read access entries (eks-access.md §3.2).
const modeMessage = "authentication mode must be set to one of"

// told is an AWS error in our words, with what it came from for those who ask further.
type told struct {
	text  string
	under []error
}

func (t *told) Error() string   { return t.text }
func (t *told) Unwrap() []error { return t.under }

// explain turns an AWS error into one of the core, keeping what AWS said word for word.
func explain(doing string, err error) error {
	var already *told
	if err == nil || errors.As(err, &already) {
		return err
	}
	said := say(doing, err)
	return &told{text: said.Error(), under: []error{said, err}}
}

func say(doing string, err error) error {
	if doing != "" {
		doing += ": "
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s%w", doing, login.Plain(err))
	}
	said := fmt.Sprintf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	kind, known := kinds[api.ErrorCode()]
	if strings.Contains(api.ErrorMessage(), modeMessage) {
		kind, known = access.ErrMode, true
	}
	if trouble := login.Trouble(err); !known && trouble != nil {
		kind, known = trouble, true
	}
	if !known {
		return fmt.Errorf("%s%s%s", doing, said, requestID(err))
	}
	return fmt.Errorf("%s%w: %s", doing, kind, said)
}

// explainWrite says ErrUnknown where a call may have been carried out although it failed: the
// connection broke, the answer did not come, or the service had an internal error.
func explainWrite(err error) error {
	if err == nil {
		return nil
	}
	plain := explain("", err)
	if status := httpStatus(err); status >= 500 || status == 0 && sent(err) {
		return fmt.Errorf("%w: %w", access.ErrUnknown, plain)
	}
	return plain
}

// sent tells whether the call may have left this machine: not when its input was refused or no credentials were found.
func sent(err error) bool {
	var op *smithy.OperationError
	var input *smithy.InvalidParamsError
	return errors.As(err, &op) && !errors.As(err, &input) && !strings.Contains(err.Error(), "get identity")
}

func httpStatus(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func requestID(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.ServiceRequestID() != "" {
		return " (request " + response.ServiceRequestID() + ")"
	}
	return ""
}
