package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

// Env is all that a command may touch.
type Env struct {
	IO  genericiooptions.IOStreams
	Now func() time.Time

	// Patience is how long AWS and the cluster may take for what is only good to know; 0: 230 ms to answer the Tab
	// key, and half a second for a remark on a change.
	Patience time.Duration

	// LastLook is how long after a write that replaced something it is read once more.
	LastLook time.Duration

	// TrailPace is the time between two calls to CloudTrail; 0: what AWS allows.
	TrailPace time.Duration

	flags    kubeconfig.Flags
	override struct {
		name, region, profile string
		role                  optional
	}
	verbosity     int
	noNativeToken bool
	requireMatch  bool

	changing  bool           // a change was requested, and no dry run
	comparing bool           // 1 is the answer that something differs, and no failure
	sent      atomic.Bool    // a step of a change, done or not
	undoable  []string       // the IDs of the changes that were made
	late      []access.Note  // failures that are printed at the end
	program   shell.Program  // as the user called it, with the flags of every command that were typed
	argv0     string         // how the program was started
	typed     []string       // the command line, for the record of a change
	persist   *pflag.FlagSet // the flags that every command has

	fixed  *kubeconfig.Target    // the cluster, where it was found in AWS; nil: that of the context
	part   *part                 // what is said about one of several clusters; nil: there is one
	logins *cluster.Logins       // shared by several clusters
	hears  func(access.Snapshot) // hears what is read of one of several clusters
}

// typedFlags are the words of the flags that every command has and that were typed: of those named, or of all.
//
//go:noinline
func (env *Env) typedFlags(names ...string) (words []string) {
	env.persist.VisitAll(func(f *pflag.Flag) {
		if len(names) == 0 || slices.Contains(names, f.Name) {
			words = append(words, flagWords(f)...)
		}
	})
	return words
}

// flagWords are the words of a flag that was typed or picked.
func flagWords(f *pflag.Flag) (words []string) {
	name, value := "--"+f.Name, f.Value.String()
	if f.Name == "v" || f.Name == "help" || !f.Changed && value == f.DefValue {
		return nil
	}
	if f.Value.Type() != "string" { // of a list, which is written so
		value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	}
	switch f.NoOptDefVal {
	case "":
		values := []string{value}
		switch v := f.Value.(type) {
		case scopeValue:
			values = v.values()
		case pflag.SliceValue:
			if f.Value.Type() == "stringArray" { // which has no commas
				values = v.GetSlice()
			}
		}
		for _, v := range values {
			words = append(words, name, v)
		}
		return words
	case value:
		return []string{name}
	}
	return []string{name + "=" + value}
}

func (env *Env) bind(fs *pflag.FlagSet) {
	env.persist = fs
	env.flags.Bind(fs)
	fs.StringVar(&env.override.name, "eks-cluster", "", "The name of the EKS cluster, instead of the one of the context")
	fs.BoolVar(&env.requireMatch, "require-match", false, "Fail unless the server of the context is the endpoint of the EKS cluster, and its account and region match AWS")
	fs.StringVar(&env.override.region, "region", "", "The AWS region of the EKS cluster")
	fs.StringVar(&env.override.profile, "profile", "", "The AWS profile to use")
	fs.Var(&env.override.role, "role-arn", "The role to assume for AWS calls; empty means none, even if the kubeconfig has one")
	fs.BoolVar(&env.noNativeToken, "no-native-token", false, "Always run the credential plugin of the kubeconfig, even if a token can be made without it")
	fs.IntVarP(&env.verbosity, "v", "v", 0, "Number for the log level verbosity; 6 and above show each AWS call")
}

// optional is a string flag that knows whether it was given.
type optional struct {
	value string
	given bool
}

func (o *optional) String() string     { return o.value }
func (o *optional) Type() string       { return "string" }
func (o *optional) Set(s string) error { o.value, o.given = s, true; return nil }

// target is the cluster of the context, with the values of flags that override it.
func (env *Env) target() (kubeconfig.Target, error) {
	if env.fixed != nil {
		return *env.fixed, nil
	}
	t, err := env.flags.Target()
	chosen := env.persist.Changed("context") || env.persist.Changed("cluster") || env.persist.Changed("user")
	if err != nil && (env.override.name == "" || chosen && errors.Is(err, kubeconfig.ErrNoEntry)) {
		return t, err
	}
	return env.overridden(t), nil
}

