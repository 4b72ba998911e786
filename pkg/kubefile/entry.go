// Package kubefile writes EKS clusters into kubeconfig files, the way `aws eks update-kubeconfig`
// does: it knows which file an entry belongs to, replaces or adds it there, and leaves every other
// byte as it was where YAML allows.
package kubefile

import (
	"cmp"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Form is how the entries of a cluster are written. The zero value writes what `aws eks update-kubeconfig` writes without flags.
type Form struct {
	Alias, UserAlias string // names of the context and the user; empty: the cluster's ARN
	ProxyURL         string // through which kubectl reaches the cluster
	RoleARN          string // whom the tokens are for
	Profile          string // of the AWS configuration, that makes the tokens
	Program          string // makes the tokens, by flags like those of `aws eks get-token`; empty: the AWS CLI
}

// Entry is one cluster in a kubeconfig, with its user and its context.
type Entry struct {
	Context, Cluster, User string // their names
	Server, CA, ProxyURL   string
	Command, Hint          string
	Args                   []string
	Profile                string
}

// execVersion is that of the AWS CLI's entries (§10); programs of the old and the new API read it.
const execVersion = "client.authentication.k8s.io/v1beta1"

// Entry is the cluster in that form. A cluster that nobody can connect to yet is an error that says why.
func (f Form) Entry(info access.Info) (Entry, error) {
	if err := usable(info); err != nil {
		return Entry{}, err
	}
	e := Entry{
		Cluster: info.ARN, User: cmp.Or(f.UserAlias, info.ARN), Context: cmp.Or(f.Alias, f.UserAlias, info.ARN),
		Server: info.Endpoint, CA: info.CA, ProxyURL: f.ProxyURL, Profile: f.Profile,
		Command: "aws", Args: []string{"--region", info.Region(), "eks", "get-token"},
	}
	if f.Program != "" {
		e.Command, e.Args = f.Program, []string{"get-token", "--region", info.Region()}
		e.Hint = f.Program + " is not on PATH; it is installed by: kubectl krew install access"
	}
	if info.LocalID != "" {
		e.Args = append(e.Args, "--cluster-id", info.LocalID)
	} else {
		e.Args = append(e.Args, "--cluster-name", info.Name)
	}
	e.Args = append(e.Args, "--output", "json")
	if f.RoleARN != "" {
		e.Args = append(e.Args, "--role", f.RoleARN)
	}
	return e, nil
}

// usable tells what keeps kubectl from the cluster. UPDATING clusters answer.
func usable(info access.Info) error {
	missing := ""
	switch {
	case info.Status == "CREATING" || info.Status == "PENDING":
		return fmt.Errorf("cluster %s is %s and has no endpoint yet; wait for it with `aws eks wait cluster-active --name %s --region %s`",
			info.Name, info.Status, info.Name, info.Region())
	case info.Status != "ACTIVE" && info.Status != "UPDATING":
		return fmt.Errorf("cluster %s is %s; only clusters that are ACTIVE or UPDATING can be entered", info.Name, info.Status)
	case info.Endpoint == "":
		missing = "endpoint"
	case info.CA == "":
		missing = "certificate authority"
	default:
		return nil
	}
	return fmt.Errorf("cluster %s is %s, but EKS tells no %s for it; try again in a minute", info.Name, info.Status, missing)
}

func (e Entry) clusterNode() *yaml.Node {
	return mapping("cluster", mapping("certificate-authority-data", e.CA, "server", e.Server, "proxy-url", e.ProxyURL), "name", e.Cluster)
}

func (e Entry) contextNode() *yaml.Node {
	return mapping("context", mapping("cluster", e.Cluster, "user", e.User), "name", e.Context)
}

func (e Entry) userNode() *yaml.Node {
	exec := mapping("apiVersion", execVersion, "args", sequence(e.Args), "command", e.Command)
	if e.Profile != "" {
		env := mapping("name", "AWS_PROFILE", "value", e.Profile)
		exec.Content = append(exec.Content, scalar("env"), &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{env}})
	}
	exec.Content = append(exec.Content, mapping("installHint", e.Hint).Content...)
	return mapping("name", e.User, "user", mapping("exec", exec))
}

// YAML is the context, the user and the cluster as they are written, one after the other.
func (e Entry) YAML() string {
	return render(e.contextNode()) + "\n" + render(e.userNode()) + "\n" + render(e.clusterNode())
}
