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
	if why := notAPrincipal(p); why != "" {
		return Ref{}, errors.New(why)
	}
	if err := checkAccount(p.Account()); err != nil {
		return Ref{}, err
	}
	if p.Kind() != "role" && p.Kind() != "user" {
		return Ref{}, fmt.Errorf("%q is neither a role nor a user; write arn:%s:iam::%s:role/NAME", p.field(5), p.Partition(), p.Account())
	}
	if err := checkName(p.Kind(), p.Name(), strings.TrimPrefix(p.Path(), "/")); err != nil {
		return Ref{}, err
	}
	if p.ServiceLinked() {
		return Ref{}, errors.New("EKS refuses entries for service-linked roles; AWS manages its own access")
	}
	ref := Ref{Principal: p, Name: p.Name(), Path: p.Path()}
	if p.Path() == "/" && p.PermissionSet() != "" {
		// aws-auth wanted Identity Center roles without their path, EKS wants them with it.
		ref.Lookup, ref.Path = LookupPath, ""
	}
	return ref, nil
}

// notAPrincipal names what the ARN is instead, and what to write.
func notAPrincipal(p Principal) string {
	switch p.Kind() {
	case "root":
		return "the account's root lets nobody else in; write the role or user that shall have access"
	case "group":
		return "IAM groups are no principals; write a role that the group's members assume, or each user/NAME"
	case "instance-profile":
		return "an instance profile is no principal; write the role in it: role/NAME"
	case "oidc-provider", "saml-provider":
		return "an identity provider is no principal; write the role that its identities assume: role/NAME"
	case "mfa", "sms-mfa", "u2f":
		return "an MFA device is no principal; write the user who owns it: user/NAME"
	case "policy":
		return "an IAM policy is no principal; write the role or user that has it"
	case "server-certificate":
		return "a certificate is no principal; write a role or user"
	}
	return ""
}

func checkAccount(account string) error {
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return fmt.Errorf("an AWS account has twelve digits, %q has not; write the real account", account)
	}
	return nil
}

// stsRef turns a session into its role. The session's ARN hides the role's path.
func stsRef(p Principal) (Ref, error) {
	if p.Kind() == "federated-user" {
		return Ref{}, errors.New("a federated user is no principal of EKS; write the user or role that it comes from")
	}
	parts := strings.Split(p.field(5), "/")
	if p.Kind() != "assumed-role" || len(parts) < 2 {
		return Ref{}, errors.New("of STS only a session of a role is a principal: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION")
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
	switch {
	case strings.HasPrefix(s, "AROA"), strings.HasPrefix(s, "AIDA"):
		return errors.New("this is IAM's unique ID; write the Arn that `aws sts get-caller-identity` shows")
	case len(s) == 12 && strings.Trim(s, "0123456789") == "":
		return errors.New("a whole account cannot be let in; write one role/NAME or user/NAME")
	case strings.HasPrefix(s, "group/"):
		return errors.New("IAM groups are no principals; write a role that the group's members assume, or each user/NAME")
	case strings.HasPrefix(s, "AWSReservedSSO_"):
		return fmt.Errorf("write role/%s, or sso/PERMISSION_SET", s)
	case strings.Contains(s, "@"):
		return errors.New("this looks like an e-mail address; write sso/PERMISSION_SET, role/NAME or user/NAME")
	case strings.ContainsAny(s, "${}<>"):
		return errors.New("it holds a placeholder that nobody filled in; write the real ARN")
	case inCharset(s):
		return fmt.Errorf("write role/%s or user/%s", s, s)
	}
	return errors.New("write role/NAME, user/NAME, sso/PERMISSION_SET, an ARN or me")
}
