package kubeconfig

import (
	"os"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Trusted are the certificates that kubectl trusts at the server; none where it trusts those of the system, or any.
func (t Target) Trusted() ([]access.Certificate, error) {
	text := t.ca.data
	if len(text) == 0 && t.ca.file != "" {
		var err error
		if text, err = os.ReadFile(t.ca.file); err != nil {
			return nil, err
		}
	}
	return access.ParseCertificates(text), nil
}

// authority are the certificates of a cluster in the kubeconfig, or the file with them.
type authority struct {
	data []byte
	file string
}
