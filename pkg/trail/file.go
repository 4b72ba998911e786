package trail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The caps of a file, so that a small one cannot fill the memory. CloudTrail writes records of up to 256 KB into files of up to
// 50 MB (CloudTrail User Guide, record contents).
const (
	mostOfFile   = 1 << 30
	mostOfRecord = 1 << 20
	mostAhead    = 4 << 20 // what the decoder may read for one record
)

// Errors about files.
var (
	errNotJSON  = errors.New("not JSON: CloudTrail records are read as JSON, also compressed with gzip, and not as CSV")
	errTooLarge = errors.New("too large when unpacked")
	errAuditLog = errors.New("a Kubernetes audit log, which is not read: only records of CloudTrail are")
	errNone     = errors.New("it has no records of CloudTrail")
)

// skipped are folders of a trail that hold other things than its records (CloudTrail User Guide, finding log files).
var skipped = []string{"CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"}

// Files are the events in files and folders; "-" is the standard input. A file that cannot be read is named in an error, and
// does not affect the others.
func Files(paths []string, stdin io.Reader) (events []*Event, failed []error) {
	read := func(name string, r io.Reader) {
		some, err := Read(r)
		events = append(events, some...)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, path := range paths {
		if path == "-" {
			read("standard input", stdin)
			continue
		}
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				failed = append(failed, err)
				return nil
			case d.IsDir() && slices.Contains(skipped, d.Name()):
				return fs.SkipDir
			case d.IsDir() || file != path && strings.HasPrefix(d.Name(), "."):
				return nil
			}
			f, err := os.Open(file)
			if err != nil {
				failed = append(failed, err)
				return nil
			}
			defer f.Close()
			read(file, f)
			return nil
		})
		if err != nil {
			failed = append(failed, err)
		}
	}
	return events, failed
}

// Read reads one file in any form: records alone, in an array or one a line; a file of a trail; what lookup-events, EventBridge and
// CloudWatch Logs make of them; plain or compressed.
func Read(r io.Reader) ([]*Event, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReader(unpacked)
	}
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	bounded := &bound{in: in, left: mostOfFile}
	f := file{in: bounded, d: json.NewDecoder(bounded)}
	err := f.all()
	switch {
	case err != nil:
		return f.events, err
	case f.records == 0:
		return nil, errNone
	}
	return f.events, nil
}

// bound ends a file that unpacks to too much, and a record that is too large.
type bound struct {
	in    io.Reader
	left  int // of the file
	ahead int // of the record
}

func (b *bound) Read(p []byte) (int, error) {
	if b.ahead <= 0 || b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.in.Read(p[:min(len(p), b.ahead, b.left)])
	b.ahead -= n
	b.left -= n
	return n, err
}

// file is one file while it is read.
type file struct {
	in      *bound
	d       *json.Decoder
	events  []*Event
	records int // of CloudTrail, of whatever service
}

// inside are the members that hold records, or what has them.
var inside = []string{"Records", "Events", "events", "logEvents"}

// all reads the values of a file one by one.
func (f *file) all() error {
	for {
		f.in.ahead = mostAhead
		token, err := f.d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return f.broken(err)
		case token == json.Delim('['):
			err = f.elements()
		case token == json.Delim('{'):
			err = f.members()
		default:
			err = errNotJSON
		}
		if err != nil {
			return err
		}
	}
}

// broken says of a syntax error at the beginning that this is not JSON.
func (f *file) broken(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset <= 1 {
		return errNotJSON
	}
	return err
}

// elements reads the rest of an array.
func (f *file) elements() error {
	for f.d.More() {
		raw, err := f.value()
		if err == nil {
			err = f.take(raw)
		}
		if err != nil {
			return err
		}
	}
	_, err := f.d.Token()
	return err
}

func (f *file) value() (raw json.RawMessage, err error) {
	f.in.ahead = mostAhead
	if err = f.d.Decode(&raw); err == nil && len(raw) > mostOfRecord {
		err = fmt.Errorf("a record: %w", errTooLarge)
	}
	return raw, err
}

// members reads the rest of an object: records where one of its members holds them, or else one record.
func (f *file) members() error {
	own := object{}
	held := false
	for f.d.More() {
		f.in.ahead = mostAhead
		token, err := f.d.Token()
		if err != nil {
			return err
		}
		if name, _ := token.(string); slices.Contains(inside, name) {
			held = true
			if token, err = f.d.Token(); err == nil && token != json.Delim('[') {
				err = fmt.Errorf("%w: %s is not a list", errNotRecord, name)
			}
			if err == nil {
				err = f.elements()
			}
		} else if raw, failed := f.value(); failed != nil {
			err = failed
		} else {
			var v any
			err = json.Unmarshal(raw, &v)
			own[name] = v
		}
		if err != nil {
			return err
		}
	}
	if _, err := f.d.Token(); err != nil || held {
		return err
	}
	return f.object(own)
}

// take reads one value of a list. What does not name an operation that changes access is not decoded.
func (f *file) take(raw []byte) error {
	relevant := false
	for name := range readers {
		relevant = relevant || bytes.Contains(raw, []byte(name))
	}
	if !relevant {
		if bytes.Contains(raw, []byte("eventName")) {
			f.records++
		}
		return nil
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return fmt.Errorf("%w: %w", errNotRecord, err)
	}
	return f.object(o)
}

// object reads a record, or the one that another form has inside.
func (f *file) object(o object) error {
	if o.text("apiVersion") == "audit.k8s.io/v1" {
		return errAuditLog
	}
	for _, name := range []string{"CloudTrailEvent", "message"} {
		if text := o.text(name); strings.HasPrefix(strings.TrimSpace(text), "{") {
			return f.take([]byte(text))
		}
	}
	if detail := o.object("detail"); detail != nil {
		return f.object(detail)
	}
	for _, name := range inside {
		if list, ok := o[name].([]any); ok {
			for _, v := range list {
				if one, ok := v.(map[string]any); ok {
					if err := f.object(one); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}
	if o.text("eventName") != "" {
		f.records++
	}
	if e, ok := parse(o); ok {
		f.events = append(f.events, e)
	}
	return nil
}
