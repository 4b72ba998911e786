package edit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/access/accesstest"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// written reads "view:dev @group #tag=value user=name type=EC2_LINUX"; "-" is no entry.
func written(text string) *access.Entry {
	if text == "-" {
		return nil
	}
	e := access.Entry{Principal: dev, Kind: access.Standard, Username: "u", Tags: map[string]string{}}
	for _, w := range strings.Fields(text) {
		key, value, _ := strings.Cut(w[1:], "=")
		switch {
		case w[0] == '@':
			e.Groups = append(e.Groups, w[1:])
		case w[0] == '#':
			e.Tags[key] = value
		case strings.HasPrefix(w, "user="):
			e.Username = strings.TrimPrefix(w, "user=")
		case strings.HasPrefix(w, "type="):
			e.Kind = access.Kind(strings.TrimPrefix(w, "type="))
		default:
			e.Grants = append(e.Grants, grants(w)...)
		}
	}
	e = e.Canonical()
	return &e
}

func full(e *access.Entry) string {
	if e == nil {
		return "-"
	}
	words := strings.Fields(show(*e))
	for _, k := range slices.Sorted(maps.Keys(e.Tags)) {
		words = append(words, "#"+k+"="+e.Tags[k])
	}
	if e.Username != "u" {
		words = append(words, "user="+e.Username)
	}
	return strings.Join(words, " ")
}

func TestUndoTakesBackWhatTheChangeDidAndKeepsWhatCameLater(t *testing.T) {
	for _, c := range []struct{ name, before, after, now, want, overwrites, notes string }{
		{"created", "-", "view:dev @g #a=1", "view:dev @g #a=1", "-", "", ""},
		{"created by half", "-", "view:dev edit @g", "@g", "-", "", ""},
		{"created, not at all", "-", "view", "-", "-", "", ""},
		{"created, and given more", "-", "view:dev", "view:dev,qa edit", "edit view:qa", "", "the entry stays"},
		{"created for nodes", "-", "type=EC2_LINUX", "type=EC2_LINUX @system:nodes", "-", "", ""},
		{"created, tagged by AWS", "-", "view", "view #aws:x=1", "-", "", ""},
		{"created, made anew by somebody", "-", "view", "view user=z", "-", "username z", ""},
		{"deleted with tags of AWS", "view #a=1 #aws:x=1", "-", "-", "view #a=1", "", "tags of AWS"},
		{"deleted", "view:dev @g #a=1 user=x", "-", "-", "view:dev @g #a=1 user=x", "", "recreated"},
		{"deleted, made again otherwise", "view:dev user=x", "-", "edit user=y", "edit view:dev user=x", "username y", ""},
		{"changed, deleted since", "view", "edit", "-", "-", "", "deleted since"},
		{"widened", "view:dev", "view:dev,qa", "view:dev,qa", "view:dev", "", ""},
		{"widened, and more", "view:dev", "view:dev,qa", "view:dev,prod,qa", "view:dev,prod", "", ""},
		{"widened to the cluster", "view:dev", "view", "view", "view:dev", "", ""},
		{"narrowed", "view", "view:dev", "view:dev", "view", "", ""},
		{"policy taken", "edit view:dev", "view:dev", "view:dev", "edit view:dev", "", ""},
		{"policy swapped", "cluster-admin", "edit", "cluster-admin edit", "cluster-admin", "", ""},
		{"groups", "@a @b", "@b @c", "@b @c @d", "@a @b @d", "", ""},
		{"tags", "#a=1 #b=2 #z=0", "#a=9 #c=3 #z=0", "#a=9 #c=3 #z=7", "#a=1 #b=2 #z=7", "", ""},
		{"tag set since", "#a=1", "#a=2", "#a=3", "#a=1", "tag a=3", ""},
		{"tag gone since", "#a=1", "#a=2", "", "#a=1", "tag a=", ""},
		{"username", "user=x", "user=y", "user=y", "user=x", "", ""},
		{"username set since", "user=x", "user=y", "user=z", "user=x", "username z", ""},
		{"username not touched", "view", "edit", "edit user=z", "view user=z", "", ""},
		{"done already", "view:dev", "view:dev,qa", "view:dev", "view:dev", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := accesstest.New().State
			if now := written(c.now); now != nil {
				s = s.Put(*now)
			}
			change := access.Change{Before: written(c.before), After: written(c.after)}
			b, err := edit.TakeBack(change, s)
			if err != nil || full(b.After) != c.want {
				t.Fatalf("%q, %v, want %q", full(b.After), err, c.want)
			}
			if got := strings.Join(b.Overwrites, "; "); (got == "") != (c.overwrites == "") || !strings.Contains(got, c.overwrites) {
				t.Errorf("overwrites %q, want %q", got, c.overwrites)
			}
			if got := strings.Join(b.Notes, "; "); (got == "") != (c.notes == "") || !strings.Contains(got, c.notes) {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
			after, err := edit.Undo(change)(s)
			e, ok := after.Entry(dev)
			if got := (map[bool]string{true: full(&e), false: "-"})[ok]; err != nil || got != c.want {
				t.Errorf("the edit: %q, %v", got, err)
			}
		})
	}
}

