package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestEntriesShowWhoIsIn(t *testing.T) {
	d := drive(t, newFake())
	d.sees("demo", "us-west-2", account, "API_AND_CONFIG_MAP", "you: role/platform-admin", "role/team/dev", "aws-auth", "managed by AWS", "node;", "in 5h")
}

func TestRowsAppearAsTheyAreRead(t *testing.T) {
	f := newFake()
	m := newModel(t.Context(), f.world())
	d := &driver{T: t, model: m, hold: true}
	d.run(m.Init())
	d.size(80, 24)
	d.sees("demo", "reading…")
	steps := 0
	for ; !strings.Contains(d.screen(), "role/team/dev") && steps < 20; steps++ {
		held := d.held
		d.held = nil
		for _, c := range held {
			d.one(c)
		}
	}
	d.sees("role/team/dev", "known so far").lacks("aws-auth")
	d.release()
	d.sees("aws-auth").lacks("known so far")
}

// TestWhyNothingWasReadStaysToBeRead: the error is seen in full, and pressing keys does not take it away.
func TestWhyNothingWasReadStaysToBeRead(t *testing.T) {
	f := newFake()
	why := strings.Repeat("EKS: DescribeCluster, 403, not authorized; ", 8) + "ask for eks:DescribeCluster"
	f.fail["read"] = errors.New(why)
	for _, size := range [][2]int{{60, 15}, {80, 24}, {200, 50}} {
		d := drive(t, f)
		d.size(size[0], size[1])
		d.sees("[1 Access]", "not read", "could not be read").whole(why)
		d.keys("a").sees("✗ grant: the cluster could not be read").lacks("still being read").whole(why)
		d.keys("/ x").sees("could not be read").keys("esc").whole(why)
	}
	delete(f.fail, "read")
	f.fail["halfway"] = errors.New(why)
	d := drive(t, f).sees("Access · 8", "incomplete", "role/team/dev")
	d.whole(why)
	d.keys("/ aws-service enter d").sees("✗ revoke: AWS owns", "DescribeCluster")
}

// whole checks that a text that goes over some lines is there to its end.
func (d *driver) whole(text string) {
	d.Helper()
	if s := d.screen(); !strings.Contains(bare(s), bare(text)) {
		d.Errorf("not whole on the screen: %q\n%s", text, s)
	}
}

func TestNothingMatchesYet(t *testing.T) {
	d := &driver{T: t, model: newModel(t.Context(), newFake().world()), hold: true}
	d.run(d.Init())
	d.size(80, 24)
	for ; !strings.Contains(d.screen(), "known so far"); d.held = d.held[1:] {
		d.one(d.held[0])
	}
	rest := d.held
	d.held = nil
	d.keys("/ zzzz").sees("nothing matches yet")
	d.hold = false
	for _, c := range rest {
		d.run(c)
	}
	d.sees("nothing matches; esc")
}

func TestReadingAgainKeepsTheRowsUntilTheyCome(t *testing.T) {
	f := newFake()
	d := drive(t, f).sees("role/team/dev", "role/ops")
	f.State.Entries = slices.DeleteFunc(f.State.Entries, func(e access.Entry) bool { return e.Principal == arn("role/team/dev") })
	d.hold = true
	d.keys("r").sees("role/team/dev", "role/ops")
	for ; !strings.Contains(d.screen(), "known so far"); d.held = d.held[1:] {
		d.one(d.held[0])
	}
	d.sees("role/team/dev", "role/ops", "Access · 8")
	d.release()
	d.sees("role/ops", "Access · 7").lacks("role/team/dev")
	f.fail["read"] = access.ErrThrottled
	d.keys("r").sees("role/ops", "Access · 7", "throttled")
}

