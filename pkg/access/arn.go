package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parseARN reads what begins with arn:.
func parseARN(s string) (Ref, error) {
	p := Principal(s)
	if strings.Count(s, ":") < 5 {
		return Ref{}, errors.New("the ARN is cut off; write arn:aws:iam::ACCOUNT:role/NAME")
	}
	if !slices.Contains(Partitions, p.Partition()) {
		return Ref{}, fmt.Errorf("there is no AWS partition %q; the ARN begins with arn:aws:, arn:aws-cn:, arn:aws-us-gov: …", p.Partition())
	}
	switch p.field(2) {
	case "iam":
		return iamRef(p)
	case "sts":
		return stsRef(p)
	case "eks":
		return entryRef(p)
	}
	return Ref{}, fmt.Errorf("an ARN of %s is no principal; write the ARN of an IAM role or user", p.field(2))
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
		return Ref{}, errors.New("these are several ARNs in one word; separate them by blanks")
	case p.field(3) != "":
		return Ref{}, fmt.Errorf("IAM is in no region, and the ARN names %q; write arn:%s:iam::%s:%s", p.field(3), p.Partition(), p.Account(), p.field(5))
	case p.Kind() != "role" && p.Kind() != "user":
		return Ref{}, fmt.Errorf("%q is neither a role nor a user; write arn:%s:iam::%s:role/NAME", p.field(5), p.Partition(), p.Account())
	case p.field(5) == p.Kind():
		return Ref{}, fmt.Errorf("the %s's name is missing; write arn:%s:iam::%s:%s/NAME", p.Kind(), p.Partition(), p.Account(), p.Kind())
	}
	if err := checkName(p.Kind(), p.Name(), strings.TrimPrefix(p.Path(), "/")); err != nil {
		return Ref{}, err
	}
	ref := Ref{Principal: p, Name: p.Name(), Path: p.Path()}
	if p.Path() == "/" && (p.PermissionSet() != "" || p.ServiceRole()) {
		// aws-auth wanted such roles without their path, EKS wants them with it.
		ref.Lookup, ref.Path = LookupPath, ""
	}
	return ref, nil
}

// notAPrincipal says by kind what to write instead.
var notAPrincipal = map[string]string{
	"root":               "the account's root lets nobody else in; write the role or user that shall have access",
	"group":              "IAM groups are no principals; write a role that the group's members assume, or each user/NAME",
	"instance-profile":   "an instance profile is no principal; write the role in it: role/NAME",
	"oidc-provider":      "an identity provider is no principal; write the role that its identities assume: role/NAME",
	"saml-provider":      "an identity provider is no principal; write the role that its identities assume: role/NAME",
	"mfa":                "an MFA device is no principal; write the user who owns it: user/NAME",
	"sms-mfa":            "an MFA device is no principal; write the user who owns it: user/NAME",
	"u2f":                "an MFA device is no principal; write the user who owns it: user/NAME",
	"policy":             "an IAM policy is no principal; write the role or user that has it",
	"server-certificate": "a certificate is no principal; write a role or user",
	"assumed-role":       "a session is written as its ARN, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, or as its role: role/ROLE",
	"federated-user":     "a federated user is no principal of EKS; write the user or role that it comes from",
}

// IsAccount tells whether it can be an AWS account: twelve digits.
func IsAccount(id string) bool {
	return len(id) == 12 && strings.Trim(id, "0123456789") == ""
}

func checkAccount(account string) error {
	if !IsAccount(account) {
		return fmt.Errorf("an AWS account has twelve digits, %q has not; write the real account", account)
	}
	return nil
}

// stsRef turns a session into its role. The session's ARN hides the role's path.
func stsRef(p Principal) (Ref, error) {
	parts := strings.Split(p.field(5), "/")
	switch {
	case p.Kind() == "federated-user":
		return Ref{}, errors.New(notAPrincipal[p.Kind()])
	case p.Kind() != "assumed-role" || len(parts) < 2:
		return Ref{}, errors.New("of STS only a session of a role is a principal: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION")
	case len(parts) > 3: // which of the words is the role, nobody can tell
		return Ref{}, errors.New("the ARN of a session has no path; write the role: role/NAME, or its ARN")
	}
	return roleRef(p.Partition(), p.Account(), parts[1])
}

