package whoami

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Judge makes the report.
func Judge(f Facts) Report {
	r := Report{Cluster: f.Cluster, AWS: f.AWS, Kubernetes: f.Kube}
	r.HasAccess = f.letIn()
	r.Unknown = f.KubeErr != nil && f.Trouble != Unauthorized
	if r.HasAccess || r.Unknown && f.ByEntry() { // EKS knows the entry, also while the cluster does not answer
		r.By = f.way()
	}
	for _, look := range f.looks(r) {
		if found := look(); len(found) > 0 {
			r.Problems = append(r.Problems, found...)
			if !r.HasAccess {
				break // what comes first explains what comes after
			}
		}
	}
	r.Rights = f.rights(r)
	r.Unchecked = f.unchecked(r)
	return r
}

// letIn: the cluster knows the caller, also where it refuses to review it.
func (f Facts) letIn() bool {
	if f.Kube != nil {
		return f.Kube.Username != anonymous
	}
	return f.KubeErr == nil
}

// anonymous is the name of callers without credentials.
const anonymous = "system:anonymous"

func (f Facts) way() *Way {
	switch m := f.mapping(); {
	case f.ByEntry():
		return &Way{Entry: f.Entry}
	case m != nil && f.shows(m.Username):
		return &Way{Mapping: m}
	case f.NoEntries && f.MappingsErr == nil:
		return &Way{Creator: true}
	}
	return nil
}

// ByEntry reports whether the caller's entry gives the access: it works, and the cluster shows its username.
func (f Facts) ByEntry() bool {
	return f.Entry != nil && !f.dead() && f.shows(f.Entry.Username)
}

// dead: EKS ties an entry to the unique ID of its principal (eks-access.md §4.1).
//
//go:noinline
func (f Facts) dead() bool {
	return f.Entry != nil && f.Made.After(f.Entry.Created)
}

