package awsauth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// never says why no caller's ARN can equal the one that is written; "" when one can. Callers are
//
//	arn:P:iam::A:role/NAME             every session of a role; STS does not tell the path
//	arn:P:iam::A:user/[PATH/]NAME
//	arn:P:sts::A:federated-user/NAME
//	arn:P:iam::A:root
//
// and compared ignoring case. All three sections are searched for every caller, so it does not
// matter in which of them a role or a user stands.
func never(arn string) string {
	parts := strings.SplitN(strings.ToLower(arn), ":", 6)
	owner := access.Principal(arn).Account()
	switch {
	case strings.ContainsAny(arn, "${}<>"):
		return "the ARN holds a placeholder that nobody filled in, so no caller matches it; write the real ARN"
	case strings.ContainsAny(arn, "*?"):
		return "there are no wildcards in aws-auth, so no caller matches it; write one line for each role or user"
	case strings.TrimSpace(arn) != arn:
		return "there are blanks around the ARN, so no caller matches it; delete them"
	case len(parts) < 6 || parts[0] != "arn":
		return "this is no ARN, so no caller matches it; write arn:aws:iam::ACCOUNT:role/NAME"
	case !slices.Contains(access.Partitions, parts[1]):
		return fmt.Sprintf("there is no AWS partition %q, so no caller matches it; the ARN begins with arn:aws:, arn:aws-cn:, arn:aws-us-gov: …", parts[1])
	case parts[3] != "":
		return "the ARN of a role or user has no region, so no caller matches it; delete the region"
	case !access.IsAccount(owner):
		return fmt.Sprintf("an AWS account has twelve digits, %q has not, so no caller matches it; write the real account", owner)
	case parts[2] == "iam":
		return neverIAM(arn, parts[5])
	case parts[2] == "sts":
		return neverSTS(arn, parts[5])
	}
	return fmt.Sprintf("an ARN of %q is no caller's; write the ARN of a role or user", parts[2])
}

func neverIAM(arn, resource string) string {
	kind, rest, _ := strings.Cut(resource, "/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	switch {
	case resource == "root":
		return ""
	case kind != "role" && kind != "user":
		return fmt.Sprintf("%q is neither a role nor a user, so no caller matches it; write the ARN of a role or user", kind)
	case !iamName(name) || len(name) > 64:
		return fmt.Sprintf("%q cannot be the name of a %s, so no caller matches it; write the real name", name, kind)
	case strings.HasPrefix(rest, "aws-service-role/"):
		return "this is a service-linked role, whose sessions only AWS has, and its path matches no caller; delete the line"
	case kind == "role" && name != rest:
		return "a caller's ARN never has the role's path, so no caller matches it; write " + roleARN(arn, access.Principal(arn).Name()) + ", or delete the line if nobody missed it"
	}
	return ""
}

func neverSTS(arn, resource string) string {
	parts := strings.Split(resource, "/")
	switch {
	case parts[0] == "assumed-role" && len(parts) > 2:
		return "this is the ARN of a session and callers are compared by their role, so none matches it; write " +
			roleARN(arn, strings.Split(arn, "/")[len(parts)-2])
	case parts[0] == "federated-user" && len(parts) > 1:
		return ""
	}
	return fmt.Sprintf("%q is neither a role nor a user, so no caller matches it; write the ARN of a role or user", resource)
}

// roleARN is the ARN of a role by which its sessions are known, in the account of another ARN.
func roleARN(of, name string) string {
	p := access.Principal(of)
	return "arn:" + p.Partition() + ":iam::" + p.Account() + ":role/" + name
}

// iamName tells whether it has the letters of IAM's names only.
func iamName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+=,.@_-", r)
	})
}

// remarks tells of what is odd about a line that is in force.
func (r *reader) remarks(l line) {
	kind := access.Principal(strings.ToLower(l.ARN)).Kind()
	switch {
	case l.State != access.InForce:
		return
	case kind == "root":
		r.defect(l.key, l.item, "this lets in the root user of the account only, not everybody in it; write the roles and users that shall have access")
	case kind == "user" && l.Kind == access.MappedRole:
		r.defect(l.key, l.item, "a user stands in mapRoles; it works, but move it to mapUsers, where others look for it")
	case kind == "role" && l.Kind == access.MappedUser:
		r.defect(l.key, l.item, "a role stands in mapUsers; it works, but move it to mapRoles, where others look for it")
	}
	if l.Username == "" {
		r.defect(l.key, l.item, "the line has no username, so nobody can tell who it is in the cluster; add one")
	}
}
