package trail

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

const (
	service = "cloudtrail"
	target  = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
	// between is the pace that CloudTrail allows: two calls a second for everybody in the account together, not adjustable
	// (CloudTrail User Guide, quotas). With a little more, two calls never arrive in less than half a second.
	between     = 510 * time.Millisecond
	attempts    = 8
	firstPause  = time.Second
	longestRest = 20 * time.Second
)

// Client calls LookupEvents. The SDK's module for CloudTrail has 60 other operations and would make the program a megabyte bigger.
type Client struct {
	api    *login.Service
	now    func() time.Time
	pace   time.Duration
	jitter func() float64 // 0 to 1

	*queue
	answers *answers // of the clusters that are read together; nil: there is one
}

// queue is where calls wait for their turn.
type queue struct {
	mu   sync.Mutex
	free time.Time // when the next call may go
}

// New makes a client. It sends nothing. pace is the time between two calls; 0: what AWS allows.
func New(session *login.Session, now func() time.Time, pace time.Duration) *Client {
	c := &Client{api: session.NewService("CloudTrail", service, place, refusal), now: now, pace: cmp.Or(pace, between), jitter: rand.Float64, queue: &queue{}}
	c.api.Attempts, c.api.Turn, c.api.Rest = attempts, c.turn, c.rest
	return c
}

// page is one answer.
type page struct {
	Events []struct {
		CloudTrailEvent string
	}
	NextToken string
}

// ask asks for one page of the events of one operation, and waits for its turn. It repeats a call that was throttled.
func (c *Client) ask(ctx context.Context, name, token string, from, to time.Time) (page, error) {
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
	data, err := c.api.Call(ctx, "LookupEvents", map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}, body)
	if err != nil {
		return page{}, explain(err)
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil || o["Events"] == nil {
		return page{}, fmt.Errorf("%w: CloudTrail answered LookupEvents without Events", login.ErrIncomplete)
	}
	var found page
	if err = json.Unmarshal(data, &found); err != nil {
		err = fmt.Errorf("%w: %w", login.ErrIncomplete, err)
	}
	return found, err
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
func (c *Client) rest(_ context.Context, try int, _ error) error {
	pause := min(longestRest, firstPause<<(try-1))
	pause += time.Duration(c.jitter() * float64(pause) / 2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := c.now().Add(pause); until.After(c.free) {
		c.free = until
	}
	return nil
}

// place is where CloudTrail is for a region.
func place(region string, fips bool) (host, signed string) {
	name := service
	if fips {
		name += "-fips"
	}
	partition := access.PartitionOf(region)
	i := slices.IndexFunc(suffixes, func(s [2]string) bool { return s[0] == partition })
	return name + "." + region + "." + suffixes[max(0, i)][1], region
}

// suffixes are the domains of the partitions (AWS SDK partition data).
var suffixes = [][2]string{
	{"aws", "amazonaws.com"},
	{"aws-cn", "amazonaws.com.cn"},
	{"aws-us-gov", "amazonaws.com"},
	{"aws-iso", "c2s.ic.gov"},
	{"aws-iso-b", "sc2s.sgov.gov"},
	{"aws-iso-e", "cloud.adc-e.uk"},
	{"aws-iso-f", "csp.hci.ic.gov"},
	{"aws-eusc", "amazonaws.eu"},
}

// refusal is the code and the message of an error answer.
func refusal(header http.Header, data []byte) (code, message string) {
	var o object
	_ = json.Unmarshal(data, &o) // a proxy answers in other forms
	code = cmp.Or(o.text("__type"), header.Get("X-Amzn-ErrorType"))
	code = code[strings.LastIndexByte(code, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	return code, cmp.Or(o.text("message"), o.text("Message"))
}

// Need is the permission that reading the history needs.
const Need = "cloudtrail:LookupEvents"

// explain turns an error into one of the core, with the message of CloudTrail.
func explain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) || login.Trouble(err) != nil {
		return login.Plain(err)
	}
	said := api.ErrorCode() + ": " + api.ErrorMessage()
	switch {
	case strings.HasPrefix(api.ErrorCode(), "AccessDenied"):
		return fmt.Errorf("%w: %s", access.ErrForbidden, said)
	case strings.HasPrefix(api.ErrorCode(), "Throttling"):
		return fmt.Errorf("%w: %s", access.ErrThrottled, said)
	}
	return login.Plain(err)
}
