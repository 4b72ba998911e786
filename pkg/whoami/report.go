// Package whoami finds what gives a caller access to a cluster, or why it has none. It is pure: it judges facts that were read
// before.
package whoami

import (
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Report is the answer, in the form that -o json prints.
type Report struct {
	Cluster    Cluster     `json:"cluster"`
	AWS        *AWS        `json:"aws,omitempty"`
	Kubernetes *Kubernetes `json:"kubernetes,omitempty"`
	HasAccess  bool        `json:"hasAccess"`
	Unknown    bool        `json:"unknown,omitempty"` // the cluster could not be read
	By         *Way        `json:"by,omitempty"`
	Rights     *Rights     `json:"rights,omitempty"` // nil: not known
	Problems   []Problem   `json:"problems,omitempty"`
	Unchecked  []Unchecked `json:"notChecked,omitempty"`
}

// Message is what an administrator reads above the commands.
func (r Report) Message(p Problem) string {
	who := "The caller"
	if r.AWS != nil {
		who = string(r.AWS.Principal)
	}
	text := who + ", cluster " + r.Cluster.Name + " (" + r.Cluster.Region + "): " + p.Text + ". "
	please := "Please "
	if r.Cluster.Mode == access.ModeConfigMap {
		text += "An aws-auth mapping would give access. "
		please = "To create an access entry instead, which needs a change of the mode (irreversible), "
	}
	if slices.ContainsFunc(p.Commands, func(c string) bool { return strings.Contains(c, shell.BlankPolicy) }) {
		please += "fill in " + shell.BlankPolicy + " and " + shell.BlankNamespace + ", and "
	}
	return text + please + "run:"
}

// Rights are what the caller may do in the namespace of the context.
type Rights struct {
	Namespace string `json:"namespace"`
	Summary   string `json:"summary"`
	AtLeast   bool   `json:"atLeast,omitempty"` // there may be more: a source could not be read
	Explain   string `json:"explain,omitempty"` // the command that says what a missing right needs; "": none is missing
}

// Unchecked is one thing that could not be read.
type Unchecked struct {
	What   string `json:"what"`
	Why    string `json:"why"`
	Detail string `json:"detail"` // what the service said
}

// Cluster is which one was asked.
type Cluster struct {
	Name   string      `json:"name"`
	Region string      `json:"region"`
	Server string      `json:"server,omitempty"`
	Mode   access.Mode `json:"mode,omitempty"` // "" where it did not have to be asked
}

// AWS is who AWS says the caller is.
type AWS struct {
	ARN       string           `json:"arn"`
	Account   string           `json:"account"`
	UserID    string           `json:"userID"`
	Principal access.Principal `json:"principal"` // with its path where that is known
	Profile   string           `json:"profile,omitempty"`
	RoleARN   string           `json:"roleARN,omitempty"` // what the kubeconfig or a flag assumes
}

// Kubernetes is who the cluster says the caller is.
type Kubernetes struct {
	Username string              `json:"username"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups,omitempty"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

// Way is what gives the caller access: one of the three.
type Way struct {
	Entry   *access.Entry   `json:"-"`
	Mapping *access.Mapping `json:"-"`
	Creator bool            `json:"-"` // of a cluster that reads aws-auth only
}

// Problem is one cause, with the commands that solve it.
type Problem struct {
	Cause    Cause    `json:"cause"`
	Text     string   `json:"text"`
	By       Who      `json:"by"` // who can run them
	Commands []string `json:"commands,omitempty"`
}

// Who can solve a problem.
type Who string

// The two.
const (
	You           Who = "you"
	Administrator Who = "administrator"
)

// Cause names a problem, for scripts.
type Cause string

// The causes.
const (
	ExecNotInstalled    Cause = "exec-not-installed"
	ExecFailed          Cause = "exec-failed"
	ClockOff            Cause = "clock-off"
	CredentialsMissing  Cause = "credentials-missing"
	CredentialsExpired  Cause = "credentials-expired"
	CredentialsInvalid  Cause = "credentials-invalid"
	AWSUnreachable      Cause = "aws-unreachable"
	EndpointPrivate     Cause = "endpoint-private"
	EndpointUnreachable Cause = "endpoint-unreachable"
	OtherCluster        Cause = "other-cluster"
	TokenExpired        Cause = "token-expired"
	NoCredentialsSent   Cause = "no-credentials-sent"
	OtherIdentity       Cause = "other-identity"
	NotAPrincipal       Cause = "not-a-principal"
	RoleRecreated       Cause = "role-recreated"
	RoleChanged         Cause = "role-changed"
	OtherProfile        Cause = "other-profile"
	MappingNeverMatches Cause = "mapping-never-matches"
	MappingShadowed     Cause = "mapping-shadowed"
	ModeConfigMap       Cause = "mode-config-map"
	NoEntry             Cause = "no-entry"
	EntryNotYet         Cause = "entry-not-in-effect"
	GrantsNothing       Cause = "grants-nothing"
)
