package whoami

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
)

// rights are what the caller may do in the namespace: by the access policies of its entry, and by RBAC. They are nil where neither
// is known.
func (f Facts) rights(r Report) *Rights {
	known := f.Unbound || len(f.Rules) > 0
	if !r.HasAccess || !known && !f.ByEntry() || f.ByEntry() && f.Entry.Node() {
		return nil
	}
	rights := &Rights{Namespace: f.Namespace, AtLeast: f.EntryErr != nil || !known}
	rules := slices.Clone(f.Rules)
	if f.ByEntry() {
		for _, g := range f.Entry.Grants {
			doc, _ := policy.Find(string(g.Policy))
			if f.reaches(g.Scope) {
				rules = append(rules, doc.Rules...)
				rights.AtLeast = rights.AtLeast || len(doc.Rules) == 0 // AWS publishes none
			}
		}
	}
	s := policy.Summarize(rules, true)
	s.Not = s.Not[:max(0, len(s.Not)-1)]             // nodes, which are in no namespace
	if rights.Summary = s.String(); rights.AtLeast { // what it lacks is not known
		rights.Summary = strings.Join(s.Allows, "; ")
	}
	if rights.AtLeast || len(s.Not) > 0 {
		rights.Explain = f.Program.Command("explain", "me", "VERB", "TYPE", "-n", f.Namespace)
	}
	return rights
}

// reaches reports whether a scope includes the namespace of the context.
func (f Facts) reaches(s access.Scope) bool {
	for _, pattern := range s.Namespaces {
		if fits, err := path.Match(pattern, f.Namespace); fits && err == nil {
			return true
		}
	}
	return s.WholeCluster()
}

// unchecked says what could not be read.
func (f Facts) unchecked(r Report) []Unchecked {
	if f.Login != None && f.Login != Unknown && !r.HasAccess {
		return nil // everything else failed for that
	}
	var all []Unchecked
	add := func(err error, what, permission string) {
		if err != nil {
			all = append(all, Unchecked{what, why(err, permission), err.Error()})
		}
	}
	add(f.AWSErr, "your identity in AWS", "")
	if !f.NoEntries {
		entry := map[bool]string{true: "your access entry and its rights", false: "your access entry"}[r.HasAccess]
		add(f.EntryErr, entry, "you need eks:DescribeAccessEntry")
		add(f.EntriesErr, "the other access entries", "you need eks:ListAccessEntries")
	}
	if f.recreatable(r) {
		kind := map[bool]string{true: "user", false: "role"}[f.principal().Kind() == "user"]
		add(f.MadeErr, "whether your "+kind+" was recreated", "you need iam:Get"+strings.ToUpper(kind[:1])+kind[1:])
	}
	if r.By == nil && (r.HasAccess || len(r.Problems) == 0 || r.Problems[0].Cause == NoEntry || r.Problems[0].Cause == ModeConfigMap) {
		add(f.MappingsErr, "aws-auth", "you need get on configmaps in kube-system")
	}
	add(f.BoundErr, "your rights by RBAC", "you may not ask for your own rights")
	if f.Trouble == Unknown {
		add(f.KubeErr, "your identity in the cluster", "")
	}
	return all
}

// recreatable reports whether the caller may have an entry that was made for a former role or user of its name.
func (f Facts) recreatable(r Report) bool {
	return f.Entry != nil || !r.HasAccess && !f.NoEntries && (f.EntryErr != nil || f.EntriesErr != nil)
}

// why is a short reason: the permission that is missing, or the error.
func why(err error, permission string) string {
	switch {
	case errors.Is(err, access.ErrForbidden) && permission != "":
		return permission
	case errors.Is(err, access.ErrUnauthorized):
		return "the cluster does not accept your credentials"
	case errors.Is(err, access.ErrNotFound):
		return "not found"
	case errors.Is(err, access.ErrThrottled):
		return "throttled; try again"
	}
	return err.Error()
}
