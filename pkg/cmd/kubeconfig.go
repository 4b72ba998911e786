package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/kubefile"
)

// kubeconfigFlags are those of `aws eks update-kubeconfig`, and --all and --exec.
type kubeconfigFlags struct {
	name, path, exec, dryRun string
	roleARN, describeBy      string
	form                     kubefile.Form
	all, verbose             bool
}

func newKubeconfigCmd(env *Env) *cobra.Command {
	var f kubeconfigFlags
	cmd := &cobra.Command{
		Use:   "kubeconfig (--name CLUSTER | --all)",
		Short: "Write clusters into the kubeconfig, in place of aws eks update-kubeconfig",
		Long: `Write EKS clusters into the kubeconfig: for each a cluster, a user and a context, and make the context
the current one. With the flags of aws eks update-kubeconfig the same comes out. What else stands in
the file stays as it is.

Written is the file that has the cluster already, among those that KUBECONFIG lists; else the first of
them, else ~/.kube/config. --all leaves the current context alone.`,
		Example: `  # Enter a cluster
  kubectl access kubeconfig --name demo --alias demo

  # Every cluster of a region; kubectl will need no AWS CLI
  kubectl access kubeconfig --all --region us-west-2 --exec native

  # By a role, and only look at what would be written
  kubectl access kubeconfig --name demo --role-arn arn:aws:iam::111122223333:role/ops --dry-run`,
		Args: flagInstead("--name"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(f.check(), contextless(cmd.Flags())); err != nil {
				return usage(cmd, err)
			}
			if f.name == "" && !f.all {
				return usage(cmd, env.nameMissing(cmd.Context(), f))
			}
			f.form.Program = f.program(env.name)
			return env.writeKubeconfig(cmd.Context(), f)
		},
	}
	f.bind(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

// bind replaces two flags that mean something else for other commands: the file to read, the role to ask AWS by.
func (f *kubeconfigFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.name, "name", "", "The name of the EKS cluster")
	fs.BoolVar(&f.all, "all", false, "Write every cluster of the region")
	fs.StringVar(&f.form.Alias, "alias", "", "The name of the context, instead of the user's")
	fs.StringVar(&f.form.UserAlias, "user-alias", "", "The name of the user, instead of the cluster's ARN")
	fs.StringVar(&f.roleARN, "role-arn", "", "The role that kubectl assumes to enter the cluster")
	fs.StringVar(&f.describeBy, "assume-role-arn", "", "The role to assume for asking EKS about the cluster, as in another account")
	fs.StringVar(&f.form.ProxyURL, "proxy-url", "", "The proxy through which kubectl reaches the cluster")
	fs.StringVar(&f.path, "kubeconfig", "", "The file to write to, instead of those that KUBECONFIG lists")
	fs.StringVar(&f.exec, "exec", "aws", "What makes the tokens: aws, the AWS CLI; or native, this program")
	fs.StringVar(&f.dryRun, "dry-run", "none", "Must be none or client. With client, print the kubeconfig, without secrets, and write nothing")
	fs.Lookup("dry-run").NoOptDefVal = "client"
	fs.BoolVar(&f.verbose, "verbose", false, "Print the entries that were written, too")
}

func (f *kubeconfigFlags) check() error {
	switch {
	case f.name != "" && f.all:
		return errors.New("--name and --all exclude each other")
	case f.all && f.form.Alias+f.form.UserAlias != "":
		return errors.New("--alias and --user-alias name the entries of one cluster; --all writes several")
	case f.exec != "aws" && f.exec != "native":
		return fmt.Errorf("--exec %q: must be aws or native", f.exec)
	}
	if err := checkDryRun(f.dryRun); err != nil {
		return err
	}
	if err := checkProxy(f.form.ProxyURL); err != nil {
		return err
	}
	f.form.RoleARN = f.roleARN
	return errors.Join(checkAlias("--alias", f.form.Alias), checkAlias("--user-alias", f.form.UserAlias),
		checkRole("--role-arn", f.roleARN), checkRole("--assume-role-arn", f.describeBy))
}

// checkAlias takes what can be typed again after kubectl --context.
func checkAlias(flag, name string) error {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("%s: %q holds control characters", flag, name)
	}
	return nil
}

// checkRole takes the ARN of a role as IAM knows it, for STS takes no other.
func checkRole(flag, arn string) error {
	if arn == "" {
		return nil
	}
	ref, err := access.ParsePrincipal(arn)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	if string(ref.Principal) != arn || ref.Principal.Kind() != "role" {
		return fmt.Errorf("%s: %q is not the ARN of a role; write arn:aws:iam::ACCOUNT:role/NAME", flag, arn)
	}
	return nil
}

// checkProxy takes what kubectl takes; a kubeconfig with anything else it could not read at all.
func checkProxy(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return errors.New("--proxy-url: it must be a URL that begins with http://, https:// or socks5://") // not shown: it may hold a password
	}
	return nil
}

// contextless refuses what chooses a cluster by the kubeconfig: here it is about to be written.
func contextless(fs *pflag.FlagSet) error {
	for _, name := range []string{"context", "cluster", "user", "as", "as-group", "eks-cluster"} {
		if fs.Changed(name) {
			return fmt.Errorf("--%s does not say which cluster to write; name it with --name", name)
		}
	}
	if fs.Changed("role-arn") && fs.Lookup("role-arn").Value.String() == "" {
		return errors.New("--role-arn has an empty value; is a variable unset?") // elsewhere that says: no role
	}
	return nil
}

// program makes the tokens: this one, under the name that kubectl finds it by. Empty: the AWS CLI.
func (f *kubeconfigFlags) program(shown string) string {
	if f.exec == "aws" {
		return ""
	}
	return "kubectl-" + strings.ReplaceAll(strings.TrimPrefix(shown, "kubectl "), "-", "_")
}

// envProfile is the profile that the AWS CLI takes from the environment.
func envProfile() string {
	return cmp.Or(os.Getenv("AWS_DEFAULT_PROFILE"), os.Getenv("AWS_PROFILE"))
}
