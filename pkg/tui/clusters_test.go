package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// overviews are what the clusters answer, those that answer first at the beginning. The silent one never does.
func overviews() (all []Overview, errs map[string]error) {
	at := func(context, region, of, name string, mode access.Mode, entries, admins int) Overview {
		return Overview{Context: context, Info: access.Info{Name: name, ARN: fmt.Sprintf("arn:aws:eks:%s:%s:cluster/%s", region, of, name), Mode: mode, Status: "ACTIVE"}, Entries: entries, Admins: admins}
	}
	late := at("shop", "us-west-2", account, "shop", access.ModeAPI, 120, 11)
	late.Partly, late.Notes = true, []string{"not checked: RBAC bindings (the API server cannot be reached)"}
	all = []Overview{{Context: "expired"}, {Context: "denied"}, {Context: "dead"}, at("other", "eu-central-1", "444455556666", "prod", access.ModeConfigMap, 0, 1), at("demo", "us-west-2", account, "demo", access.ModeBoth, 7, 2), late}
	return all, map[string]error{
		"expired": errors.New("ExpiredToken: the AWS credentials have expired"),
		"denied":  fmt.Errorf("list access entries of legacy in us-west-2: %w: eks:ListAccessEntries", access.ErrForbidden),
		"dead":    errors.New("AWS cannot be reached"),
	}
}

// survey reads the clusters of these contexts.
func (f *fake) survey(contexts ...string) func(context.Context) iter.Seq2[Overview, error] {
	return func(context.Context) iter.Seq2[Overview, error] {
		f.surveys++
		return func(yield func(Overview, error) bool) {
			all, errs := overviews()
			for _, o := range all {
				if slices.Contains(contexts, o.Context) && !yield(o, errs[o.Context]) {
					return
				}
			}
		}
	}
}

// fleetWorld has many clusters, one of them behind three contexts and two of one name.
func fleetWorld(f *fake) World {
	w := f.world()
	w.Contexts = append(w.Contexts, Context{"demo-admin", "demo", "us-west-2", account, "demo"}, Context{"arn:aws:eks:us-west-2:" + account + ":cluster/demo", "demo", "us-west-2", account, "demo"},
		Context{"shop", "shop", "us-west-2", account, "shop"}, Context{"dead", "prod", "us-east-1", "", "dead"}, Context{"denied", "legacy", "", "", "denied"}, Context{"expired", "billing", "eu-west-1", "", "expired"})
	w.Survey = f.survey("demo", "other", "shop", "dead", "denied", "expired")
	return w
}

// TestOtherClustersAreAskedWhenTheirTabIsOpened, once, and again when somebody wants it.
func TestOtherClustersAreAskedWhenTheirTabIsOpened(t *testing.T) {
	f := newFake()
	d := driveIn(t, fleetWorld(f)).keys("2 5 1 : demo esc esc")
	if f.surveys != 0 {
		t.Error("asked before the tab was opened")
	}
	d.keys("3").sees("[3 Clusters · 6]").keys("1 3 down enter c")
	if f.surveys != 1 {
		t.Errorf("asked %d times", f.surveys)
	}
	if d.keys("r"); f.surveys != 2 {
		t.Errorf("asked %d times", f.surveys)
	}
}

// next runs the first of the commands that wait.
func (d *driver) next() {
	c := d.held[0]
	d.held = d.held[1:]
	switch msg := c().(type) {
	case nil, spinner.TickMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	default:
		d.send(msg)
	}
}

// line is the line of the screen with a text.
func (d *driver) line(text string) string {
	for l := range strings.SplitSeq(d.screen(), "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// TestClustersThatFailOrAreLateDoNotHideTheOthers: rows are there at once and are filled where they stand.
func TestClustersThatFailOrAreLateDoNotHideTheOthers(t *testing.T) {
	d := driveIn(t, fleetWorld(newFake()))
	d.size(120, 40)
	d.hold = true
	d.keys("3").sees("[3 Clusters · 6]", "demo (this one)", "prod, eu-central-1", "prod, us-east-1", "shop", "reading, 0 of 6 have answered")
	titles := d.line("CLUSTER")
	seen := false
	for len(d.held) > 0 {
		d.next()
		if got := d.line("CLUSTER"); got != titles {
			t.Fatalf("the columns moved:\n%s\n%s", titles, got)
		}
		if d.clusters.heard == 3 && d.tab == clustersTab {
			d.sees("3 of 6 have answered · 3 not read", "✗ AWS cannot be reached", "✗ ExpiredToken: the AWS credentials have expired – log in again").keys("1").sees("role/platform-admin").keys("3")
			seen = true
		}
	}
	if !seen {
		t.Error("the answers came all at once")
	}
	d.hold = false
	d.sees("3 not read", "CONFIG_MAP", "120", "11+", "partly read, ACTIVE").lacks("reading")
	d.keys("/ shop").sees("Note:", "not checked: RBAC", "1 of 6")
}

// TestAClusterThatCannotBeReadShowsWhy, in full, and can be opened all the same.
func TestAClusterThatCannotBeReadShowsWhy(t *testing.T) {
	d := driveIn(t, fleetWorld(newFake())).keys("3 / billing enter enter")
	d.sees("━ billing", "Not read:  ExpiredToken", "To do:     log in again").keys("esc").sees("[3 Clusters · 1 of 6]").keys("enter enter").sees("[1 Access")
	if d.at.context.Name != "expired" {
		t.Error(d.at.context)
	}
	d = driveIn(t, fleetWorld(newFake())).keys("3 / demo-admin enter").sees("1 of 6", "Context:   demo-admin", "Context:   arn:aws:eks")
	d.keys("enter").sees("[1 Access", "demo  us-west-2")
}

// TestTheClustersAreShownWhereTheCurrentOneIsDead, which is when another one is wanted.
func TestTheClustersAreShownWhereTheCurrentOneIsDead(t *testing.T) {
	f := newFake()
	w := fleetWorld(f)
	w.Open = func(context.Context, string) (*Cluster, error) { return nil, errors.New("AWS cannot be reached") }
	driveIn(t, w).keys("3").sees("[3 Clusters · 6]", "CONFIG_MAP")
}

// TestFleetScreens keeps what the tab looks like.
func TestFleetScreens(t *testing.T) {
	var all bytes.Buffer
	for _, size := range [][2]int{{60, 15}, {80, 24}, {100, 30}, {120, 40}, {200, 50}} {
		for _, keys := range []string{"3", "3 / billing enter", "3 / denied enter enter"} {
			d := driveIn(t, fleetWorld(newFake()))
			d.restyle(true, colorprofile.ASCII)
			d.size(size[0], size[1])
			d.keys(keys)
			d.fits()
			fmt.Fprintf(&all, "\f%dx%d %s\n%s\n", size[0], size[1], keys, trimmed(d.screen()))
		}
	}
	golden(t, "fleet", all.Bytes())
}
