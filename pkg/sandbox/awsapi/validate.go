package awsapi

import (
	"slices"
	"strings"
)

// UNVERIFIED (eks-access.md §3.2): how the list reads today; the one that was seen had four types.
var entryTypes = []string{"EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX", "STANDARD"}

// reserved is the closed list of what a group or username may not begin with.
var reserved = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

// UNVERIFIED (eks-access.md §4.4): the groups of all types but EC2_LINUX.
var nodeGroups = map[string][]string{
	"EC2":            {"system:nodes"},
	"EC2_LINUX":      {"system:nodes"},
	"EC2_WINDOWS":    {"eks:kube-proxy-windows", "system:nodes"},
	"FARGATE_LINUX":  {"system:node-proxier"},
	"HYBRID_LINUX":   {"system:nodes"},
	"HYPERPOD_LINUX": {"system:nodes"},
}

const (
	clusterName pattern = `^[0-9A-Za-z][A-Za-z0-9\-_]*$`
	principalRE pattern = `^arn:aws:iam::(\d{12}):(role|user)(/(?:[!-~]+/)?)([\w+=,.@-]{1,64})$`
)

var (
	errInvalidPrincipal = &refusal{status: 400, code: "InvalidParameterException", message: "The specified principalArn is invalid: invalid principal."}
	errServiceLinked    = &refusal{
		status: 400, code: "InvalidParameterException",
		message: "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
	}
)

// nodeTypes is the list as the refusals about accounts and roles print it.
const nodeTypes = "[EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]"

// parts are the pieces of a principal's ARN; the zero value is of none.
type parts struct{ account, kind, path, name string }

func splitARN(arn string) parts {
	m := principalRE.expression().FindStringSubmatch(arn)
	if m == nil {
		return parts{}
	}
	return parts{m[1], m[2], m[3], m[4]}
}

// accountOf also knows the account of ARNs that name no role or user.
func accountOf(arn string) string {
	if fields := strings.SplitN(arn, ":", 6); len(fields) == 6 {
		return fields[4]
	}
	return ""
}

// serviceLinked judges by the ARN's shape alone, as EKS does.
func (p parts) serviceLinked() bool {
	return p.kind == "role" && strings.HasPrefix(p.path, "/aws-service-role/")
}

func checkClusterName(parameter, name string) error {
	if len(name) <= 100 && clusterName.expression().MatchString(name) {
		return nil
	}
	return invalidParameter(`The %s contains invalid characters. It should conform to the regular expression "^[0-9A-Za-z][A-Za-z0-9-_]*"`+
		`In other words, it should start with a number or letter, and can contain numbers, letters, dashes, and underscores.`, parameter)
}

// checkEntry judges a Create by itself: neither cluster nor IAM is asked.
func (a *Account) checkEntry(in EntryRequest) error {
	if !slices.Contains(entryTypes, in.Type) {
		return invalidParameter("AccessEntry type must be one of [%s]", strings.Join(entryTypes, ", "))
	}
	p := splitARN(in.PrincipalARN)
	switch {
	case p.serviceLinked():
		return errServiceLinked
	case in.Type == "STANDARD":
	case accountOf(in.PrincipalARN) != a.ID:
		return invalidParameter("AccessEntry principalArn must be from the same account as the cluster when using types %s", nodeTypes)
	case p.kind != "role":
		return invalidParameter("AccessEntry principalArn must be IAM role when using types %s", nodeTypes)
	}
	if p.name == "" {
		return errInvalidPrincipal // UNVERIFIED (eks-access.md §4.1): root and federated users
	}
	if err := checkNames(in); err != nil {
		return err
	}
	return checkTags(in.Tags, invalidParameter)
}

// checkNames judges groups and username, which only STANDARD entries choose for themselves.
func checkNames(in EntryRequest) error {
	if in.Type != "STANDARD" {
		// UNVERIFIED (eks-access.md §3.2): that types other than EC2_LINUX and EC2_WINDOWS refuse in these words.
		switch {
		case len(in.KubernetesGroups) > 0:
			return invalidParameter(`The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is %q`, in.Type)
		case in.Username != "":
			return invalidParameter(`The specified username is invalid: setting username is not allowed when the type is %q`, in.Type)
		}
		return nil
	}
	for _, group := range in.KubernetesGroups {
		if prefix := reservedPrefix(group); prefix != "" {
			return invalidParameter("The kubernetes group name %s is invalid, it cannot start with %s", group, prefix)
		}
	}
	if prefix := reservedPrefix(in.Username); prefix != "" {
		return invalidParameter("The username must not begin with %s", prefix)
	}
	before, _, templated := strings.Cut(in.Username, "{{SessionName")
	if templated && !strings.Contains(before, ":") {
		// UNVERIFIED (eks-access.md §3.2): the text.
		return invalidParameter("The username must contain a colon before {{SessionName}}")
	}
	return nil
}

//go:noinline
func reservedPrefix(name string) string {
	i := slices.IndexFunc(reserved, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	if i < 0 {
		return ""
	}
	return reserved[i]
}

const (
	mostTags    = 50
	tooManyTags = "The number of tags exceeds the limit of 50."
)

// checkTags refuses with the class of the operation: tag calls have their own. UNVERIFIED (eks-access.md §4.6): the texts.
func checkTags(tags map[string]string, refuse func(string, ...any) error) error {
	if len(tags) > mostTags {
		return refuse(tooManyTags)
	}
	for name, value := range tags {
		switch {
		case name == "" || len(name) > 128 || len(value) > 256:
			return refuse("Tag keys have 1 to 128 characters, tag values at most 256.")
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			return refuse("Tag keys must not begin with aws:, which is reserved for AWS.")
		}
	}
	return nil
}

// defaultUsername is what EKS sets when the caller gives none.
func defaultUsername(kind, arn string) string {
	p := splitARN(arn)
	switch {
	case kind == "EC2_LINUX", kind == "EC2_WINDOWS", kind == "EC2": // UNVERIFIED (eks-access.md §4.3): EC2
		return "system:node:{{EC2PrivateDNSName}}"
	case kind != "STANDARD": // UNVERIFIED (eks-access.md §4.3): HYPERPOD_LINUX
		return "system:node:{{SessionName}}"
	case p.kind == "user":
		return arn
	}
	return "arn:aws:sts::" + p.account + ":assumed-role/" + p.name + "/{{SessionName}}"
}

// identify returns the unique ID behind a principal's ARN. IAM is asked for its own account only;
// principals of other accounts are taken for real.
func (a *Account) identify(arn string) (string, bool) {
	p := splitARN(arn)
	if p.name == "" {
		return "", false
	}
	if p.account != a.ID {
		return UniqueID(idPrefix(p.kind), arn), true
	}
	who, ok := a.Principal(arn)
	if !ok {
		return "", false
	}
	return who.ID, true
}
