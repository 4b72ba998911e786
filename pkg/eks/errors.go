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

// kinds are the errors of the core for the error codes of EKS (eks-access.md §3.1).
var kinds = map[string]error{
	"ResourceNotFoundException": access.ErrNotFound,
	"NotFoundException":         access.ErrNotFound,
	"ResourceInUseException":    access.ErrExists,
	"AccessDeniedException":     access.ErrForbidden,
	"ThrottlingException":       access.ErrThrottled,
	"TooManyRequestsException":  access.ErrThrottled,
}

// errBusy says that another update of the cluster is in progress.
var errBusy = errors.New("the cluster is not active")

// sentences are the errors of the core for messages of EKS whose code is too general (eks-access.md §3.2).
var sentences = []struct {
	part string
	is   error
}{
	{"authentication mode must be set to one of", access.ErrMode},
	{"iam:PassRole", access.ErrPassRole},
	{"No cluster found", access.ErrNoCluster},
	{"invalid principal", access.ErrNoPrincipal},
	{"is not in ACTIVE status", errBusy},
	{"Unsupported authentication mode update", access.ErrChanged},
}

// explained is an AWS error in our words; it wraps the core's error and the one from AWS.
type explained struct {
	text  string
	under []error
}

func (e *explained) Error() string   { return e.text }
func (e *explained) Unwrap() []error { return e.under }

// explain turns an AWS error into one of the core, with the message of AWS.
func explain(doing string, err error) error {
	var already *explained
	if err == nil || errors.As(err, &already) {
		return err
	}
	said := say(doing, err)
	return &explained{text: said.Error(), under: []error{said, err}}
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
	if kind := kindOf(api, err); kind != nil {
		return fmt.Errorf("%s%w: %s", doing, kind, said)
	}
	return fmt.Errorf("%s%s%s", doing, said, requestID(err))
}

func kindOf(api smithy.APIError, err error) error {
	for _, s := range sentences {
		if strings.Contains(api.ErrorMessage(), s.part) {
			return s.is
		}
	}
	if kind, known := kinds[api.ErrorCode()]; known {
		return kind
	}
	return login.Trouble(err)
}

// explainWrite reports ErrUnknown where a failed call may have been carried out: the connection broke, no answer came,
// or the service had an internal error.
func explainWrite(err error) error {
	if err == nil || errors.Is(err, access.ErrNotSent) {
		return err
	}
	plain := explain("", err)
	if status := httpStatus(err); status >= 500 || status == 0 && sent(err) {
		return fmt.Errorf("%w: %w", access.ErrUnknown, plain)
	}
	return plain
}

// notSent is the error of a read before a write that was not sent then: where a write would be in doubt, this one is not.
func notSent(err error) error {
	if errors.Is(explainWrite(err), access.ErrUnknown) {
		return fmt.Errorf("%w: %w", access.ErrNotSent, explain("", err))
	}
	return err
}

// sent reports whether the call may have left this machine: not when its input was refused or no credentials were found.
func sent(err error) bool {
	var op *smithy.OperationError
	var input *smithy.InvalidParamsError
	return errors.As(err, &op) && !errors.As(err, &input) && !login.Unsigned(err)
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
