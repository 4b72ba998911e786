// Package login makes AWS sessions: credentials, region, retries and rate of calls, in one place for all AWS services.
package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Settings choose the identity and region; the zero value is what the AWS SDK finds by itself.
type Settings struct {
	Region  string
	Profile string
	// ProfileFromEnv marks a profile that AWS_PROFILE names: as in the AWS CLI, keys in the environment override it.
	ProfileFromEnv bool
	RoleARN        string // role to assume with the credentials found
	SessionName    string // of the assumed role; "": kubectl-access. EKS usernames may contain it
	ExternalID     string
	Env            map[string]string // AWS_* variables that override those of the process
	Timeout        time.Duration     // of one call; 0: 30 seconds
	Trace          func(format string, args ...any)
	Now            func() time.Time            // with Trace
	Calls          func(name string, more int) // hears 1 when a call begins, and -1 when it ends
}

// Session is one identity in one region. It is made once and shared by all clients.
type Session struct {
	Config   aws.Config
	Settings Settings
	identity func(context.Context) (Identity, error)
}

// Identity is who AWS says that credentials are (STS API Reference, GetCallerIdentity).
type Identity struct {
	ARN, Account, UserID string
	Principal            access.Principal // the role without its path, or the user; for root and federated users the ARN
}

// ErrNoRegion says that no region is configured.
var ErrNoRegion = errors.New("no AWS region is known: pass --region")

// New makes a session. It sends nothing: the first call gets the credentials.
func New(ctx context.Context, s Settings) (*Session, error) {
	cfg, err := config.LoadDefaultConfig(ctx, s.options()...)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", Plain(err))
	}
	if cfg.Region == "" {
		return nil, ErrNoRegion
	}
	if s.RoleARN != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), s.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = cmp.Or(s.SessionName, "kubectl-access")
			o.TokenProvider = askMFA
			if s.ExternalID != "" {
				o.ExternalID = aws.String(s.ExternalID)
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	session := &Session{Config: cfg, Settings: s}
	session.identity = once(session.whoAmI)
	return session, nil
}

// Region is the region of the session's calls.
func (s *Session) Region() string { return s.Config.Region }

// Caller is the session's identity: a role without its path, or a user. The call is made once and needs no permission (STS
// API Reference, GetCallerIdentity).
//
//go:noinline
func (s *Session) Caller(ctx context.Context) (access.Principal, error) {
	id, err := s.identity(ctx)
	return id.Principal, err
}

// Identity is what AWS reports about the caller. The call is made once.
func (s *Session) Identity(ctx context.Context) (Identity, error) { return s.identity(ctx) }

func (s *Session) whoAmI(ctx context.Context) (Identity, error) {
	out, err := sts.NewFromConfig(s.Config).GetCallerIdentity(ctx, nil)
	if err != nil {
		return Identity{}, fmt.Errorf("get your identity from AWS: %w", Plain(err))
	}
	id := Identity{ARN: aws.ToString(out.Arn), Account: aws.ToString(out.Account), UserID: aws.ToString(out.UserId)}
	id.Principal = access.Principal(id.ARN)
	if ref, err := access.ParsePrincipal(id.ARN); err == nil {
		id.Principal = ref.Principal
	} // root and federated users, which cannot have an entry
	return id, nil
}

// once keeps the first successful answer.
func once(ask func(context.Context) (Identity, error)) func(context.Context) (Identity, error) {
	var mu sync.Mutex
	var known *Identity
	return func(ctx context.Context) (Identity, error) {
		mu.Lock()
		defer mu.Unlock()
		if known != nil {
			return *known, nil
		}
		id, err := ask(ctx)
		if err == nil {
			known = &id
		}
		return id, err
	}
}

func (s Settings) options() []func(*config.LoadOptions) error {
	opts := []func(*config.LoadOptions) error{
		config.WithAppID("kubectl-access"),
		config.WithAPIOptions([]func(*middleware.Stack) error{plainBodies, wholeAnswers}),
		config.WithHTTPClient(s.client()),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = askMFA }),
	}
	if s.lookup("AWS_RETRY_MODE") == "" {
		opts = append(opts, config.WithRetryMode(aws.RetryModeAdaptive))
	}
	if s.lookup("AWS_MAX_ATTEMPTS") == "" {
		opts = append(opts, config.WithRetryMaxAttempts(attempts))
	}
	if s.Calls != nil {
		opts = append(opts, config.WithBeforeExecution(counter{s.Calls}), config.WithAfterExecution(counter{s.Calls}))
	}
	if s.Trace != nil {
		t := tracer{s.Trace, s.Now, &sync.Map{}}
		opts = append(opts, config.WithBeforeTransmit(t), config.WithAfterAttempt(t))
	}
	return append(opts, s.who()...)
}

// attempts of one call: many, because reading a large cluster is throttled.
const attempts = 10

// who turns the exec entry's environment into options: setting variables of this process would affect other clusters.
func (s Settings) who() []func(*config.LoadOptions) error {
	var opts []func(*config.LoadOptions) error
	if region := cmp.Or(s.Region, s.Env["AWS_REGION"], s.Env["AWS_DEFAULT_REGION"]); region != "" {
		opts = append(opts, config.WithRegion(region))
	} else if region := s.lookup("AWS_DEFAULT_REGION"); region != "" && s.lookup("AWS_REGION") == "" {
		opts = append(opts, config.WithRegion(region)) // the AWS CLI reads it, the SDK does not
	}
	if s.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.Profile))
	}
	if f := s.Env["AWS_CONFIG_FILE"]; f != "" {
		opts = append(opts, config.WithSharedConfigFiles([]string{f}))
	}
	if f := s.Env["AWS_SHARED_CREDENTIALS_FILE"]; f != "" {
		opts = append(opts, config.WithSharedCredentialsFiles([]string{f}))
	}
	key, secret := s.lookup("AWS_ACCESS_KEY_ID"), s.lookup("AWS_SECRET_ACCESS_KEY")
	if key != "" && secret != "" && (s.Profile == "" || s.ProfileFromEnv) {
		static := credentials.NewStaticCredentialsProvider(key, secret, s.lookup("AWS_SESSION_TOKEN"))
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	return opts
}

func (s Settings) client() *awshttp.BuildableClient {
	timeout := cmp.Or(s.Timeout, 30*time.Second)
	return awshttp.NewBuildableClient().WithTimeout(timeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = pool, pool
	})
}

// pool is how many connections stay open; with fewer than concurrent calls each call would open its own.
const pool = 100