// entryRef reads the ARN of an access entry, …:access-entry/CLUSTER/role/ACCOUNT/NAME/UUID.
func entryRef(p Principal) (Ref, error) {
	if strings.HasPrefix(p.field(5), "cluster-access-policy/") {
		return Ref{}, errors.New("this is an access policy, it goes to --policy; write whom to let in")
	}
	parts := strings.Split(p.field(5), "/")
	if len(parts) < 5 || !slices.Contains([]string{"access-entry", "accessEntry"}, parts[0]) {
		return Ref{}, errors.New("an EKS ARN is no principal; write the ARN of an IAM role or user")
	}
	if parts[2] == "role" {
		return roleRef(p.Partition(), parts[3], parts[4])
	}
	ref, err := iamRef(Principal("arn:" + p.Partition() + ":iam::" + parts[3] + ":" + parts[2] + "/" + parts[4]))
	ref.Lookup, ref.Path = LookupPath, ""
	return ref, err
}

// roleRef is a role of which everything but the path is known.
func roleRef(partition, account, name string) (Ref, error) {
	ref, err := iamRef(Principal("arn:" + partition + ":iam::" + account + ":role/" + name))
	ref.Lookup, ref.Path = LookupPath, ""
	return ref, err
}

// hint says of what is no principal at all what to write instead.
func hint(s string) error {
	kind, _, _ := strings.Cut(s, "/")
	for _, h := range hints {
		if h.is(s) {
			return errors.New(h.write)
		}
	}
	switch {
	case notAPrincipal[kind] != "":
		return errors.New(notAPrincipal[kind])
	case strings.HasPrefix(s, "AWSReservedSSO_"):
		return fmt.Errorf("write role/%s, or sso/PERMISSION_SET", s)
	case strings.HasPrefix(s, serviceRole):
		return fmt.Errorf("this is a service-linked role; write role/%s", s)
	case inCharset(s):
		return fmt.Errorf("write role/%s or user/%s", s, s)
	}
	return errors.New("write role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
}

// hints are what people paste where a principal is asked for; the first that fits counts.
var hints = []struct {
	is    func(string) bool
	write string
}{
	{begins("AROA", "AIDA", "AIPA", "AGPA", "ANPA"), "this is IAM's unique ID; write the Arn that `aws sts get-caller-identity` shows"},
	{begins("AKIA", "ASIA"), "this is the ID of an access key; write the Arn that `aws sts get-caller-identity` shows for it"},
	{wholeAccount, "a whole account cannot be let in; write one role/NAME or user/NAME"},
	{holds("${}<>"), "it holds a placeholder that nobody filled in; write the real ARN"},
	{begins("system:"), "this is a Kubernetes group or user; write whom to let in, and the group with --group"},
	{accountFirst, "the ARN is cut off; write arn:aws:iam:: before it"},
	{ends(".amazonaws.com", ".amazonaws.com.cn"), "an AWS service is no principal; write the role that it assumes: role/NAME"},
	{begins("AmazonEKS"), "this looks like an access policy, which goes to --policy; write whom to let in"},
	{begins("aws_iam_", "data.aws_iam_", "module."), "this is an address in Terraform; write the ARN that it stands for"},
	{holds("*?"), "EKS takes no wildcards in a principal; write one ARN, or sso/PERMISSION_SET for an Identity Center role"},
	{holds("@"), "this looks like an e-mail address; write sso/PERMISSION_SET, role/NAME or user/NAME"},
	{word("me"), "write me in small letters for yourself, or role/NAME or user/NAME"},
	{word("null", "none", "undefined"), "a variable had no value; write role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me"},
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

// wholeAccount knows an account as AWS prints it, 111122223333 or 1111-2222-3333.
func wholeAccount(s string) bool {
	return IsAccount(strings.ReplaceAll(s, "-", ""))
}

// accountFirst knows an ARN that lost its beginning: 111122223333:role/dev.
func accountFirst(s string) bool {
	account, _, _ := strings.Cut(strings.TrimLeft(s, ":"), ":")
	return IsAccount(account)
}
