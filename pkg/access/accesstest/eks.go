package accesstest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Snapshot reads what is wanted, one call after the other.
func (p *Program) Snapshot(ctx context.Context, want access.Want) (s access.Snapshot, err error) {
	seen, start := map[access.Principal]int{}, p.Now()
	err = p.call(ctx, "cluster", func(*rand.Rand) error {
		s.Cluster, seen[access.Itself] = p.State.Cluster, len(p.history(access.Itself))-1
		if s.Caller = p.Caller; want.RBAC {
			s.RBAC = p.State.RBAC
		}
		return nil
	})
	if err != nil {
		return access.Snapshot{}, err
	}
	if want.AWSAuth {
		m := p.AWSAuth(ctx)
		s.AWSAuth = &m
	}
	if !s.Cluster.Mode.ReadsEntries() {
		p.based(seen, start, want)
		return s, ctx.Err()
	}
	names, err := p.names(ctx, want)
	if err != nil {
		return access.Snapshot{}, err
	}
	for _, who := range names {
		e, at, err := p.read(ctx, who)
		switch seen[who] = at; {
		case err == nil:
			s.Entries = append(s.Entries, e)
		case !errors.Is(err, access.ErrNotFound):
			s.Unread = append(s.Unread, access.Unread{Principal: who, Err: err})
		}
	}
	p.based(seen, start, want)
	return s, ctx.Err()
}

// based keeps what a plan is made of: not what a look while steps are carried out shows.
func (p *Program) based(seen map[access.Principal]int, start time.Time, want access.Want) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.steps == 0 && want.Principals != nil {
		p.seen, p.planned = seen, start
	}
}

// Planned is when the reads began that the last plan was made of.
func (p *Program) Planned() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.planned
}

