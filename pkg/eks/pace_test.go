package eks

import (
	"sync"
	"testing"
	"testing/synctest"
)

// service answers calls when it is told to, and counts those that wait for their answer.
type service struct {
	*pace
	mu      sync.Mutex
	waiting int
	answers chan bool // true: throttled
}

// begin sends calls, each of which waits for one answer.
func (s *service) begin(calls int) {
	go func() {
		for range calls {
			s.enter()
			go func() {
				defer s.leave()
				s.count(1)
				s.answered(<-s.answers)
				s.count(-1)
			}()
		}
	}()
}

func (s *service) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting += n
}

// after answers some calls, and returns how many run then.
func (s *service) after(answers int, throttled bool) int {
	for range answers {
		s.answers <- throttled
	}
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

func TestThePaceFollowsTheService(t *testing.T) {
	type step struct {
		answers   int
		throttled bool
		running   int
	}
	for name, steps := range map[string][]step{
		"grows while nothing is throttled":  {{0, false, 32}, {8, false, 40}, {24, false, 64}, {96, false, 64}},
		"halves once for all on their way":  {{0, false, 32}, {32, true, 16}, {16, true, 8}},
		"never stops":                       {{0, false, 32}, {32, true, 16}, {16, true, 8}, {8, true, 8}, {8, true, 8}},
		"grows slowly after the first":      {{0, false, 32}, {32, true, 16}, {15, false, 16}, {1, false, 17}, {17, false, 18}},
		"is halved from where it has grown": {{32, false, 64}, {1, true, 63}, {40, false, 33}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const calls = 1000
				s := &service{pace: newPace(), answers: make(chan bool)}
				s.begin(calls)
				left := calls
				for i, step := range steps {
					left -= step.answers
					if got := s.after(step.answers, step.throttled); got != step.running {
						t.Errorf("step %d: %d calls run, want %d", i, got, step.running)
					}
				}
				s.after(left, false)
			})
		})
	}
}
