package tui

import (
	"fmt"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// big is an account of 10,000 roles and a cluster of 1,000 entries.
func big() *fake {
	f := newFake()
	for i := range 1000 {
		f.State.Entries = append(f.State.Entries, entry(fmt.Sprintf("role/team-%d/app-%04d", i%37, i), i%300, grant("View", "dev", "qa"), grant("Edit", "dev-*")))
	}
	f.principals[Roles] = nil
	for i := range 10000 {
		f.principals[Roles] = append(f.principals[Roles], arn(fmt.Sprintf("role/team-%d/service-with-a-long-name-%05d", i%53, i)))
	}
	return f
}

func benchmarkKey(b *testing.B, path, text string) {
	b.Helper()
	m := newModel(b.Context(), big().world())
	d := &driver{T: &testing.T{}, model: m}
	d.run(m.Init())
	d.size(120, 40)
	d.keys(path)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		letter := text[i%len(text) : i%len(text)+1]
		if i%len(text) == 0 {
			m.top().list.filter.Reset()
		}
		start := time.Now()
		m.Update(tea.KeyPressMsg{Code: rune(letter[0]), Text: letter})
		_ = m.View()
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// One keystroke in the filter, handled and drawn: the budget is 16 ms.
func BenchmarkKeyOver10000Principals(b *testing.B) { benchmarkKey(b, "a", "service-42") }
func BenchmarkKeyOver1000Entries(b *testing.B)     { benchmarkKey(b, "/", "app-42-view") }

// BenchmarkFirstScreen is the time until something is drawn, before anything is read.
func BenchmarkFirstScreen(b *testing.B) {
	w := newFake().world()
	for b.Loop() {
		m := newModel(b.Context(), w)
		_ = m.Init()
		_ = m.View()
	}
}

func TestTheNearestNameComesFirst(t *testing.T) {
	var x index
	for _, p := range []access.Principal{arn("role/b-dev"), arn("role/a-dev-team"), arn("role/dev"), arn("role/other")} {
		x.add([]string{string(p)})
	}
	if diff := cmp.Diff([]int{2, 0, 1}, x.search("dev")); diff != "" {
		t.Error(diff)
	}
}
