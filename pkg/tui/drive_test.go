package tui

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

func arn(short string) access.Principal {
	return access.Principal("arn:aws:iam::" + account + ":" + short)
}

// fake is an outside in memory.
type fake struct {
	*accesstest.Cluster
	principals map[Family][]access.Principal
	namespaces []string
	mappings   []access.Mapping
	unmapped   []access.Principal // whose mappings a request would remove
	blind      bool
	fail       map[string]error // by function
	commands   [][]string
	records    []journal.Record
	ran        [][]string
	surveys    int
	undone     *access.Snapshot // the state that an undo brings back
	now        time.Time
}

func grant(name string, namespaces ...string) access.Grant {
	return access.Grant{Policy: access.Policy("AmazonEKS" + name + "Policy"), Scope: access.Scope{Namespaces: namespaces}}
}

func entry(short string, days int, grants ...access.Grant) access.Entry {
	born := today.Add(-time.Duration(days) * 24 * time.Hour)
	return access.Entry{Principal: arn(short), Kind: access.Standard, Grants: grants, Created: born, Modified: born}
}

// record is a change that gave role/team/dev view in namespace dev.
func record(id string, days int, args ...string) journal.Record {
	at := today.Add(-time.Duration(days) * 24 * time.Hour)
	was, now := entry("role/team/dev", 120), entry("role/team/dev", 120, grant("View", "dev"))
	cluster := access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:" + account + ":cluster/demo"}
	r := journal.Of(access.Plan{Cluster: cluster, Changes: []access.Change{{Before: &was, After: &now}}}, at, arn("role/platform-admin"), append([]string{"kubectl", "access"}, args...))
	r.ID, r.Finished, r.Steps = id, at, []journal.Step{{Principal: arn("role/team/dev"), What: "granted view in namespace dev"}}
	return r
}

func newFake() *fake {
	dev := entry("role/team/dev", 120, grant("View", "dev", "qa"))
	dev.Groups = []string{"developers"}
	node := entry("role/demo-node", 199)
	node.Kind = access.EC2Linux
	linked := entry("role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS", 200, grant("Event"))
	ends := entry("user/contractors/bob", 3, grant("Edit", "staging"))
	ends.Tags = map[string]string{access.ExpiresTag: today.Add(5 * time.Hour).Format(time.RFC3339)}
	wide := entry("role/資料分析-é́", 40, grant("AdminView"))
	hostile := entry("role/ci/deployer", 90, grant("Edit", "prod", "staging"))
	hostile.Username = "ci\x1b[31m:{{SessionName}}"
	f := &fake{
		Cluster:    accesstest.New(entry("role/platform-admin", 200, grant("ClusterAdmin")), dev, node, linked, ends, wide, hostile),
		principals: map[Family][]access.Principal{Roles: {arn("role/auditor"), arn("role/newcomer"), arn("role/platform-admin"), arn("role/team/dev")}, Users: {arn("user/alice")}, PermissionSets: {arn("role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Developer_90a1b2c3d4e5f607")}},
		namespaces: []string{"default", "dev", "dev-blue", "kube-system", "prod", "staging"},
		mappings:   []access.Mapping{{Kind: access.MappedRole, ARN: string(arn("role/ops")), Username: "ops", Groups: []string{"system:masters"}, State: access.InForce, Item: 1}},
		fail:       map[string]error{},
		now:        today,
	}
	f.records = []journal.Record{record("2", 1, "grant", "role/team/dev", "--policy", "view", "-n", "dev"), record("1", 30, "revoke", "role/old", "--policy", "edit")}
	f.records[0].Steps = append(f.records[0].Steps, journal.Step{Principal: arn("role/team/dev"), What: "granted group x", Error: "access denied"})
	f.records = append([]journal.Record{record("3", 0, "undo", "1")}, f.records...)
	f.records[0].Undoes = "1"
	f.State.Caller = arn("role/platform-admin")
	return f
}

func (f *fake) world() World {
	return World{
		Now:     func() time.Time { return f.now },
		Current: "demo",
		Contexts: []Context{
			{"demo", "demo", "us-west-2", account, "demo"},
			{"other", "prod", "eu-central-1", "444455556666", "other"},
		},
		Survey: f.survey("demo", "other"),
		Open:   func(_ context.Context, name string) (*Cluster, error) { return f.cluster(name), f.fail["open "+name] },
		Hint: func(_ string, err error) string {
			switch {
			case errors.Is(err, access.ErrThrottled):
				return "press r to read again"
			case strings.Contains(err.Error(), "ExpiredToken"):
				return "log in again"
			}
			return ""
		},
	}
}

