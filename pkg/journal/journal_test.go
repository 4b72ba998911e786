package journal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

func TestARecordIsWholePrivateAndAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	e := access.Entry{Principal: "arn:aws:iam::111122223333:role/dev", Kind: access.Standard, Groups: []string{"g"}, Tags: map[string]string{"a": "b"}}
	r := journal.Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Cluster: access.Info{Name: "demo"}, Args: []string{"revoke"},
		Changes: []access.Change{{Before: &e}},
	}
	path, err := journal.Write(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back journal.Record
	if err := json.Unmarshal(data, &back); err != nil || !cmp.Equal(r, back) {
		t.Errorf("%v\n%s", err, cmp.Diff(r, back))
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files are left", len(files))
	}
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Write(filepath.Join(file, "sub"), journal.Record{}); err == nil {
		t.Error("no error")
	}
}

func TestDirFollowsTheStateHome(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	if dir, err := journal.Dir(); err != nil || dir != filepath.Join("/state", "kubectl-access") {
		t.Errorf("%s, %v", dir, err)
	}
}
