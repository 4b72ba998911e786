package trail

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Clients are those of clusters that are read together: one for each login, which asks for each page once, and one queue for each
// account and region, whose pace holds for all logins together. The zero value is ready.
type Clients struct {
	mu     sync.Mutex
	of     map[*login.Session]*Client
	queues map[Cluster]*queue
}

// Of is the client of a login for the account and region of a cluster. It sends nothing.
func (s *Clients) Of(session *login.Session, in Cluster, now func() time.Time, pace time.Duration) *Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.of[session]; c != nil {
		return c
	}
	if s.of == nil {
		s.of, s.queues = map[*login.Session]*Client{}, map[Cluster]*queue{}
	}
	in.Name = ""
	if s.queues[in] == nil {
		s.queues[in] = &queue{}
	}
	c := New(session, now, pace)
	c.queue, c.answers = s.queues[in], &answers{of: map[string]*answer{}}
	s.of[session] = c
	return c
}

// answers are the pages that were asked for.
type answers struct {
	mu sync.Mutex
	of map[string]*answer
}

// answer is one page, or why it was not read.
type answer struct {
	asks chan struct{} // a place for who asks
	page page
	err  error
	read bool
}

// lookup is one page of the events of one operation. Clients that are shared ask for it once.
func (c *Client) lookup(ctx context.Context, name, token string, from, to time.Time) (page, error) {
	if c.answers == nil {
		return c.ask(ctx, name, token, from, to)
	}
	key := fmt.Sprint(name, " ", from.Unix(), " ", to.Unix(), " ", token)
	c.answers.mu.Lock()
	a := c.answers.of[key]
	if a == nil {
		a = &answer{asks: make(chan struct{}, 1)}
		c.answers.of[key] = a
	}
	c.answers.mu.Unlock()
	select {
	case a.asks <- struct{}{}:
		defer func() { <-a.asks }()
	case <-ctx.Done():
		return page{}, ctx.Err()
	}
	if !a.read {
		a.page, a.err = c.ask(ctx, name, token, from, to)
		a.read = ctx.Err() == nil // else somebody else asks again
	}
	return a.page, a.err
}
