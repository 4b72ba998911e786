package awsauth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// never is why no caller's ARN can equal the written one; "" when one can. Callers are
//
//	arn:P:iam::A:role/NAME             every session of a role; STS omits the path
//	arn:P:iam::A:user/[PATH/]NAME
//	arn:P:sts::A:federated-user/NAME
//	arn:P:iam::A:root
//
// and compared ignoring case. All sections are searched for every caller, so a role in mapUsers matches too.
func never(arn string) string {
	parts := strings.SplitN(strings.ToLower(arn), ":", 6)
	owner := access.Principal(arn).Account()
	switch {
	case strings.ContainsAny(arn, "${}<>"):
		return "the ARN contains a placeholder, so no caller matches it; use the real ARN"
	case strings.ContainsAny(arn, "*?"):
		return "aws-auth has no wildcards, so no caller matches it; write one mapping for each role or user"
	case strings.TrimSpace(arn) != arn:
		return "there are spaces around the ARN, so no caller matches it; delete them"
	case len(parts) < 6 || parts[0] != "arn":
		return "this is not an ARN, so no caller matches it; write arn:aws:iam::ACCOUNT:role/NAME"
	case !slices.Contains(access.Partitions, parts[1]):
		return fmt.Sprintf("there is no AWS partition %q, so no caller matches it; ARNs begin with arn:aws:, arn:aws-cn:, arn:aws-us-gov: …", parts[1])
	case parts[3] != "":
		return "the ARN of a role or user has no region, so no caller matches it; delete the region"
	case !access.IsAccount(owner):
		return noAccount(owner)
	case parts[2] == "iam":
		return neverIAM(arn, parts[5])
	case parts[2] == "sts":
		return neverSTS(arn, parts[5])
	}
	return fmt.Sprintf("no caller has an ARN of %q; use the ARN of a role or user", parts[2])
}

func neverIAM(arn, resource string) string {
	kind, rest, _ := strings.Cut(resource, "/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case resource == "root":
		return ""
	case kind != "role" && kind != "user":
		return fmt.Sprintf("%q is neither a role nor a user, so no caller matches it; use the ARN of a role or user", kind)
	case !iamName(name) || len(name) > 64:
		return fmt.Sprintf("%q cannot be the name of a %s, so no caller matches it; use the real name", name, kind)
	case strings.HasPrefix(rest, "aws-service-role/"):
		return "only AWS uses a service-linked role, and its path matches no caller; delete the mapping"
	case kind == "role" && name != rest:
		return "a caller's ARN never has the role's path, so no caller matches it; delete the mapping or, if the role has no access entry, use " + roleARN(arn, access.Principal(arn).Name())
	}
	return ""
}

func neverSTS(arn, resource string) string {
	parts := strings.Split(resource, "/")
	switch {
	case parts[0] == "assumed-role" && len(parts) > 2:
		return "this is the ARN of a session, but callers are compared by role, so no caller matches it; use " +
			roleARN(arn, strings.Split(arn, "/")[len(parts)-2])
	case parts[0] == "federated-user" && len(parts) > 1:
		return ""
	}
	return fmt.Sprintf("%q is neither a role nor a user, so no caller matches it; use the ARN of a role or user", resource)
}

// roleARN is the ARN that the authenticator compares for a role, in the account of another ARN.
func roleARN(of, name string) string {
	p := access.Principal(of)
	return "arn:" + p.Partition() + ":iam::" + p.Account() + ":role/" + name
}

// iamName reports whether IAM allows each character in a name.
//
//go:noinline
func iamName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+=,.@_-", r)
	})
}

// remarks reports what is odd about an active mapping.
func (r *reader) remarks(m access.Mapping) {
	kind := access.Principal(strings.ToLower(m.ARN)).Kind()
	switch {
	case m.State != access.InForce:
		return
	case kind == "root":
		r.fault(m, "this matches the account's root user only, not everyone in the account; use the roles and users that need access")
	case kind == "user" && m.Kind == access.MappedRole:
		r.fault(m, "a user in mapRoles works, but move it to mapUsers, where others look for it")
	case kind == "role" && m.Kind == access.MappedUser:
		r.fault(m, "a role in mapUsers works, but move it to mapRoles, where others look for it")
	}
	if m.Username == "" {
		r.fault(m, "the mapping has no username, so the cluster cannot show who acted; add one")
	}
}
