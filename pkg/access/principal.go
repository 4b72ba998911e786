package access

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Principal is the full ARN of an IAM role or user. What EKS returns is not checked, so a Principal that was read from a
// cluster may be any ARN.
type Principal string

// Partitions are the partitions of AWS in which EKS runs (AWS SDK endpoint data).
var Partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// field returns one of the six colon-separated parts of the ARN, or "".
func (p Principal) field(n int) string {
	var parts [6]string
	rest := string(p)
	for i := range 5 {
		found := false
		if parts[i], rest, found = strings.Cut(rest, ":"); !found {
			return ""
		}
	}
	parts[5] = rest
	return parts[n]
}

// Partition is aws, aws-cn, aws-us-gov, ….
//
//go:noinline
func (p Principal) Partition() string { return p.field(1) }

// Account is the twelve-digit account that owns the principal.
//
//go:noinline
func (p Principal) Account() string { return p.field(4) }

// Kind is role or user, or another word in the ARN's place for it.
func (p Principal) Kind() string {
	kind, _, _ := strings.Cut(p.field(5), "/")
	return kind
}

// Name is the last segment: the name that is unique in its account, ignoring case.
func (p Principal) Name() string {
	resource := p.field(5)
	return resource[strings.LastIndexByte(resource, '/')+1:]
}

// Path is the part between the kind and the name, "/" when there is none.
func (p Principal) Path() string {
	resource := strings.TrimPrefix(p.field(5), p.Kind())
	return resource[:strings.LastIndexByte(resource, '/')+1]
}

// Short is role/NAME or user/NAME with its path for a principal of the given account, sso/PERMISSION_SET for its Identity
// Center roles, and the ARN for all others.
func (p Principal) Short(account string) string {
	if account == "" || p.Account() != account || p.field(5) == "" {
		return string(p)
	}
	if set := p.PermissionSet(); set != "" && strings.HasPrefix(p.Path(), "/aws-reserved/") {
		return "sso/" + set
	}
	return p.field(5)
}

// ServiceLinked reports whether AWS owns the role; EKS refuses to create and delete its entry.
func (p Principal) ServiceLinked() bool {
	return strings.HasPrefix(p.field(5), "role/aws-service-role/")
}

// ServiceRole also recognizes one without its path, as aws-auth requires it.
func (p Principal) ServiceRole() bool {
	return p.ServiceLinked() || strings.HasPrefix(p.field(5), "role/"+serviceRole)
}

// serviceRole is the prefix of the names of service-linked roles.
const serviceRole = "AWSServiceRoleFor"

// PermissionSet is the IAM Identity Center permission set of the role, or "". The name may contain underscores, so the
// suffix of 16 hex digits is cut from the end.
func (p Principal) PermissionSet() string {
	return PermissionSet(p.Name())
}

// PermissionSet is the permission set in a role name AWSReservedSSO_<set>_<16 hex>.
func PermissionSet(roleName string) string {
	set, ok := strings.CutPrefix(roleName, "AWSReservedSSO_")
	cut := len(set) - 17
	if !ok || cut < 1 || set[cut] != '_' || strings.Trim(set[cut+1:], "0123456789abcdef") != "" {
		return ""
	}
	return set[:cut]
}

// Is reports whether both are the same IAM identity. Paths do not count: a session's ARN omits them, and names are unique in
// an account without them, ignoring case.
func (p Principal) Is(q Principal) bool {
	return p != "" && (p == q || strings.EqualFold(p.Name(), q.Name()) &&
		p.Partition() == q.Partition() && p.Account() == q.Account() && p.Kind() == q.Kind())
}

// Ref is a principal as written, before it is looked up in IAM.
type Ref struct {
	Written   string
	Principal Principal // the ARN, as far as the text contains it; "" for the short forms
	Lookup    Lookup    // what must be looked up in IAM
	Name      string    // the role, user or permission set to look up
	Path      string    // the written path, "" for none
}

// Lookup is what must be looked up in IAM to complete a Ref.
type Lookup int

// The kinds of lookups.
const (
	LookupNone          Lookup = iota // the ARN is complete
	LookupPath                        // a session or an ARN without the role's path
	LookupRole                        // role/NAME
	LookupUser                        // user/NAME
	LookupPermissionSet               // sso/PERMISSION_SET
	LookupCaller                      // me
)

