package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestTabsAreReachedByTheirKeys(t *testing.T) {
	for keys, sees := range map[string]string{
		"2": "[2 Policies · ", "3": "[3 Clusters · 2]", "4": "[4 Changes", "5": "[5 Me]", "1": "[1 Access · 8]",
		"1 tab": "[2 Policies · ", "1 shift+tab": "[5 Me]", "5 tab": "[1 Access · 8]",
		": policies enter": "[2 Policies · ", ": me enter": "[5 Me]", ": change enter": "[4 Changes", ": prod enter": "━ [1 Access · 2]", ": demo enter": "demo  us-west-2",
		": help enter": "━ Help", "1 enter 2": "[2 Policies · ", "1 enter : me enter": "[5 Me]", "2 enter esc": "[2 Policies · ",
	} {
		drive(t, newFake()).sees("[1 Access · 8]  2 Policies  3 Clusters  4 Changes  5 Me").keys(keys).sees(sees)
	}
	d := drive(t, newFake())
	d.keys("/ 2 3 z").sees("[1 Access · 0 of").keys("esc tab : undo enter").sees("there is nothing to undo")
	d.keys("esc 1 a alice tab").sees("[users").lacks("[2 Policies")
}

func TestTabsShowWhatTheirCommandsPrint(t *testing.T) {
	f := newFake()
	d := drive(t, f)
	d.size(120, 40)
	d.keys("2").sees("cluster-admin", "people", "AWS only").keys("/ secret-r enter enter").sees("━ secret-reader", "get, list, watch on").keys("esc").sees("secret-reader")
	d.keys("4").sees("revoke role/old --policy edit", "undone", "part done", "grant role/team/dev").keys("down enter")
	d.sees("State:    part done", "+     view in namespace dev", "role/team/dev granted", "access denied")
	d.keys("5").sees("Principal:  arn:aws:iam::111122223333:role/platform-admin", "Access:     yes")
	f.fail["me"] = errors.New("connection reset")
	d.keys("r").sees("✗ could not be read: connection reset")
	f.fail["me"], f.fail["changes"] = nil, errors.New("permission denied")
	d.keys("r").sees("Access:     yes").keys("4").sees("✗ permission denied")
}

func TestTheHistoryOfAPrincipalIsAKeyAway(t *testing.T) {
	f := newFake()
	for _, keys := range []string{"/ team/dev enter H", "/ team/dev enter enter H"} {
		drive(t, f).keys(keys).sees("━ History of role/team/dev", "role/team/dev has view").keys("esc").lacks("History of")
	}
	f.fail["history"] = errors.New("access denied")
	drive(t, f).keys("/ team/dev enter H").sees("✗ could not be read: access denied")
	drive(t, newFake()).keys("?").sees("H         history")
}

// TestRightsAreAskedFor: of the selected principal, and who has one.
func TestRightsAreAskedFor(t *testing.T) {
	f := newFake()
	d := drive(t, f)
	d.keys("/ team enter E").sees("role/team/dev · explain", "rights of arn:aws:iam::111122223333:role/team/dev").keys("esc enter E").sees("rights of").keys("esc esc esc")
	d.keys("w").sees("Who can · namespace", "anywhere", "dev-blue").keys("prod enter").sees("Who can · in prod", "get secrets", "impersonate")
	d.keys("pods/log enter").sees(`Who can get pods/log in "prod", all: false`, "role/team/dev")
	d.keys("esc").sees("Who can · in prod").keys("esc esc esc w enter get space frobs enter").sees(`Who can get frobs in "", all: false`)
	d.keys("ctrl+x w down enter enter").sees(`Who can get secrets in "", all: true`)
	d.keys("ctrl+x ?").sees("w         who can do something", "E         explain: what the principal can do, and why")
	f.fail["rights"] = errors.New("connection reset")
	d.keys("esc E").sees("✗ could not be read: connection reset")
	d.keys("esc : who-can enter").sees("Who can · namespace")
}

func TestUndoTakesTwoKeys(t *testing.T) {
	for where, keys := range map[string]string{"on the result": "u y", "in the list": "enter u y", "in the changes": "enter 4 u y", "by name": "enter : undo enter y"} {
		f := newFake()
		d := drive(t, f).keys(toPlan).keys("y").sees("Done.").keys(keys).sees("deleted", "Done.")
		if _, ok := f.State.Entry(arn("role/newcomer")); ok {
			t.Errorf("%s: still there\n%s", where, d.screen())
		}
		d.keys("u").lacks("[ No ]").keys("enter").lacks("role/newcomer")
	}
}

// TestOnlyAnUndoDeletesByALetter: it deletes what the change that it undoes has created.
func TestOnlyAnUndoDeletesByALetter(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("/ team enter d end enter y").sees("select Yes with →", "[ No ]")
	d.keys("right enter").sees("deleted").keys("u y").sees("created")
	if e, ok := f.State.Entry(arn("role/team/dev")); !ok || len(e.Grants) != 1 {
		t.Errorf("%+v", e)
	}
}