// TestAChangeWhileReadingLosesNobody: what is read while a change is sent counts for nothing, and is read again.
func TestAChangeWhileReadingLosesNobody(t *testing.T) {
	m := newModel(t.Context(), newFake().world())
	d := &driver{T: t, model: m, hold: true}
	d.run(m.Init())
	d.size(80, 24)
	for ; !strings.Contains(d.screen(), "known so far"); d.held = d.held[1:] {
		d.one(d.held[0])
	}
	rest := d.held
	d.hold, d.held, m.pause = false, nil, 0
	d.keys("a newc enter edit enter down enter enter y").sees("Done.")
	for _, c := range rest {
		d.run(c)
	}
	d.keys("enter").sees("role/newcomer", "role/team/dev", "role/ops")
}

// one runs one command and keeps what it brings for later.
func (d *driver) one(cmd tea.Cmd) {
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		d.held = append(d.held, nonNil(msg)...)
	default:
		d.send(msg)
	}
}

func nonNil(cmds []tea.Cmd) []tea.Cmd {
	return slices.DeleteFunc(cmds, func(c tea.Cmd) bool { return c == nil })
}

func TestFilterFindsByEveryField(t *testing.T) {
	for text, want := range map[string]string{
		"team":                              "role/team/dev",
		"~tmdev":                            "role/team/dev",
		"cluster-a":                         "role/platform-admin",
		"prod":                              "role/ci/deployer",
		"view:dev":                          "role/team/dev",
		"view:dev,qa":                       "role/team/dev",
		"view:qa":                           "role/team/dev",
		"developer":                         "role/team/dev",
		"111122223333:user/contractors/bob": "user/contractors/bob",
	} {
		d := drive(t, newFake()).keys("/ " + text)
		if r, ok := d.at.entries.list.current(); !ok || r.cells[0] != want {
			t.Errorf("%s finds %v, not %s", text, r.cells, want)
		}
		d.sees(" of 8")
	}
	for text, n := range map[string]int{"ops": 1, "op": 2, "dev team": 1, "team dev role": 1, "team bob": 0, "tmdev": 0, "~tmdev": 1, "expires": 1, "aws": 2, "iam": 0, account: 8, "arn:aws": 8, "group": 3} {
		l := drive(t, newFake()).at.entries.list
		l.filter.SetValue(text)
		if l.refilter(); len(l.shown) != n {
			t.Errorf("%s finds %d, not %d", text, len(l.shown), n)
		}
	}
	d := drive(t, newFake()).keys("/ zzzz").sees("nothing matches")
	d.keys("esc").sees("role/team/dev").lacks("zzzz")
	d.keys("/ view enter").sees("/ view").keys("j j").sees("/ view")
}

func TestSortGoesRound(t *testing.T) {
	d := drive(t, newFake()).sees("people first")
	d.keys("s").sees("by name").keys("s").sees("by access").keys("s").sees("by status").keys("s").sees("by age")
	if r := d.at.entries.list.rows[0]; r.cells[0] != "user/contractors/bob" {
		t.Errorf("first is %s", r.cells[0])
	}
	d.keys("s").sees("by type").keys("s").sees("by expires").keys("s").sees("people first")
}

func TestDetailsShowRules(t *testing.T) {
	d := drive(t, newFake()).keys("/ team enter enter")
	d.sees("Principal:", "view in namespaces dev, qa", "reads pods", "no").lacks("get, list, watch")
	d.keys("v").sees("get, list, watch", "↓ more")
	d.keys("end").lacks("↓ more").keys("esc").sees("[1 Access")
	d.size(120, 40)
	d.sees("│ Principal:")
}

func TestHelpListsKeysAndWhyTheyAreOff(t *testing.T) {
	d := drive(t, newFake()).keys("/ aws-service enter")
	d.size(80, 40)
	d.keys("?")
	d.sees("Help", "revoke", "not now: AWS owns this entry", "filter", "clusters").keys("esc").sees("[1 Access")
	d.keys("d").sees("✗ revoke: AWS owns this entry")
}

