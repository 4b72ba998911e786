package eks

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// entries reads the wanted entries, each once. Pages of names do not wait for the entries of the pages before.
func (c *Cluster) entries(ctx context.Context, want access.Want) ([]access.Entry, []access.Unread, error) {
	r := &reader{c: c, seen: map[access.Principal]bool{}}
	c.progress(0, 0)
	defer c.progress(0, 0)
	r.add(ctx, want.Principals, false)
	var err error
	for _, policy := range listed(want) {
		arn := ""
		if policy != "" {
			arn = policy.ARN(access.PartitionOf(c.session.Region()))
		}
		if err = c.list(ctx, arn, func(page []access.Principal) { r.add(ctx, page, want.Names) }); err != nil {
			break
		}
	}
	r.feeders.Wait()
	r.calls.Wait() // failures are in unread
	if ended := ctx.Err(); ended != nil {
		return nil, nil, ended
	}
	if errors.Is(err, access.ErrMode) || r.noEntries.Load() {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	access.Sort(r.unread, func(a, b access.Unread) int { return strings.Compare(string(a.Principal), string(b.Principal)) })
	return r.entries, r.unread, nil
}

// listed are the policies whose entries to list; "" stands for all entries.
func listed(want access.Want) []access.Policy {
	if want.All {
		return []access.Policy{""}
	}
	var all []access.Policy
	if want.Policy != "" {
		all = append(all, want.Policy)
	}
	if want.Administrators && want.Policy != access.ClusterAdmin {
		all = append(all, access.ClusterAdmin)
	}
	return all
}

// reader collects entries that are read concurrently.
type reader struct {
	c              *Cluster
	feeders, calls sync.WaitGroup
	noEntries      atomic.Bool // the cluster's mode does not allow it

	mu      sync.Mutex
	seen    map[access.Principal]bool
	done    int
	entries []access.Entry
	unread  []access.Unread
}

// add reads the entries of principals that were not added before; with only their names nothing is left to read.
func (r *reader) add(ctx context.Context, names []access.Principal, only bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[access.Itself] = true // the cluster has no entry, and with an empty name EKS would list
	var fresh []access.Principal
	for _, p := range names {
		if !r.seen[p] {
			r.seen[p] = true
			fresh = append(fresh, p)
		}
	}
	if !only {
		r.feeders.Go(func() {
			for _, p := range fresh {
				r.read(ctx, p)
			}
		})
		return
	}
	for _, p := range fresh {
		r.settle(&halves{principal: p, entry: access.Entry{Principal: p}})
	}
}

// read starts the two calls that read one entry.
func (r *reader) read(ctx context.Context, p access.Principal) {
	h := &halves{principal: p, left: 2}
	r.start(func() {
		e, err := r.c.describe(ctx, p)
		r.join(h, err, func() { e.Grants = h.entry.Grants; h.entry = e })
	})
	r.start(func() {
		grants, err := r.c.grants(ctx, p)
		r.join(h, err, func() { h.entry.Grants = grants })
	})
}

// start runs a call as soon as the pace has room for it.
func (r *reader) start(call func()) {
	r.c.pace.enter()
	r.calls.Go(func() {
		defer r.c.pace.leave()
		call()
	})
}

// halves is one entry while its two calls are in progress.
type halves struct {
	principal access.Principal
	left      int
	entry     access.Entry
	err       error
}

// join adds the result of one of the two calls. Not found overrides other errors: then there is no entry.
func (r *reader) join(h *halves, err error, add func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		add()
	} else if h.err == nil || errors.Is(err, access.ErrNotFound) {
		h.err = err
	}
	if h.left--; h.left == 0 {
		r.settle(h)
	}
}

func (r *reader) settle(h *halves) {
	r.done++
	switch {
	case h.err == nil:
		r.entries = append(r.entries, h.entry.Canonical())
		r.c.found(access.Snapshot{Entries: []access.Entry{h.entry.Canonical()}})
	case errors.Is(h.err, access.ErrMode):
		r.noEntries.Store(true)
	case !errors.Is(h.err, access.ErrNotFound): // not found: none, or deleted in the meantime
		r.unread = append(r.unread, access.Unread{Principal: h.principal, Err: h.err})
	}
	r.c.progress(r.done, len(r.seen)-1) // without the cluster itself
}
