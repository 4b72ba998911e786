package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
)

// Why the certificates of a context cannot be compared with those of the cluster.
var (
	errNoAuthority = errors.New("it has no certificate authority to compare")
	errNotEndpoint = errors.New("its server is not the endpoint of the cluster")
)

// Trust compares the certificate authorities that the context trusts with those of the cluster. It asks AWS for more only where
// the context lacks one.
func (c *Cluster) Trust(ctx context.Context, info access.Info) (access.Trust, error) {
	trusted, err := c.Target.Trusted()
	if err != nil {
		return access.Trust{}, err
	}
	bundle, _ := base64.StdEncoding.DecodeString(info.CA)
	t := access.CompareTrust(access.ParseCertificates(bundle), trusted)
	switch {
	case len(trusted) == 0 || len(t.Bundle) == 0:
		return t, errNoAuthority
	case !c.Match(info).Leads:
		return t, errNotEndpoint
	case t.Ready() || t.Failing():
		return t, nil
	}
	return t.With(c.EKS.Authorities(ctx)), nil
}

// trust is the comparison for a snapshot; nil where there is nothing to compare.
//
//go:noinline
func (c *Cluster) trust(ctx context.Context, info access.Info) *access.Trust {
	t, err := c.Trust(ctx, info)
	if err != nil {
		return nil
	}
	return &t
}

// TrustNotes are what to know where the context is not ready for the certificate authorities of the cluster.
func (c *Cluster) TrustNotes(t *access.Trust) []access.Note {
	if t == nil || t.Ready() {
		return nil
	}
	return access.Notes(access.NoteTrust, "", t.Problem(c.EKS.Name)+". To update the kubeconfig: "+c.Refresh())
}

// Readiness is whether one context is ready for the certificate authorities of its cluster.
type Readiness struct {
	kubeconfig.Target
	Info    access.Info
	Trust   access.Trust
	Unknown error // why there is nothing to compare
	Err     error // why it could not be read
}

// readingContexts is how many contexts are read at the same time; each has a login of its own.
const readingContexts = 16

// Readinesses compares contexts with their clusters, each with its own login.
func Readinesses(ctx context.Context, s Settings, targets []kubeconfig.Target) []Readiness {
	all := make([]Readiness, len(targets))
	var g errgroup.Group
	g.SetLimit(readingContexts)
	for i, target := range targets {
		g.Go(func() error {
			all[i] = readiness(ctx, s, target)
			return nil
		})
	}
	_ = g.Wait() // failures are in Readiness
	return all
}

func readiness(ctx context.Context, s Settings, target kubeconfig.Target) Readiness {
	s.Target = target
	r := Readiness{Target: target}
	c, err := Open(ctx, s)
	if err == nil {
		r.Target = c.Target
		r.Info, err = c.EKS.Info(ctx)
	}
	if r.Err = err; err != nil {
		return r
	}
	if t, err := c.Trust(ctx, r.Info); err != nil {
		r.Unknown = err
	} else {
		r.Trust = t
	}
	return r
}

// Compared reports whether the certificates of the context were compared.
func (r Readiness) Compared() bool { return r.Err == nil && r.Unknown == nil }

// NotCompared says why contexts were not compared. That the cluster was deleted does not count as a failure.
func NotCompared(contexts []Readiness) (notes []access.Note) {
	for _, r := range contexts {
		text := fmt.Sprintf("context/%s was not checked: %v", r.Context, r.Unknown)
		switch {
		case errors.Is(r.Err, access.ErrNoCluster):
			text = fmt.Sprintf("context/%s: EKS cluster %s does not exist in %s", r.Context, r.Name, r.Region)
		case r.Err != nil:
			notes = append(notes, access.Failure(r.Context, fmt.Errorf("context/%s: %w", r.Context, r.Err)))
			continue
		}
		notes = append(notes, access.Notes(access.NoteNotChecked, r.Context, text)...)
	}
	return notes
}

// Trusts are what the clusters of these contexts are to trust in the kubeconfig. Contexts of one cluster need only one that could
// be compared; left are those without any.
func Trusts(contexts []Readiness) (trusts []kubefile.Trust, left []Readiness) {
	at := map[string]int{}
	for _, r := range contexts {
		if _, known := at[r.Entry]; known || !r.Compared() {
			continue
		}
		t := kubefile.Trust{Cluster: r.Entry}
		if !r.Trust.Ready() {
			t.CA = r.Info.CA
		}
		at[r.Entry] = len(trusts)
		trusts = append(trusts, t)
	}
	for _, r := range contexts {
		if i, known := at[r.Entry]; known {
			trusts[i].Contexts = append(trusts[i].Contexts, r.Context)
		} else {
			left = append(left, r)
		}
	}
	return trusts, left
}