func (env *Env) overridden(t kubeconfig.Target) kubeconfig.Target {
	if t.From == nil {
		t.From = map[string]string{}
	}
	set := func(field *string, name, value string) {
		if value != "" {
			*field, t.From[name] = value, kubeconfig.FromFlag
		}
	}
	set(&t.Name, "name", env.override.name)
	if env.override.name != "" {
		t.Guess = ""
	}
	set(&t.Region, "region", env.override.region)
	set(&t.Profile, "profile", env.override.profile)
	if env.override.role.given {
		delete(t.From, "roleARN")
		t.RoleARN = ""
		set(&t.RoleARN, "roleARN", env.override.role.value)
	}
	return t
}

// open finds the cluster, and prints the notes on how it was found.
func (env *Env) open(ctx context.Context) (*cluster.Cluster, error) {
	if env.flags.Impersonates() {
		return nil, fmt.Errorf("%w: --as and --as-group have no effect on EKS API calls", access.ErrRefused)
	}
	target, err := env.target()
	if err != nil {
		return nil, err
	}
	c, err := cluster.Open(ctx, env.settings(target))
	if c != nil {
		env.notes(c.Notes)
	}
	return c, err
}

// resolve opens the cluster and completes principals. Those that cannot be completed are failures among the notes, and are printed
// after what was done for the others.
func (env *Env) resolve(ctx context.Context, written []string, existing bool) (*cluster.Cluster, []access.Principal, []access.Note, error) {
	c, err := env.open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	who, notes, err := c.Resolve(ctx, written, existing)
	for _, n := range notes {
		if n.Err != nil {
			env.late = append(env.late, n)
			continue
		}
		env.notes([]access.Note{n})
	}
	return c, who, notes, err
}

func errIf(failed bool) error {
	if failed {
		return errFailed
	}
	return nil
}

func (env *Env) settings(t kubeconfig.Target) cluster.Settings {
	s := cluster.Settings{
		Flags: &env.flags, Target: t, OtherLogin: env.override.profile != "" || env.override.role.given, NoNativeToken: env.noNativeToken,
		Refresh: env.refreshing, Found: env.hears, Logins: env.logins, RequireMatch: env.requireMatch, Patience: env.Patience, TrailPace: env.TrailPace, Now: env.Now,
	}
	if printer.Terminal(env.IO.ErrOut) {
		var reading atomic.Bool
		progress := printer.Progress(env.IO.ErrOut, env.Now)
		s.Progress = func(done, total int) {
			reading.Store(total > 0)
			progress(done, total)
		}
		s.Calls = printer.Waiting(env.IO.ErrOut, reading.Load)
	}
	if env.verbosity >= 6 {
		var one sync.Mutex // calls go out side by side
		s.Trace = func(format string, args ...any) {
			one.Lock()
			defer one.Unlock()
			fmt.Fprint(env.IO.ErrOut, printer.CleanLines(fmt.Sprintf(format, args...)))
		}
	}
	return s
}

// refreshing is the command line that updates the kubeconfig.
func (env *Env) refreshing() string {
	return env.program.Elsewhere(env.typedFlags("kubeconfig")...).Command("kubeconfig", "--all")
}

// namespace is that of the context, as kubectl has it.
func (env *Env) namespace() string {
	ns, _, _ := env.flags.Loader().Namespace() // "" where the kubeconfig cannot be read
	return cmp.Or(ns, "default")
}

// notes prints notes and failures.
func (env *Env) notes(all []access.Note) {
	for _, n := range all {
		switch {
		case n.Err != nil:
			env.tell(n.Err)
		case n.Kind == access.NoteDone:
			env.say(env.IO.ErrOut, printer.Clean(n.Text)+"\n")
		default:
			env.warn("%s", n.Text)
		}
	}
}

// failures prints what could not be done for some principals, once.
//
//go:noinline
func (env *Env) failures() {
	env.notes(env.late)
	env.late = nil
}

// ending prints what comes last: failures that were found first, and how to undo what was done.
func (env *Env) ending() {
	env.failures()
	if n := len(env.undoable); n > 0 && printer.Terminal(env.IO.ErrOut) {
		command := env.program.Command("undo", env.undoable[n-1])
		if n > 1 {
			command = fmt.Sprintf("%s (%d times, the latest first)", env.program.Command("undo"), n)
		}
		fmt.Fprintf(env.IO.ErrOut, "To undo: %s\n", printer.Clean(command))
	}
}

// warn prints a warning on stderr.
func (env *Env) warn(format string, args ...any) {
	if env.part != nil {
		env.part.warn(fmt.Sprintf(format, args...))
		return
	}
	color := printer.Colorful(env.IO.ErrOut)
	env.say(env.IO.ErrOut, color.Warn("Warning:")+" "+printer.Clean(fmt.Sprintf(format, args...))+"\n")
}

// say prints text for people, on a terminal broken at words.
func (env *Env) say(w io.Writer, text string) {
	fmt.Fprint(w, printer.Wrap(text, printer.TerminalWidth(w)))
}
