package access

import (
	"encoding/pem"
	"fmt"
	"slices"
	"time"
)

// Certificate is the DER form of a certificate.
type Certificate string

// ParseCertificates are the certificates in a PEM text.
func ParseCertificates(text []byte) (all []Certificate) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return all
		}
		all = append(all, Certificate(block.Bytes))
	}
}

// Authority is a certificate authority of a cluster.
type Authority struct {
	Certificate Certificate
	InUse       bool      // it signs the certificate of the API server
	From, Until time.Time // when EKS activates it, unless somebody does so before; zero: not planned
}

// Trust is what a kubeconfig trusts of a cluster. A cluster has one certificate authority, and two while EKS replaces it; who
// does not trust the new one when it is activated cannot connect any more (eks-access.md §15a).
type Trust struct {
	Bundle  []Certificate // of the cluster
	Missing []Certificate // of those, what the kubeconfig does not trust
	Missed  []Authority   // the authorities of the missing certificates; read only where some of the others are trusted
	Err     error         // why those could not be read
}

// CompareTrust compares what a cluster has with what a kubeconfig trusts.
func CompareTrust(bundle, trusted []Certificate) Trust {
	missing := slices.DeleteFunc(slices.Clone(bundle), func(c Certificate) bool { return slices.Contains(trusted, c) })
	return Trust{Bundle: bundle, Missing: missing}
}

// With adds what is known of the cluster's certificate authorities.
func (t Trust) With(all []Authority, err error) Trust {
	t.Err = err
	for _, a := range all {
		if slices.Contains(t.Missing, a.Certificate) {
			t.Missed = append(t.Missed, a)
		}
	}
	return t
}

// Ready reports whether kubectl can connect whichever authority is in use.
func (t Trust) Ready() bool { return len(t.Missing) == 0 }

// Failing reports whether kubectl cannot connect now.
//
//go:noinline
func (t Trust) Failing() bool {
	return len(t.Bundle) > 0 && len(t.Missing) == len(t.Bundle) || slices.ContainsFunc(t.Missed, func(a Authority) bool { return a.InUse })
}

// Activation is when EKS activates an authority that is missing: not before from, and at until at the latest. ok is false where
// that is not known.
func (t Trust) Activation() (from, until time.Time, ok bool) {
	for _, a := range t.Missed {
		if !a.Until.IsZero() {
			return a.From, a.Until, true
		}
	}
	return from, until, false
}

// Problem is what the kubeconfig does not trust, and what that leads to; "" where it is ready.
func (t Trust) Problem(cluster string) string {
	const day = "2006-01-02"
	from, until, planned := t.Activation()
	switch {
	case t.Ready():
		return ""
	case t.Failing():
		return fmt.Sprintf("the kubeconfig does not trust the current certificate authority of cluster %s, so kubectl cannot connect", cluster)
	case planned:
		return fmt.Sprintf("the kubeconfig does not trust the next certificate authority of cluster %s; EKS activates it between %s and %s, and kubectl cannot connect from then on",
			cluster, from.UTC().Format(day), until.UTC().Format(day))
	case t.Err != nil:
		return fmt.Sprintf("the kubeconfig trusts only %s of cluster %s; kubectl cannot connect once EKS activates the other one (date not checked: %v)", t.Share(), cluster, t.Err)
	}
	return fmt.Sprintf("the kubeconfig trusts only %s of cluster %s; kubectl cannot connect once EKS activates the other one", t.Share(), cluster)
}

// Share is how many of the authorities the kubeconfig trusts.
func (t Trust) Share() string {
	plural := "authorities"
	if len(t.Bundle) == 1 {
		plural = "authority"
	}
	return fmt.Sprintf("%d of %d certificate %s", len(t.Bundle)-len(t.Missing), len(t.Bundle), plural)
}
