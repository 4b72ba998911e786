package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

func newSandboxCmd(env *Env) *cobra.Command {
	var o sandbox.Options
	var log string
	var servers map[string]string // URLs, by cluster
	var ca string
	cmd := &cobra.Command{
		Use:   "sandbox [-- COMMAND [ARG...]]",
		Short: "Run a command or a shell in an AWS account with EKS clusters on this machine",
		Long:  sandboxHelp(),
		Example: `  # List who has access
  kubectl access sandbox -- kubectl-access list

  # Open a shell
  kubectl access sandbox

  # A large cluster with slow answers and 20 calls a second
  kubectl access sandbox --entries 1000 --latency 50ms --rate 20 --burst 50 -- kubectl-access list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if n := cmd.ArgsLenAtDash(); n > 0 || n < 0 && len(args) > 0 {
				return usage(cmd, errors.New("use -- before the command"))
			}
			var err error
			if o.APIServers, err = sandbox.ReadAPIServers(servers, ca); err != nil {
				return usage(cmd, err)
			}
			return env.runSandbox(o, log, args)
		},
	}
	fs := cmd.Flags()
	fs.DurationVar(&o.Latency, "latency", 0, "Time added to every answer")
	fs.DurationVar(&o.Propagation, "propagation", 0, "Time until a change takes effect")
	fs.DurationVar(&o.ClockSkew, "clock-skew", 0, "How far the account's clock is ahead of this machine's")
	fs.Float64Var(&o.Rate, "rate", 0, "Calls a second that each AWS service allows; 0 means no limit")
	fs.IntVar(&o.Burst, "burst", 1, "Calls at once that --rate allows")
	fs.Float64Var(&o.TrailRate, "trail-rate", 2, "Calls a second that CloudTrail allows, as in AWS; 0 means no limit")
	fs.DurationVar(&o.TrailDelay, "trail-delay", 0, "Time until CloudTrail shows a call")
	fs.Float64Var(&o.FaultRate, "fault-rate", 0, "Share of AWS calls that fail with 500, 503 or a lost connection")
	fs.Uint64Var(&o.Seed, "seed", 1, "Seed for --fault-rate")
	fs.IntVar(&o.Entries, "entries", 0, "Number of entries in cluster demo")
	fs.StringVar(&o.RotateCA, "rotate-ca", "", "Cluster whose certificate authority EKS is replacing")
	fs.StringVar(&o.UpdateError, "update-error", "", "Error of every change of a cluster's mode")
	fs.StringVar(&o.State, "state", "", "File that keeps the account between runs")
	fs.StringVar(&log, "log", "", "File for a line about each request")
	fs.StringToStringVar(&servers, "api-server", nil, "CLUSTER=URL of a real kube-apiserver to use for that cluster; the files for its webhooks are in CLUSTER/ beside $KUBECONFIG")
	fs.StringVar(&ca, "api-server-ca", "", "File with the certificate authority of --api-server")
	cmd.ValidArgsFunction = completeFiles // the command to run may have any
	return cmd
}

func sandboxHelp() string {
	return `Start an AWS account with EKS clusters on the loopback interface, and run a command or your shell in it.
Nothing is sent to AWS. The AWS CLI, kubectl and this plugin work in it unchanged: AWS_ENDPOINT_URL,
credentials, region and KUBECONFIG point to it.

The clusters: demo (reads entries and aws-auth), legacy (aws-auth only), prod (entries only),
staging (access problems to diagnose) and private (an endpoint that cannot be reached).
Files for diff and apply are in $KUBECTL_ACCESS_SAMPLES: those in web differ from the clusters in each way, and
those in refused are refused. For example:

  kubectl access diff -f $KUBECTL_ACCESS_SAMPLES/web --set web --prune --contexts demo --contexts prod --contexts staging

There are clusters in a second region and in other accounts of an organization too:

  kubectl access list --org-role ` + sandbox.OrganizationRole + ` --regions all --policy cluster-admin --matrix

You are its administrator. The AWS configuration has profiles of other people:
` + strings.Join(sandbox.Profiles(), " ") + `.
To use one of them, unset the three keys, which override a profile:

  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; export AWS_PROFILE=newcomer`
}

func (env *Env) runSandbox(o sandbox.Options, log string, args []string) (err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // from here on they end the command, then the sandbox
	defer signal.Stop(signals)
	if log != "" {
		f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("open the log: %w", err)
		}
		defer f.Close()
		o.Log = f
	}
	box, err := sandbox.Start(o)
	if err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	environ, err := withProgram(box)
	if err != nil {
		return err
	}
	c, err := box.Command(environ, args)
	if err != nil {
		return err
	}
	interactive := len(args) == 0
	if interactive {
		fmt.Fprint(env.IO.ErrOut, greeting)
	}
	c.Stdin, c.Stdout, c.Stderr = env.IO.In, env.IO.Out, env.IO.ErrOut
	if out, ok := env.IO.Out.(*data); ok {
		c.Stdout = out.Writer // the file itself, which outlives this program
	}
	return sandbox.Run(c, signals, func(s os.Signal) os.Signal {
		switch {
		case s == os.Interrupt && printer.Terminal(env.IO.In): // which has sent it to the command too
			return nil
		case s == syscall.SIGTERM && interactive: // interactive shells ignore it
			return syscall.SIGHUP
		}
		return s
	})
}

const greeting = `This shell runs in the sandbox, an AWS account on this machine. To leave it: exit or Ctrl-D.
Try: kubectl-access list
The clusters serve namespaces, aws-auth, RBAC roles and bindings, and kubectl auth can-i, also with --as.
They have no pods and no nodes.
`

// withProgram puts this program on PATH as kubectl-access.
func withProgram(box *sandbox.Sandbox) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(box.Dir(), "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	link := filepath.Join(bin, "kubectl-access")
	if runtime.GOOS == "windows" {
		link += ".exe"
	}
	if err := shell.Link(self, link); err != nil {
		return nil, err
	}
	environ := box.Environ(os.Environ())
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	return append(environ, "PATH="+path, "XDG_STATE_HOME="+filepath.Join(box.Dir(), "state")), nil
}
