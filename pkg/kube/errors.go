package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// ErrUnauthorized says that the cluster does not know the caller: nothing lets the credentials in.
var ErrUnauthorized = errors.New("the cluster does not accept the credentials (Unauthorized)")

// Why a cluster did not answer.
var (
	ErrUnreachable = errors.New("the API server cannot be reached")
	ErrCertificate = errors.New("the API server's certificate is not to be trusted")
	ErrPlugin      = errors.New("the kubeconfig's credential plugin failed")
)

// failure is an error in one line that keeps what it came from for those who test.
type failure struct {
	text string
	is   error // what the rest of the program may test for, or nil
	err  error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.is == nil {
		return []error{f.err}
	}
	return []error{f.is, f.err}
}

// explain turns an error of client-go into one line that says what is the matter.
func (c *Client) explain(ctx context.Context, err error) error {
	f := &failure{err: err}
	var status apierrors.APIStatus
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.text, f.is = ctx.Err().Error(), ctx.Err()
	case errors.As(err, &status):
		f.text, f.is = c.refusal(err)
	default:
		f.text, f.is = c.trouble(err)
	}
	f.text = c.clean(f.text)
	return f
}

// refusal is what the server's answer means.
func (c *Client) refusal(err error) (text string, is error) {
	switch {
	case apierrors.IsUnauthorized(err):
		return ErrUnauthorized.Error(), ErrUnauthorized // without the server's words: they say no more
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("%v: %v", access.ErrRBAC, err), access.ErrRBAC
	case apierrors.IsNotFound(err) && !apierrors.IsUnexpectedServerError(err):
		return access.ErrNotFound.Error(), access.ErrNotFound
	case apierrors.IsNotFound(err):
		return c.stranger(), nil // a web server's 404 says nothing about aws-auth
	case apierrors.IsTooManyRequests(err):
		return fmt.Sprintf("%v by the API server; try again later", access.ErrThrottled), access.ErrThrottled
	}
	return fmt.Sprintf("%s answers: %v", c.host, err), nil
}

func (c *Client) stranger() string {
	return c.host + " does not answer as a Kubernetes API server does; check the kubeconfig's server"
}

// trouble is why no answer came.
func (c *Client) trouble(err error) (text string, is error) {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // the URL says no more than the host
	}
	if _, why, ok := strings.Cut(err.Error(), "getting credentials: "); ok {
		why, _, _ = strings.Cut(strings.TrimPrefix(why, "exec: "), "\n")
		return ErrPlugin.Error() + ": " + why, ErrPlugin
	}
	if why := certificate(err); why != "" {
		return "the certificate of " + c.host + " is not to be trusted: " + why, ErrCertificate
	}
	return c.silence(err), ErrUnreachable
}

// wsaeConnRefused is ECONNREFUSED as Windows says it; package syscall has no name for it.
const wsaeConnRefused = syscall.Errno(10061)

// silence is why there is no connection, or nothing comes over it.
func (c *Client) silence(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns):
		return "there is no host " + strconv.Quote(dns.Name) + "; check the kubeconfig's server, and the VPN where the endpoint is private"
	case errors.Is(err, http.ErrSchemeMismatch):
		return c.host + " does not speak TLS; check the kubeconfig's server"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaeConnRefused):
		return c.host + " refuses connections; check the kubeconfig's server, and whether the cluster is up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return c.host + " does not answer in time; check the VPN where the endpoint is private, or give it longer with --request-timeout"
	}
	return c.host + " cannot be asked: " + err.Error()
}

// certificate says what is wrong with the server's certificate, "" when nothing is known to be.
func certificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "it is signed by nobody in the kubeconfig's certificate-authority-data; write the kubeconfig anew"
	case errors.As(err, &name):
		return name.Error()
	case errors.As(err, &invalid):
		return invalid.Error()
	case errors.As(err, &other):
		return other.Err.Error()
	}
	return ""
}

// clean makes one line of what servers and plugins said, without control characters and secrets.
func (c *Client) clean(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	text = access.HidePasswords(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > 400 {
		text = string(runes[:400]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, text)
}
