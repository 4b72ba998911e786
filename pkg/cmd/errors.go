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
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// The outcomes that no other package has a name for.
var (
	errCancelled = fmt.Errorf("%w: cancelled", access.ErrRefused)
	errFailed    = errors.New("not everything was done") // each failure was told already
	errHalfway   = errors.New("interrupted halfway")     // a change, of which something was sent
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitRefused = 2
)

// outcome says of an error how the program ends and what the user does next.
type outcome struct {
	is   error
	text string // part of the message, where the error alone does not tell
	code int
	hint string
	next []string // the command that the hint ends in
}

const homepage = "https://github.com/kubectl-access/kubectl-access"

const noCredentials = "no AWS credentials: log in, for example with `aws sso login`, or set AWS_PROFILE"

// outcomes are tried in order; the first that fits counts.
var outcomes = []outcome{
	{is: cluster.ErrWrong, code: exitRefused, hint: "check the context with `kubectl access cluster`; if the cluster is right and only reached another way, name it with --eks-cluster"},
	{is: access.ErrRefused, code: exitRefused},
	{is: tui.ErrCancelled, code: exitRefused},
	{is: access.ErrPrincipal, code: exitRefused},
	{is: access.ErrRule, code: exitRefused},
	{is: edit.ErrNarrow, code: exitRefused},
	{is: access.ErrPolicy, code: exitRefused},
	{is: journal.ErrUnsafe, code: exitRefused},
	{is: journal.ErrUnreadable, code: exitRefused},
	{is: errHalfway, code: exitRefused, hint: "interrupted; run the same command again, it goes on from where the cluster is"},
	{is: context.Canceled, code: exitRefused, hint: "interrupted"},
	{is: access.ErrMode, code: exitFailed, hint: "turn entries on, a step that cannot be taken back: ", next: []string{"mode", string(access.ModeBoth), "--accept-risk=one-way-mode"}},
	{is: access.ErrForbidden, text: "iam:PassRole", code: exitFailed, hint: "an entry of a node type needs the permission iam:PassRole on its role: ask for it, or have somebody with it grant the entry"},
	{is: access.ErrForbidden, text: "not authorized", code: exitFailed, hint: "ask for that permission; what each command needs: " + homepage + "/blob/main/docs/iam.md"},
	{is: access.ErrThrottled, code: exitFailed, hint: "EKS asked for a slower pace; run the same command again"},
	{is: access.ErrUnknown, code: exitFailed, hint: "it may or may not have been carried out; run the same command again, it completes what is missing"},
	{is: access.ErrChanged, code: exitFailed, hint: "run the same command again"},
	{is: login.ErrNoRegion, code: exitFailed},
	{is: kubeconfig.ErrNotEKS, code: exitFailed},
	{is: kubeconfig.ErrNoContext, code: exitFailed},
	{is: access.ErrNoPrincipal, code: exitFailed, hint: "the role or user does not exist, or its path is missing or wrong; one that was made a moment ago may need some seconds"},
	{text: "No cluster found", code: exitFailed, hint: "see `kubectl access cluster` for where the name, region and profile came from"},
	{is: login.ErrExpired, code: exitFailed, hint: "the AWS credentials have expired: log in again, for example with `aws sso login`"},
	{is: login.ErrInvalid, code: exitFailed, hint: "these AWS credentials are not valid: log in again, or choose others with --profile; `aws configure list` shows where they come from"},
	{text: "sts:AssumeRole", code: exitFailed, hint: "the role cannot be taken with these credentials: its trust policy and your permissions must allow sts:AssumeRole"},
	{text: "failed to get shared config profile", code: exitFailed, hint: "the profile is not in the AWS configuration; `aws configure list-profiles` lists those that are"},
	{is: login.ErrUnreachable, code: exitFailed, hint: "no answer came from AWS: check the network, the VPN and the proxy (HTTPS_PROXY), and the spelling of the region"},
	{is: login.ErrIncomplete, code: exitFailed, hint: "AWS does not answer like this: check AWS_ENDPOINT_URL and the proxy (HTTPS_PROXY)"},
	{is: login.ErrMissing, code: exitFailed, hint: noCredentials},
	{text: "get identity: get credentials", code: exitFailed, hint: noCredentials},
}

func (o outcome) fits(err error) bool {
	return (o.is == nil || errors.Is(err, o.is)) && strings.Contains(err.Error(), o.text)
}

func outcomeOf(err error) outcome {
	for _, o := range outcomes {
		if o.fits(err) {
			return o
		}
	}
	return outcome{code: exitFailed}
}

// finish tells of the error that ended the command, and how to go on.
func (env *Env) finish(err error) int {
	var status childStatus
	if errors.As(err, &status) {
		return int(status)
	}
	o := outcomeOf(err)
	if !errors.Is(err, errFailed) {
		env.tell(err)
	}
	return o.code
}

// tell prints an error and its hint.
func (env *Env) tell(err error) {
	if errors.Is(err, errCancelled) || errors.Is(err, tui.ErrCancelled) {
		fmt.Fprintln(env.IO.ErrOut, "Cancelled. No changes made.")
		return
	}
	color := printer.Color(colorful(env.IO.ErrOut))
	for i, line := range strings.Split(strings.ReplaceAll(err.Error(), "\t", "  "), "\n") {
		if i == 0 {
			line = color.Bad("error:") + " " + printer.Clean(line)
		} else {
			line = printer.Clean(line)
		}
		fmt.Fprintln(env.IO.ErrOut, line)
	}
	env.hint(err)
}

func (env *Env) hint(err error) {
	if errors.Is(err, context.Canceled) && env.sent.Load() {
		err = errHalfway
	}
	o := outcomeOf(err)
	if o.next != nil {
		o.hint += env.command(o.next...)
	}
	if o.hint != "" {
		fmt.Fprintf(env.IO.ErrOut, "  %s\n", printer.Clean(o.hint))
	}
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

// usage marks a mistake in how the command was called.
func usage(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\nSee '%s -h' for help and examples", err, cmd.CommandPath())
}
