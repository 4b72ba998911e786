package trail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// wire leads to a sandbox from inside a bubble, whose time goes on only while nothing else does. The sandbox has its time, later.
type wire struct {
	*testing.T
	keys  aws.Credentials
	begin time.Time // of the bubble
	at    time.Time // what the account says then
	clock *atomic.Pointer[time.Time]
	line  *http.Transport

	mu    sync.Mutex
	calls []time.Time
}

func (w *wire) now() time.Time { return w.at.Add(time.Since(w.begin)) }

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.clock.Store(&now)
	w.calls = append(w.calls, now)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body, r.URL.Scheme = io.NopCloser(strings.NewReader(string(body))), "http"
	r.Header.Del("Authorization") // it has the time of the bubble
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), w.keys, r, hex.EncodeToString(sum[:]), "cloudtrail", "us-west-2", now); err != nil {
		return nil, err
	}
	resp, err := w.line.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(strings.NewReader(string(text)))
	return resp, err
}

// TestASandboxThatAllowsTwoCallsASecondNeverRefuses: every page is read, and what is younger than the delay is not there yet.
func TestASandboxThatAllowsTwoCallsASecondNeverRefuses(t *testing.T) {
	var clock atomic.Pointer[time.Time]
	box := sandboxtest.New(t, sandbox.Options{TrailRate: 2, TrailDelay: 5 * time.Minute, Now: func() time.Time {
		if at := clock.Load(); at != nil {
			return *at
		}
		return time.Now()
	}})
	client, who, name := box.EKS("default"), aws.String("arn:aws:iam::111122223333:role/newcomer"), aws.String("prod")
	const pairs = 120
	for range pairs {
		if _, err := client.CreateAccessEntry(t.Context(), &eks.CreateAccessEntryInput{ClusterName: name, PrincipalArn: who}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteAccessEntry(t.Context(), &eks.DeleteAccessEntryInput{ClusterName: name, PrincipalArn: who}); err != nil {
			t.Fatal(err)
		}
	}
	address := strings.TrimPrefix(box.URL(), "http://")
	line := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	k, made := box.Key("default"), time.Now()
	for later, want := range map[time.Duration]int{time.Minute: 0, 6 * time.Minute: 2 * pairs} {
		clock.Store(nil)
		before := box.Calls()["cloudtrail.LookupEvents"]
		synctest.Test(t, func(t *testing.T) {
			w := &wire{T: t, keys: aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}, begin: time.Now(), at: made.Add(later), clock: &clock, line: line}
			session := &login.Session{Config: aws.Config{Region: "us-west-2", HTTPClient: w, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return w.keys, nil })}}
			events, window, err := New(session, time.Now, 0).Read(t.Context(), Query{From: made.Add(-time.Hour), To: w.now()})
			if err != nil || len(events) != want || !window.Complete {
				t.Errorf("%s later: %d events, want %d, %+v, %v", later, len(events), want, window, err)
			}
			for i := 2; i < len(w.calls); i++ {
				if d := w.calls[i].Sub(w.calls[i-2]); d < time.Second {
					t.Errorf("3 calls in %s", d)
				}
			}
			if n := box.Calls()["cloudtrail.LookupEvents"] - before; n != window.Calls || n != len(w.calls) || want > 0 && n < len(Names)+2*(pairs/50) {
				t.Errorf("%d calls, %d of them refused", n, n-window.Calls)
			}
			t.Logf("%d calls in %s", len(w.calls), time.Since(w.begin))
		})
	}
}
