package login

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Service is an AWS service of which a few operations are called without the SDK's module, which would make the program several
// hundred kilobytes bigger. Its credentials, retries, errors and addresses are those of the SDK's clients.
type Service struct {
	Path     string                                              // of the calls, without the slash in front
	Attempts int                                                 // of one call; 0: as many as the SDK's clients make
	Turn     func(context.Context) error                         // waits before each attempt; nil: not needed
	Rest     func(ctx context.Context, try int, err error) error // waits after an attempt that failed; nil: as the SDK's clients do

	session *Session
	id      string // IAM
	signs   string // the name in signatures, iam
	host    func(region string, fips bool) (host, region2 string)
	refusal func(http.Header, []byte) (code, message string)

	mu   sync.Mutex
	skew time.Duration // how far the clock of AWS is ahead
}

// NewService makes a client. It sends nothing. host is where the service is for a region, and the region of its signatures; refusal
// reads the code and message of an error answer.
func (s *Session) NewService(id, signs string, host func(region string, fips bool) (string, string), refusal func(http.Header, []byte) (string, string)) *Service {
	return &Service{session: s, id: id, signs: signs, host: host, refusal: refusal}
}

// longestAnswer is more than any answer of a service that is called this way.
const longestAnswer = 64 << 20

// Call sends a request and returns the body of its answer. It repeats what may succeed later. Errors are those of the SDK:
// *smithy.OperationError, and inside it smithy.APIError where the service has answered.
func (s *Service) Call(ctx context.Context, operation string, header map[string]string, body []byte) ([]byte, error) {
	if calls := s.session.Settings.Calls; calls != nil {
		calls(s.id+" "+operation, 1)
		defer calls(s.id+" "+operation, -1)
	}
	most, rest := cmp.Or(s.Attempts, s.session.Config.RetryMaxAttempts, attempts), s.Rest
	if rest == nil {
		rest = s.backOff
	}
	for try := 1; ; try++ {
		data, err := s.once(ctx, operation, header, body)
		if err == nil {
			return data, nil
		}
		again := retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool() || s.late(err)
		if again && try < most && ctx.Err() == nil {
			if err = rest(ctx, try, err); err == nil {
				continue
			}
		}
		return nil, &smithy.OperationError{ServiceID: s.id, OperationName: operation, Err: err}
	}
}

func (s *Service) backOff(ctx context.Context, try int, err error) error {
	pause, _ := retry.NewExponentialJitterBackoff(retry.DefaultMaxBackoff).BackoffDelay(try, err)
	return access.Pause(ctx, pause)
}

func (s *Service) once(ctx context.Context, operation string, header map[string]string, body []byte) ([]byte, error) {
	if s.Turn != nil {
		if err := s.Turn(ctx); err != nil {
			return nil, &smithy.CanceledError{Err: err}
		}
	}
	r, err := s.request(ctx, header, body)
	if err != nil {
		return nil, err
	}
	var begun time.Time
	if s.session.Settings.Trace != nil {
		begun = s.session.Settings.Now()
	}
	answer, err := s.session.Config.HTTPClient.Do(r)
	if err != nil {
		s.trace(r, operation, "no answer", begun)
		if ctx.Err() != nil {
			return nil, &smithy.CanceledError{Err: ctx.Err()}
		}
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	s.trace(r, operation, answer.Status, begun)
	data, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	if answer.StatusCode == http.StatusOK {
		return data, nil
	}
	code, message := s.refusal(answer.Header, data)
	if code == "" { // a proxy answers in other forms
		code, message = answer.Status, ""
	}
	return nil, &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

// request makes the request of one attempt, and signs it.
func (s *Service) request(ctx context.Context, header map[string]string, body []byte) (*http.Request, error) {
	to, region, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to+s.Path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", "kubectl-access app/kubectl-access")
	if s.session.Config.Credentials == nil {
		return nil, ErrMissing
	}
	keys, err := s.session.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get identity: get credentials: %w", err) // as the SDK's clients say it, see Unsigned
	}
	sum := sha256.Sum256(body)
	s.mu.Lock()
	at := time.Now().Add(s.skew) //nolint:forbidigo // AWS compares it with its clock
	s.mu.Unlock()
	return r, v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), s.signs, region, at)
}

// endpoint follows the variables and the configuration that the SDK's clients follow, and then the names of AWS (AWS SDKs and Tools
// Reference Guide, "Service-specific endpoints").
func (s *Service) endpoint() (address, region string, err error) {
	host, region := s.host(s.session.Region(), s.fips())
	set := s.configured()
	if set == "" {
		return "https://" + host + "/", region, nil
	}
	u, err := url.Parse(set)
	if err != nil {
		return "", "", fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	return u.String(), region, nil
}

// configured is the address in the environment or the configuration, "" for none.
func (s *Service) configured() string {
	if own := s.session.Settings.lookup("AWS_ENDPOINT_URL_" + strings.ToUpper(s.id)); own != "" && os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != "true" {
		return own
	}
	if all := os.Getenv("AWS_ENDPOINT_URL"); all == "" {
		for _, source := range s.session.Config.ConfigSources {
			if shared, ok := source.(config.SharedConfig); ok {
				if own := shared.Services.ServiceValues[strings.ToLower(s.id)]["endpoint_url"]; own != "" {
					return own
				}
			}
		}
	}
	return aws.ToString(s.session.Config.BaseEndpoint)
}

// fips reports whether addresses with FIPS are configured.
func (s *Service) fips() bool {
	if text := s.session.Settings.lookup("AWS_USE_FIPS_ENDPOINT"); text != "" {
		return strings.EqualFold(text, "true")
	}
	for _, source := range s.session.Config.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok && shared.UseFIPSEndpoint != aws.FIPSEndpointStateUnset {
			return shared.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
		}
	}
	return false
}

func (s *Service) trace(r *http.Request, operation, status string, begun time.Time) {
	if t := s.session.Settings.Trace; t != nil {
		t("AWS %s.%s %s%s %s in %d ms\n", s.id, operation, r.URL.Host, r.URL.EscapedPath(), status, s.session.Settings.Now().Sub(begun).Milliseconds())
	}
}

// late corrects the clock where AWS refused a call for its time.
func (s *Service) late(err error) bool {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &answer) {
		return false
	}
	switch api.ErrorCode() {
	case "RequestExpired", "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch":
	default:
		return false
	}
	at, bad := http.ParseTime(answer.Response.Header.Get("Date"))
	if bad != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.skew
	s.skew = time.Until(at) //nolint:forbidigo // as in request
	return (s.skew - was).Abs() > time.Minute
}
