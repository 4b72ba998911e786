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

// Judge makes the report of what was learned.
func Judge(f Facts) Report {
	r := Report{Cluster: f.Cluster, AWS: f.AWS, Kubernetes: f.Kube}
	r.LetIn = f.letIn()
	r.Unknown = f.KubeErr != nil && f.Trouble != Unauthorized
	if r.LetIn {
		r.By = f.way()
	}
	for _, look := range f.looks(r) {
		if found := look(); len(found) > 0 {
			r.Problems = append(r.Problems, found...)
			if !r.LetIn {
				break // what comes first explains what comes after
			}
		}
	}
	r.Unchecked = f.unchecked(r)
	return r
}

// letIn: the cluster knows who it is. Refusing to review somebody is knowing him.
func (f Facts) letIn() bool {
	if f.Kube != nil {
		return f.Kube.Username != anonymous
	}
	return f.KubeErr == nil
}

// anonymous is who everybody is that sends no credentials.
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

// ByEntry tells whether the caller's entry can be what lets him in: it is not dead, and the cluster shows its username.
func (f Facts) ByEntry() bool {
	return f.Entry != nil && !f.dead() && f.shows(f.Entry.Username)
}

// dead: EKS binds an entry to the unique ID of its principal (eks-access.md §4.1).
func (f Facts) dead() bool {
	return f.Entry != nil && f.Made.After(f.Entry.Created)
}

// shows tells whether the cluster's name for the caller may come from a username, whatever stands for its templates.
func (f Facts) shows(username string) bool {
	if f.Kube == nil || f.Kube.Username == "" || username == "" || f.Impersonates {
		return true // one of the two is not known
	}
	pattern := regexp.MustCompile(`\\{\\{\w+\\}\\}`).ReplaceAllString(regexp.QuoteMeta(username), ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(f.Kube.Username)
}

// mapping is the line of aws-auth that is in force for the caller.
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

// means tells whether who wrote the line meant the caller, whether or not it works.
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
func (f Facts) looks(r Report) []look {
	if r.LetIn {
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
	text := fmt.Sprintf("the kubeconfig gets its token from %s, which is not installed or not on PATH, so kubectl itself does not get in", f.Exec)
	if f.Hint != "" {
		text += "; the kubeconfig says: " + f.Hint
	}
	if f.Unrunnable != "" {
		text = f.Unrunnable
	}
	return one(ExecNotInstalled, You, text, f.kubeconfig(f.Profile, "--exec", "native"))
}

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

// clockOff is from where a wrong clock is worth a word: EKS takes a token for 15 minutes, AWS a signature for 5.
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
	again := "aws sso login" + f.profileFlag()
	if f.Login == Missing && !f.SSO { // there is nothing yet to log in by
		again = "aws configure sso" + f.profileFlag()
	}
	for _, row := range []struct {
		is    Trouble
		cause Cause
		text  string
		next  string
	}{
		{Missing, CredentialsMissing, "there are no AWS credentials; log in, for example by IAM Identity Center, or name a profile with --profile", again},
		{Expired, CredentialsExpired, "the AWS credentials have expired; log in again the way you got them, for example by IAM Identity Center", again},
		{Invalid, CredentialsInvalid, "AWS does not know the credentials; log in again, for example by IAM Identity Center, or name another profile with --profile", again},
		{Unreachable, AWSUnreachable, "no answer comes from AWS; check the network, the VPN and the proxy (HTTPS_PROXY), and the spelling of the region", f.again()},
	} {
		if f.Login == row.is {
			return one(row.cause, You, row.text+": "+f.AWSErr.Error(), row.next)
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
		return one(EndpointPrivate, You, fmt.Sprintf("the endpoint of %s is private: only the cluster's own network reaches %s; connect to that network, for example by VPN",
			f.Cluster.Name, f.Cluster.Server), f.again())
	}
	return one(EndpointUnreachable, You, f.KubeErr.Error(), f.again())
}

func (f Facts) otherCluster() []Problem {
	if !f.Other {
		if f.Trouble == Certificate {
			return one(OtherCluster, You, f.KubeErr.Error(), f.kubeconfig(f.Profile))
		}
		return nil
	}
	return one(OtherCluster, You, fmt.Sprintf("the kubeconfig's server %s is not that of cluster %s, whose endpoint is %s", f.Cluster.Server, f.Cluster.Name, f.Info.Endpoint), f.kubeconfig(f.Profile))
}

func (f Facts) tokenExpired() []Problem {
	if f.TokenEnd.IsZero() || f.Now.Before(f.TokenEnd) {
		return nil
	}
	return one(TokenExpired, You, fmt.Sprintf("the token that stands in the kubeconfig ended at %s; EKS tokens last 15 minutes and are made anew by a credential plugin",
		f.TokenEnd.UTC().Format(time.RFC3339)), f.kubeconfig(f.Profile))
}

func (f Facts) nothingSent() []Problem {
	if f.Kube == nil || f.Kube.Username != anonymous {
		return nil
	}
	return one(NoCredentialsSent, You, "the kubeconfig's user has no credentials, so the cluster takes you for nobody", f.kubeconfig(f.Profile))
}

func (f Facts) notAPrincipal() []Problem {
	if f.AWS == nil {
		return nil
	}
	if _, err := access.ParsePrincipal(string(f.AWS.Principal)); err == nil {
		return nil
	}
	return one(NotAPrincipal, You, fmt.Sprintf("you are %s, and an access entry names a role or a user: take a role", f.AWS.ARN), "aws configure list-profiles")
}

// otherIdentity: a credential plugin of its own kind may log in as somebody else than the AWS settings do.
func (f Facts) otherIdentity() []Problem {
	if f.Kube == nil || f.AWS == nil {
		return nil
	}
	seen := f.Kube.Extra["arn"]
	if len(seen) == 0 || slices.Contains(seen, f.AWS.ARN) || sessionless(seen[0]) == sessionless(f.AWS.ARN) {
		return nil
	}
	return one(OtherIdentity, You, fmt.Sprintf("the cluster sees %s, while your AWS settings are %s: the kubeconfig's credential plugin logs in by other means", seen[0], f.AWS.ARN),
		f.kubeconfig(f.Profile))
}

// sessionless is a session's ARN without the session's name, which each login may choose anew.
func sessionless(arn string) string {
	if !strings.Contains(arn, ":assumed-role/") {
		return arn
	}
	return arn[:strings.LastIndexByte(arn, '/')]
}
