// Package kubefile writes EKS clusters into kubeconfig files, as `aws eks update-kubeconfig` does: it finds the file of an
// entry, replaces or adds it there, and keeps every other byte where YAML allows.
package kubefile

import (
	"cmp"
	"fmt"
	"os/exec"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Form is how the entries of a cluster are written. The zero value writes what `aws eks update-kubeconfig` writes without flags.
type Form struct {
	Alias, UserAlias string // names of the context and the user; empty: the cluster's ARN
	ProxyURL         string // proxy to the cluster
	RoleARN          string // role to assume for tokens
	Profile          string // AWS profile for tokens
	Program          string // makes tokens, with the flags of `aws eks get-token`; empty: the AWS CLI
}

// Entry is one cluster in a kubeconfig, with its user and its context.
type Entry struct {
	Context, Cluster, User string // their names
	Server, CA, ProxyURL   string
	Command, Hint          string
	Args                   []string
	Profile                string
}

// execVersion is that of the AWS CLI's entries (eks-access.md §10); programs of the old and the new API read it.
const execVersion = "client.authentication.k8s.io/v1beta1"

// Entry is the cluster in that form. It is an error where the cluster cannot be used yet.
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
		e.Hint = f.Program + " is not on PATH; install it with: kubectl krew install access"
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

// usable is why kubectl cannot reach the cluster; nil: it can. UPDATING clusters answer.
func usable(info access.Info) error {
	missing := ""
	switch {
	case info.Status == "CREATING" || info.Status == "PENDING":
		return fmt.Errorf("cluster %s is %s and has no endpoint yet; wait with `aws eks wait cluster-active --name %s --region %s`",
			info.Name, info.Status, info.Name, info.Region())
	case info.Status != "ACTIVE" && info.Status != "UPDATING":
		return fmt.Errorf("cluster %s is %s; only ACTIVE and UPDATING clusters can be used", info.Name, info.Status)
	case info.Endpoint == "":
		missing = "endpoint"
	case info.CA == "":
		missing = "certificate authority"
	default:
		return nil
	}
	return fmt.Errorf("cluster %s is %s, but EKS returned no %s for it; try again in a minute", info.Name, info.Status, missing)
}

func (e Entry) clusterNode() *yaml.Node {
	return mapping("cluster", mapping(keyCA, e.CA, "server", e.Server, "proxy-url", e.ProxyURL), "name", e.Cluster)
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

// YAML is the context, the user and the cluster as they are written.
func (e Entry) YAML() string {
	return render(e.contextNode()) + "\n" + render(e.userNode()) + "\n" + render(e.clusterNode())
}

// Unusable warns that kubectl would not find the program that makes the tokens; "" where it would.
func (e Entry) Unusable() string {
	if _, err := exec.LookPath(e.Command); err == nil {
		return ""
	}
	advice := "install it, or use this program for tokens with --exec native"
	if e.Command != "aws" {
		advice = "put it there, or use the AWS CLI for tokens with --exec aws"
	}
	return fmt.Sprintf("kubectl will run %s for tokens, which is not on PATH: %s", e.Command, advice)
}
