package cmd

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/tui"
)

// screen opens the full-screen interface.
func (env *Env) screen(ctx context.Context) error {
	world, done, err := env.world(ctx, env.IO.Out)
	if err != nil {
		return err
	}
	defer done()
	if !world.Plain {
		ctx = context.WithoutCancel(ctx)
	}
	return tui.Run(ctx, world) // the signals of a command in the foreground are not for the screen
}

// world is the outside as the screens see it. What asks the user something does so before it
// returns; until done is called nothing but the screens writes to the terminal.
func (env *Env) world(ctx context.Context, out io.Writer) (w tui.World, done func(), err error) {
	start, err := env.target()
	if err != nil {
		return w, nil, err
	}
	contexts, _, _ := env.flags.Contexts() // without: there is nothing to switch to
	if start.From["name"] == kubeconfig.FromFlag {
		start.Account = "" // the kubeconfig means another cluster
	}
	here := func(t kubeconfig.Target) bool { return t.Context == start.Context }
	contexts = slices.Insert(slices.DeleteFunc(contexts, here), 0, start) // only with the flags is it a cluster
	s := env.surveyOf(contexts)
	w = tui.World{In: env.IO.In, Out: out, Now: env.Now, Plain: os.Getenv("ACCESSIBLE") != "", Current: start.Context, Contexts: s.contexts, Survey: s.read, Hint: s.hint}
	first, err := s.open(ctx, start.Context)
	w.Open = func(ctx context.Context, at string) (*tui.Cluster, error) {
		if at == start.Context && first != nil {
			return first, nil
		}
		return s.open(ctx, at)
	}
	if err == nil && first.Login != nil {
		_ = first.Login() // before the screen; what needs the login shows its error
		first.Login = nil
	}
	return w, quiet(), nil
}

// quiet keeps libraries and credential plugins from writing over the screens.
func quiet() (done func()) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	was := os.Stderr
	os.Stderr = null
	return func() { os.Stderr = was; _ = null.Close() }
}

// shown is one cluster on its way to the screen.
type shown struct {
	env *Env
	c   *cluster.Cluster
	new []access.Note // not shown yet

	terminal genericiooptions.IOStreams
}

// within is what a command has in a context. The flags that name a cluster are about the first one only.
func (env *Env) within(at, start string) *Env {
	words := env.typedFlags()
	if at != start {
		words = append(env.typedFlags("kubeconfig", "as", "as-group", "request-timeout", "require-match", "no-native-token"), "--context", at)
	}
	return env.with(words)
}

// with is what a command has with other flags. It says nothing.
func (env *Env) with(words []string) *Env {
	own := &Env{Now: env.Now, LastLook: env.LastLook, TrailPace: env.TrailPace, argv0: env.argv0, program: env.program.Elsewhere(words...)}
	own.IO.ErrOut = io.Discard
	own.bind(pflag.NewFlagSet("", pflag.ContinueOnError))
	_ = own.persist.Parse(words) // they were parsed before
	own.program.Kube = own.kubectlWords
	return own
}

// screenCluster opens the cluster of a context. asked gets it when its login has no more questions.
func (env *Env) screenCluster(ctx context.Context, at, start string, asked func(*cluster.Cluster)) (*tui.Cluster, error) {
	own := env.within(at, start)
	target, err := own.target()
	if err != nil {
		return nil, err
	}
	c, err := cluster.Open(ctx, own.settings(target))
	if err != nil {
		return nil, err
	}
	s := &shown{env: own, c: c, new: c.Notes, terminal: env.IO}
	known := &tui.Cluster{
		Program: own.program, Read: s.read, Principals: s.principals, Policies: s.policies, Namespaces: c.Namespaces,
		Groups: c.Groups, Resolve: s.resolve, Hints: s.hints, Propose: s.propose,
		Changes: s.changes, History: s.history, Me: s.me, Run: s.run, Explain: s.explain, WhoCan: s.whoCan,
	}
	if c.Session.MayAsk() || c.Plugin() {
		known.Login = func() error {
			err := s.login(ctx)
			if err == nil {
				asked(c)
			}
			return err
		}
	}
	return known, nil
}

