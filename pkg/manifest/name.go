package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// longest is the longest name that Kubernetes allows.
const longest = 253

// Name is the object's name: CLUSTER-role-NAME in lower case, without the path, because IAM's names are unique in their
// account whatever their path and case. For principals of other accounts the account precedes the kind. IAM allows more
// characters than Kubernetes; where one was replaced, the beginning of the ARN's SHA-256 keeps the name unique.
func Name(e access.Entry, cluster access.Info) string {
	p := e.Principal
	parts := []string{cluster.Name}
	if cluster.Account() != "" && p.Account() != cluster.Account() {
		parts = append(parts, p.Account())
	}
	wanted := strings.ToLower(strings.Join(append(parts, p.Kind(), p.Name()), "-"))
	name := strings.Trim(subdomain(wanted), "-")
	if name == wanted && name != "" && len(name) <= longest {
		return name
	}
	suffix := Digest(p)
	name = strings.TrimRight(name[:min(len(name), longest-len(suffix)-1)], "-.")
	return strings.TrimLeft(name+"-"+suffix, "-")
}

// Digest is the beginning of the SHA-256 of a principal's ARN.
func Digest(p access.Principal) string {
	sum := sha256.Sum256([]byte(p))
	return hex.EncodeToString(sum[:4])
}

// subdomain replaces the characters that Kubernetes does not allow by dashes. A dot must have a letter or digit on both
// sides (RFC 1123).
func subdomain(s string) string {
	b := []byte(s)
	for i, c := range b {
		inside := i > 0 && alnum(b[i-1]) && i+1 < len(b) && alnum(b[i+1])
		if !alnum(c) && (c != '.' || !inside) {
			b[i] = '-'
		}
	}
	return string(b)
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
