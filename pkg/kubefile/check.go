package kubefile

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Check refuses names that cannot be typed again after kubectl --context, and a proxy that kubectl does not take: a kubeconfig
// with one it could not read at all.
func (f Form) Check() error {
	for _, alias := range []struct{ flag, name string }{{"--alias", f.Alias}, {"--user-alias", f.UserAlias}} {
		if !utf8.ValidString(alias.name) || strings.ContainsFunc(alias.name, unicode.IsControl) {
			return fmt.Errorf("%s: %q holds control characters", alias.flag, alias.name)
		}
	}
	if f.ProxyURL == "" {
		return nil
	}
	u, err := url.Parse(f.ProxyURL)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return errors.New("--proxy-url: it must be a URL that begins with http://, https:// or socks5://") // not shown: it may hold a password
	}
	return nil
}

// CheckRole refuses what is not the ARN of a role as IAM has it: STS takes no other form.
func CheckRole(flag, arn string) error {
	if arn == "" {
		return nil
	}
	ref, err := access.ParsePrincipal(arn)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	if string(ref.Principal) != arn || ref.Principal.Kind() != "role" {
		return fmt.Errorf("%s: %q is not the ARN of a role; use arn:aws:iam::ACCOUNT:role/NAME", flag, arn)
	}
	return nil
}
