package kubeconfig

import (
	"fmt"
	"slices"
)

// The sources of the fields of a Target.
const (
	FromExecArgs   = "exec-args"   // the arguments of the exec command
	FromEnv        = "env"         // its environment
	FromWrapper    = "wrapper"     // the program around it, as in aws-vault exec PROFILE
	FromARN        = "cluster-arn" // the cluster's ARN, as the name of the cluster or the context
	FromEksctl     = "eksctl-name" // the name that eksctl gives them
	FromEndpoint   = "endpoint"    // the host of the API server
	FromKubeconfig = "kubeconfig"  // stated there
	FromRole       = "role-arn"    // the role that the exec command assumes
	FromUser       = "user-arn"    // the ARN as the name of the user
	FromFlag       = "flag"        // a flag of this program
)

// claim is the value that one source gives.
type claim struct{ value, from string }

// first is the first claim with a value.
func first(claims ...claim) claim {
	for _, c := range claims {
		if c.value != "" {
			return c
		}
	}
	return claim{}
}

// settle returns the first claim with a value, and which others contradict it.
func settle(field string, claims ...claim) (claim, []string) {
	winner := first(claims...)
	var conflicts []string
	for _, c := range claims {
		if c.value != "" && c.value != winner.value {
			s := fmt.Sprintf("%s: %s from %s, but %s from %s", field, winner.value, source(winner.from), c.value, source(c.from))
			if !slices.Contains(conflicts, s) {
				conflicts = append(conflicts, s)
			}
		}
	}
	return winner, conflicts
}

// foremost is the source to show where several agree: the exec command first, then the names, then the host.
func foremost(value string, claims ...claim) string {
	for _, from := range []string{FromExecArgs, FromEnv, FromARN, FromEksctl, FromEndpoint} {
		if slices.Contains(claims, claim{value, from}) {
			return from
		}
	}
	return ""
}

func source(from string) string {
	switch from {
	case FromExecArgs:
		return "the exec command's arguments"
	case FromEnv:
		return "the exec command's environment"
	case FromARN:
		return "the ARN"
	case FromEksctl:
		return "eksctl's name"
	case FromRole:
		return "the exec command's role"
	case FromUser:
		return "the user's ARN"
	}
	return "the " + from
}
