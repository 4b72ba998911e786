package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reserved are the beginnings that EKS keeps for itself in usernames and groups of
// STANDARD entries (EKS User Guide, "Create access entries").
var reserved = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

// Check says by which rule EKS would refuse an entry of that cluster, before anything is
// sent; nil when no rule is known to. Errors wrap ErrRule. Whether the principal exists
// only EKS can tell.
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
		return fmt.Errorf("a principal of partition %s cannot enter a cluster of %s", e.Principal.Partition(), p)
	}
	return nil
}

var (
	errNotOurs = errors.New("it has no access entry, and only AWS creates the entries of service-linked roles")
	errManaged = errors.New("AWS owns the entries of service-linked roles; only their access policies can be changed")
)

// CheckManaged refuses what AWS keeps for itself in the entries of service-linked roles: their making, their end, and all
// but their policies. Of those EKS decides: AWS Batch wants one from its customers, other roles are UNVERIFIED
// (eks-access.md §15a).
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
		return fmt.Errorf("there is no type %q; the types are %s", e.Kind, joinKinds())
	case !e.Node():
		return nil
	case e.Principal.Kind() != "role":
		return fmt.Errorf("type %s is for roles, not for a %s", e.Kind, e.Principal.Kind())
	case c.Account() != "" && e.Principal.Account() != c.Account():
		return fmt.Errorf("type %s is for roles of the cluster's own account %s", e.Kind, c.Account())
	}
	return nil
}

// checkGroups leaves alone what EKS itself puts on node entries.
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

// CheckGroup says why EKS would refuse a group on a STANDARD entry; nil when no rule is known to (eks-access.md §4.2).
func CheckGroup(g string) error {
	switch prefix := Reserved(g); {
	case prefix == "system:":
		return fmt.Errorf("the group %s cannot be given: groups must not begin with system:; for system:masters grant --policy cluster-admin -A", g)
	case prefix != "":
		return fmt.Errorf("the group %s cannot be given: groups must not begin with %s", g, prefix)
	case strings.TrimSpace(g) == "":
		return fmt.Errorf("a group has no name")
	}
	return nil
}

func checkUsername(e Entry, _ Info) error {
	if e.Node() {
		return nil
	}
	return CheckUsername(e.Username)
}

// DefaultUsername is what EKS sets on a STANDARD entry when it is told none (eks-access.md §4.3).
func DefaultUsername(p Principal) string {
	if p.Kind() == "user" {
		return string(p)
	}
	return "arn:" + p.Partition() + ":sts::" + p.Account() + ":assumed-role/" + p.Name() + "/{{SessionName}}"
}

// CheckUsername says why EKS would refuse a username on a STANDARD entry; nil when no rule is known to (eks-access.md §4.3).
func CheckUsername(name string) error {
	if prefix := Reserved(name); prefix != "" {
		return fmt.Errorf("the username %s cannot be given: usernames must not begin with %s", name, prefix)
	}
	before, _, session := strings.Cut(name, "{{SessionName")
	if session && !strings.Contains(before, ":") {
		return fmt.Errorf("the username %s needs a colon before {{SessionName}}, as in team:{{SessionName}}", name)
	}
	return nil
}

// Reserved is the beginning of a username or group that EKS keeps for itself, "" where it has none.
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
		return fmt.Errorf("entries of type %s take no access policies", e.Kind)
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

// checkNamespace lets through what a namespace's name can be, and asterisks.
func checkNamespace(ns string) error {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '*' }
	if ns == "" || len(ns) > 63 || strings.ContainsFunc(ns, bad) || strings.HasPrefix(ns, "-") || strings.HasSuffix(ns, "-") {
		return fmt.Errorf("%q cannot be a namespace: up to 63 of a-z, 0-9 and -, and * at the end for any rest", ns)
	}
	return nil
}

func checkTags(e Entry, _ Info) error {
	for k, v := range e.Tags {
		switch {
		case k == "" || len([]rune(k)) > 128 || len([]rune(v)) > 256:
			return fmt.Errorf("the tag %q is too long or has no key: keys have 1 to 128 characters, values up to 256", k)
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fmt.Errorf("the tag %s cannot be set: aws: at the beginning is reserved", k)
		}
	}
	return nil
}

// CheckSize says what a whole entry may not exceed: 50 tags, those of AWS itself not counted (eks-access.md §4.6).
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
