package kubeconfig

import "strings"

// label is what the name of a kubeconfig entry tells about a cluster. The AWS CLI names
// entries by the cluster's ARN, eksctl by [USER@]NAME.REGION.eksctl.io.
type label struct {
	from                             string // FromARN or FromEksctl; empty: the name tells nothing
	name, region, account, partition string
}

// parseLabel takes of the name what is real; parts that nobody filled in stay empty.
func parseLabel(s string) label {
	if rest, ok := strings.CutSuffix(s, ".eksctl.io"); ok {
		return eksctlLabel(rest)
	}
	fields := strings.SplitN(s, ":", 6)
	if len(fields) < 6 || fields[0] != "arn" || fields[2] != "eks" || !strings.HasPrefix(fields[5], "cluster/") {
		return label{}
	}
	if !knownPartition(fields[1]) && !isPlaceholder(fields[1]) {
		return label{}
	}
	l := label{from: FromARN, name: clusterName(strings.TrimPrefix(fields[5], "cluster/")), region: realRegion(fields[3])}
	if knownPartition(fields[1]) {
		l.partition = fields[1]
	}
	if isAccount(fields[4]) {
		l.account = fields[4]
	}
	return l
}

// eksctlLabel reads [USER@]NAME.REGION; names of clusters hold neither dots nor @.
func eksctlLabel(s string) label {
	s = s[strings.LastIndex(s, "@")+1:]
	name, region, _ := strings.Cut(s, ".")
	return label{from: FromEksctl, name: clusterName(name), region: realRegion(region)}
}

func isAccount(s string) bool { return len(s) == 12 && all(s, isDigit) }

// clusterName is s if EKS would take it for a name: at most 100 letters, digits, dashes and
// underscores, a letter or digit first (EKS API Reference, CreateCluster); else empty.
func clusterName(s string) string {
	inside := func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }
	if s == "" || len(s) > 100 || !all(s, inside) || s[0] == '-' || s[0] == '_' {
		return ""
	}
	return s
}

// isUUID tells the ID of a local cluster on Outposts from a name.
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

// isPlaceholder tells what a template left behind: ${x}, {{x}}, <x>, [x], $X, %X% or `x`.
func isPlaceholder(s string) bool {
	return strings.ContainsAny(s, "${}<>[]`") || strings.Count(s, "%") > 1
}

// literal is s, or nothing if it is a placeholder.
func literal(s string) string {
	if isPlaceholder(s) {
		return ""
	}
	return s
}
