package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parseARN reads a text that begins with arn:.
func parseARN(s string) (Ref, error) {
	p := Principal(s)
	if strings.Count(s, ":") < 5 {
		return Ref{}, errors.New("the ARN is incomplete; use arn:aws:iam::ACCOUNT:role/NAME")
	}
	if !slices.Contains(Partitions, p.Partition()) {
		return Ref{}, fmt.Errorf("there is no AWS partition %q; ARNs begin with arn:aws:, arn:aws-cn:, arn:aws-us-gov: …", p.Partition())
	}
	switch p.field(2) {
	case "iam":
		return iamRef(p)
	case "sts":
		return stsRef(p)
	case "eks":
		return entryRef(p)
	}
	return Ref{}, fmt.Errorf("an ARN of %s cannot be a principal; use the ARN of an IAM role or user", p.field(2))
}

func iamRef(p Principal) (Ref, error) {
	if why := notAPrincipal[p.Kind()]; why != "" {
		return Ref{}, errors.New(why)
	}
	if err := checkAccount(p.Account()); err != nil {
		return Ref{}, err
	}
	switch {
	case strings.Contains(string(p), ",arn:"):
		return Ref{}, errors.New("these are several ARNs in one argument; separate them with spaces")
	case p.field(3) != "":
		return Ref{}, fmt.Errorf("an IAM ARN has no region, but this one names %q; use arn:%s:iam::%s:%s", p.field(3), p.Partition(), p.Account(), p.field(5))
	case p.Kind() != "role" && p.Kind() != "user":
		return Ref{}, fmt.Errorf("%q is neither a role nor a user; use arn:%s:iam::%s:role/NAME", p.field(5), p.Partition(), p.Account())
	case p.field(5) == p.Kind():
		return Ref{}, fmt.Errorf("the %s's name is missing; use arn:%s:iam::%s:%s/NAME", p.Kind(), p.Partition(), p.Account(), p.Kind())
	}
	if err := checkName(p.Kind(), p.Name(), strings.TrimPrefix(p.Path(), "/")); err != nil {
		return Ref{}, err
	}
	ref := Ref{Principal: p, Name: p.Name(), Path: p.Path()}
	if p.Path() == "/" && (p.PermissionSet() != "" || p.ServiceRole()) {
		// aws-auth requires such roles without their path, EKS with it.
		ref.Lookup, ref.Path = LookupPath, ""
	}
	return ref, nil
}

// notAPrincipal says by kind what to use instead.
var notAPrincipal = map[string]string{
	"root":               "the root user cannot stand for the whole account; use the role or user that needs access",
	"group":              "an IAM group cannot be a principal; use a role that its members assume, or each user/NAME",
	"instance-profile":   "an instance profile cannot be a principal; use its role: role/NAME",
	"oidc-provider":      "an identity provider cannot be a principal; use the role that its identities assume: role/NAME",
	"saml-provider":      "an identity provider cannot be a principal; use the role that its identities assume: role/NAME",
	"mfa":                "an MFA device cannot be a principal; use its user: user/NAME",
	"sms-mfa":            "an MFA device cannot be a principal; use its user: user/NAME",
	"u2f":                "an MFA device cannot be a principal; use its user: user/NAME",
	"policy":             "an IAM policy cannot be a principal; use the role or user that has it",
	"server-certificate": "a certificate cannot be a principal; use a role or user",
	"assumed-role":       "use the ARN of the session, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, or its role: role/ROLE",
	"federated-user":     "a federated user cannot be a principal; use the user or role that it comes from",
}

// IsAccount reports whether it can be an AWS account ID: 12 digits.
//
//go:noinline
func IsAccount(id string) bool {
	return len(id) == 12 && strings.Trim(id, "0123456789") == ""
}

func checkAccount(account string) error {
	if !IsAccount(account) {
		return fmt.Errorf("%q is not an AWS account ID (12 digits); use the real account ID", account)
	}
	return nil
}

// stsRef turns a session into its role. The session's ARN omits the role's path.
func stsRef(p Principal) (Ref, error) {
	parts := strings.Split(p.field(5), "/")
	switch {
	case p.Kind() == "federated-user":
		return Ref{}, errors.New(notAPrincipal[p.Kind()])
	case p.Kind() != "assumed-role" || len(parts) < 2:
		return Ref{}, errors.New("the only STS ARN that can be used is that of a role session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION")
	case len(parts) > 3: // it is unclear which segment is the role
		return Ref{}, errors.New("the ARN of a session has no path; use its role: role/NAME, or the role's ARN")
	}
	return roleRef(p.Partition(), p.Account(), parts[1])
}

