package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// toPlan are the keys to the plan that lets role/newcomer edit the cluster.
const toPlan = "a newc enter edit enter down enter enter"

func TestASearchOnDetailsFiltersTheList(t *testing.T) {
	for keys, want := range map[string]string{
		"/ team enter enter / deployer enter": "role/ci/deployer", // d is revoke there, e another grant, y copies
		"end enter / idley":                   "",
		"enter / bob esc":                     "user/contractors/bob",
	} {
		d := drive(t, newFake()).keys(keys).sees("[1 Access").lacks("Revoke", "Grant ·")
		if r, ok := d.at.entries.list.current(); ok != (want != "") || ok && r.cells[0] != want {
			t.Errorf("%s: on %v", keys, r.cells)
		}
		if d.clip != "" {
			t.Errorf("%s copied %s", keys, d.clip)
		}
	}
}

// TestASearchWithoutAListDoesNothing: from / to Enter or Escape no letter is a command, whatever is shown meanwhile.
func TestASearchWithoutAListDoesNothing(t *testing.T) {
	for _, search := range []string{"/ yes,no/c enter", "/ quayy esc", "/ x backspace backspace y enter"} {
		f := newFake()
		d := drive(t, f).keys(toPlan).keys(search).sees("[ No ]", "Review changes").lacks("✗")
		if len(f.Steps) > 0 || d.clip != "" {
			t.Errorf("%s: sent %v, copied %q", search, f.Steps, d.clip)
		}
		d.keys("y").sees("Done.").keys("/ idley").sees("/ idley", "[1 Access")
		drive(t, newFake()).keys("? / quade").sees("no list to filter", "Help").keys("esc").sees("Help").keys("esc").sees("[1 Access")
	}
	d := drive(t, newFake()).keys(toPlan)
	d.hold = true
	d.keys("y")
	for _, c := range d.taken() {
		d.one(c)
	}
	d.keys("/ quac").sees("Applying changes")
	d.release()
	if d.sees("Done.").keys("q c enter").sees("Result"); d.clip != "" {
		t.Errorf("copied %s", d.clip)
	}
}

func TestOnlyArrowsAndTabMoveBetweenTheButtons(t *testing.T) {
	for keys, yes := range map[string]bool{
		"": false, "h": false, "l": false, "l l l": false, "left": false, "shift+tab": false,
		"right": true, "right right": true, "tab": true, "tab tab": true, "right h": true,
		"right left": false, "tab shift+tab": false, "right left left": false, "left shift+tab": false,
	} {
		d := drive(t, newFake()).keys(toPlan).keys(keys)
		if yes {
			d.sees("[ Yes ]")
		} else {
			d.sees("[ No ]")
		}
	}
	for keys, sent := range map[string]bool{"enter": false, "n": false, "esc": false, "right left enter": false, "right enter": true, "y": true, "tab enter": true} {
		f := newFake()
		if drive(t, f).keys(toPlan).keys(keys); len(f.Steps) > 0 != sent {
			t.Errorf("%s sent %v", keys, f.Steps)
		}
	}
}

func TestNoLettersDeleteAnEntry(t *testing.T) {
	const letters = "a b c d e f g h i j k l m n o p r s t u v w x y z"
	for _, typed := range []string{"whole", "le", "e", "entry", letters} {
		f := newFake()
		d := drive(t, f).keys("/ demo-node enter d").keys(typed).keys("enter y enter")
		if len(f.Steps) > 0 || strings.Contains(d.screen(), "Review changes") {
			t.Errorf("%s leads to %v\n%s", typed, f.Steps, d.screen())
		}
	}
	f := newFake()
	d := drive(t, f).keys("/ team enter d whole enter").sees("select an item first", "the whole entry").keys("down enter").sees("(the whole entry)", "[ No ]")
	d.keys("y").sees("select Yes with →").keys("x y h l").sees("[ No ]")
	if len(f.Steps) > 0 {
		t.Fatal("sent")
	}
	d.keys("right enter").sees("deleted", "Done.")
}

// TestKeysTypedBeforeThePlanAreDropped: while it is read, for a moment after it appeared, and as long as the typing goes on.
func TestKeysTypedBeforeThePlanAreDropped(t *testing.T) {
	const early = "y right enter n q tab y"
	for keys, risk := range map[string]string{toPlan: "", "/ platform enter d end enter": "risk lose-own-access"} {
		f := newFake()
		d := drive(t, f).keys(strings.TrimSuffix(keys, "enter"))
		d.pause, d.hold = time.Second, true
		d.keys("enter").sees("working out").keys(early).sees("working out")
		for _, c := range d.taken() {
			d.one(c)
		}
		d.taken()
		d.sees("role/").lacks("[ No ]", "working out").keys(early).lacks("[ No ]").sees("Review changes")
		for range 3 {
			f.now = f.now.Add(900 * time.Millisecond)
			d.keys(early)
			d.send(tea.PasteMsg{Content: "lose-own-access"})
			d.lacks("[ No ]").sees("Review changes", risk)
		}
		if len(f.Steps) > 0 || len(d.held) > 0 || d.top().form != nil {
			t.Errorf("%s: %v, %d under way", keys, f.Steps, len(d.held))
		}
		f.now = f.now.Add(time.Second)
		if d.hold = false; risk == "" {
			d.sees("[ No ]").keys("y").sees("Done.")
		} else {
			d.keys("lose-own-access enter").sees("accepted")
		}
	}
	d := drive(t, newFake())
	d.pause = time.Hour
	d.keys("a newc enter edit enter down enter")
	d.hold = true
	d.keys("enter").sees("working out").keys("esc").sees("options")
}

