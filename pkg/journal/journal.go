// Package journal keeps what was before each change, so that nothing is lost and each change can
// be taken back: one JSON file per change, for its owner only.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	suffix = ".json"
	stamp  = "20060102T150405.000Z" // how an ID begins
)

// Dir is where the user's records are: kubectl-access below XDG_STATE_HOME, or where the
// system keeps such things.
func Dir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "kubectl-access"), nil
	}
	if runtime.GOOS == "windows" {
		dir, err := os.UserCacheDir()
		return filepath.Join(dir, "kubectl-access", "state"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "kubectl-access"), err
}

// Begin gives the record an ID and keeps it in a file of its own. It returns when the disk has it.
func Begin(dir string, r *Record) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep what was before the change: %w", err)
	}
	for at := r.Time.UTC(); ; at = at.Add(time.Millisecond) {
		r.ID = at.Format(stamp) + "-" + filepath.Base(r.Cluster.Name)
		claim, err := os.OpenFile(path(dir, r.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // another change of the same moment
		}
		if err != nil {
			return fmt.Errorf("keep what was before the change: %w", err)
		}
		claim.Close()
		return Save(dir, *r)
	}
}

// Finish completes the record by when it ended; what was done stands in it already.
func Finish(dir string, r *Record, at time.Time) error {
	r.Finished = at.UTC()
	return Save(dir, *r)
}

// Save replaces the record's file in one step: whoever is killed here leaves the old one or the new one.
func Save(dir string, r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "*.new") // made with mode 0600
	if err != nil {
		return fmt.Errorf("keep the record of the change: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	if err := flush(f, append(data, '\n')); err != nil {
		return fmt.Errorf("keep the record of the change: %w", err)
	}
	return os.Rename(f.Name(), path(dir, r.ID))
}

// Send adds to the record's file what is about to be sent, and returns when the disk has it. What Save writes later
// has to hold it too.
func Send(dir, id string, s Sent) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path(dir, id), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		err = flush(f, append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep what is about to be sent: %w", err)
	}
	return nil
}

func path(dir, id string) string { return filepath.Join(dir, id+suffix) }

func flush(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Read returns all records, the newest first. The error names files that are none; what can be
// read is returned all the same.
func Read(dir string) ([]Record, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the records of changes: %w", err)
	}
	var all []Record
	var broken []error
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), suffix)
		if !ok {
			continue
		}
		r, err := one(dir, id)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(b.ID, a.ID) })
	return all, errors.Join(broken...)
}

func one(dir, id string) (r Record, err error) {
	data, err := os.ReadFile(path(dir, id))
	if err != nil {
		return r, err
	}
	if len(data) == 0 { // its owner was killed before anything was sent
		return r, fmt.Errorf("%s is empty, no change was begun", path(dir, id))
	}
	all := json.NewDecoder(bytes.NewReader(data))
	if err := all.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", path(dir, id), err)
	}
	if r.ID != id {
		return r, fmt.Errorf("%s is no record of a change", path(dir, id))
	}
	for {
		var s Sent
		if err := all.Decode(&s); err != nil { // the end, or a line that was not finished: that was not sent either
			return r, nil
		}
		r.Sent = append(r.Sent, s)
	}
}

// Undone tells which records are taken back: by a record that is done and not taken back itself.
func Undone(all []Record) map[string]bool {
	undone := map[string]bool{}
	newest := slices.Clone(all)
	slices.SortFunc(newest, func(a, b Record) int { return strings.Compare(b.ID, a.ID) })
	for _, r := range newest { // an undo comes after what it takes back, so its own fate is known here
		if r.Undoes != "" && r.State() == Done && !undone[r.ID] {
			undone[r.Undoes] = true
		}
	}
	return undone
}
