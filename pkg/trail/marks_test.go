package trail

import (
	"fmt"
	"strings"
	"testing"
)

// TestBriefsAreGrantsThatWereRevokedSoon: within an hour, of the same principal, and only what a change is known to have given.
func TestBriefsAreGrantsThatWereRevokedSoon(t *testing.T) {
	const view = "requestParameters.policyArn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
	call := func(name, at string, members ...string) any {
		return basis(append([]string{"eventName=" + name, "eventTime=2026-03-03T" + at + "Z", "eventID=" + name + at}, members...)...)
	}
	create, remove := "CreateAccessEntry", "DeleteAccessEntry"
	grant := func(at string) any {
		return call("AssociateAccessPolicy", at, encoded, `requestParameters.accessScope={"type":"cluster"}`, view)
	}
	revoke := func(at string) any { return call("DisassociateAccessPolicy", at, encoded, view) }
	for name, c := range map[string]struct {
		all  []any
		want string // from and to
	}{
		"an entry":                        {[]any{call(create, "10:00:00"), call(remove, "10:05:00", encoded)}, "10:00:00-10:05:00"},
		"an entry, later":                 {[]any{call(create, "10:00:00"), call(remove, "11:00:01", encoded)}, ""},
		"a policy":                        {[]any{call(create, "08:00:00"), grant("10:00:00"), revoke("10:59:00")}, "10:00:00-10:59:00"},
		"a policy whose state is unknown": {[]any{grant("10:00:00"), revoke("10:05:00")}, ""},
		"a policy with the entry":         {[]any{call(create, "10:00:00"), grant("10:30:00"), call(remove, "10:40:00", encoded)}, "10:00:00-10:40:00 10:30:00-10:40:00"},
		"of another principal":            {[]any{call(create, "10:00:00"), call(create, "10:01:00", "requestParameters.principalArn=arn:aws:iam::111122223333:role/other"), call(remove, "11:00:30", encoded)}, ""},
		"not revoked, by a refused call":  {[]any{call(create, "10:00:00"), call(remove, "10:05:00", encoded, "errorCode=AccessDenied")}, ""},
	} {
		events, err := Read(strings.NewReader(text(t, c.all)))
		if err != nil {
			t.Fatal(err)
		}
		s := Fold(events)
		s.Merge()
		var got []string
		for _, b := range s.Briefs() {
			got = append(got, fmt.Sprintf("%s-%s", b.Given.Time.Format("15:04:05"), b.Revoked.Time.Format("15:04:05")))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}