// entryRef reads the ARN of an access entry, …:access-entry/CLUSTER/role/ACCOUNT/NAME/UUID.
func entryRef(p Principal) (Ref, error) {
	if strings.HasPrefix(p.field(5), "cluster-access-policy/") {
		return Ref{}, errors.New("this is an access policy, which belongs in --policy; specify a principal")
	}
	parts := strings.Split(p.field(5), "/")
	if len(parts) < 5 || !slices.Contains([]string{"access-entry", "accessEntry"}, parts[0]) {
		return Ref{}, errors.New("an EKS ARN cannot be a principal; use the ARN of an IAM role or user")
	}
	if parts[2] == "role" {
		return roleRef(p.Partition(), parts[3], parts[4])
	}
	ref, err := iamRef(Principal("arn:" + p.Partition() + ":iam::" + parts[3] + ":" + parts[2] + "/" + parts[4]))
	ref.Lookup, ref.Path = LookupPath, ""
	return ref, err
}

// roleRef is a role whose path is unknown.
func roleRef(partition, account, name string) (Ref, error) {
	ref, err := iamRef(Principal("arn:" + partition + ":iam::" + account + ":role/" + name))
	ref.Lookup, ref.Path = LookupPath, ""
	return ref, err
}

// hint says what to use instead of a text in none of the known forms.
func hint(s string) error {
	kind, _, _ := strings.Cut(s, "/")
	for _, h := range hints {
		if h.is(s) {
			return errors.New(h.write)
		}
	}
	if name := strings.TrimPrefix(s, kind+"/"); name != s && name != "" {
		for _, right := range []string{"role", "user", "sso"} { // Role/x, roles/x, rol/x
			if k := strings.ToLower(kind); k == right || k == right+"s" || distance(k, right) == 1 {
				return fmt.Errorf("did you mean %s/%s?", right, name)
			}
		}
	}
	switch {
	case notAPrincipal[kind] != "":
		return errors.New(notAPrincipal[kind])
	case strings.HasPrefix(s, "AWSReservedSSO_"):
		return fmt.Errorf("use role/%s, or sso/PERMISSION_SET", s)
	case strings.HasPrefix(s, serviceRole):
		return fmt.Errorf("this is a service-linked role; use role/%s", s)
	case inCharset(s):
		return fmt.Errorf("use role/%s or user/%s", s, s)
	}
	return errors.New("use role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
}

// hints are for texts that people often paste as a principal; the first match wins.
var hints = []struct {
	is    func(string) bool
	write string
}{
	{begins("AROA", "AIDA", "AIPA", "AGPA", "ANPA"), "this is a unique ID of IAM; use the Arn that `aws sts get-caller-identity` shows"},
	{begins("AKIA", "ASIA"), "this is the ID of an access key; use the Arn that `aws sts get-caller-identity` shows for it"},
	{wholeAccount, "a whole account cannot be a principal; use role/NAME or user/NAME"},
	{holds("${}<>"), "it contains a placeholder; use the real ARN"},
	{begins("system:"), "this is a Kubernetes group or user; specify a principal, and the group with --group"},
	{accountFirst, "the ARN is incomplete; put arn:aws:iam:: before it"},
	{ends(".amazonaws.com", ".amazonaws.com.cn"), "an AWS service cannot be a principal; use the role that it assumes: role/NAME"},
	{begins("AmazonEKS"), "this looks like an access policy, which belongs in --policy; specify a principal"},
	{begins("aws_iam_", "data.aws_iam_", "module."), "this is a Terraform address; use the ARN of that resource"},
	{holds("*?"), "EKS does not support wildcards in principals; use one ARN, or sso/PERMISSION_SET for an Identity Center role"},
	{holds("@"), "this looks like an e-mail address; use sso/PERMISSION_SET, role/NAME or user/NAME"},
	{word("me"), "use me in lower case for yourself, or role/NAME or user/NAME"},
	{word("null", "none", "undefined"), "a variable was unset; use role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"},
}

func begins(with ...string) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(s, w) })
	}
}

func ends(with ...string) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasSuffix(s, w) })
	}
}

func holds(any string) func(string) bool {
	return func(s string) bool { return strings.ContainsAny(s, any) }
}

func word(any ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(any, strings.ToLower(s)) }
}

// wholeAccount reports an account ID as AWS prints it, 111122223333 or 1111-2222-3333.
func wholeAccount(s string) bool {
	return IsAccount(strings.ReplaceAll(s, "-", ""))
}

// accountFirst reports an ARN without its beginning: 111122223333:role/dev.
func accountFirst(s string) bool {
	account, _, _ := strings.Cut(strings.TrimLeft(s, ":"), ":")
	return IsAccount(account)
}