func TestUndoRefusesWhatEKSHasNoWayFor(t *testing.T) {
	s := accesstest.New(*written("type=EC2_LINUX")).State
	if _, err := edit.Undo(access.Change{Before: written("view")})(s); !errors.Is(err, access.ErrRule) || !strings.Contains(err.Error(), "type cannot change") {
		t.Error(err)
	}
	s = accesstest.New().State
	s.Cluster.Mode = access.ModeConfigMap
	if _, err := edit.Undo(access.Change{Before: written("view")})(s); !errors.Is(err, access.ErrMode) {
		t.Error(err)
	}
	s.AWSAuth = &access.ConfigMap{Err: access.ErrForbidden}
	if _, err := edit.UndoAWSAuth(access.ConfigMapChange{})(s); !errors.Is(err, access.ErrForbidden) {
		t.Error(err)
	}
}

func TestUndoOfAWSAuthIsByteForByte(t *testing.T) {
	data := func(kv ...string) access.ConfigMap {
		m := access.ConfigMap{Data: map[string]string{}}
		for i := 0; i < len(kv); i += 2 {
			m.Data[kv[i]] = kv[i+1]
		}
		return m
	}
	none := access.ConfigMap{}
	const odd = "# keep\r\n- a:  [ x ]\n\n"
	for _, c := range []struct {
		name                     string
		before, after, now, want access.ConfigMap
		overwrites               string
	}{
		{"a key changed", data("r", odd, "k", "1"), data("r", "[]", "k", "1"), data("r", "[]", "k", "1"), data("r", odd, "k", "1"), ""},
		{"another key was written since", data("r", odd), data("r", "[]"), data("r", "[]", "u", "x"), data("r", odd, "u", "x"), ""},
		{"the same key was written since", data("r", odd), data("r", "[]"), data("r", "new"), data("r", odd), "r was written since"},
		{"a key was removed", data("r", odd), data(), data(), data("r", odd), ""},
		{"a key was added", data(), data("r", ""), data("r", ""), data(), ""},
		{"made", none, data("r", odd), data("r", odd), none, ""},
		{"made, and written since", none, data("r", odd), data("r", odd, "u", "x"), data("u", "x"), ""},
		{"deleted", data("r", odd), none, none, data("r", odd), ""},
		{"deleted since", data("r", odd, "k", "1"), data("r", "", "k", "1"), none, data("r", odd, "k", "1"), "deleted since"},
		{"done already", data("r", odd), data("r", ""), data("r", odd), data("r", odd), ""},
	} {
		then, overwrites := edit.TakeBackAWSAuth(access.ConfigMapChange{Before: c.before, After: c.after}, c.now)
		if !then.Same(c.want) {
			t.Errorf("%s: %q", c.name, then.Data)
		}
		if got := strings.Join(overwrites, "; "); (got == "") != (c.overwrites == "") || !strings.Contains(got, c.overwrites) {
			t.Errorf("%s: overwrites %q", c.name, got)
		}
	}
}

// TestUndoOfUndo: what an edit did is taken back exactly, taking that back leads to where the edit
// led, and at every step between an undo comes home too.
func TestUndoOfUndo(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		c := accesstest.New(someEntries(random)...)
		start := c.State
		plan, after, err := access.Make(c.State, someEdit(random))
		if err != nil {
			continue
		}
		run(t, c, plan, random.IntN(4))
		took := back(t, plan, c.State)
		if left := access.Diff(took.Apply(c.State), start); !left.Empty() {
			t.Fatalf("from %v by %v undone to %v", start.Entries, plan.Steps(), c.State.Entries)
		}
		again := back(t, took, took.Apply(c.State))
		if left := access.Diff(again.Apply(took.Apply(c.State)), c.State); !left.Empty() {
			t.Fatalf("undone twice from %v: left %v", after.Entries, left.Steps())
		}
	}
}

// run applies a plan and stops after some steps.
func run(t *testing.T, c *accesstest.Cluster, plan access.Plan, steps int) {
	t.Helper()
	for r := range access.Apply(context.Background(), c, plan) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if steps--; steps < 0 {
			break
		}
	}
}

func back(t *testing.T, plan access.Plan, s access.Snapshot) access.Plan {
	t.Helper()
	var edits []access.Edit
	for _, change := range plan.Changes {
		if b, err := edit.TakeBack(change, s); err != nil || len(b.Overwrites) > 0 && !strings.Contains(fmt.Sprint(b.Overwrites), "username") {
			t.Fatalf("%v, %v", b, err)
		}
		edits = append(edits, edit.Undo(change))
	}
	took, _, err := access.Make(s, edit.Each(edits...))
	if err != nil {
		t.Fatal(err)
	}
	return took
}
