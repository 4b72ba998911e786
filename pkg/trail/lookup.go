package trail

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Days is how far back LookupEvents goes.
const Days = 90

// Query is what to read of the event history of one account and region.
type Query struct {
	From, To time.Time
	Keep     func(*Event) bool // the others are dropped
	// Enough reports whether the events, all that there are after some moment, are as many as are wanted; nil: never.
	Enough func([]*Event) bool
	Heard  func() // hears of each page; nil: nobody does
}

// Window is what was read: all events from Since to To.
type Window struct {
	From, To time.Time // what was asked for
	Since    time.Time // all events after it were read
	Complete bool      // Since is From
	Calls    int
}

// course is the reading of one operation, newest first.
type course struct {
	name, token string
	oldest      time.Time // of what was read
	done        bool
}

// Read reads the events, newest first: a page of each operation, and then always the operation whose unread events are the newest, until
// there are enough. With an error it returns what was read before it, which an interrupt leaves too.
func (c *Client) Read(ctx context.Context, q Query) ([]*Event, Window, error) {
	r := reading{client: c, q: q, window: Window{From: q.From, To: q.To}}
	for _, name := range Names {
		r.courses = append(r.courses, &course{name: name, oldest: q.To})
	}
	var all sync.WaitGroup
	for _, one := range r.courses { // the pace is the client's; answers need not wait for each other
		all.Go(func() { r.page(ctx, one) })
	}
	all.Wait()
	for r.err == nil {
		next := r.next()
		if next == nil || q.Enough != nil && q.Enough(r.after(next.oldest)) {
			break
		}
		r.page(ctx, next)
	}
	r.window.Since = q.From
	next := r.next()
	if r.window.Complete = next == nil; next != nil {
		r.window.Since = next.oldest
	}
	return r.events, r.window, r.err
}

// reading is a query while it is carried out.
type reading struct {
	client  *Client
	q       Query
	courses []*course

	mu     sync.Mutex
	events []*Event
	window Window
	err    error // the first one
}

// next is the operation whose unread events may be the newest; nil: all were read.
func (r *reading) next() (next *course) {
	for _, c := range r.courses {
		if !c.done && (next == nil || c.oldest.After(next.oldest)) {
			next = c
		}
	}
	return next
}

// after are the events that are newer than what was not read.
func (r *reading) after(t time.Time) (all []*Event) {
	for _, e := range r.events {
		if e.Time.After(t) {
			all = append(all, e)
		}
	}
	return all
}

// page reads the next page of an operation.
func (r *reading) page(ctx context.Context, c *course) {
	found, err := r.client.lookup(ctx, c.name, c.token, r.q.From, r.q.To)
	if r.q.Heard != nil {
		r.q.Heard()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if r.err == nil || errors.Is(r.err, context.Canceled) {
			r.err = err
		}
		return
	}
	r.window.Calls++
	for _, one := range found.Events {
		at, e, ok := read(one.CloudTrailEvent)
		if !at.IsZero() && at.Before(c.oldest) {
			c.oldest = at
		}
		if ok && (r.q.Keep == nil || r.q.Keep(e)) {
			r.events = append(r.events, e)
		}
	}
	c.token = found.NextToken
	c.done = c.token == ""
}

// read is one event and its time, which an event that is not kept has too.
func read(text string) (at time.Time, e *Event, ok bool) {
	o, err := decode(text)
	if err != nil {
		return at, e, false
	}
	at, _ = time.Parse(time.RFC3339, o.text("eventTime"))
	e, ok = parse(o)
	return at, e, ok
}