// Matches reports whether the text may mean the principal. The short forms mean principals of the cluster's account.
func (r Ref) Matches(p Principal, account string) bool {
	if r.Principal == "" && p.Account() != account {
		return false
	}
	switch r.Lookup {
	case LookupRole, LookupUser:
		kind := map[Lookup]string{LookupRole: "role", LookupUser: "user"}[r.Lookup]
		return p.Kind() == kind && strings.EqualFold(p.Name(), r.Name) && (r.Path == "" || r.Path == p.Path())
	case LookupPermissionSet:
		return strings.EqualFold(p.PermissionSet(), r.Name)
	case LookupPath:
		return r.Principal.Is(p)
	case LookupNone, LookupCaller:
	}
	return false
}

// ErrPrincipal is wrapped by every refusal of ParsePrincipal.
var ErrPrincipal = errors.New("not a principal")

// ParsePrincipal reads every form of a principal: a role or user ARN, role/NAME, user/NAME, sso/PERMISSION_SET, an STS
// session's ARN, me; and, because people paste them, the same quoted, percent-encoded, with spaces around, or as an access
// entry's ARN. Everything else is refused with what to use instead.
func ParsePrincipal(text string) (Ref, error) {
	s := unpaste(text)
	ref, err := parseForm(s)
	if err != nil {
		return Ref{}, fmt.Errorf("%q is %w: %w", strings.TrimSpace(text), ErrPrincipal, err)
	}
	ref.Written = s
	return ref, nil
}

// pasted are characters that are copied along with text: spaces, also those without width, and quotes.
const pasted = " \t\r\n\u00a0\u200b\u200c\u200d\u2060\ufeff" + `'"` + "`,;" + "“”„‘’‚«»‹›"

func unpaste(s string) string {
	s = strings.Trim(s, pasted)
	if head := "arn%3a"; len(s) > len(head) && strings.EqualFold(s[:len(head)], head) {
		if plain, err := url.PathUnescape(s); err == nil {
			s = plain
		}
	}
	return strings.TrimPrefix(strings.Trim(s, pasted), "accessentry/") // what -o name prints
}

func parseForm(s string) (Ref, error) {
	kind, rest, _ := strings.Cut(s, "/")
	switch {
	case s == "":
		return Ref{}, errors.New("it is empty; use role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
	case s == "me":
		return Ref{Lookup: LookupCaller}, nil
	case strings.HasPrefix(s, "arn:"):
		return parseARN(s)
	case kind == "role":
		return shortRef(LookupRole, "role", rest)
	case kind == "user":
		return shortRef(LookupUser, "user", rest)
	case kind == "sso" && rest != "":
		return permissionSetRef(rest)
	}
	return Ref{}, hint(s)
}

func shortRef(lookup Lookup, kind, rest string) (Ref, error) {
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	path := rest[:len(rest)-len(name)]
	if err := checkName(kind, name, path); err != nil {
		return Ref{}, err
	}
	if path != "" {
		path = "/" + path
	}
	return Ref{Lookup: lookup, Name: name, Path: path}, nil
}

func permissionSetRef(set string) (Ref, error) {
	if of := PermissionSet(set); of != "" {
		return Ref{}, fmt.Errorf("this is the name of a permission set's role; use sso/%s", of)
	}
	if strings.ContainsAny(set, "*?") {
		return Ref{}, errors.New("permission sets do not support wildcards")
	}
	if len(set) > 32 || !inCharset(set) {
		return Ref{}, errors.New("a permission set's name has up to 32 letters, digits and +=,.@_-")
	}
	return Ref{Lookup: LookupPermissionSet, Name: set}, nil
}

// checkName checks IAM's rules for names and paths (IAM API Reference, CreateRole).
func checkName(kind, name, path string) error {
	switch {
	case strings.ContainsAny(path+name, "*?"):
		return errors.New("EKS does not support wildcards in principals; use one ARN, or sso/PERMISSION_SET for an Identity Center role")
	case strings.ContainsAny(path+name, "${}<>"):
		return errors.New("it contains a placeholder; use the real name")
	case name == "":
		return fmt.Errorf("the %s's name is missing; use %s/NAME", kind, kind)
	case len(name) > 64:
		return fmt.Errorf("an IAM %s's name has at most 64 characters", kind)
	case !inCharset(name):
		return fmt.Errorf("an IAM %s's name has letters, digits and +=,.@_- only", kind)
	case strings.ContainsFunc(path, func(r rune) bool { return r < 0x21 || r > 0x7e }):
		return errors.New("an IAM path has printable ASCII characters only")
	case path == "/":
		return errors.New("there are two slashes before the name")
	case len(path) > 511: // and the slash before it
		return errors.New("an IAM path has at most 512 characters")
	}
	return nil
}

func inCharset(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+=,.@_-", r)
	})
}
