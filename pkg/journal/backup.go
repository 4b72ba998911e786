package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Backup writes aws-auth and all entries of a snapshot to a file of their own below the state folder, and returns its name.
func Backup(dir string, s access.Snapshot, at time.Time) (string, error) {
	items := []any{map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "aws-auth", "namespace": "kube-system"}, "data": s.AWSAuth.Data,
	}}
	for _, e := range s.Entries {
		items = append(items, manifest.Of(e, s.Cluster))
	}
	text, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, "", "  ")
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "backup")
	name, err := "", os.MkdirAll(dir, 0o700)
	if err == nil {
		name, err = writeNew(filepath.Join(dir, at.UTC().Format(stamp)+"-"+filepath.Base(s.Cluster.Name)), append(text, '\n'))
	}
	if err != nil {
		return "", fmt.Errorf("write the backup: %w", err)
	}
	return name, nil
}

// writeNew writes a file of that name, with a number where another one of the same moment has it.
func writeNew(name string, text []byte) (string, error) {
	for n := 1; ; n++ {
		path := name + ".json"
		if n > 1 {
			path = fmt.Sprintf("%s-%d.json", name, n)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(text)
		return path, errors.Join(err, f.Sync(), f.Close())
	}
}
