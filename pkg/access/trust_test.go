package access

import (
	"errors"
	"testing"
	"time"
)

func TestTrustSaysWhatTheKubeconfigLacks(t *testing.T) {
	from, until := time.Date(2027, 1, 2, 3, 0, 0, 0, time.UTC), time.Date(2027, 3, 4, 5, 0, 0, 0, time.UTC)
	both := []Certificate{"old", "new"}
	for name, row := range map[string]struct {
		bundle, trusted []Certificate
		known           []Authority
		err             error
		problem         string
		failing         bool
	}{
		"ready":            {bundle: both, trusted: []Certificate{"new", "old", "proxy"}},
		"one, trusted":     {bundle: []Certificate{"old"}, trusted: []Certificate{"old"}},
		"replaced":         {bundle: []Certificate{"new"}, trusted: []Certificate{"old"}, failing: true, problem: "the kubeconfig does not trust the current certificate authority of cluster c, so kubectl cannot connect"},
		"none of two":      {bundle: both, trusted: []Certificate{"x"}, failing: true, problem: "the kubeconfig does not trust the current certificate authority of cluster c, so kubectl cannot connect"},
		"activated":        {bundle: both, trusted: both[:1], known: []Authority{{Certificate: "old"}, {Certificate: "new", InUse: true}}, failing: true, problem: "the kubeconfig does not trust the current certificate authority of cluster c, so kubectl cannot connect"},
		"planned":          {bundle: both, trusted: both[:1], known: []Authority{{Certificate: "old", InUse: true}, {Certificate: "new", From: from, Until: until}}, problem: "the kubeconfig does not trust the next certificate authority of cluster c; EKS activates it between 2027-01-02 and 2027-03-04, and kubectl cannot connect from then on"},
		"not permitted":    {bundle: both, trusted: both[:1], err: errors.New("denied"), problem: "the kubeconfig trusts only 1 of 2 certificate authorities of cluster c; kubectl cannot connect once EKS activates the other one (date not checked: denied)"},
		"retired, rolling": {bundle: both, trusted: both[1:], known: []Authority{{Certificate: "old"}, {Certificate: "new", InUse: true}}, problem: "the kubeconfig trusts only 1 of 2 certificate authorities of cluster c; kubectl cannot connect once EKS activates the other one"},
	} {
		trust := CompareTrust(row.bundle, row.trusted).With(row.known, row.err)
		if got := trust.Problem("c"); got != row.problem || trust.Failing() != row.failing || trust.Ready() != (row.problem == "") {
			t.Errorf("%s: %q, failing %t, ready %t", name, got, trust.Failing(), trust.Ready())
		}
	}
}