// TestAMappingIsRevokedAsAnEntryIs: from its own row, and with the entry of its principal unless that goes alone.
func TestAMappingIsRevokedAsAnEntryIs(t *testing.T) {
	f := newFake()
	drive(t, f).keys("/ ops enter d").sees("kubectl access revoke role/ops")
	if !slices.Equal(f.unmapped, []access.Principal{arn("role/ops")}) {
		t.Errorf("%v", f.unmapped)
	}
	for key, want := range map[string]string{"end": "kubectl access revoke role/team/dev\n", "end up": "kubectl access revoke role/team/dev --entry-only"} {
		f := newFake()
		f.mappings[0].ARN = string(arn("role/team/dev"))
		drive(t, f).keys("/ team enter d " + key + " enter").sees(strings.TrimSuffix(want, "\n"))
		if all := key == "end"; all != (len(f.unmapped) > 0) {
			t.Errorf("%s: %v", key, f.unmapped)
		}
	}
	f = newFake()
	f.mappings[0].Kind, f.mappings[0].ARN = access.MappedAccount, "444455556666"
	drive(t, f).keys("/ 4444 enter d").sees("this mapping is not for a single role or user")
}

func TestGrantTwoPoliciesInThreeNamespaces(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("a").sees("Grant · principals", "[roles 4]", "has view in namespaces dev, qa")
	d.keys("newc enter").sees("policies", "PURPOSE")
	d.keys("edit space").sees("[x] edit")
	d.keys("view space").keys("enter").sees("scope", "the whole cluster")
	d.keys("enter").sees("select an item first: ↓, then space or ⏎")
	d.keys("down down down space down space apps-* space").sees("[x] apps-*", "[x] dev-blue")
	d.keys("enter").sees("options", "groups", "RBAC bindings refer to: viewers")
	d.keys("viewers").sees("ClusterRole view on the whole cluster")
	d.keys("tab robot tab 8h enter")
	d.sees("Review changes", "+ role/newcomer  (new entry, STANDARD)", "edit in namespace apps-*", "view in namespace dev-blue", "group viewers", "username robot", "[ No ]", "from the command line")
	if len(f.Steps) > 0 {
		t.Fatal("sent before a yes")
	}
	d.keys("y").sees("Result", "✓ accessentry/role/newcomer created", "Done.")
	if len(f.Steps) != 3 {
		t.Errorf("%d steps", len(f.Steps))
	}
	d.keys("c")
	if !strings.Contains(d.clip, "kubectl access grant role/newcomer --policy AmazonEKS") && !strings.Contains(d.clip, "--policy edit,view -n 'dev,dev-blue,apps-*' --group viewers --username robot --for 8h0m0s") {
		t.Errorf("copied %s", d.clip)
	}
	d.keys("enter").sees("[1 Access", "role/newcomer")
	e, _ := f.State.Entry(arn("role/newcomer"))
	if len(e.Grants) != 2 || len(e.Grants[0].Scope.Namespaces) != 3 || e.Username != "robot" || e.Expires().IsZero() {
		t.Errorf("granted %+v", e)
	}
}

func TestGrantOfEditInTwoNamespacesTakesFewKeys(t *testing.T) {
	f := newFake()
	keys := "a NAME enter e d enter down down down space down space enter enter y"
	drive(t, f).keys(strings.ReplaceAll(keys, "NAME", "auditor"))
	e, ok := f.State.Entry(arn("role/auditor"))
	if !ok || len(e.Grants) != 1 || e.Grants[0].String() != "edit in namespaces dev, dev-blue" {
		t.Errorf("granted %+v", e)
	}
	if n := len(strings.Fields(keys)) - 1; n >= 15 {
		t.Errorf("%d keys", n)
	}
}

// TestPermanentAccessGetsNoExpiry: the refusal is read in full, and the answers are still there to be changed.
func TestPermanentAccessGetsNoExpiry(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("a team enter edit enter down enter tab tab 8h enter").lacks("[ No ]")
	d.whole("✗ role/team/dev has permanent access, and an expiry (--for) would apply to all of it: revoke that access first, or grant without an expiry")
	d.keys("y esc").sees("options", "8h").keys("backspace backspace enter").sees("Review changes", "+     edit on the whole cluster", "[ No ]")
	if len(f.Steps) > 0 {
		t.Error("sent")
	}
}

