package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/trail"
)

// Asked is what to read of a cluster's history.
type Asked struct {
	From, To time.Time
	// Who are the principals that it is about; empty: all.
	Who func(access.Principal) bool
	// Shows chooses the changes that count for Limit; nil: all. They are read up to Limit, 0: all.
	Shows func(*trail.Change) bool
	Limit int
	// Explains ends the reading when the origin of what these principals have is known.
	Explains bool
	Records  []journal.Record
}

// History is what was changed in a cluster, and what is not known of that.
type History struct {
	*trail.Story
	In     trail.Cluster
	Info   access.Info
	Window trail.Window
	Err    error // why CloudTrail was not read, or not to the end
	Unread error // why the entries were not read
	Shown  []*trail.Change
	Live   map[access.Principal]*access.Entry // nil: none
	Writer Writer                             // of aws-auth
}

// Writer is who wrote an object last, as far as the object says.
type Writer struct {
	Manager string
	Time    time.Time
}

// History reads CloudTrail and joins it with the records of this machine. What an interrupt leaves is returned, with the error in it.
func (c *Cluster) History(ctx context.Context, asked Asked) (h History, err error) {
	if h.Info, err = c.EKS.Info(ctx); err != nil {
		return h, err
	}
	h.In = trail.Cluster{Name: h.Info.Name, Region: h.Info.Region(), Account: h.Info.Account()}
	h.Live = map[access.Principal]*access.Entry{}
	if asked.Who != nil && h.Info.Mode.ReadsEntries() {
		h.Unread = c.matching(ctx, &h, asked.Who)
	}
	keep := func(e *trail.Event) bool {
		return e.Cluster == h.In && (asked.Who == nil || e.Principal == "" || e.Name == "CreateCluster" || asked.Who(e.Principal))
	}
	var records []journal.Record
	for _, r := range asked.Records {
		if r.Cluster.ARN == h.Info.ARN {
			records = append(records, r)
		}
	}
	joined := func(events []*trail.Event, since time.Time) {
		all := trail.Join(events, records, func(t time.Time) bool { return !t.Before(since) && !t.After(asked.To) })
		h.tell(slices.DeleteFunc(all, func(e *trail.Event) bool { return !keep(e) }), asked)
	}
	query := trail.Query{From: asked.From, To: asked.To, Keep: keep}
	query.Enough = func(events []*trail.Event) bool {
		if !asked.Explains && asked.Limit == 0 {
			return false
		}
		joined(events, asked.To)
		return asked.Explains && h.explained() || !asked.Explains && len(h.Shown) >= asked.Limit
	}
	if c.Found != nil {
		query.Heard = func() { c.Found(access.Snapshot{}) }
	}
	events, window, err := c.trail(h.In).Read(ctx, query)
	h.Window, h.Err = window, err
	since := window.Since
	if err != nil && !errors.Is(err, context.Canceled) {
		since = asked.From
	}
	joined(events, since)
	if ctx.Err() == nil && h.Unread == nil && h.Info.Mode.ReadsEntries() {
		h.Unread = c.live(ctx, &h, asked.Who != nil)
	}
	h.Judge(h.Live)
	if ctx.Err() == nil && h.Info.Mode.ReadsConfigMap() {
		h.Writer = c.writer(ctx)
	}
	return h, nil
}

// trail is the client for CloudTrail.
func (c *Cluster) trail(in trail.Cluster) *trail.Client {
	if shared := c.Settings.Logins; shared != nil {
		return shared.trails.Of(c.Session, in, c.Now, c.TrailPace)
	}
	return trail.New(c.Session, c.Now, c.TrailPace)
}

// tell folds the events, and chooses the changes to show, the newest first.
func (h *History) tell(events []*trail.Event, asked Asked) {
	h.Story = trail.Fold(events)
	h.Merge()
	h.Shown = nil
	for _, c := range slices.Backward(h.Changes) {
		if asked.Shows == nil || asked.Shows(c) {
			h.Shown = append(h.Shown, c)
		}
	}
	if asked.Limit > 0 {
		h.Shown = h.Shown[:min(asked.Limit, len(h.Shown))]
	}
}

// explained reports whether the change is known that gave each thing that the live entries have.
func (h *History) explained() bool {
	for _, e := range h.Live {
		if e != nil && slices.ContainsFunc(h.Why(h.In, *e), func(f trail.Fact) bool { return f.Since == nil }) {
			return false
		}
	}
	return len(h.Live) > 0
}

// matching reads the entries of the principals that were asked for.
func (c *Cluster) matching(ctx context.Context, h *History, who func(access.Principal) bool) error {
	names, err := c.EKS.Names(ctx)
	if err != nil {
		return err
	}
	return c.readInto(ctx, h, slices.DeleteFunc(names, func(p access.Principal) bool { return !who(p) }))
}

// live reads the entries that the changes are about. Where all that were asked for are read, the others were deleted.
func (c *Cluster) live(ctx context.Context, h *History, all bool) error {
	var names []access.Principal
	for _, change := range h.Shown {
		if _, read := h.Live[change.Principal]; !read && change.Principal != "" && !change.Failed() && !slices.Contains(names, change.Principal) {
			names = append(names, change.Principal)
		}
	}
	if !all {
		return c.readInto(ctx, h, names)
	}
	for _, p := range names {
		h.Live[p] = nil
	}
	return nil
}

func (c *Cluster) readInto(ctx context.Context, h *History, names []access.Principal) error {
	if len(names) == 0 {
		return nil
	}
	s, err := c.EKS.Snapshot(ctx, access.Want{Principals: names})
	if err != nil {
		return err
	}
	for _, p := range names {
		h.Live[p] = nil
	}
	for i := range s.Entries {
		h.Live[s.Entries[i].Principal] = &s.Entries[i]
	}
	for _, u := range s.Unread {
		delete(h.Live, u.Principal)
		err = errors.Join(err, u.Err)
	}
	return err
}

// writer is who wrote aws-auth last, as far as the ConfigMap says.
func (c *Cluster) writer(ctx context.Context) (w Writer) {
	client, err := c.server(ctx)
	if err != nil {
		return w
	}
	w.Manager, w.Time, _ = client.AWSAuthWriter(ctx) // a hint that may be missing
	return w
}
