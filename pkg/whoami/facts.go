package whoami

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Facts are what is known about one caller and one cluster. What is not known is zero.
type Facts struct {
	Cluster    Cluster
	Namespace  string // of the context, for suggested grants
	System     string // runtime.GOOS, for the commands that set a clock
	Program    shell.Program
	Kubeconfig string        // the file of --kubeconfig
	Notes      []access.Note // what to know beside the answer

	Exec       string // the kubeconfig's credential plugin
	NoExec     bool   // that is not installed
	Unrunnable string // why kubectl cannot start it, wherever it is installed
	Hint       string // how to install it, by the kubeconfig
	Clock      time.Duration
	TokenEnd   time.Time // of a token in the kubeconfig
	Now        time.Time
	Profile    string
	SSO        bool // the profile logs in through IAM Identity Center
	AWS        *AWS
	AWSErr     error
	Kube       *Kubernetes
	KubeErr    error
	Trouble    Trouble      // what KubeErr is
	Login      Trouble      // what AWSErr is
	Info       *access.Info // of the cluster, read where something is wrong
	Other      bool         // the endpoint in AWS is not the server in the kubeconfig
	Private    bool         // the endpoint is in the cluster's network only
	NoEntries  bool         // the mode reads none

	Entry      *access.Entry
	EntryErr   error
	Entries    []access.Principal // all principals with an entry, where read
	EntriesErr error
	Former     *access.Entry // of the role that the caller's replaced
	Made       time.Time     // when the caller's role or user was created
	MadeErr    error
	Profiles   []Profile // others that the same login can assume

	Mappings    []access.Mapping
	Unread      map[string]string // why a section of aws-auth is not read at all, by its key
	MappingsErr error
	BoundErr    error
	Unbound     bool          // RBAC gives the caller nothing in the namespace
	Rules       []policy.Rule // what it gives there
}

// Profile is a profile of the AWS configuration and the role that it assumes.
type Profile struct {
	Name string
	Role access.Principal // without its path where the configuration does not have it
}

// Trouble is a kind of error.
type Trouble int

// The kinds of errors.
const (
	None Trouble = iota
	Unauthorized
	Unreachable
	Certificate
	Plugin
	Missing
	Expired
	Invalid
	Unknown
)

// principal is the caller, with the path where it is known.
func (f Facts) principal() access.Principal {
	if f.AWS == nil {
		return ""
	}
	return f.AWS.Principal
}

// short is how people write the caller.
func (f Facts) short() string { return f.principal().Short(f.principal().Account()) }

// administrator is the program with the flags that name the cluster, whatever context somebody else's kubeconfig has.
func (f Facts) administrator() shell.Program {
	return f.Program.Elsewhere("--eks-cluster", f.Cluster.Name, "--region", f.Cluster.Region)
}

// kubeconfig is the command that writes the cluster into the kubeconfig.
func (f Facts) kubeconfig(profile string, more ...string) string {
	words := []string{"kubeconfig", "--name", f.Cluster.Name, "--region", f.Cluster.Region}
	if profile != "" {
		words = append(words, "--profile", profile)
	}
	if f.Kubeconfig != "" {
		words = append(words, "--kubeconfig", f.Kubeconfig)
	}
	return f.Program.Elsewhere().Command(append(words, more...)...)
}

// grant is the command that gives the caller what an entry grants. Where that is nothing, policy and namespace are blanks: it is
// not known what the caller needs.
func (f Facts) grant(e access.Entry) []string {
	if e.Empty() {
		return []string{f.administrator().Command("grant", string(f.principal()), "--policy", shell.BlankPolicy, "-n", shell.BlankNamespace)}
	}
	var rest []string
	for _, g := range e.Groups {
		rest = append(rest, "--group", g)
	}
	if e.Username != "" {
		rest = append(rest, "--username", e.Username)
	}
	head := []string{"grant", string(f.principal())}
	if len(e.Grants) == 0 {
		return []string{f.administrator().Command(append(head, rest...)...)}
	}
	var all []string
	for _, g := range e.Grants {
		scope := []string{"-A"}
		if !g.Scope.WholeCluster() {
			scope = []string{"-n", strings.Join(g.Scope.Namespaces, ",")}
		}
		all = append(all, f.administrator().Command(slices.Concat(head, []string{"--policy", g.Policy.Short()}, scope, rest)...))
		rest = nil
	}
	return all
}

// renewed are an entry's grants and groups, for the same person under a new ID. EKS derives the username again where it derived the old one.
func renewed(e access.Entry) access.Entry {
	if strings.HasPrefix(e.Username, "arn:") {
		e.Username = ""
	}
	return e
}