// login asks the questions of the AWS login, then those of the credential plugin.
func (s *shown) login(ctx context.Context) error {
	err := s.c.Session.Prepare(ctx)
	if s.c.Plugin() && err == nil {
		_ = s.c.AWSAuth(ctx) // the token stays in memory; errors come again when it is needed
	}
	return err
}

func (s *shown) hints(ctx context.Context, e access.Entry, info access.Info) []string {
	lives, _ := s.c.Lives(ctx, []access.Entry{e})
	return s.env.hintsOn(e, info, access.Snapshot{}.Mark([]access.Entry{e}, lives).Stale(e.Principal))
}

// read reads the access of these principals, or with none of all, piece by piece.
func (s *shown) read(ctx context.Context, who []access.Principal) iter.Seq2[tui.Piece, error] {
	return func(yield func(tui.Piece, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		pieces := make(chan found, 256)
		go s.readInto(ctx, who, pieces)
		for f := range pieces {
			for range len(pieces) { // the screen is drawn once for what has come meanwhile
				next := <-pieces
				f.Join(next.Piece)
				f.err = errors.Join(f.err, next.err)
			}
			if !yield(f.Piece, f.err) {
				return
			}
		}
	}
}

// found is a piece, or why there is none.
type found struct {
	tui.Piece
	err error
}

func (s *shown) readInto(ctx context.Context, who []access.Principal, pieces chan<- found) {
	defer close(pieces)
	send := func(f found) {
		select {
		case pieces <- f:
		case <-ctx.Done():
		}
	}
	reader := s.c.Reading(
		func(part access.Snapshot) { send(found{Piece: tui.Piece{Snapshot: part}}) },
		func(_, total int) { send(found{Piece: tui.Piece{Total: total}}) },
	)
	all := len(who) == 0
	want := access.Want{Principals: who}
	if all {
		want = access.Want{All: true, AWSAuth: true, RBAC: true, Trust: true, Lives: access.AllLives}
	}
	read, err := reader.Snapshot(ctx, want)
	if err != nil {
		send(found{err: err})
		return
	}
	last := found{Piece: tui.Piece{Snapshot: access.Snapshot{Unread: read.Unread}}}
	if all {
		last.RBAC = read.RBAC
		last.Dead, last.Deleted, last.Doubtful = read.Dead, read.Deleted, read.Doubtful
		last.Mappings = cluster.MappingsOf(read)
		last.Blind = read.AWSAuth.Err != nil && read.Cluster.Mode.ReadsConfigMap()
		read.Unread = nil // they have rows of their own
		s.new = append(s.new, s.c.Known(read, s.env.program.Command)...)
	}
	last.Warnings, s.new = access.Sentences(s.new), nil
	send(last)
}

func (s *shown) principals(ctx context.Context, family tui.Family) iter.Seq2[[]access.Principal, error] {
	list := map[tui.Family]func(context.Context) iter.Seq2[[]access.Principal, error]{
		tui.Roles: s.c.IAM.Roles, tui.Users: s.c.IAM.Users, tui.PermissionSets: s.c.IAM.PermissionSets,
	}
	return list[family](ctx)
}

func (s *shown) policies(ctx context.Context) ([]policy.Policy, error) {
	docs, _ := s.c.Region().Policies(ctx) // the embedded list is what the commands fall back to, too
	return docs, nil
}

func (s *shown) resolve(ctx context.Context, text string) (access.Principal, string, error) {
	ref, err := access.ParsePrincipal(text)
	if err != nil {
		return "", "", err
	}
	f, err := s.c.IAM.Resolve(ctx, ref)
	return f.Principal, f.Doubt, err
}
