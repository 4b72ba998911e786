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

// ErrUnauthorized says that the cluster does not know the caller.
var ErrUnauthorized = access.ErrUnauthorized

// Why a request to a cluster failed.
var (
	ErrUnreachable = errors.New("the API server cannot be reached")
	ErrCertificate = errors.New("the API server's certificate is not trusted")
	ErrPlugin      = errors.New("the kubeconfig's credential plugin failed")
)

// failure is an error in one line that wraps its origin.
type failure struct {
	text string
	is   error // an error of this package or the core, or nil
	err  error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.is == nil {
		return []error{f.err}
	}
	return []error{f.is, f.err}
}

// explain turns an error of client-go into one line.
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

// refusal is the meaning of the server's answer.
func (c *Client) refusal(err error) (text string, is error) {
	switch {
	case apierrors.IsUnauthorized(err):
		return ErrUnauthorized.Error(), ErrUnauthorized // the server's own words add nothing
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("%v: %v", access.ErrRBAC, err), access.ErrRBAC
	case apierrors.IsNotFound(err) && !apierrors.IsUnexpectedServerError(err):
		return access.ErrNotFound.Error(), access.ErrNotFound
	case apierrors.IsNotFound(err):
		return c.stranger(), nil // the 404 of some web server says nothing about aws-auth
	case apierrors.IsTooManyRequests(err):
		return fmt.Sprintf("%v by the API server; try again later", access.ErrThrottled), access.ErrThrottled
	}
	return fmt.Sprintf("%s answered: %v", c.host, err), nil
}

func (c *Client) stranger() string {
	return c.host + " does not answer like a Kubernetes API server; check the server in the kubeconfig"
}

// trouble is why no answer came.
func (c *Client) trouble(err error) (text string, is error) {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // the URL adds nothing to the host
	}
	if _, why, ok := strings.Cut(err.Error(), "getting credentials: "); ok {
		why, _, _ = strings.Cut(strings.TrimPrefix(why, "exec: "), "\n")
		return ErrPlugin.Error() + ": " + why, ErrPlugin
	}
	if why := certificate(err); why != "" {
		return "the certificate of " + c.host + " is not trusted: " + why, ErrCertificate
	}
	return c.silence(err), ErrUnreachable
}

// wsaeConnRefused is ECONNREFUSED on Windows; package syscall has no name for it.
const wsaeConnRefused = syscall.Errno(10061)

// silence is why no connection or no answer came.
func (c *Client) silence(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns):
		return "host " + strconv.Quote(dns.Name) + " not found; check the server in the kubeconfig, and the VPN if the endpoint is private"
	case errors.Is(err, http.ErrSchemeMismatch):
		return c.host + " does not use TLS; check the server in the kubeconfig"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, wsaeConnRefused):
		return c.host + " refuses connections; check the server in the kubeconfig and whether the cluster is running"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return c.host + " did not answer in time; check the VPN if the endpoint is private, or set a longer --request-timeout"
	}
	return c.host + " cannot be reached: " + err.Error()
}

// certificate is what is wrong with the server's certificate, "" for nothing.
func certificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "it is not signed by the kubeconfig's certificate-authority-data; update the kubeconfig"
	case errors.As(err, &name):
		return name.Error()
	case errors.As(err, &invalid):
		return invalid.Error()
	case errors.As(err, &other):
		return other.Err.Error()
	}
	return ""
}

// clean makes one line of the text of a server or plugin, without control characters and secrets.
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