func (f *fake) cluster(name string) *Cluster {
	return &Cluster{
		Program: shell.Program{Name: "kubectl access"},
		Read: func(ctx context.Context, who []access.Principal) iter.Seq2[Piece, error] {
			return func(yield func(Piece, error) bool) {
				if err := f.fail["read"]; err != nil {
					yield(Piece{}, err)
					return
				}
				s, _ := f.Snapshot(ctx, access.Want{All: who == nil, Principals: who})
				if name == "other" {
					s.Cluster.Name, s.Cluster.ARN, s.Entries = "prod", "arn:aws:eks:eu-central-1:444455556666:cluster/prod", s.Entries[:1]
				}
				_ = yield(Piece{Snapshot: access.Snapshot{Cluster: s.Cluster, Caller: s.Caller}, Total: len(s.Entries)}, nil) &&
					yield(Piece{Snapshot: access.Snapshot{Entries: s.Entries}}, nil) &&
					yield(Piece{Snapshot: access.Snapshot{Dead: s.Dead}, Mappings: f.mappings, Blind: f.blind}, f.fail["halfway"])
			}
		},
		Principals: func(_ context.Context, fam Family) iter.Seq2[[]access.Principal, error] {
			return func(yield func([]access.Principal, error) bool) {
				if err := f.fail["principals"]; err != nil {
					yield(nil, err)
					return
				}
				yield(f.principals[fam], nil)
			}
		},
		Policies: func(context.Context) ([]policy.Policy, error) {
			if err := f.fail["policies"]; err != nil {
				return nil, err
			}
			return policy.All(), nil
		},
		Namespaces: func(context.Context) ([]string, error) { return f.namespaces, f.fail["namespaces"] },
		Groups: func(context.Context) (map[string][]string, error) {
			return map[string][]string{"viewers": {"ClusterRole view on the whole cluster"}}, f.fail["groups"]
		},
		Resolve: func(_ context.Context, text string) (access.Principal, string, error) {
			return arn(text), "", f.fail["resolve"]
		},
		Hints: func(context.Context, access.Entry, access.Info) []string { return nil },
		History: func(_ context.Context, p access.Principal) (string, error) {
			return string(p) + " has view", f.fail["history"]
		},
		Changes: func(context.Context) ([]printer.ChangeRow, error) {
			return printer.ChangeRows(f.records), f.fail["changes"]
		},
		Explain: func(_ context.Context, p access.Principal) (string, error) {
			return "rights of " + string(p) + "\n", f.fail["rights"]
		},
		WhoCan: func(_ context.Context, words []string, namespace string, everywhere bool) (string, error) {
			return fmt.Sprintf("Who can %s in %q, all: %t\n\nrole/team/dev\n", strings.Join(words, " "), namespace, everywhere), f.fail["rights"]
		},
		Me: func(context.Context) (Me, error) {
			if err := f.fail["me"]; err != nil {
				return Me{}, err
			}
			return Me{f.State.Caller, "Principal:  " + string(f.State.Caller) + "\nAccess:     yes"}, nil
		},
		Run:     func(words ...string) error { f.ran = append(f.ran, words); return f.fail["run"] },
		Propose: f.propose,
	}
}

func (f *fake) propose(ctx context.Context, r Request) (Proposal, error) {
	if err := f.fail["propose"]; err != nil {
		return Proposal{}, err
	}
	f.commands = append(f.commands, r.Command)
	s := f.State
	after := s
	switch {
	case r.Undo && f.undone == nil:
		return Proposal{}, errors.New("there is nothing to undo")
	case r.Undo:
		after = *f.undone
	case r.Mode != "":
		after.Cluster.Mode = r.Mode
	}
	for _, p := range r.Who {
		var err error
		var do access.Edit
		if r.Grant != nil {
			want := *r.Grant
			want.Principal = p
			do = edit.Grant(want)
		} else {
			do = edit.Revoke(p, *r.Revoke)
		}
		if after, err = do(after); err != nil {
			return Proposal{}, err
		}
	}
	if r.Revoke != nil && r.Revoke.Whole() && !r.EntryOnly {
		f.unmapped = append(f.unmapped, r.Who...)
	}
	plan, was := access.Diff(s, after), s
	apply := func(ctx context.Context, accepted []access.RiskName) iter.Seq2[access.Result, error] {
		return func(yield func(access.Result, error) bool) {
			now, err := f.propose(ctx, r)
			same := now.Plan.Same(plan)
			for _, risk := range now.Risks {
				same = same && slices.Contains(accepted, risk.Name)
			}
			if err == nil && !same {
				err = Changed{now}
			}
			if !yield(access.Result{}, err) || err != nil {
				return
			}
			f.undone = &was
			for res := range access.Apply(ctx, f, plan) {
				if !yield(res, nil) {
					return
				}
			}
		}
	}
	return Proposal{Plan: plan, Risks: plan.Risks(s), Apply: apply}, nil
}

