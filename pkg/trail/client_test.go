package trail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// cloud is CloudTrail for a test: it has events by operation, newest first, and allows two calls a second.
type cloud struct {
	t      *testing.T
	mu     sync.Mutex
	events map[string][]string
	calls  []time.Time
	takes  time.Duration                 // each answer
	others int                           // throttles the first calls: somebody else in the account reads too
	refuse string                        // the code of every refusal
	also   func(name string) (stop bool) // is called with each question
}

type question struct {
	LookupAttributes               []struct{ AttributeKey, AttributeValue string }
	StartTime, EndTime, MaxResults float64
	NextToken                      string
}

func (c *cloud) Do(r *http.Request) (*http.Response, error) {
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(c.takes):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	recent := slices.DeleteFunc(slices.Clone(c.calls), func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if c.calls = append(c.calls, now); len(recent) >= 2 {
		c.t.Errorf("%d calls in the second before %s", len(recent)+1, now)
	}
	body, _ := io.ReadAll(r.Body)
	var q question
	if err := json.Unmarshal(body, &q); err != nil || r.Header.Get("X-Amz-Target") != target || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/cloudtrail/aws4_request") {
		c.t.Errorf("%s %v %v", body, r.Header, err)
	}
	switch {
	case c.refuse != "":
		return reply(400, map[string]any{"__type": c.refuse, "Message": "no"}), nil
	case c.others > 0:
		c.others--
		return reply(400, map[string]any{"__type": "ThrottlingException", "message": "Rate exceeded"}), nil
	}
	name := q.LookupAttributes[0].AttributeValue
	if c.also != nil && c.also(name) {
		return nil, context.Canceled
	}
	all, from := c.events[name], 0
	if q.NextToken != "" {
		_, _ = fmt.Sscanf(q.NextToken, name+"-%d", &from)
	}
	page := all[from:min(len(all), from+50)]
	answer := map[string]any{"Events": []any{}}
	for _, e := range page {
		answer["Events"] = append(answer["Events"].([]any), map[string]any{"EventId": "x", "CloudTrailEvent": e})
	}
	if from+50 < len(all) {
		answer["NextToken"] = fmt.Sprintf("%s-%d", name, from+50)
	} else if len(all)%2 == 0 {
		answer["NextToken"] = ""
	}
	return reply(200, answer), nil
}

func reply(status int, v any) *http.Response {
	data, _ := json.Marshal(v)
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(data)))}
}

// fill has n events of an operation, each some minutes older than the one before.
func (c *cloud) fill(name string, n, minutes int) {
	if c.events == nil {
		c.events = map[string][]string{}
	}
	for i := range n {
		at := time.Now().Add(-time.Duration(i*minutes) * time.Minute).UTC().Format(time.RFC3339)
		c.events[name] = append(c.events[name], text(c.t, basis("eventName="+name, "eventTime="+at, fmt.Sprintf("eventID=%s-%d", name, i))))
	}
}

func (c *cloud) session() *login.Session {
	return &login.Session{Config: aws.Config{Region: "eu-west-1", HTTPClient: c, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}}
}

func (c *cloud) client() *Client { return New(c.session(), time.Now, 0) }

func (c *cloud) query() Query {
	return Query{From: time.Now().AddDate(0, 0, -Days), To: time.Now()}
}

func TestAllPagesAreReadAtTwoCallsASecond(t *testing.T) {
	for _, n := range []int{0, 1, 50, 51, 100, 101} {
		for _, takes := range []time.Duration{0, 40 * time.Millisecond, 2 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				c := &cloud{t: t, takes: takes}
				c.fill("CreateAccessEntry", n, 10)
				c.fill("AssociateAccessPolicy", n, 7)
				q, heard := c.query(), 0
				var one sync.Mutex
				q.Heard = func() { one.Lock(); heard++; one.Unlock() }
				events, w, err := c.client().Read(t.Context(), q)
				if err != nil || len(distinct(events)) != 2*n || !w.Complete || !w.Since.Equal(w.From) {
					t.Errorf("%d of %d events, %+v, %v", len(events), 2*n, w, err)
				}
				if pages := len(Names) - 2 + 2*max(1, (n+49)/50); w.Calls != pages || heard != pages {
					t.Errorf("%d calls for %d events, %d were heard of", w.Calls, n, heard)
				}
			})
		}
	}
}

