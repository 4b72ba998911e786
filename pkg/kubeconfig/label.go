package kubeconfig

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// label is what the name of a kubeconfig entry shows about a cluster. The AWS CLI names entries after the cluster's ARN,
// eksctl [USER@]NAME.REGION.eksctl.io.
type label struct {
	from                             string // FromARN or FromEksctl; empty: neither
	name, region, account, partition string
}

// parseLabel parses a name; placeholders in it stay empty.
func parseLabel(s string) label {
	if rest, ok := strings.CutSuffix(s, ".eksctl.io"); ok {
		return eksctlLabel(rest)
	}
	fields := strings.SplitN(s, ":", 6)
	if len(fields) < 6 || fields[0] != "arn" || fields[2] != "eks" || !strings.HasPrefix(fields[5], "cluster/") {
		return label{}
	}
	known := slices.Contains(access.Partitions, fields[1])
	if !known && !isPlaceholder(fields[1]) {
		return label{}
	}
	l := label{from: FromARN, name: clusterName(strings.TrimPrefix(fields[5], "cluster/")), region: realRegion(fields[3])}
	if known {
		l.partition = fields[1]
	}
	if access.IsAccount(fields[4]) {
		l.account = fields[4]
	}
	return l
}

// eksctlLabel reads [USER@]NAME.REGION; names of clusters contain neither dots nor @.
func eksctlLabel(s string) label {
	s = s[strings.LastIndex(s, "@")+1:]
	name, region, _ := strings.Cut(s, ".")
	return label{from: FromEksctl, name: clusterName(name), region: realRegion(region)}
}

// clusterName is s if EKS allows it as a name: at most 100 letters, digits, dashes and
// underscores, a letter or digit first (EKS API Reference, CreateCluster); else empty.
func clusterName(s string) string {
	inside := func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }
	if s == "" || len(s) > 100 || !all(s, inside) || s[0] == '-' || s[0] == '_' {
		return ""
	}
	return s
}

// isUUID reports whether s is the ID of a local cluster on Outposts and not a name.
func isUUID(s string) bool {
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := isDigit(s[i]) || 'a' <= s[i] && s[i] <= 'f'
		if dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return len(s) == 36
}

// isPlaceholder reports whether a template was not filled in: ${x}, {{x}}, <x>, [x], $X, %X% or `x`.
func isPlaceholder(s string) bool {
	return strings.ContainsAny(s, "${}<>[]`") || strings.Count(s, "%") > 1
}

// literal is s, or empty if it is a placeholder.
//
//go:noinline
func literal(s string) string {
	if isPlaceholder(s) {
		return ""
	}
	return s
}