// TestALeaverTakesFewKeys: the entry and the mapping go by at most 8 keys and a name.
func TestALeaverTakesFewKeys(t *testing.T) {
	f := newFake()
	f.mappings[0].ARN = string(arn("role/team/dev"))
	keys := "/ NAME enter d end enter right enter"
	drive(t, f).keys(strings.ReplaceAll(keys, "NAME", "team/dev")).sees("deleted", "Done.", "revoke role/team/dev")
	if len(f.unmapped) == 0 || len(strings.Fields(keys)) > 9 {
		t.Errorf("%v by %s", f.unmapped, keys)
	}
}

func TestTheCursorIsOnWhatWasChanged(t *testing.T) {
	for keys, want := range map[string]string{
		toPlan + " y enter":                                          "role/newcomer",
		"/ bob enter d down enter y enter":                           "user/contractors/bob",
		"/ bob enter a newc enter edit enter down enter enter y esc": "role/newcomer", // which the filter does not show
	} {
		d := drive(t, newFake()).keys(keys)
		if r, _ := d.at.entries.list.current(); r.cells[0] != want {
			t.Errorf("%s: on %v\n%s", keys, r.cells, d.screen())
		}
		if c := d.View().Cursor; c == nil || !strings.Contains(strings.Split(d.screen(), "\n")[c.Y], want) {
			t.Errorf("%s: the terminal's cursor is at %v", keys, c)
		}
	}
}

func TestTheCommandsOfTheSessionCanBeCopied(t *testing.T) {
	d := drive(t, newFake()).keys("L").sees("Nothing was changed yet.").keys("c").sees("✗ copy").keys("esc")
	d.keys(toPlan).keys("y enter L").sees("kubectl access grant role/newcomer --policy edit -A")
	d.keys("esc u y enter L").sees("kubectl access grant role/newcomer", "kubectl access undo").keys("c")
	if d.clip != "kubectl access grant role/newcomer --policy edit -A\nkubectl access undo" {
		t.Error(d.clip)
	}
}