func TestAThrottleHoldsAllCallsBackAndLosesNoPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cloud{t: t, others: 5}
		c.fill("CreateAccessEntry", 120, 10)
		events, w, err := c.client().Read(t.Context(), c.query())
		if err != nil || len(events) != 120 || !w.Complete {
			t.Errorf("%d events, %+v, %v", len(events), w, err)
		}
	})
}

func TestRefusalsAreOnesOfTheCore(t *testing.T) {
	for code, want := range map[string]error{"AccessDeniedException": access.ErrForbidden, "ThrottlingException": access.ErrThrottled, "ExpiredTokenException": login.ErrExpired, "UnrecognizedClientException": login.ErrInvalid} {
		synctest.Test(t, func(t *testing.T) {
			c := &cloud{t: t, refuse: code}
			if _, _, err := c.client().Read(t.Context(), c.query()); !errors.Is(err, want) {
				t.Errorf("%s: %v", code, err)
			}
		})
	}
}

// TestClustersThatAreReadTogetherShareCallsAndPace: with one login each page is asked for once, also after clusters were given up;
// logins of one account and region keep its pace together; those of another do not wait for them.
func TestClustersThatAreReadTogetherShareCallsAndPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, elsewhere, begun := &cloud{t: t}, &cloud{t: t}, time.Now()
		c.fill("CreateAccessEntry", 120, 10)
		var all Clients
		var took [5]time.Duration
		gone, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		one, other := c.session(), c.session()
		var running sync.WaitGroup
		for i, client := range []*Client{
			all.Of(one, Cluster{"a", "eu-west-1", "1"}, time.Now, 0), all.Of(one, Cluster{"b", "eu-west-1", "1"}, time.Now, 0), all.Of(one, Cluster{"c", "eu-west-1", "1"}, time.Now, 0),
			all.Of(other, Cluster{"d", "eu-west-1", "1"}, time.Now, 0), all.Of(elsewhere.session(), Cluster{"a", "eu-west-1", "2"}, time.Now, 0),
		} {
			ctx, want := t.Context(), 120
			switch i {
			case 0, 2: // given up, while it asks and while it waits for the answer to another
				ctx, want = gone, 0
			case 4:
				want = 0
			}
			running.Go(func() {
				events, w, err := client.Read(ctx, c.query())
				if took[i] = time.Since(begun); ctx != gone && (err != nil || len(events) != want || !w.Complete) {
					t.Errorf("%d: %d events, %+v, %v", i, len(events), w, err)
				}
			})
			synctest.Wait()
		}
		running.Wait()
		if pages := len(Names) + 2; len(c.calls) != 2*pages || len(elsewhere.calls) != len(Names) || took[0] > time.Second || took[2] > time.Second || took[4] > time.Duration(len(Names))*between {
			t.Errorf("%d and %d calls, %v", len(c.calls), len(elsewhere.calls), took)
		}
	})
}

// TestTheNewestPagesAreReadFirst: twenty changes are known after few calls, whatever else there is.
func TestTheNewestPagesAreReadFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cloud{t: t}
		c.fill("CreateAccessEntry", 5000, 1)
		c.fill("DeleteAccessEntry", 500, 100)
		q := c.query()
		q.Enough = func(all []*Event) bool { return len(all) >= 120 }
		events, w, err := c.client().Read(t.Context(), q)
		newer := 0
		for _, e := range events {
			if e.Time.After(w.Since) {
				newer++
			}
		}
		if err != nil || w.Complete || newer < 120 || w.Calls != len(Names)+2 {
			t.Errorf("%d newer than %s, %d calls, %v", newer, w.Since, w.Calls, err)
		}
	})
}

func TestAnInterruptLeavesWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		c := &cloud{t: t}
		c.fill("CreateAccessEntry", 5000, 1)
		n := 0
		c.also = func(string) bool {
			if n++; n == 20 {
				stop()
			}
			return n >= 20
		}
		events, w, err := c.client().Read(ctx, c.query())
		if !errors.Is(err, context.Canceled) || len(events) < 500 || w.Complete {
			t.Errorf("%d events, %+v, %v", len(events), w, err)
		}
	})
}