func TestBackLosesNothing(t *testing.T) {
	d := drive(t, newFake()).keys("a newc enter edit space enter down down space enter")
	d.keys("team-x tab someone enter").sees("Review changes", "username someone")
	d.keys("esc").sees("options", "team-x", "someone")
	d.keys("esc").sees("[x] default")
	d.keys("esc").sees("[x] edit").keys("esc").sees("Grant · principals", "newc")
	d.keys("enter enter enter enter").sees("Review changes", "username someone", "group team-x")
}

func TestCancelAtEachStepSendsNothing(t *testing.T) {
	for _, steps := range []string{"a", "a newc enter", "a newc enter edit enter", "a newc enter edit enter down enter", "a newc enter edit enter down enter enter", "/ team enter d", "/ team enter d down enter"} {
		for _, cancel := range []string{"esc esc esc esc esc esc esc esc", "ctrl+c"} {
			f := newFake()
			d := drive(t, f).keys(steps)
			for _, k := range strings.Fields(cancel) {
				if !d.quit {
					d.keys(k)
				}
			}
			if here := d.quit || len(d.stack) == 1; len(f.Steps) > 0 || !here {
				t.Errorf("%s, then %s: %d steps, quit %v\n%s", steps, cancel, len(f.Steps), d.quit, d.screen())
			}
		}
	}
}

func TestNoIsChosenAtFirst(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("a newc enter edit enter down enter enter").sees("[ No ]")
	d.keys("enter").sees("options")
	d.keys("enter right").sees("[ Yes ]").keys("enter").sees("Done.")
	if len(f.Steps) != 2 {
		t.Errorf("%d steps", len(f.Steps))
	}
}

func TestRevokeOneNamespace(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("/ team enter d").sees("Revoke · from role/team/dev", "the whole entry", "view in namespace qa", "group developers")
	d.keys("down down down enter").sees("-     view in namespace qa", "revoke role/team/dev --policy view:qa")
	d.keys("y").sees("narrowed to view in namespace dev", "Done.")
	e, _ := f.State.Entry(arn("role/team/dev"))
	if e.Grants[0].String() != "view in namespace dev" || len(e.Groups) != 1 {
		t.Errorf("left %+v", e)
	}
}

func TestRevokeSeveralAndTheWhole(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("/ team enter d down down space down down space enter").sees("kubectl access revoke role/team/dev --policy view:dev --group developers").keys("esc")
	d.keys("end up up up space up up space enter").sees("-     view in namespace dev", "-     view in namespace qa")
	d = drive(t, f).keys("/ team enter d down space down down down space enter").sees("kubectl access revoke role/team/dev --policy view --group developers").keys("y").sees("Done.")
	e, _ := f.State.Entry(arn("role/team/dev"))
	if len(e.Grants) != 0 && len(e.Groups) != 0 {
		t.Errorf("left %+v", e)
	}
	d.keys("enter d end enter").sees("(the whole entry)").keys("right enter").sees("deleted").keys("enter").lacks("role/team/dev")
}

func TestLockoutIsRefusedUntilItsNamesAreTyped(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("/ platform enter d end enter").sees("risk lose-own-access", "type last-administrator to accept")
	d.keys("y enter").sees("type the name of the risk")
	d.keys("backspace yes enter").sees("type the name of the risk")
	if len(f.Steps) > 0 {
		t.Fatal("sent")
	}
	for range 4 {
		d.keys("backspace")
	}
	d.keys("lose-own-access enter").sees("accepted").lacks("[ No ]")
	d.keys("last-administrator enter").sees("[ No ]", "--accept-risk=lose-own-access")
	d.keys("right enter").sees("deleted")
}

func TestNodesNeedTheirRiskTyped(t *testing.T) {
	f := newFake()
	drive(t, f).keys("/ demo-node enter d end enter").sees("risk remove-nodes").keys("y n")
	if len(f.Steps) > 0 {
		t.Error("sent")
	}
}

