package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// ErrUnreadable says that a record exists and cannot be read.
var ErrUnreadable = errors.New("the record cannot be read")

// ErrNoChange says that there is no such record.
var ErrNoChange = errors.New("no change of this cluster")

// skew is how far ahead a clock may be; AWS accepts as much.
const skew = 5 * time.Minute

// In keeps the records of one cluster, and the broken ones that may belong to it. An empty region or account is not
// compared, because a kubeconfig may not contain it.
func (j Journal) In(cluster, region, account string) Journal {
	own := func(r *Record) bool {
		is := access.Info{ARN: r.Cluster.ARN}
		return r.Cluster.Name == cluster && (region == "" || is.Region() == region) && (account == "" || is.Account() == account)
	}
	return Journal{
		Records: access.Where(j.Records, own),
		Broken:  access.Where(j.Broken, func(b *Broken) bool { return b.hides(cluster) }),
	}
}

// hides reports whether the file may be the record of a change of that cluster. An empty one is not.
func (b Broken) hides(cluster string) bool {
	at, name := b.ID[:min(len(stamp), len(b.ID))], b.ID[min(len(stamp), len(b.ID)):]
	_, err := time.Parse(stamp, at)
	return err == nil && name == "-"+filepath.Base(cluster) && !errors.Is(b.Err, errNotBegun)
}

// Last is the newest change that fits, did something and is not undone; nil where there is none. It is an error where
// that is not certain: a newer record cannot be read, or the newest is dated in the future.
func (j Journal) Last(now time.Time, fits func(Record) bool) (*Record, error) {
	undone := Undone(j.Records)
	i := slices.IndexFunc(j.Records, func(r Record) bool {
		return r.Undoes == "" && !undone[r.ID] && r.State() != NotDone && fits(r)
	})
	var last *Record
	if i >= 0 {
		last = &j.Records[i]
	}
	for _, b := range j.Broken {
		if last == nil || b.ID > last.ID {
			return nil, fmt.Errorf("cannot determine the last change: %w: %w", ErrUnreadable, b.Err)
		}
	}
	if last != nil && last.ID > now.Add(skew).UTC().Format(stamp) {
		return nil, fmt.Errorf("cannot determine the last change: record %s is dated in the future", last.ID)
	}
	return last, nil
}

// Find is the record with that ID, or with the only ID that begins with it.
func (j Journal) Find(id string) (Record, error) {
	var found []Record
	for _, r := range j.Records {
		switch {
		case r.ID == id, r.Batch == id:
			return r, nil
		case strings.HasPrefix(r.ID, id):
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return Record{}, fmt.Errorf("%d changes have an ID that begins with %s", len(found), id)
	}
	for _, b := range j.Broken {
		if strings.HasPrefix(b.ID, id) {
			return Record{}, fmt.Errorf("%w: %w", ErrUnreadable, b.Err)
		}
	}
	return Record{}, fmt.Errorf("%w has the ID %s", ErrNoChange, id)
}

// Undone reports which records are undone: by a record that is done completely and not undone itself. Their order does
// not matter, because a clock may have been wrong.
func Undone(all []Record) map[string]bool {
	by := map[string][]Record{}
	for _, r := range all {
		if r.Undoes != "" && r.State() == Done {
			by[r.Undoes] = append(by[r.Undoes], r)
		}
	}
	undone := map[string]bool{}
	var ask func(string) bool
	ask = func(id string) bool {
		is, known := undone[id]
		if !known {
			undone[id] = false // ends a forged cycle
			is = slices.ContainsFunc(by[id], func(r Record) bool { return !ask(r.ID) })
			undone[id] = is
		}
		return is
	}
	for _, r := range all {
		ask(r.ID)
	}
	return undone
}