// driver feeds a model and runs its commands at once.
type driver struct {
	*testing.T
	*model
	clip string
	quit bool
	hold bool // commands wait
	held []tea.Cmd
}

func drive(t *testing.T, f *fake) *driver {
	t.Helper()
	return driveIn(t, f.world())
}

func driveIn(t *testing.T, w World) *driver {
	t.Helper()
	m := newModel(t.Context(), w)
	m.pause = 0
	m.exec = func(c tea.ExecCommand, then tea.ExecCallback) tea.Cmd { return func() tea.Msg { return then(c.Run()) } }
	d := &driver{T: t, model: m}
	d.run(m.Init())
	d.size(80, 24)
	return d
}

// driveInline is a picker below the prompt.
func driveInline(t *testing.T, f *fake, begin func(*model, *view) tea.Cmd) *driver {
	t.Helper()
	m := newModel(t.Context(), f.world())
	m.inline, m.begin = true, begin
	d := &driver{T: t, model: m}
	d.run(m.Init())
	d.size(80, 24)
	return d
}

func (d *driver) size(w, h int) { d.send(tea.WindowSizeMsg{Width: w, Height: h}) }

func (d *driver) send(msg tea.Msg) {
	_, cmd := d.Update(msg)
	d.View()
	d.run(cmd)
}

func (d *driver) run(cmd tea.Cmd) {
	d.Helper()
	if cmd == nil {
		return
	}
	if d.hold {
		d.held = append(d.held, cmd)
		return
	}
	switch msg := cmd().(type) {
	case nil, spinner.TickMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case tea.QuitMsg:
		d.quit = true
	default:
		if reflect.TypeOf(msg).Name() == "setClipboardMsg" {
			d.clip = fmt.Sprint(msg)
			return
		}
		d.send(msg)
	}
}

// release runs what waited.
func (d *driver) release() {
	d.hold = false
	held := d.held
	d.held = nil
	for _, c := range held {
		d.run(c)
	}
}

var named = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"ctrl+x":    {Code: 'x', Mod: tea.ModCtrl},
	"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
	"space":     {Code: tea.KeySpace, Text: " "}, "right": {Code: tea.KeyRight}, "left": {Code: tea.KeyLeft}, "f1": {Code: tea.KeyF1}, "end": {Code: tea.KeyEnd},
	"pgdown": {Code: tea.KeyPgDown}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl}, "backspace": {Code: tea.KeyBackspace},
}

// keys types: words that name a key are that key, others are typed letter by letter.
func (d *driver) keys(line string) *driver {
	d.Helper()
	for word := range strings.FieldsSeq(line) {
		if k, ok := named[word]; ok {
			d.send(k)
			continue
		}
		for _, r := range word {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	return d
}

func (d *driver) screen() string { return ansi.Strip(d.View().Content) }

// sees checks that texts are on the screen, and that the screen has its size.
func (d *driver) sees(texts ...string) *driver {
	d.Helper()
	s := d.screen()
	for _, text := range texts {
		if !strings.Contains(s, text) {
			d.Errorf("not on the screen: %q\n%s", text, s)
		}
	}
	d.fits()
	return d
}

func (d *driver) fits() {
	d.Helper()
	lines := strings.Split(d.screen(), "\n")
	for _, l := range lines {
		if ansi.StringWidth(l) > d.width {
			d.Errorf("wider than %d: %q", d.width, l)
		}
	}
	if len(lines) > d.height {
		d.Errorf("%d lines on a screen of %d\n%s", len(lines), d.height, d.screen())
	}
}

func (d *driver) lacks(texts ...string) *driver {
	d.Helper()
	for _, text := range texts {
		if s := d.screen(); strings.Contains(s, text) {
			d.Errorf("on the screen: %q\n%s", text, s)
		}
	}
	return d
}