func TestSwitchCluster(t *testing.T) {
	d := drive(t, newFake()).keys("c")
	d.size(120, 24)
	d.sees("[3 Clusters · 2]", "prod", "eu-central-1", "demo (this one)")
	d.keys("down enter").sees("prod  eu-central-1  444455556666", "Access · 2")
	d.keys("c / demo enter enter").sees("Access · 8").keys(": prod enter").sees("prod  eu-central-1", "Access · 2")
}

func TestTypedPrincipalsAreLookedUp(t *testing.T) {
	drive(t, newFake()).keys("a role/brand-new").sees("look it up in IAM").keys("enter").sees("policies", "role/brand-new")
	drive(t, newFake()).keys("a").keys("arn:aws:iam::444455556666:role/far enter").sees("policies", "444455556666")
	d := drive(t, newFake()).keys("a")
	d.send(tea.PasteMsg{Content: "arn:aws:iam::444455556666:group/x"})
	d.sees("cannot have access").keys("enter").sees("an IAM group cannot")
	f := newFake()
	f.fail["resolve"] = errors.New("role/gone: not found")
	drive(t, f).keys("a role/gone enter").sees("✗ role/gone: not found", "Grant · principals")
}

func TestTabsChangeTheFamily(t *testing.T) {
	d := drive(t, newFake()).keys("a tab").sees("[users 1]", "user/alice").keys("tab").sees("[permission sets 1]", "sso/Developer")
	d.keys("space tab").sees("[roles").keys("down down space enter").sees("2 principals")
}

func TestSeveralPrincipalsAreOnePlan(t *testing.T) {
	f := newFake()
	drive(t, f).keys("a auditor space newc space enter edit enter down enter enter").sees("role/auditor", "role/newcomer").keys("y").sees("Done.")
	if len(f.Steps) != 4 {
		t.Errorf("%d steps", len(f.Steps))
	}
}

func TestErrorsStandInALineAndTheRestStaysUsable(t *testing.T) {
	throttled := fmt.Errorf("list access entries: %w", access.ErrThrottled)
	for where, see := range map[string][]string{
		"read":       {"r", "throttled – press r to read again"},
		"open demo":  {"r", "throttled"},
		"principals": {"a", "throttled; use the full ARN"},
		"policies":   {"a newc enter", "throttled"},
		"namespaces": {"a newc enter edit enter", "type them: list access entries: throttled"},
		"groups":     {"a newc enter edit enter down enter", "could not be read: list access"},
		"propose":    {"a newc enter edit enter down enter enter", "✗ list access entries: throttled"},
	} {
		f := newFake()
		f.fail[where] = throttled
		d := drive(t, f).keys(see[0]).sees(see[1])
		delete(f.fail, where)
		if where == "read" || where == "open demo" {
			d.keys("r").sees("role/team/dev").lacks("throttled")
		}
	}
}

func TestAFailedStepIsToldAndTheOthersGoOn(t *testing.T) {
	f := newFake()
	f.Fail = func(s access.Step) error {
		if s.Principal() == arn("role/auditor") {
			return fmt.Errorf("%w: no iam:PassRole\x1b[31m", access.ErrForbidden)
		}
		return nil
	}
	d := drive(t, f).keys("a auditor space newc space enter edit enter down enter enter y")
	d.sees("✗ accessentry/role/auditor not created: access denied: no iam:PassRole^[[31m", "✓ accessentry/role/newcomer created", "Some changes failed")
}

// TestWhatWasReadStaysWhenTheRestIsLost breaks the connection, and lets the credentials expire, in the middle of reading.
func TestWhatWasReadStaysWhenTheRestIsLost(t *testing.T) {
	for text, hint := range map[string]string{"read: connection reset by peer": "", "ExpiredTokenException: the token is expired": "log in again"} {
		f := newFake()
		f.fail["halfway"] = errors.New(text)
		d := drive(t, f)
		d.sees("role/team/dev", text, hint)
		d.keys("/").keys("team").sees("role/team/dev").keys("esc")
		delete(f.fail, "halfway")
		d.keys("r").sees("role/team/dev").lacks(text)
	}
}

