package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// Acts reports whether the cluster itself acts on what the caller's entry should be, nil for none: a caller with an entry
// has access, in its groups and with a right of each grant; one without is refused. The error wraps access.ErrNoServer where
// the cluster cannot be asked.
func (c *Cluster) Acts(ctx context.Context, want *access.Entry) (bool, error) {
	client, err := c.server(ctx)
	if err != nil {
		return false, fmt.Errorf("%w: %w", access.ErrNoServer, err)
	}
	me, err := client.WhoAmI(ctx)
	silent := func(err error) bool {
		return errors.Is(err, kube.ErrUnreachable) || errors.Is(err, kube.ErrCertificate) || errors.Is(err, kube.ErrPlugin)
	}
	switch {
	case want == nil && errors.Is(err, kube.ErrUnauthorized):
		return true, nil
	case silent(err):
		return false, fmt.Errorf("%w: %w", access.ErrNoServer, err)
	case err != nil || want == nil:
		return false, err
	}
	for _, g := range want.Groups {
		if !slices.Contains(me.Groups, g) {
			return false, nil
		}
	}
	for _, g := range want.Grants {
		if ok, err := mayOne(ctx, client, g); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// mayOne asks for the first right of a grant whose rules are published, in each namespace.
func mayOne(ctx context.Context, client *kube.Client, g access.Grant) (bool, error) {
	doc, _ := policy.Find(string(g.Policy))
	i := slices.IndexFunc(doc.Rules, func(r policy.Rule) bool {
		return r.Restricted == "" && len(r.Resources) > 0 && len(r.ResourceNames) == 0
	})
	if i < 0 {
		return true, nil
	}
	rule := doc.Rules[i]
	namespaces := g.Scope.Namespaces
	if g.Scope.WholeCluster() {
		namespaces = []string{""}
	}
	for _, ns := range namespaces {
		ns = strings.ReplaceAll(ns, "*", "x") // any namespace of the pattern will do; it need not exist
		ok, err := client.May(ctx, firstOr(rule.Verbs, "get"), firstOr(rule.APIGroups, ""), firstOr(rule.Resources, "pods"), ns)
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// firstOr is the first of a rule's words; an asterisk stands for any, such as this one.
func firstOr(words []string, any string) string {
	if len(words) == 0 || words[0] == "*" {
		return any
	}
	return words[0]
}
