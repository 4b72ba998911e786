package login

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// What may be wrong with credentials, for those who ask Trouble.
var (
	ErrMissing = errors.New("there are no AWS credentials")
	ErrExpired = errors.New("the AWS credentials have expired")
	ErrInvalid = errors.New("AWS does not know the credentials")
)

// troubles are the words by which AWS and its SDK tell what is wrong with credentials. Codes are
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
	{"static credentials are empty", ErrMissing},
	{"failed to get shared config profile", ErrMissing},
	{"failed to retrieve credentials", ErrMissing},
}

// Trouble tells what is wrong with the credentials, where an error is about them: one of ErrMissing,
// ErrExpired and ErrInvalid, else nil.
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
	return nil
}