// names are the principals whose entries are wanted.
func (p *Program) names(ctx context.Context, want access.Want) ([]access.Principal, error) {
	names := slices.DeleteFunc(slices.Clone(want.Principals), func(q access.Principal) bool { return q == access.Itself })
	if want.All || want.Administrators {
		err := p.call(ctx, "list", func(r *rand.Rand) error {
			for _, who := range slices.Sorted(maps.Keys(p.versions)) {
				e, with := p.history(who)[p.shown(who, identity, r)].entry, p.history(who)[p.shown(who, policies, r)].entry
				if e != nil && with != nil && (want.All || with.Administers()) {
					names = append(names, who)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// read is an entry by its two calls, and the older of the versions that they show.
func (p *Program) read(ctx context.Context, who access.Principal) (e access.Entry, at int, err error) {
	at, err = p.half(ctx, who, identity, &e)
	if err != nil {
		return e, at, err
	}
	with := access.Entry{}
	i, err := p.half(ctx, who, policies, &with)
	e.Grants = with.Grants
	return e.Canonical(), min(at, i), err
}

// half is one of the calls that make an entry, and the version that it shows.
func (p *Program) half(ctx context.Context, who access.Principal, half int, e *access.Entry) (at int, err error) {
	at = -1
	err = p.call(ctx, fmt.Sprint("read ", who, half), func(r *rand.Rand) error {
		if !p.State.Cluster.Mode.ReadsEntries() {
			return access.ErrMode
		}
		at = p.shown(who, half, r)
		shown := p.history(who)[at].entry
		if shown == nil {
			return access.ErrNotFound
		}
		*e = *shown
		return nil
	})
	return at, err
}

// AWSAuth is the ConfigMap of today: the cluster's API server never shows older states.
func (p *Program) AWSAuth(ctx context.Context) (m access.ConfigMap) {
	err := p.call(ctx, "aws-auth", func(*rand.Rand) error { m = *p.State.AWSAuth; return nil })
	if err != nil {
		return access.ConfigMap{Err: err}
	}
	return m
}

// Do carries out a step as pkg/eks does, with the same looks before and after it.
func (p *Program) Do(ctx context.Context, step access.Step) error {
	p.stepping(1)
	defer p.stepping(-1)
	var err error
	switch s := step.(type) {
	case access.SetMode:
		return p.setMode(ctx, s)
	case access.Associate:
		if s.New {
			err = p.associate(ctx, s)
			break
		}
		err = p.replace(ctx, step, policies)
	case access.Disassociate:
		err = p.replace(ctx, step, policies)
	case access.UpdateEntry:
		err = p.replace(ctx, step, identity)
	case access.DeleteEntry:
		e, at, readErr := p.read(ctx, s.Principal())
		switch err = notSent(readErr); {
		case err == nil && !e.Same(s.Entry):
			err = access.ErrChanged
		case err == nil:
			err = p.write(ctx, step, at)
		}
	default:
		err = p.write(ctx, step, -1)
	}
	return plain(err)
}

// notSent is the error of a read before a write.
func notSent(err error) error {
	if errors.Is(err, errServer) {
		return fmt.Errorf("%w: %w", access.ErrNotSent, err)
	}
	return err
}

// plain is the error as the core knows it.
func plain(err error) error {
	switch {
	case errors.Is(err, errServer) && !errors.Is(err, access.ErrNotSent):
		return fmt.Errorf("%w: %w", access.ErrUnknown, err)
	case errors.Is(err, access.ErrNotFound):
		return fmt.Errorf("%w: %w", access.ErrChanged, err)
	}
	return err
}

func (p *Program) stepping(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps += n
}

// replace looks before it writes, and once more after.
func (p *Program) replace(ctx context.Context, step access.Step, half int) error {
	want, _ := expected(step)
	var e access.Entry
	at, err := p.half(ctx, step.Principal(), half, &e)
	if err != nil {
		return notSent(err)
	}
	if now := about(step, &e); now != want {
		return fmt.Errorf("%w: it was %q, now it is %q", access.ErrChanged, want, now)
	}
	if err := p.write(ctx, step, at); err != nil {
		return err
	}
	if _, err = p.half(ctx, step.Principal(), half, &e); err != nil {
		return nil //nolint:nilerr // the write was done
	}
	if now := about(step, &e); now != want && now != leaves(step) {
		return fmt.Errorf("%w: somebody set it to %q at the same time", access.ErrOverwritten, now)
	}
	return nil
}

// leaves describes what a step that replaces something leaves.
func leaves(step access.Step) string {
	switch s := step.(type) {
	case access.UpdateEntry:
		return about(step, &s.After)
	case access.Associate:
		return s.Grant.String()
	}
	return ""
}

// writing is how the names of calls begin that change something.
const writing = "write "

func (p *Program) write(ctx context.Context, step access.Step, read int) error {
	return p.call(ctx, fmt.Sprint(writing, step.Principal(), access.PartOf(step)), func(r *rand.Rand) error { return p.effect(p, step, read, r) })
}

// associate gives a policy to an entry that EKS may not see yet.
func (p *Program) associate(ctx context.Context, s access.Associate) error {
	for wait := 250 * time.Millisecond; ; wait *= 2 {
		err := p.write(ctx, s, -1)
		if wait > 8*time.Second || !errors.Is(err, access.ErrNotFound) {
			return err
		}
		if err := access.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// setMode waits for the end of the update.
func (p *Program) setMode(ctx context.Context, s access.SetMode) error {
	err := plain(p.write(ctx, s, -1))
	if err != nil && !errors.Is(err, access.ErrChanged) {
		return err
	}
	for {
		busy, is := true, access.Mode("")
		read := p.call(ctx, "update", func(*rand.Rand) error { busy, is = p.update != nil, p.State.Cluster.Mode; return nil })
		if read == nil && !busy && (err != nil || is == s.To) {
			return err
		}
		if ended := access.Pause(ctx, 5*time.Second); ended != nil {
			return ended
		}
	}
}

// Lives is that all live.
func (p *Program) Lives(_ context.Context, entries []access.Entry) ([]access.Life, error) {
	lives := make([]access.Life, len(entries))
	for i := range lives {
		lives[i] = access.Alive
	}
	return lives, nil
}

// LookUp finds everybody.
func (p *Program) LookUp(_ context.Context, who access.Principal) access.Identity {
	return access.Identity{Principal: who}
}

// Right is that it is the right cluster.
func (p *Program) Right(access.Info) error { return nil }

// OtherAccount returns no risks.
func (p *Program) OtherAccount(access.Info) []access.Risk { return nil }

// Logins are none but the caller.
func (p *Program) Logins(context.Context) []access.Principal { return nil }

// Acts is what reads show, which the authorizer may be behind of as well.
func (p *Program) Acts(ctx context.Context, want *access.Entry) (bool, error) {
	e, _, err := p.read(ctx, p.Caller)
	if want == nil || err != nil {
		return errors.Is(err, access.ErrNotFound), nil //nolint:nilerr // not yet
	}
	for _, g := range want.Grants {
		if is, ok := e.Grant(g.Policy); !ok || is.String() != g.String() {
			return false, nil
		}
	}
	return slices.Equal(e.Groups, want.Groups), nil
}
