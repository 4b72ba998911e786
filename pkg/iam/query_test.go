package iam

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// TestIAMIsWhereTheSDKFindsIt in each partition.
func TestIAMIsWhereTheSDKFindsIt(t *testing.T) {
	for _, region := range []string{"us-west-2", "eu-central-2", "cn-north-1", "us-gov-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-east-1", "eusc-de-east-1"} {
		for _, fips := range []bool{false, true} {
			off := false
			want, err := iam.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), iam.EndpointParameters{Region: &region, UseFIPS: &fips, UseDualStack: &off})
			if err != nil || fips && (strings.HasPrefix(region, "cn-") || strings.Contains(region, "iso") || strings.HasPrefix(region, "eusc")) {
				continue // IAM has no address with FIPS there
			}
			if host, _ := place(region, fips); host != want.URI.Host {
				t.Errorf("%s, fips %v: %s, want %s", region, fips, host, want.URI.Host)
			}
		}
		if _, signed := place(region, false); access.PartitionOf(signed) != access.PartitionOf(region) {
			t.Errorf("%s: signed for %s", region, signed)
		}
	}
}

// answering is a client of an IAM that gives one answer after the other.
func answering(t *testing.T, answers ...func(http.ResponseWriter)) *Client {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answers[min(n, len(answers)-1)](w)
		n++
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "us-west-2", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_IAM": server.URL} {
		t.Setenv(name, value)
	}
	s, err := login.New(t.Context(), login.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return New(s)
}

func says(status int, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

const roleDev = "arn:aws:iam::111122223333:role/team/dev"

// TestWhatIAMAnswers, with what the SDK's client makes of it: retries, and errors of the core.
func TestWhatIAMAnswers(t *testing.T) {
	role := says(http.StatusOK, "<GetRoleResponse><GetRoleResult><Role><Arn>"+roleDev+"</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate></Role></GetRoleResult></GetRoleResponse>")
	refuses := func(status int, code string) func(http.ResponseWriter) {
		return says(status, "<ErrorResponse><Error><Code>"+code+"</Code><Message>because</Message></Error></ErrorResponse>")
	}
	for name, row := range map[string]struct {
		answers []func(http.ResponseWriter)
		err     error
		text    string
	}{
		"a role":               {[]func(http.ResponseWriter){role}, nil, ""},
		"after a throttle":     {[]func(http.ResponseWriter){refuses(http.StatusBadRequest, "Throttling"), role}, nil, ""},
		"after a failure":      {[]func(http.ResponseWriter){says(http.StatusServiceUnavailable, ""), role}, nil, ""},
		"none":                 {[]func(http.ResponseWriter){refuses(http.StatusNotFound, "NoSuchEntity")}, access.ErrNotFound, "because"},
		"not allowed":          {[]func(http.ResponseWriter){refuses(http.StatusForbidden, "AccessDenied")}, access.ErrForbidden, "because"},
		"an old login":         {[]func(http.ResponseWriter){refuses(http.StatusForbidden, "ExpiredToken")}, login.ErrExpired, ""},
		"a wrong key":          {[]func(http.ResponseWriter){refuses(http.StatusForbidden, "InvalidClientTokenId")}, login.ErrInvalid, ""},
		"a proxy":              {[]func(http.ResponseWriter){says(http.StatusOK, "<html>please log in")}, login.ErrIncomplete, ""},
		"a proxy in JSON":      {[]func(http.ResponseWriter){says(http.StatusOK, "{}")}, login.ErrIncomplete, ""},
		"a proxy that refuses": {[]func(http.ResponseWriter){says(http.StatusForbidden, "no")}, nil, "403"},
		"half an answer":       {[]func(http.ResponseWriter){says(http.StatusOK, "<R><GetRoleResult><Role><Arn>x</Arn></Role></GetRoleResult></R>")}, login.ErrIncomplete, "creation time"},
	} {
		t.Run(name, func(t *testing.T) {
			p, at, err := answering(t, row.answers...).Made(t.Context(), roleDev)
			switch {
			case row.err == nil && row.text == "":
				if err != nil || p != roleDev || at.Year() != 2026 {
					t.Errorf("%s, %v, %v", p, at, err)
				}
			case err == nil, row.err != nil && !errors.Is(err, row.err), !strings.Contains(err.Error(), row.text):
				t.Errorf("%v, want %v %s", err, row.err, row.text)
			}
		})
	}
}

// TestAListWithoutItsListIsNone: who is not listed would count as deleted.
func TestAListWithoutItsListIsNone(t *testing.T) {
	for page, err := range answering(t, says(http.StatusOK, "<R><ListRolesResult/></R>")).Roles(t.Context()) {
		if !errors.Is(err, login.ErrIncomplete) {
			t.Errorf("%v, %v", page, err)
		}
	}
}
