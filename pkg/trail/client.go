package trail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

const (
	service   = "cloudtrail"
	operation = "CloudTrail LookupEvents"
	target    = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
	// between is the pace that CloudTrail allows: two calls a second for everybody in the account together, not adjustable
	// (CloudTrail User Guide, quotas). With a little more, two calls never arrive in less than half a second.
	between     = 510 * time.Millisecond
	attempts    = 8
	firstPause  = time.Second
	longestRest = 20 * time.Second
	// longestAnswer is more than 50 events of 256 KB, each once more as text.
	longestAnswer = 64 << 20
)

// Client calls LookupEvents. The SDK's module for CloudTrail has 60 other operations and would make the program a megabyte bigger; one
// operation in JSON needs only its signer.
type Client struct {
	session *login.Session
	now     func() time.Time
	pace    time.Duration
	jitter  func() float64 // 0 to 1

	mu   sync.Mutex
	free time.Time     // when the next call may go
	skew time.Duration // how far the clock of AWS is ahead
}

// New makes a client. It sends nothing. pace is the time between two calls; 0: what AWS allows.
func New(session *login.Session, now func() time.Time, pace time.Duration) *Client {
	return &Client{session: session, now: now, pace: cmp.Or(pace, between), jitter: rand.Float64}
}

// page is one answer.
type page struct {
	Events []struct {
		CloudTrailEvent string
	}
	NextToken string
}

// lookup asks for one page of the events of one operation, and waits for its turn. It repeats a call that was throttled.
func (c *Client) lookup(ctx context.Context, name, token string, from, to time.Time) (page, error) {
	body, err := json.Marshal(map[string]any{
		"LookupAttributes": []map[string]string{{"AttributeKey": "EventName", "AttributeValue": name}},
		"StartTime":        from.Unix(), "EndTime": to.Unix() + 1, "MaxResults": 50, "NextToken": token,
	})
	if token == "" {
		body = bytes.Replace(body, []byte(`,"NextToken":""`), nil, 1)
		body = bytes.Replace(body, []byte(`"NextToken":"",`), nil, 1)
	}
	if err != nil {
		return page{}, err
	}
	if calls := c.session.Settings.Calls; calls != nil {
		calls(operation, 1)
		defer calls(operation, -1)
	}
	for try := 1; ; try++ {
		if err := c.turn(ctx); err != nil {
			return page{}, err
		}
		found, again, err := c.once(ctx, body)
		if !again || try == attempts {
			return found, explain(err)
		}
		c.rest(try)
	}
}

// turn waits until the next call may go.
func (c *Client) turn(ctx context.Context) error {
	c.mu.Lock()
	now := c.now()
	wait := max(0, c.free.Sub(now))
	c.free = now.Add(wait + c.pace)
	c.mu.Unlock()
	return access.Pause(ctx, wait)
}

