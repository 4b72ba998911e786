package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// Errors that only commands return.
var (
	errCancelled = fmt.Errorf("%w: cancelled", access.ErrRefused)
	errFailed    = errors.New("not everything was done") // each failure was printed already

	errInterrupted = errors.New("interrupted") // one of several clusters
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitRefused = 2
	exitFound   = 3 // an answer that --expect did not, or findings that --fail-on names
)

// outcome is the exit code of an error and the hint about what to do next.
type outcome struct {
	is   error
	code int
	hint string
	next []string // the command that the hint ends in
	only string   // the one flag of those typed that the command takes, "": all
}

const homepage = "https://github.com/kubectl-access/kubectl-access"

// outcomes are tried in order; the first match wins.
var outcomes = []outcome{
	{is: cluster.ErrWrong, code: exitRefused, hint: "if the cluster is right but reached through a proxy or tunnel, name it with --eks-cluster; otherwise check the context: ", next: []string{"cluster"}},
	{is: access.ErrRefused, code: exitRefused},
	{is: tui.ErrCancelled, code: exitRefused},
	{is: access.ErrPrincipal, code: exitFailed},
	{is: access.ErrRule, code: exitRefused},
	{is: edit.ErrNarrow, code: exitRefused},
	{is: access.ErrPolicy, code: exitFailed, hint: "list the access policies: ", next: []string{"policies"}},
	{is: journal.ErrUnsafe, code: exitRefused},
	{is: journal.ErrUnreadable, code: exitRefused},
	{is: errUnexpected, code: exitFound},
	{is: errDiffers, code: exitFailed},
	{is: errFindings, code: exitFound},
	{is: context.Canceled, code: exitRefused},
	{is: access.ErrMode, code: exitFailed, hint: "turn on access entries (irreversible): ", next: []string{"mode", string(access.ModeBoth), "--accept-risk=one-way-mode"}},
	{is: access.ErrPassRole, code: exitFailed, hint: "an entry for nodes needs the permission iam:PassRole on its role: request it, or ask someone with it to grant the entry"},
	{is: access.ErrRBAC, code: exitFailed, hint: "see who you are to the cluster and what you may do: ", next: []string{"whoami"}},
	{is: access.ErrUnauthorized, code: exitFailed, hint: "see who you are and why you have no access: ", next: []string{"whoami"}},
	{is: access.ErrForbidden, code: exitFailed, hint: "you need this permission (" + homepage + "/blob/main/docs/iam.md); see who you are and what you may do: ", next: []string{"whoami"}},
	{is: access.ErrThrottled, code: exitFailed, hint: "the requests were throttled; run the same command again"},
	{is: access.ErrUnknown, code: exitFailed, hint: "the change may or may not have been made; run the same command again to complete it"},
	{is: access.ErrChanged, code: exitFailed, hint: "run the same command again"},
	{is: login.ErrNoRegion, code: exitFailed},
	{is: kubeconfig.ErrNotEKS, code: exitFailed},
	{
		is: kubeconfig.ErrNoKubeconfig, code: exitFailed, hint: "pass --kubeconfig FILE, or create one: ",
		next: []string{"kubeconfig", "--name", "NAME", "--region", "REGION"}, only: "kubeconfig",
	},
	{is: kubeconfig.ErrNoContext, code: exitFailed},
	{is: access.ErrNoPrincipal, code: exitFailed, hint: "the role or user does not exist, or its path is missing or wrong; a new one may take a few seconds to appear"},
	{is: access.ErrNoCluster, code: exitFailed, hint: "see where the name, region and profile come from: ", next: []string{"cluster", "--offline"}},
	{is: login.ErrExpired, code: exitFailed, hint: "the AWS credentials have expired: log in again, for example with `aws sso login`"},
	{is: login.ErrInvalid, code: exitFailed, hint: "these AWS credentials are not valid: log in again, or choose others with --profile; `aws configure list` shows where they come from"},
	{is: login.ErrAssumeRole, code: exitFailed, hint: "the role's trust policy and your permissions must both allow sts:AssumeRole"},
	{is: login.ErrNoProfile, code: exitFailed, hint: "the profile is not in the AWS configuration; list profiles with `aws configure list-profiles`"},
	{is: fleet.ErrSilent, code: exitFailed, hint: "check the network, the VPN and the login of this cluster, or allow more time with --timeout"},
	{is: login.ErrUnreachable, code: exitFailed, hint: "could not reach AWS: check the network, the VPN, the proxy (HTTPS_PROXY) and the spelling of the region"},
	{is: login.ErrIncomplete, code: exitFailed, hint: "this answer does not come from AWS: check AWS_ENDPOINT_URL and the proxy (HTTPS_PROXY)"},
	{is: login.ErrMissing, code: exitFailed, hint: "no AWS credentials: log in, for example with `aws sso login`, or set AWS_PROFILE"},
}

//go:noinline
func outcomeOf(err error) outcome {
	for _, o := range outcomes {
		if errors.Is(err, o.is) {
			return o
		}
	}
	return outcome{code: exitFailed}
}

// finish prints the error that ended the command, with its hint, and returns the exit code.
func (env *Env) finish(err error) int {
	var status sandbox.Status
	if errors.As(err, &status) {
		return int(status)
	}
	o := outcomeOf(err)
	switch {
	case errors.Is(err, errDiffers):
		return o.code
	case !errors.Is(err, errFailed):
		env.tell(err)
	}
	if env.comparing {
		return max(o.code, exitRefused)
	}
	return o.code
}

// tell prints an error and its hint.
func (env *Env) tell(err error) {
	if env.part != nil {
		env.part.tell(err)
		return
	}
	if errors.Is(err, errCancelled) || errors.Is(err, tui.ErrCancelled) {
		fmt.Fprintln(env.IO.ErrOut, "Cancelled. No changes made.")
		return
	}
	if errors.Is(err, context.Canceled) {
		text := "Interrupted. No changes made."
		if env.sent.Load() {
			text = "Interrupted. Run the same command again to complete the change."
		}
		fmt.Fprintln(env.IO.ErrOut, text)
		return
	}
	color := printer.Colorful(env.IO.ErrOut)
	for i, line := range strings.Split(strings.ReplaceAll(err.Error(), "\t", "  "), "\n") {
		if i == 0 {
			line = color.Bad("error:") + " " + printer.Clean(line)
		} else {
			line = printer.Clean(line)
		}
		env.say(env.IO.ErrOut, line+"\n")
	}
	env.hint(err)
}

func (env *Env) hint(err error) {
	if text := env.advice(err); text != "" {
		env.say(env.IO.ErrOut, "  "+printer.Clean(text)+"\n")
	}
}

// advice is the hint on an error, with the next command.
func (env *Env) advice(err error) string {
	o := outcomeOf(err)
	switch {
	case o.next == nil:
		return o.hint
	case o.only != "":
		return o.hint + env.program.Elsewhere(env.typedFlags(o.only)...).Command(o.next...)
	}
	return o.hint + env.program.Command(o.next...)
}

// hints gives each piece of advice once.
func (env *Env) hints(errs []error) {
	given := map[string]bool{}
	for _, err := range errs {
		if h := outcomeOf(err).hint; !given[h] {
			given[h] = true
			env.hint(err)
		}
	}
}

// usage adds the command's help to an error about its arguments.
func usage(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\nSee '%s -h' for help and examples", err, cmd.CommandPath())
}
