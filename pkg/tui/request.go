package tui

import (
	"context"
	"iter"

	tea "charm.land/bubbletea/v2"
)

// slot holds the number of the request whose answer is still wanted.
type slot int

// forget drops the answer that has not come yet.
func (s *slot) forget() { *s = 0 }

func (m *model) number(s *slot) int {
	m.request++
	m.waiting++
	*s = slot(m.request)
	return m.request
}

// answer is what came back of one request.
type answer[T any] struct {
	number int
	slot   *slot
	value  T
	err    error
	take   func(T, error) tea.Cmd
}

// ask sends a question to the outside; take gets the answer unless another question went into the slot since.
func ask[T any](m *model, s *slot, question func(context.Context) (T, error), take func(T, error) tea.Cmd) tea.Cmd {
	n, ctx := m.number(s), m.ctx
	return tea.Batch(m.turn(), func() tea.Msg {
		v, err := question(ctx)
		return answer[T]{n, s, v, err, take}
	})
}

//go:noinline
func (a answer[T]) arrive(m *model) tea.Cmd {
	m.waiting--
	if int(*a.slot) != a.number {
		return nil
	}
	return a.take(a.value, a.err)
}

// part is one piece of a longer answer, and how to get the next.
type part[T any] struct {
	answer[T]
	ok   bool // false: it was the last one
	next tea.Cmd
	stop func()
	done func() tea.Cmd
}

// stream takes a sequence piece by piece, one in each command.
func stream[T any](m *model, s *slot, all iter.Seq2[T, error], take func(T, error) tea.Cmd, done func() tea.Cmd) tea.Cmd {
	n := m.number(s)
	next, stop := iter.Pull2(all)
	var step tea.Cmd
	step = func() tea.Msg {
		v, err, ok := next()
		return part[T]{answer[T]{n, s, v, err, take}, ok, step, stop, done}
	}
	return tea.Batch(m.turn(), step)
}

func (p part[T]) arrive(m *model) tea.Cmd {
	switch {
	case int(*p.slot) != p.number:
		m.waiting--
		return func() tea.Msg { p.stop(); return nil }
	case !p.ok:
		m.waiting--
		return p.done()
	}
	return tea.Batch(p.take(p.value, p.err), p.next)
}
