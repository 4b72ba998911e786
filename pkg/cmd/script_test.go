package cmd_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

var update = flag.Bool("update", false, "renew the expected output")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubectl-access": program, "kubectl-eks_access": program})
}

func program() {
	env := &cmd.Env{IO: genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, Now: time.Now, Patience: time.Minute, TrailPace: time.Nanosecond}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := cmd.Run(ctx, env, append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...))
	stop()
	os.Exit(code)
}

// TestScripts runs what a user types against a sandbox of its own for each script.
func TestScripts(t *testing.T) {
	awsOnPath(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { return start(env, sandbox.Options{}) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"account": account, "activate": activate, "append": appendTo, "calls": calls, "cure": cure, "nowrites": noWrites, "printed": printed, "profile": profile, "save": save,
		},
	})
}

type boxKey struct{}

// start gives the script an account.
func start(env *testscript.Env, o sandbox.Options) error {
	box, err := sandbox.Start(o)
	if err != nil {
		return err
	}
	env.Defer(func() { _ = box.Close() })
	env.Vars = append(box.Environ(env.Vars), "XDG_STATE_HOME="+env.WorkDir+"/state", "HOME="+env.WorkDir, "USERPROFILE="+env.WorkDir)
	env.Values[boxKey{}] = &box
	return nil
}

// account starts the script's account anew, with knobs: account --entries 20.
func account(ts *testscript.TestScript, _ bool, args []string) {
	var o sandbox.Options
	fs := flag.NewFlagSet("account", flag.ContinueOnError)
	fs.IntVar(&o.Entries, "entries", 0, "")
	fs.Float64Var(&o.FaultRate, "fault-rate", 0, "")
	fs.Uint64Var(&o.Seed, "seed", 1, "")
	fs.DurationVar(&o.ClockSkew, "clock-skew", 0, "")
	fs.DurationVar(&o.Propagation, "propagation", 0, "")
	fs.StringVar(&o.RotateCA, "rotate-ca", "", "")
	fs.StringVar(&o.UpdateError, "update-error", "", "")
	fs.DurationVar(&o.Latency, "latency", 0, "")
	fs.DurationVar(&o.TrailDelay, "trail-delay", 0, "")
	awsAuth := fs.String("aws-auth", "", "")
	ts.Check(fs.Parse(args))
	if *awsAuth != "" {
		var manifest struct {
			Data map[string]string `json:"data"`
		}
		ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(*awsAuth)), &manifest))
		o.AWSAuth = manifest.Data
	}
	box, err := sandbox.Start(o)
	ts.Check(err)
	ts.Defer(func() { _ = box.Close() })
	for _, kv := range box.Environ(nil) {
		k, v, _ := strings.Cut(kv, "=")
		ts.Setenv(k, v)
	}
	ts.Setenv("XDG_STATE_HOME", ts.Getenv("XDG_STATE_HOME")+"+") // what is on record was done to another account
	*ts.Value(boxKey{}).(**sandbox.Sandbox) = box
}

// appendTo adds a file to the end of another one.
func appendTo(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.ReadFile(args[0])+ts.ReadFile(args[1])), 0o600))
}

// activate makes the new certificate authority of a cluster the current one.
func activate(ts *testscript.TestScript, _ bool, args []string) {
	box := *ts.Value(boxKey{}).(**sandbox.Sandbox)
	k, url := box.Key("default"), box.URL()
	api := eks.New(eks.Options{Region: "us-west-2", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Token)})
	list, err := api.ListCertificateAuthorities(context.Background(), &eks.ListCertificateAuthoritiesInput{ClusterName: &args[0]})
	ts.Check(err)
	for _, ca := range list.CertificateAuthorities {
		if ca.SigningStatus == types.CertificateAuthoritySigningStatusNotUsed {
			_, err := api.ActivateCertificateAuthority(context.Background(), &eks.ActivateCertificateAuthorityInput{ClusterName: &args[0], CertificateAuthorityId: ca.Id})
			ts.Check(err)
		}
	}
}

// profile makes the commands that follow those of another identity.
func profile(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		ts.Setenv(name, "")
	}
	ts.Setenv("AWS_PROFILE", args[0])
}

// cure runs the commands that the last output gives to an administrator, as the administrator.
func cure(ts *testscript.TestScript, _ bool, _ []string) {
	_, commands, found := strings.Cut(ts.ReadFile("stdout"), "Send this to a cluster administrator:\n")
	if !found {
		ts.Fatalf("nothing for an administrator to do")
	}
	me := ts.Getenv("AWS_PROFILE")
	ts.Setenv("AWS_PROFILE", "default")
	for line := range strings.Lines(commands) {
		command, ok := strings.CutPrefix(line, "    kubectl access ")
		switch {
		case !ok && strings.HasPrefix(line, "    "):
			continue // what is wrong, in words
		case !ok:
			line = ""
		}
		if line == "" {
			break
		}
		command = strings.NewReplacer("<policy>", "view", "<namespace>", "default").Replace(command)
		args := strings.Fields(strings.ReplaceAll(command, "'", ""))
		if args[0] == "mode" { // the administrator answers its question
			args = append(args, "--yes")
		}
		ts.Check(ts.Exec("kubectl-access", args...))
	}
	ts.Setenv("AWS_PROFILE", me)
}

// printed runs each command of kubectl-eks_access that the last output names, as it is printed but for placeholders:
// printed NAME=demo.
func printed(ts *testscript.TestScript, _ bool, placeholders []string) {
	text := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if strings.Contains(text, "kubectl access") {
		ts.Fatalf("the program has another name")
	}
	var values []string
	for _, p := range placeholders {
		name, value, _ := strings.Cut(p, "=")
		values = append(values, " "+name+" ", " "+value+" ")
	}
	all := regexp.MustCompile("(?m)([`']?)kubectl eks-access (.*)$").FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		ts.Fatalf("no command is printed")
	}
	for _, found := range all {
		command := found[2]
		if found[1] != "" {
			command, _, _ = strings.Cut(command, found[1])
		}
		command = strings.TrimSpace(strings.NewReplacer(values...).Replace(command + " "))
		ts.Logf("[printed] %s", command)
		err := ts.Exec("kubectl-eks_access", strings.Fields(strings.ReplaceAll(command, "'", ""))...)
		if err != nil && !strings.Contains(ts.ReadFile("stderr"), "confirmation is required") {
			ts.Fatalf("%s: %v", command, err)
		}
	}
}

// save keeps what the last command printed in a variable.
func save(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// calls checks how many calls of an operation there were so far: calls eks.DescribeCluster 1.
func calls(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := (*ts.Value(boxKey{}).(**sandbox.Sandbox)).Calls()[args[0]]
	if (got == want) == neg {
		ts.Fatalf("%d calls of %s", got, args[0])
	}
}

// noWrites checks that nothing was changed so far.
func noWrites(ts *testscript.TestScript, _ bool, _ []string) {
	for op, n := range (*ts.Value(boxKey{}).(**sandbox.Sandbox)).Calls() {
		_, verb, _ := strings.Cut(op, ".")
		for _, write := range []string{"Create", "Update", "Delete", "Associate", "Disassociate", "Tag", "Untag"} {
			if strings.HasPrefix(verb, write) && verb != "DescribeUpdate" {
				ts.Fatalf("%s", fmt.Sprintf("%d calls of %s", n, op))
			}
		}
	}
}
