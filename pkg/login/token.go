package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	tokenPrefix   = "k8s-aws-v1."
	clusterHeader = "x-k8s-aws-id"
	maxToken      = 4096

	// tokenLife is how long EKS accepts a token after it was signed (eks-access.md §14).
	tokenLife = 15 * time.Minute
	// clientLife is how long clients should use it: a minute less, for clock skew and latency.
	clientLife = 14 * time.Minute
)

// ErrToken says that a text is not a token of an EKS cluster.
var ErrToken = errors.New("not an EKS token")

// Token is a bearer token of an EKS cluster for the session's identity, valid for 15 minutes: a
// presigned GetCallerIdentity bound to the cluster (aws-iam-authenticator, pkg/token). It is a
// credential: never print, log or store it.
func (s *Session) Token(ctx context.Context, cluster string) (string, error) {
	cfg := s.Config.Copy()
	cfg.Interceptors.AfterAttempt = nil // no call is made, so there is nothing to trace
	presigned, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(ctx, nil, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue(clusterHeader, cluster),
				smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
		})
	})
	if err != nil {
		return "", fmt.Errorf("make a token for cluster %s: %w", cluster, Plain(err))
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(presigned.URL)), nil
}

// Expiry is until when clients should use a token made now: 14 minutes, or less where the credentials that signed it
// expire sooner, because STS then refuses it.
func (s *Session) Expiry(ctx context.Context, now time.Time) time.Time {
	end := now.Add(clientLife)
	c, err := s.Config.Credentials.Retrieve(ctx)
	if err == nil && c.CanExpire && c.Expires.Before(end) {
		end = c.Expires
	}
	return end
}

// Bearer is what a token contains. It does not contain its cluster, only whether a cluster's name was signed.
type Bearer struct {
	AccessKeyID string
	Region      string // of the STS endpoint
	Temporary   bool   // signed with a session's credentials, not a user's own
	Bound       bool   // to a cluster
	Signed      time.Time
	Expires     time.Time // when EKS stops accepting it
}

// ReadToken parses a token. It checks the form, not the signature. Errors are ErrToken.
func ReadToken(token string) (Bearer, error) {
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > maxToken {
		return Bearer{}, ErrToken
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return Bearer{}, ErrToken
	}
	u, err := url.Parse(string(text))
	if err != nil || u.Host == "" {
		return Bearer{}, ErrToken
	}
	return readSigned(u.Query())
}

func readSigned(q url.Values) (Bearer, error) {
	signed, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
	scope := strings.Split(q.Get("X-Amz-Credential"), "/")
	_, number := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || number != nil || len(scope) != 5 || q.Get("Action") != "GetCallerIdentity" {
		return Bearer{}, ErrToken
	}
	return Bearer{
		AccessKeyID: scope[0], Region: scope[2], Temporary: q.Has("X-Amz-Security-Token"),
		Bound:  slices.Contains(strings.Split(q.Get("X-Amz-SignedHeaders"), ";"), clusterHeader),
		Signed: signed, Expires: signed.Add(tokenLife),
	}, nil
}
