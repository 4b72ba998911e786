package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// prove asks the cluster itself where the change was about the caller, for whom alone it answers. A cluster that
// cannot be asked from here is no failure of the change.
func (c *change) prove(ctx context.Context, after access.Snapshot) error {
	i := slices.IndexFunc(c.who, after.Caller.Is)
	if i < 0 {
		return nil
	}
	client, err := c.kube(ctx)
	if err != nil {
		c.env.warn("the cluster could not be asked whether the change is in effect: %v", err)
		return nil
	}
	want, stays := after.Entry(c.who[i])
	var trouble error
	if !stays && c.cluster.Mode.ReadsConfigMap() {
		return nil // aws-auth may let in who has no entry any more: then no answer proves anything
	}
	err = c.until(ctx, "the cluster does not act on the change", func() (bool, error) {
		done, err := effective(ctx, client, want, stays)
		if errors.Is(err, kube.ErrUnreachable) || errors.Is(err, kube.ErrCertificate) || errors.Is(err, kube.ErrPlugin) {
			trouble = err
			return true, nil
		}
		return done, err
	})
	if trouble != nil {
		c.env.warn("the cluster could not be asked whether the change is in effect: %v", trouble)
	}
	return err
}

// effective: who has an entry is let in, in its groups and with a right of each grant; who has none any more is refused.
func effective(ctx context.Context, client *kube.Client, want access.Entry, stays bool) (bool, error) {
	me, err := client.WhoAmI(ctx)
	switch {
	case !stays && errors.Is(err, kube.ErrUnauthorized):
		return true, nil
	case err != nil || !stays:
		return false, err
	}
	for _, g := range want.Groups {
		if !slices.Contains(me.Groups, g) {
			return false, nil
		}
	}
	for _, g := range want.Grants {
		if ok, err := hasOne(ctx, client, g); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// hasOne asks for the first right of a grant whose rules are published, in each namespace.
func hasOne(ctx context.Context, client *kube.Client, g access.Grant) (bool, error) {
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
		ns = strings.ReplaceAll(ns, "*", "x") // any namespace of the pattern does; it need not exist
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