// rest holds all calls back after a failure, longer each time.
func (c *Client) rest(try int) {
	pause := min(longestRest, firstPause<<(try-1))
	pause += time.Duration(c.jitter() * float64(pause) / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := c.now().Add(pause); until.After(c.free) {
		c.free = until
	}
}

// once sends the call. again says that it may succeed later.
func (c *Client) once(ctx context.Context, body []byte) (found page, again bool, err error) {
	r, err := c.request(ctx, body)
	if err != nil {
		return page{}, false, err
	}
	begun := c.now()
	answer, err := c.session.Config.HTTPClient.Do(r)
	if err != nil {
		c.trace(r, "no answer", begun)
		return page{}, ctx.Err() == nil, &smithyhttp.RequestSendError{Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	c.trace(r, answer.Status, begun)
	data, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	switch {
	case err != nil:
		return page{}, ctx.Err() == nil, &smithyhttp.RequestSendError{Err: err}
	case answer.StatusCode != http.StatusOK:
		refused := refusal(answer, data)
		return page{}, c.late(answer, refused) || refused.transient(answer.StatusCode), refused
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil || o["Events"] == nil {
		return page{}, false, fmt.Errorf("%w: CloudTrail answered LookupEvents without Events", login.ErrIncomplete)
	}
	err = json.Unmarshal(data, &found)
	if err != nil {
		err = fmt.Errorf("%w: %w", login.ErrIncomplete, err)
	}
	return found, false, err
}

// request is signed for each try.
func (c *Client) request(ctx context.Context, body []byte) (*http.Request, error) {
	to, err := c.endpoint()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("User-Agent", "kubectl-access app/kubectl-access")
	if c.session.Config.Credentials == nil {
		return nil, login.ErrMissing
	}
	keys, err := c.session.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get identity: get credentials: %w", err) // as the SDK's clients say it, which login knows
	}
	sum := sha256.Sum256(body)
	c.mu.Lock()
	at := c.now().Add(c.skew)
	c.mu.Unlock()
	return r, v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), service, c.session.Region(), at)
}

// endpoint follows the variables that the SDK's clients follow, and then the names of AWS.
func (c *Client) endpoint() (string, error) {
	own := c.session.Settings.Env["AWS_ENDPOINT_URL_CLOUDTRAIL"]
	set := cmp.Or(own, os.Getenv("AWS_ENDPOINT_URL_CLOUDTRAIL"), aws.ToString(c.session.Config.BaseEndpoint))
	if set == "" {
		region := c.session.Region()
		name := service
		if os.Getenv("AWS_USE_FIPS_ENDPOINT") == "true" {
			name += "-fips"
		}
		return "https://" + name + "." + region + "." + suffixes[access.PartitionOf(region)] + "/", nil
	}
	u, err := url.Parse(set)
	if err != nil {
		return "", fmt.Errorf("AWS_ENDPOINT_URL: %w", err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	return u.String(), nil
}

// suffixes are the domains of the partitions (AWS SDK partition data).
var suffixes = map[string]string{
	"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com", "aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov",
	"aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov", "aws-eusc": "amazonaws.eu",
}

func (c *Client) trace(r *http.Request, status string, begun time.Time) {
	if t := c.session.Settings.Trace; t != nil {
		t("AWS CloudTrail.LookupEvents %s%s %s in %d ms\n", r.URL.Host, r.URL.EscapedPath(), status, c.now().Sub(begun).Milliseconds())
	}
}

// refused is an error answer.
type refused struct{ smithy.GenericAPIError }

func refusal(answer *http.Response, data []byte) *refused {
	var o object
	_ = json.Unmarshal(data, &o) // a proxy answers in other forms
	code := cmp.Or(o.text("__type"), answer.Header.Get("X-Amzn-ErrorType"), answer.Status)
	code = code[strings.LastIndexByte(code, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	return &refused{smithy.GenericAPIError{Code: code, Message: cmp.Or(o.text("message"), o.text("Message"))}}
}

// transient are the refusals to wait after. A throttle has status 400.
func (r *refused) transient(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || strings.HasPrefix(r.Code, "Throttling")
}

// late corrects the clock where AWS refused a call for its time.
func (c *Client) late(answer *http.Response, r *refused) bool {
	switch r.Code {
	case "RequestExpired", "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch":
	default:
		return false
	}
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.skew
	c.skew = at.Sub(c.now())
	return (c.skew - was).Abs() > time.Minute
}

// Need is the permission that reading the history needs.
const Need = "cloudtrail:LookupEvents"

// explain turns an error into one of the core, with the message of CloudTrail.
func explain(err error) error {
	r, ok := err.(*refused) //nolint:errorlint // lookup passes it on as it is
	if !ok || login.Trouble(err) != nil {
		return login.Plain(err)
	}
	said := r.Code + ": " + r.Message
	switch {
	case strings.HasPrefix(r.Code, "AccessDenied"):
		return fmt.Errorf("%w: %s", access.ErrForbidden, said)
	case strings.HasPrefix(r.Code, "Throttling"):
		return fmt.Errorf("%w: %s", access.ErrThrottled, said)
	}
	return login.Plain(err)
}
