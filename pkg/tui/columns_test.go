package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// crowded is a cluster in which groups and aws-auth matter.
func crowded() *fake {
	f := newFake()
	alice := entry("user/alice", 70)
	alice.Groups = []string{"viewers"}
	f.State.Entries, f.State.Dead = append(f.State.Entries, alice, entry("role/gone", 5)), []access.Principal{arn("role/gone")}
	place := 0
	line := func(name string, state access.MappingState, groups ...string) access.Mapping {
		place++
		return access.Mapping{Kind: access.MappedRole, ARN: string(arn(name)), Username: name, Groups: groups, State: state, Item: place}
	}
	node := line("role/mapped-node", access.InForce, "system:nodes")
	node.Username = "system:node:{{EC2PrivateDNSName}}"
	f.mappings = []access.Mapping{node, line("role/ops", access.Shadowed, "viewers"), line("role/ops", access.InForce, "system:masters"), line("role/reader", access.InForce, "viewers")}
	return f
}

// TestAccessTellsWhatHasNoRoom: whoever has rights by groups, or a line that is not in force, is told apart at any width.
func TestAccessTellsWhatHasNoRoom(t *testing.T) {
	for width, rows := range map[int][]string{
		46:  {"user/alice · group viewers", "role/ops · overridden by a…", "role/gone · stale (role…", "role/reader · group viewers"},
		60:  {"user/alice · group viewers ok", "role/gone · <none> stale (role…", "role/reader · group viewers ok (aws-auth)"},
		80:  {"user/alice · group viewers ok 70d", "role/ops · <none> overridden by a later…", "role/reader · group viewers ok (aws-auth)"},
		160: {"user/alice · group viewers ok", "role/gone · <none> stale (role recreated) 5d", "role/ops · <none> overridden by a later mapping"},
	} {
		d := drive(t, crowded())
		d.size(width, 30)
		s := strings.Join(strings.Fields(d.screen()), " ")
		for _, want := range rows {
			if want := strings.Replace(want, "· ", "", 1); !strings.Contains(s, want) {
				t.Errorf("%d: not on the screen: %q\n%s", width, want, d.screen())
			}
		}
		d.fits()
	}
	drive(t, crowded()).keys("/ viewers").sees("user/alice")
}

func TestPeopleOfAWSAuthComeFirstToo(t *testing.T) {
	f := crowded()
	f.State.Entries, f.State.Cluster.Mode = nil, access.ModeConfigMap
	var got []string
	for _, r := range drive(t, f).at.entries.list.rows {
		got = append(got, r.cells[0]+" "+r.cells[statusColumn])
	}
	want := []string{"role/ops ok (aws-auth)", "role/reader ok (aws-auth)", "role/mapped-node ok (aws-auth)", "role/ops overridden by a later mapping"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
}

// TestTheListAgesAsTheDetailsDo: both tell the time that has passed until they were drawn.
func TestTheListAgesAsTheDetailsDo(t *testing.T) {
	f, now := newFake(), today
	f.State.Entries[1].Created = today
	w := f.world()
	w.Now = func() time.Time { return now }
	d := driveIn(t, w)
	d.size(200, 40)
	d.keys("/").keys(string(f.State.Entries[1].Principal.Name())).sees("0s ", "(0s ago)")
	now = now.Add(29*time.Second + 2*time.Minute)
	d.sees("2m29s ", "(2m29s ago)")
}