func TestACommandIsBrokenAsAShellReadsIt(t *testing.T) {
	for line, want := range map[string]string{
		"kubectl access grant role/newcomer --policy edit -A": "kubectl access \\\n  grant \\\n  role/newcomer \\\n  --policy edit -A",
		"kubectl access grant 'role/a b' --policy edit -A":    "kubectl access grant\n  'role/a b' --policy\n  edit -A",
		"kubectl access undo":                                 "kubectl access undo",
	} {
		if got := broken(line, 22); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestModeIsChangedAsAnyOtherPlan(t *testing.T) {
	f := newFake()
	f.State.AWSAuth = &access.ConfigMap{}
	d := drive(t, f).keys("m").sees("Cluster demo is in mode API_AND_CONFIG_MAP.", "migrate --remove-mappings", "irreversible")
	d.keys("/ mode esc mode enter").sees("mode API_AND_CONFIG_MAP -> API", "type one-way-mode to accept it")
	d.keys("y enter").sees("type the name of the risk").keys("backspace one-way-mode enter").sees("[ No ]").keys("y").sees("Done.").keys("u").sees("Result")
	if f.State.Cluster.Mode != access.ModeAPI {
		t.Error(f.State.Cluster.Mode)
	}
	d.keys("enter m").sees("It is the last one")
	f = newFake()
	f.State.Cluster.Mode = access.ModeConfigMap
	drive(t, f).keys("m").sees("migrate --remove-mappings", "mode API_AND_CONFIG_MAP")
	drive(t, f).keys("3 m").sees("open the cluster first").lacks("is in mode")
}

func TestMigrateRunsInTheForeground(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("m enter")
	if len(f.ran) != 1 || !slices.Equal(f.ran[0], []string{"migrate"}) {
		t.Errorf("%v", f.ran)
	}
	d.sees("[1 Access · 8]").keys("L").sees("kubectl access migrate")
}

func TestHelpIsInGroups(t *testing.T) {
	d := drive(t, newFake())
	d.size(100, 50)
	s := d.keys("?").sees("Act", "View", "Navigate", "go to a tab", "Red:").screen()
	for _, order := range [][]string{{"\nAct", "grant", "undo", "mode", "\nView", "filter", "sort", "commands of this session", "\nNavigate", "details", "next tab", "quit"}} {
		at := 0
		for _, word := range order {
			next := strings.Index(s[at:], word)
			if next < 0 {
				t.Fatalf("no %q after %d\n%s", word, at, s)
			}
			at += next
		}
	}
	d.keys("esc").keys("a").keys("?").sees("━ Help", "select", "leave this for the tabs").keys("esc").sees("Grant · principals")
	d.keys("ctrl+x").sees("[1 Access")
}

// TestColumnsStayWhileRowsArrive: their places depend on nothing but the width.
func TestColumnsStayWhileRowsArrive(t *testing.T) {
	for _, width := range []int{40, 50, 60, 80, 120, 200} {
		head := ""
		for _, f := range []*fake{newFake(), crowded(), big()} {
			d := drive(t, f)
			d.size(width, 30)
			lines := strings.Split(d.screen(), "\n")
			at, _, _ := strings.Cut(lines[2], "│")
			if at = strings.TrimRight(at, " "); head != "" && at != head {
				t.Errorf("%d: %q after %q", width, at, head)
			}
			head = at
		}
	}
}

func TestWordsAreNotCutInTheMiddle(t *testing.T) {
	for text, want := range map[string]string{
		"edit:prod,staging": "edit:prod,…", "view:dev; groups developers": "view:dev;…", "role/ci/deployer-of-all": "role/ci/…",
		"AWSServiceRoleForAmazonEKS": "AWSServiceRo…", "short": "short", "資料分析資料分析": "資料分析資料…",
	} {
		if got := shortened(text, 13); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, width := range []int{30, 43} {
		if text := wrap("Principal:  arn:aws:iam::111122223333:role/ci/deployer", width); !strings.Contains(text, "deployer") {
			t.Errorf("%d: %q", width, text)
		}
	}
}

func TestWhatMattersIsColoured(t *testing.T) {
	d := drive(t, crowded())
	d.size(100, 40)
	painted := func(style func(...string) string, text string) {
		if !strings.Contains(d.View().Content, style(text)) {
			t.Errorf("%s is not painted\n%q", text, d.View().Content)
		}
	}
	painted(d.styles.danger.Render, "cluster-admin")
	painted(d.styles.danger.Render, "stale (role recreated)")
	painted(d.styles.warn.Render, "expires in 5h")
	painted(d.styles.label.Render, "Principal:")
}

// TestWhoIsUnknownWhereTheCallFailed, and the way to find out is on the screen.
func TestWhoIsUnknownWhereTheCallFailed(t *testing.T) {
	f := newFake()
	f.fail["read"] = fmt.Errorf("describe cluster demo: %w", access.ErrForbidden)
	drive(t, f).sees("you: role/platform-admin", "you may not see who has access", "[5 Me]", "Access:     yes").keys("1").sees("access denied").keys("5").lacks("access denied")
	f.fail["me"] = errors.New("connection reset")
	drive(t, f).sees("you: <unknown>", "you may not see who has access").sees("✗ could not be read: connection reset")
	d := &driver{T: t, model: newModel(t.Context(), newFake().world()), hold: true}
	d.run(d.Init())
	d.size(80, 24)
	d.sees("you: …")
}

// TestPlainLinesReachEverything: the same screens, as lines with numbers.
func TestPlainLinesReachEverything(t *testing.T) {
	f := newFake()
	var out strings.Builder
	w := f.world()
	w.Plain, w.Out = true, &out
	w.In = strings.NewReader(strings.Join([]string{
		"/team", "1 d", "2", "yes", "", "/", // revoke
		"a", "newcomer", "edit", "4 6", "", "", "8h", "yes", "u", "yes", "", // grant, undo
		"me", "changes", "1", "back", "access", "13 d", "back", "L", "back", "q", "never read",
	}, "\n") + "\n")
	if err := Run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"Cluster demo  us-west-2  " + account + "  API_AND_CONFIG_MAP  you:\n  role/platform-admin\n\nAccess · 8\n1) user/contractors/bob, edit:staging, expires in 5h, 3d\n", "Type a number to select, /TEXT to filter, a to grant",
		"-     view in namespace dev", "narrowed to view in namespace qa", "edit in namespaces dev-blue, prod", "accessentry/role/newcomer created", "accessentry/role/newcomer deleted",
		"Access:     yes", "State:    done", "kubectl access revoke role/team/dev --policy view:dev\nkubectl access grant role/newcomer --policy edit -n dev-blue,prod --for 8h0m0s\nkubectl access undo",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not printed: %q", want)
		}
	}
	if strings.ContainsRune(text, '\x1b') || strings.Contains(text, "never") || t.Failed() {
		t.Error(text)
	}
}

func TestPlainPickersEndWithTheirAnswer(t *testing.T) {
	var out strings.Builder
	w := newFake().world()
	w.Plain, w.Out, w.In = true, &out, strings.NewReader("bob\n2\n")
	c, err := Revoke(t.Context(), w, Missing{Who: true, What: true})
	if err != nil || len(c.Who) != 1 || !c.All {
		t.Errorf("%+v %v\n%s", c, err, out.String())
	}
	w.In = strings.NewReader("")
	if _, err := Describe(t.Context(), w); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
}
