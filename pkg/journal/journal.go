// Package journal records the state before each change, so that nothing is lost and each change can be undone: one JSON
// file per change, readable by its owner only.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	suffix = ".json"
	stamp  = "20060102T150405.000Z" // the beginning of an ID
)

// Begin gives the record an ID and writes it to a file of its own. It returns when it is on disk.
func Begin(dir string, r *Record) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("record the state before the change: %w", err)
	}
	for at := r.Time.UTC(); ; at = at.Add(time.Millisecond) {
		r.ID = at.Format(stamp) + "-" + filepath.Base(r.Cluster.Name)
		claim, err := os.OpenFile(path(dir, r.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // another change at the same time
		}
		if err != nil {
			return fmt.Errorf("record the state before the change: %w", err)
		}
		claim.Close()
		err = Save(dir, *r)
		if err != nil {
			_ = os.Remove(path(dir, r.ID))
		}
		return err
	}
}

// Finish sets the time when the change ended. The record already holds what was done.
func Finish(dir string, r *Record, at time.Time) error {
	r.Finished = at.UTC()
	return Save(dir, *r)
}

// Save replaces the record's file atomically: a kill leaves the old one or the new one.
func Save(dir string, r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "*.new") // mode 0600
	if err != nil {
		return fmt.Errorf("write the record of the change: %w", err)
	}
	defer os.Remove(f.Name()) // fails after the rename
	if err := flush(f, append(data, '\n')); err != nil {
		return fmt.Errorf("write the record of the change: %w", err)
	}
	return os.Rename(f.Name(), path(dir, r.ID))
}

// sending is a line of what is about to be sent.
type sending struct {
	Sent
	At time.Time `json:"at,omitzero"`
}

// Send appends what is about to be sent to the record's file, and returns when it is on disk. A later Save must contain it
// too.
func Send(dir, id string, s Sent, at time.Time) error {
	line, err := json.Marshal(sending{s, at.UTC()})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path(dir, id), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		err = flush(f, append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("record what is about to be sent: %w", err)
	}
	return nil
}

// Called appends a call to the record's file. A later Save must contain it too. It is not worth a failure, nor a wait for the disk.
func Called(dir, id string, c Call) {
	line, err := json.Marshal(c)
	if err != nil {
		return
	}
	f, err := os.OpenFile(path(dir, id), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return
	}
	_, _ = f.Write(append(line, '\n'))
	_ = f.Close()
}

//go:noinline
func path(dir, id string) string { return filepath.Join(dir, id+suffix) }

func flush(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Journal is the content of the folder of records.
type Journal struct {
	Records []Record // the newest first
	Broken  []Broken
}

// Broken is a file that is not a record, or cannot be read.
type Broken struct {
	ID  string // the file's name without .json
	Err error  // names the file
}

// Read reads the folder.
func Read(dir string) (j Journal, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return j, fmt.Errorf("read the records of changes: %w", err)
	}
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), suffix)
		if !ok {
			continue
		}
		r, err := one(dir, id)
		if err != nil {
			j.Broken = append(j.Broken, Broken{id, err})
			continue
		}
		j.Records = append(j.Records, r)
	}
	access.Sort(j.Records, func(a, b Record) int { return strings.Compare(b.ID, a.ID) })
	return j, nil
}

// errNotBegun says that the process was killed before it wrote the record, and so before anything was sent.
var errNotBegun = errors.New("empty: the change was not started")

func one(dir, id string) (r Record, err error) {
	data, err := os.ReadFile(path(dir, id))
	if err != nil {
		return r, err
	}
	if len(data) == 0 {
		return r, fmt.Errorf("%s: %w", path(dir, id), errNotBegun)
	}
	all := json.NewDecoder(bytes.NewReader(data))
	if err := all.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", path(dir, id), err)
	}
	if r.ID != id {
		return r, fmt.Errorf("%s is not a record of a change", path(dir, id))
	}
	for {
		var line struct {
			Call           // or a Sent, which has no request
			At   time.Time `json:"at"`
		}
		if err := all.Decode(&line); err != nil { // the end, or an incomplete line, which was not sent
			return r, nil
		}
		if line.Request != "" {
			r.Calls = append(r.Calls, line.Call)
			continue
		}
		r.Sending(Sent{line.Principal, line.Part}, line.At)
	}
}
