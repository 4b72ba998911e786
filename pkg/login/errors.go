package login

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// What may be wrong with credentials or with the connection to AWS.
var (
	ErrMissing     = errors.New("there are no AWS credentials")
	ErrNoProfile   = fmt.Errorf("%w: the profile is not in the AWS configuration", ErrMissing)
	ErrExpired     = errors.New("the AWS credentials have expired")
	ErrInvalid     = errors.New("AWS does not know the credentials")
	ErrAssumeRole  = errors.New("these credentials cannot assume the role")
	ErrUnreachable = errors.New("AWS cannot be reached")
)

// troubles are the words by which AWS and its SDK report what is wrong with credentials. Codes are
// those of the services' common errors; the rest are the SDK's own sentences, which have no type.
var troubles = []struct {
	word string
	is   error
}{
	{"ExpiredToken", ErrExpired},
	{"RequestExpired", ErrExpired},
	{"SSO session has expired", ErrExpired},
	{"refresh cached SSO token failed", ErrExpired},
	{"cached SSO token is expired", ErrExpired},
	{"InvalidClientTokenId", ErrInvalid},
	{"UnrecognizedClientException", ErrInvalid},
	{"SignatureDoesNotMatch", ErrInvalid},
	{"InvalidSignatureException", ErrInvalid},
	{"failed to read cached SSO token file", ErrMissing},
	{"no EC2 IMDS role found", ErrMissing},
	{noSource, ErrMissing},
	{"static credentials are empty", ErrMissing},
	{"failed to retrieve credentials", ErrMissing},
}

// noSource is what Plain makes of the SDK's error about the last source of credentials.
const noSource = "no credentials in the environment, the AWS configuration or the machine's metadata"

// Trouble is what is wrong with the credentials or the connection, one of the errors above, or nil where an error is
// about something else.
func Trouble(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var api smithy.APIError
	if errors.As(err, &api) {
		text = api.ErrorCode()
	}
	for _, t := range troubles {
		if strings.Contains(text, t.word) {
			return t.is
		}
	}
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return ErrNoProfile
	case api != nil && text == "AccessDenied" && strings.Contains(api.ErrorMessage(), "sts:AssumeRole"):
		return ErrAssumeRole
	case api != nil, errors.Is(err, context.Canceled):
		return nil
	case unsent(err) != nil:
		return ErrUnreachable
	case Unsigned(err):
		return ErrMissing
	}
	return nil
}

// Unsigned reports whether a call was not sent because the SDK got no credentials to sign it with.
func Unsigned(err error) bool { return strings.Contains(err.Error(), "get identity: get credentials") }

// unsent is why a call got no answer, nil where it got one.
//
//go:noinline
func unsent(err error) error {
	var send *smithyhttp.RequestSendError
	if !errors.As(err, &send) {
		return nil
	}
	return send.Err
}

// failure is an error of the SDK in plain words.
type failure struct {
	text string
	is   error // Trouble's answer
	err  error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.is == nil {
		return []error{f.err}
	}
	return []error{f.is, f.err}
}

// Plain is an error of the SDK without the SDK's frame, which names attempts, requests and internals.
func Plain(err error) error {
	if err == nil {
		return nil
	}
	f := &failure{text: err.Error(), is: Trouble(err), err: err}
	var api smithy.APIError
	var operation *smithy.OperationError
	switch {
	case errors.Is(err, context.Canceled):
		f.text = context.Canceled.Error()
	case errors.As(err, &api):
		f.text = api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.Is(f.is, ErrUnreachable):
		f.text = ErrUnreachable.Error() + ": " + unsent(err).Error()
	case errors.As(err, &operation):
		f.text = operation.Err.Error()
	}
	if strings.Contains(f.text, "no EC2 IMDS role found") { // the last source of all
		f.text = noSource
	}
	if errors.Is(f.is, ErrMissing) { // the rest is about the last source only
		f.text, _, _ = strings.Cut(f.text, ", operation error ")
	}
	return f
}