// shows reports whether the cluster's name for the caller may come from a username with templates.
func (f Facts) shows(username string) bool {
	if f.Kube == nil || f.Kube.Username == "" || username == "" {
		return true // one of the two is not known
	}
	pattern := regexp.MustCompile(`\\{\\{\w+\\}\\}`).ReplaceAllString(regexp.QuoteMeta(username), ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(f.Kube.Username)
}

// mapping is the active aws-auth mapping for the caller.
func (f Facts) mapping() *access.Mapping {
	for _, m := range f.Mappings {
		if m.State != access.InForce {
			continue
		}
		if f.AWS != nil && m.For(f.principal()) {
			return &m
		}
	}
	return nil
}

// means reports whether a mapping was meant for the caller, whether or not it works.
func (f Facts) means(m access.Mapping) bool {
	if f.AWS == nil || m.Kind == access.MappedAccount {
		return false
	}
	if m.Names(f.principal()) {
		return true
	}
	ref, err := access.ParsePrincipal(m.ARN)
	return err == nil && ref.Principal.Is(f.principal())
}

type look = func() []Problem

// looks are the checks in the order in which one cause hides the next.
//
//go:noinline
func (f Facts) looks(r Report) []look {
	if r.HasAccess {
		return []look{f.noExec, f.otherIdentity, f.recreated, f.shadowed, f.grantsNothing}
	}
	return []look{
		f.execFails, f.clock, f.login, f.unreachable, f.otherCluster, f.tokenExpired, f.nothingSent, f.notAPrincipal,
		f.recreated, f.notYet, f.roleChanged, f.otherProfile, f.neverMatches, f.mode, f.noEntry,
	}
}

func one(cause Cause, who Who, text string, commands ...string) []Problem {
	return []Problem{{Cause: cause, Text: text, By: who, Commands: commands}}
}

func (f Facts) noExec() []Problem {
	if !f.NoExec {
		return nil
	}
	text := fmt.Sprintf("the kubeconfig gets its token from %s, which is not installed or not on PATH, so kubectl has no access", f.Exec)
	if f.Hint != "" {
		text += "; the kubeconfig says: " + f.Hint
	}
	if f.Unrunnable != "" {
		text = f.Unrunnable
	}
	return one(ExecNotInstalled, You, text, f.kubeconfig(f.Profile, "--exec", "native"))
}

//go:noinline
func (f Facts) profileFlag() string {
	if f.Profile == "" {
		return ""
	}
	return " --profile " + shell.Quote(f.Profile)
}

func (f Facts) execFails() []Problem {
	if f.Trouble != Plugin {
		return nil
	}
	if p := f.noExec(); p != nil {
		return p
	}
	return one(ExecFailed, You, f.KubeErr.Error(), f.kubeconfig(f.Profile, "--exec", "native"))
}

// clockOff is the difference that is reported: EKS accepts a token for 15 minutes, AWS a signature for 5.
const clockOff = 2 * time.Minute

func (f Facts) clock() []Problem {
	if f.Clock.Abs() < clockOff {
		return nil
	}
	way := "behind"
	if f.Clock < 0 {
		way = "ahead of"
	}
	command := map[string]string{"darwin": "sudo sntp -sS time.apple.com", "windows": "w32tm /resync"}[f.System]
	if command == "" {
		command = "sudo timedatectl set-ntp true"
	}
	return one(ClockOff, You, fmt.Sprintf("this machine's clock is %d minutes %s the cluster's, so tokens made here are not valid there", int(f.Clock.Abs().Round(time.Minute).Minutes()), way), command)
}

func (f Facts) login() []Problem {
	again := []string{"aws sso login" + f.profileFlag()}
	if f.Login == Missing && !f.SSO { // no login is configured yet
		again = []string{"aws configure sso" + f.profileFlag()}
	}
	for _, row := range []struct {
		is    Trouble
		cause Cause
		text  string
		next  []string
	}{
		{Missing, CredentialsMissing, "no AWS credentials found; log in, for example through IAM Identity Center, or choose a profile with --profile", again},
		{Expired, CredentialsExpired, "the AWS credentials have expired; log in again, for example through IAM Identity Center", again},
		{Invalid, CredentialsInvalid, "AWS does not know these credentials; log in again, for example through IAM Identity Center, or choose another profile with --profile", again},
		{Unreachable, AWSUnreachable, "could not reach AWS; check the network, the VPN, the proxy (HTTPS_PROXY) and the spelling of the region: " + fmt.Sprint(f.AWSErr), nil},
	} {
		if f.Login == row.is {
			return one(row.cause, You, row.text, row.next...)
		}
	}
	return nil
}

func (f Facts) unreachable() []Problem {
	if f.Trouble != Unreachable {
		return nil
	}
	switch {
	case f.Other:
		return f.otherCluster()
	case f.Private:
		return one(EndpointPrivate, You, fmt.Sprintf("the endpoint of %s is private: %s can be reached only from the network of the cluster; connect to it, for example by VPN, and try again",
			f.Cluster.Name, f.Cluster.Server))
	}
	return one(EndpointUnreachable, You, f.KubeErr.Error())
}

func (f Facts) otherCluster() []Problem {
	if !f.Other {
		if f.Trouble == Certificate {
			return one(OtherCluster, You, f.KubeErr.Error(), f.kubeconfig(f.Profile))
		}
		return nil
	}
	return one(OtherCluster, You, fmt.Sprintf("the server in the kubeconfig, %s, is not the endpoint of cluster %s, %s", f.Cluster.Server, f.Cluster.Name, f.Info.Endpoint), f.kubeconfig(f.Profile))
}

func (f Facts) tokenExpired() []Problem {
	if f.TokenEnd.IsZero() || f.Now.Before(f.TokenEnd) {
		return nil
	}
	return one(TokenExpired, You, fmt.Sprintf("the token in the kubeconfig expired at %s; EKS tokens are valid for 15 minutes and need a credential plugin",
		f.TokenEnd.UTC().Format(time.RFC3339)), f.kubeconfig(f.Profile))
}

func (f Facts) nothingSent() []Problem {
	if f.Kube == nil || f.Kube.Username != anonymous {
		return nil
	}
	return one(NoCredentialsSent, You, "the user in the kubeconfig has no credentials, so you are anonymous to the cluster", f.kubeconfig(f.Profile))
}

func (f Facts) notAPrincipal() []Problem {
	if f.AWS == nil {
		return nil
	}
	if _, err := access.ParsePrincipal(string(f.AWS.Principal)); err == nil {
		return nil
	}
	return one(NotAPrincipal, You, fmt.Sprintf("you are %s, which cannot have an access entry: use a role or a user", f.AWS.ARN), "aws configure list-profiles")
}

// otherIdentity: a credential plugin may use another login than the AWS settings.
func (f Facts) otherIdentity() []Problem {
	if f.Kube == nil || f.AWS == nil {
		return nil
	}
	seen := f.Kube.Extra["arn"]
	if len(seen) == 0 || slices.Contains(seen, f.AWS.ARN) || sessionless(seen[0]) == sessionless(f.AWS.ARN) {
		return nil
	}
	return one(OtherIdentity, You, fmt.Sprintf("the cluster sees %s, but your AWS settings are %s: the credential plugin of the kubeconfig uses another login", seen[0], f.AWS.ARN),
		f.kubeconfig(f.Profile))
}

// sessionless is a session's ARN without the session's name, which may differ for each login.
func sessionless(arn string) string {
	if !strings.Contains(arn, ":assumed-role/") {
		return arn
	}
	return arn[:strings.LastIndexByte(arn, '/')]
}
