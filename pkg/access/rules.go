package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reserved are prefixes that EKS does not allow in usernames and groups of STANDARD entries (EKS User Guide, "Create access
// entries").
var reserved = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

// Check is why EKS would refuse an entry of that cluster, nil for no known rule. Errors wrap ErrRule. It does not check
// whether the principal exists.
func Check(e Entry, cluster Info) error {
	if err := CheckSize(e, cluster); err != nil {
		return err
	}
	for _, rule := range []func(Entry, Info) error{checkManaged, checkKind, checkGroups, checkUsername, checkGrants, checkTags} {
		if err := rule(e, cluster); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrRule, e.Principal.Short(cluster.Account()), err)
		}
	}
	return nil
}

func checkManaged(e Entry, c Info) error {
	if e.Managed() {
		return errNotOurs
	}
	if p := c.Partition(); p != "" && e.Principal.Partition() != p {
		return fmt.Errorf("a principal of partition %s cannot have access to a cluster of partition %s", e.Principal.Partition(), p)
	}
	return nil
}

var (
	errNotOurs = errors.New("it has no access entry, and only AWS creates the entries of service-linked roles")
	errManaged = errors.New("AWS owns the entries of service-linked roles; only their access policies can be changed")
)

// CheckManaged refuses changes that only AWS can make to entries of service-linked roles: everything but their policies.
// EKS decides about those: AWS Batch requires one from its customers, other roles are UNVERIFIED (eks-access.md §15a).
func (c Change) CheckManaged(cluster Info) error {
	if !c.Principal().ServiceLinked() {
		return nil
	}
	why := errManaged
	switch {
	case c.Before == nil:
		why = errNotOurs
	case c.After == nil:
	default:
		was := *c.Before
		if was.Grants = c.After.Grants; !was.Same(*c.After) {
			break
		}
		if why = checkGrants(*c.After, cluster); why == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %s: %w", ErrRule, c.Principal().Short(cluster.Account()), why)
}

func checkKind(e Entry, c Info) error {
	switch {
	case !slices.Contains(Kinds, e.Kind):
		return fmt.Errorf("unknown type %q; use one of %s", e.Kind, joinKinds())
	case !e.Node():
		return nil
	case e.Principal.Kind() != "role":
		return fmt.Errorf("type %s is for roles, not for a %s", e.Kind, e.Principal.Kind())
	case c.Account() != "" && e.Principal.Account() != c.Account():
		return fmt.Errorf("type %s is for roles of the cluster's own account %s", e.Kind, c.Account())
	}
	return nil
}

// checkGroups ignores the groups that EKS itself sets on entries for nodes.
func checkGroups(e Entry, _ Info) error {
	if e.Node() {
		return nil
	}
	for _, g := range e.Groups {
		if err := CheckGroup(g); err != nil {
			return err
		}
	}
	return nil
}

// CheckGroup is why EKS would refuse a group on a STANDARD entry, nil for no known rule (eks-access.md §4.2).
func CheckGroup(g string) error {
	switch prefix := Reserved(g); {
	case prefix == "system:":
		return fmt.Errorf("group %s is not allowed: groups cannot begin with system:; instead of system:masters, grant --policy cluster-admin -A", g)
	case prefix != "":
		return fmt.Errorf("group %s is not allowed: groups cannot begin with %s", g, prefix)
	case strings.TrimSpace(g) == "":
		return fmt.Errorf("a group name is empty")
	}
	return nil
}

func checkUsername(e Entry, _ Info) error {
	if e.Node() {
		return nil
	}
	return CheckUsername(e.Username)
}

// DefaultUsername is what EKS sets on a STANDARD entry without a username (eks-access.md §4.3).
func DefaultUsername(p Principal) string {
	if p.Kind() == "user" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":sts::" + p.Account() + ":assumed-role/" + p.Name() + "/{{SessionName}}"
}

// CheckUsername is why EKS would refuse a username on a STANDARD entry, nil for no known rule (eks-access.md §4.3).
func CheckUsername(name string) error {
	if prefix := Reserved(name); prefix != "" {
		return fmt.Errorf("username %s is not allowed: usernames cannot begin with %s", name, prefix)
	}
	before, _, session := strings.Cut(name, "{{SessionName")
	if session && !strings.Contains(before, ":") {
		return fmt.Errorf("username %s needs a colon before {{SessionName}}, for example team:{{SessionName}}", name)
	}
	return nil
}

// Reserved is the reserved prefix of a username or group, "" for none.
//
//go:noinline
func Reserved(s string) string {
	for _, prefix := range reserved {
		if strings.HasPrefix(s, prefix) {
			return prefix
		}
	}
	return ""
}

func checkGrants(e Entry, _ Info) error {
	if len(e.Grants) > 0 && e.Node() && e.Kind != EC2 && e.Kind != Hyperpod { // HYPERPOD_LINUX is UNVERIFIED (eks-access.md §4.4)
		return fmt.Errorf("entries of type %s cannot have access policies", e.Kind)
	}
	for _, g := range e.Grants {
		for _, ns := range g.Scope.Namespaces {
			if err := checkNamespace(ns); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNamespace allows names of namespaces, with asterisks.
func checkNamespace(ns string) error {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '*' }
	if ns == "" || len(ns) > 63 || strings.ContainsFunc(ns, bad) || strings.HasPrefix(ns, "-") || strings.HasSuffix(ns, "-") {
		return fmt.Errorf("%q is not a valid namespace: use up to 63 of a-z, 0-9 and -; a trailing * matches any suffix", ns)
	}
	return nil
}

func checkTags(e Entry, _ Info) error {
	for k, v := range e.Tags {
		switch {
		case k == "" || len([]rune(k)) > 128 || len([]rune(v)) > 256:
			return fmt.Errorf("tag %q is too long or has no key: keys have 1 to 128 characters, values up to 256", k)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fmt.Errorf("tag %s is not allowed: the prefix aws: is reserved", k)
		}
	}
	return nil
}

// CheckSize checks the limit of a whole entry: 50 tags, without those of AWS itself (eks-access.md §4.6).
func CheckSize(e Entry, cluster Info) error {
	own := 0
	for k := range e.Tags {
		if !strings.HasPrefix(strings.ToLower(k), "aws:") {
			own++
		}
	}
	if own > 50 {
		return fmt.Errorf("%w: %s: an entry has at most 50 tags", ErrRule, e.Principal.Short(cluster.Account()))
	}
	return nil
}

func joinKinds() string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