// TestCredentialsThatExpireWhileItSendsAreTold ends a change in its middle.
func TestCredentialsThatExpireWhileItSendsAreTold(t *testing.T) {
	f := newFake()
	f.Fail = func(s access.Step) error {
		if _, ok := s.(access.Associate); ok {
			return errors.New("ExpiredTokenException: the token is expired")
		}
		return nil
	}
	d := drive(t, f)
	d.keys("a newc enter edit enter down enter enter y").sees("created", "ExpiredTokenException", "log in again")
	f.Fail = nil
	d.keys("esc esc r").sees("role/newcomer")
}

func TestLeavingWhileSendingAsksFirst(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("a newc enter edit enter down enter enter")
	d.hold = true
	d.keys("y")
	for _, c := range d.taken() {
		d.one(c) // the look before it is sent
	}
	d.sees("Applying changes", "0 of 2 calls")
	d.keys("esc").sees("the change is being applied")
	d.keys("ctrl+c").sees("press again to quit")
	d.hold = false
	if d.keys("ctrl+c"); !d.quit {
		t.Error("still here")
	}
}

func TestLateAnswersAreDropped(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("a newc enter edit enter down enter")
	d.hold = true
	d.keys("enter").sees("working out").keys("esc").sees("options")
	d.release()
	d.sees("options").lacks("new entry")
}

func TestMouse(t *testing.T) {
	d := drive(t, newFake())
	d.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if d.at.entries.list.cursor != 3 {
		t.Error(d.at.entries.list.cursor)
	}
	d.send(tea.MouseClickMsg{Button: tea.MouseLeft, X: 5, Y: 4})
	if d.at.entries.list.cursor != 1 {
		t.Error(d.at.entries.list.cursor)
	}
	d.send(tea.MouseClickMsg{Button: tea.MouseLeft, X: 5, Y: 4})
	d.sees("Grants:")
	d.send(tea.MouseClickMsg{Button: tea.MouseLeft, X: 5, Y: 100})
}

func TestEverySizeFits(t *testing.T) {
	paths := []string{"", "/ team", "enter", "?", "c", "2", "4", "4 enter", "5", "m", ":", "L", "a", "a newc enter", "a newc enter edit enter", "a newc enter edit enter down enter", "a newc enter edit enter down enter enter", "/ platform enter d end enter"}
	for _, path := range paths {
		d := drive(t, newFake()).keys(path)
		for _, size := range [][2]int{{60, 15}, {80, 24}, {200, 50}, {20, 5}, {1, 1}, {300, 10}} {
			d.size(size[0], size[1])
			d.fits()
		}
	}
}

func TestNothingHostileReachesTheTerminal(t *testing.T) {
	d := drive(t, newFake()).keys("/ deployer enter enter").sees("ci^[[31m")
	if strings.Contains(d.View().Content, "\x1b[31m:") {
		t.Error("the username paints the screen")
	}
}

func TestCopyAndSuspend(t *testing.T) {
	d := drive(t, newFake()).keys("/ team enter y").sees("✓ copied arn:aws:iam::111122223333:role/team/dev")
	if d.clip != string(arn("role/team/dev")) {
		t.Error(d.clip)
	}
	_, cmd := d.Update(named["ctrl+z"])
	if _, ok := cmd().(tea.SuspendMsg); !ok {
		t.Error("does not suspend")
	}
}

// TestAnEntryThatWasMadeAnewIsNotDead: one that was only changed stays so.
func TestAnEntryThatWasMadeAnewIsNotDead(t *testing.T) {
	old := entry("role/dev", 9)
	v := &view{snapshot: access.Snapshot{Entries: []access.Entry{old}, Dead: []access.Principal{old.Principal}}}
	if v.put(old); len(v.snapshot.Dead) != 1 {
		t.Error("changed, it is alive")
	}
	if v.put(entry("role/dev", 1)); len(v.snapshot.Dead) != 0 {
		t.Error("made anew, it is dead")
	}
}