// taken are the commands that wait, which wait no longer.
func (d *driver) taken() []tea.Cmd {
	held := d.held
	d.held = nil
	return held
}

// TestThePlanIsShownAgainIfItChanged between the showing and the yes.
func TestThePlanIsShownAgainIfItChanged(t *testing.T) {
	const note = "the cluster has changed in the meantime; review the changes again"
	team := entry("role/team/dev", 120, grant("View", "dev", "prod", "qa"))
	admin := entry("role/other", 10, grant("ClusterAdmin"))
	for name, c := range map[string]struct {
		keys, yes string
		before    func(*fake)
		meanwhile func(*fake)
		sees      []string
	}{
		"the same": {toPlan, "y", nil, func(f *fake) { f.State = f.State.Put(admin) }, []string{"Done."}},
		"more is left": {
			"/ team enter d down down down enter", "y", nil, func(f *fake) { f.State = f.State.Put(team) },
			[]string{note, "[ No ]", "-     view in namespace qa"},
		},
		"more is deleted": {
			"/ team enter d end enter", "right enter", nil, func(f *fake) { f.State = f.State.Put(team) },
			[]string{note, "[ No ]", "-     view in namespace prod"},
		},
		"done by another": {
			"/ team enter d down down down down enter", "y", nil, func(f *fake) {
				team := team
				team.Grants = []access.Grant{grant("View", "dev", "qa")}
				f.State = f.State.Put(team)
			},
			[]string{note, "Nothing to change."},
		},
		"a new risk": {
			"/ other enter d down enter", "y", func(f *fake) { f.State = f.State.Put(admin) }, func(f *fake) { f.State = f.State.Drop(arn("role/platform-admin")) },
			[]string{note, "type last-administrator to accept"},
		},
		"not readable": {toPlan, "y", nil, func(f *fake) { f.fail["propose"] = access.ErrThrottled }, []string{"✗ throttled"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			if c.before != nil {
				c.before(f)
			}
			d := drive(t, f).keys(c.keys).sees("[ No ]")
			c.meanwhile(f)
			d.keys(c.yes).sees(c.sees...)
			if done := c.sees[0] == "Done."; len(f.Steps) > 0 != done {
				t.Errorf("sent %v", f.Steps)
			}
			if slices.Contains(c.sees, "[ No ]") { // what is shown now is sent after another yes
				f.fail["propose"] = nil
				if d.keys("right enter").sees("Done.").lacks(note); len(f.Steps) == 0 {
					t.Error("nothing sent")
				}
			}
		})
	}
}

func TestWhatIsAcceptedIsAcceptedForOnePlan(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys("/ demo-node enter d end enter remove-nodes enter").sees("accepted", "[ No ]")
	node, _ := f.State.Entry(arn("role/demo-node"))
	node.Groups = []string{"more"}
	f.State = f.State.Put(node)
	d.keys("right enter").sees("review the changes again", "type remove-nodes to accept").lacks("[ Yes ]")
	d.keys("remove-nodes enter").sees("[ No ]").keys("right enter").sees("deleted")
}

func TestNothingIsSentWhileThePlanIsChecked(t *testing.T) {
	f := newFake()
	d := drive(t, f).keys(toPlan)
	d.hold = true
	d.keys("y").sees("checking that the cluster has not changed", "Review changes").keys("y n enter q").sees("checking")
	d.keys("esc").sees("options")
	if d.release(); len(f.Steps) > 0 {
		t.Errorf("sent %v", f.Steps)
	}
	d.sees("options").keys("enter").sees("[ No ]")
}

func TestNoErrorStaysOnAResult(t *testing.T) {
	for name, c := range map[string]func(*driver, *fake){
		"leaving was tried":     func(d *driver, _ *fake) { d.keys("ctrl+c").sees("✗", "press again to quit") },
		"esc was tried":         func(d *driver, _ *fake) { d.keys("esc").sees("✗ back") },
		"the list is not read":  func(_ *driver, f *fake) { f.fail["read"] = errors.New("connection reset") },
		"it was not read whole": func(d *driver, _ *fake) { d.at.err = errors.New("connection reset") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			d := drive(t, f).keys(toPlan)
			d.hold = true
			d.keys("y")
			for _, cmd := range d.taken() {
				d.one(cmd)
			}
			d.sees("Applying changes")
			c(d, f)
			d.release()
			d.sees("Result", "Done.").lacks("✗", "press again")
			if d.keys("enter").sees("role/platform-admin"); d.at.err != nil {
				d.sees("✗ connection reset")
			}
		})
	}
}
