package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var dist = flag.String("dist", "", "folder with the archives of a release; without it one is made of the program as it is")

// archive is the path of the release's archive for this machine, and its tag.
func archive(t *testing.T) (file, tagged string) {
	t.Helper()
	if *dist == "" {
		return ownArchive(t), "v0.0.0"
	}
	for name := range checksums(t, *dist) {
		if strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".tar.gz"), ".zip"), "_"+runtime.GOOS+"_"+runtime.GOARCH) {
			return filepath.Join(*dist, name), strings.Split(name, "_")[1]
		}
	}
	t.Fatalf("%s has no archive for %s/%s", *dist, runtime.GOOS, runtime.GOARCH)
	return "", ""
}

// ownArchive packs what the release would, built for this machine.
func ownArchive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w -X github.com/kubectl-access/kubectl-access/pkg/cmd.version=v0.0.0,0123abc,2026-01-02T03:04:05Z",
		"-o", filepath.Join(dir, program()), "../cmd/kubectl-access")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	w := tar.NewWriter(zipped)
	for _, file := range []string{filepath.Join(dir, program()), "../LICENSE", "../NOTICE"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		err = w.WriteHeader(&tar.Header{Name: filepath.Base(file), Mode: 0o755, Size: int64(len(data))})
		_, failed := w.Write(data)
		if err := errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "own.tar.gz")
	if err := os.WriteFile(file, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func program() string {
	if runtime.GOOS == "windows" {
		return "kubectl-access.exe"
	}
	return "kubectl-access"
}

// unpack returns what is in an archive, by name.
func unpack(t *testing.T, file string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if strings.HasSuffix(file, ".zip") {
		z, err := zip.OpenReader(file)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			files[f.Name] = readAll(t, r)
		}
		return files
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = readAll(t, r)
	}
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestArchivesAreWhatTheManifestSays checks each archive of a release against its sum and for what it holds.
func TestArchivesAreWhatTheManifestSays(t *testing.T) {
	if *dist == "" {
		t.Skip("no release given: -args -dist=FOLDER")
	}
	sums := checksums(t, *dist)
	_, tagged := archive(t)
	p := manifest(t, render(t, krewTemplate(t), tagged, func(file string) string { return sums[file] }))
	for _, wrong := range faults(p) {
		t.Error(wrong)
	}
	for _, at := range p.Spec.Platforms {
		file := filepath.Join(*dist, filepath.Base(at.URI))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != at.SHA256 {
			t.Errorf("%s has another sum", file)
		}
		files := unpack(t, file)
		for _, name := range []string{strings.TrimPrefix(at.Bin, "./"), "LICENSE", "NOTICE"} {
			if len(files[name]) == 0 {
				t.Errorf("%s: no %s", file, name)
			}
		}
		if len(files) != 3 {
			t.Errorf("%s holds %d files", file, len(files))
		}
	}
}

// krew is a folder as krew lays it out: the plugin's files in a store, and links to programs under bin.
type krew struct {
	root, home string
	env        []string
}

func install(t *testing.T, name string) *krew {
	t.Helper()
	file, tagged := archive(t)
	k := &krew{root: t.TempDir(), home: t.TempDir()}
	store, bin := filepath.Join(k.root, "store", name, tagged), filepath.Join(k.root, "bin")
	if err := errors.Join(os.MkdirAll(store, 0o755), os.MkdirAll(bin, 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, data := range unpack(t, file) {
		if err := os.WriteFile(filepath.Join(store, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := "kubectl-" + strings.ReplaceAll(name, "-", "_") + filepath.Ext(program())
	if err := os.Symlink(filepath.Join(store, program()), filepath.Join(bin, link)); err != nil {
		t.Skip(err) // on Windows a link takes a privilege
	}
	k.env = []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + k.home, "USERPROFILE=" + k.home, "AWS_EC2_METADATA_DISABLED=true"}
	return k
}

// run runs a program of the layout, found on its PATH.
func (k *krew) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(filepath.Join(k.root, "bin", name))
	if err != nil {
		path, err = exec.LookPath(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, args...)
	c.Env = k.env
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// uninstall does what krew does.
func (k *krew) uninstall(t *testing.T, name string) {
	t.Helper()
	link := filepath.Join(k.root, "bin", "kubectl-"+strings.ReplaceAll(name, "-", "_")+filepath.Ext(program()))
	if err := errors.Join(os.Remove(link), os.RemoveAll(filepath.Join(k.root, "store", name))); err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in:\n%s", word, text)
		}
	}
}

// TestANewUsersDay goes from the archive alone: install, version, help, completion, the first list and the first grant
// in the sandbox, uninstall. Nothing of it is left.
func TestANewUsersDay(t *testing.T) {
	k := install(t, "access")
	version := k.run(t, "kubectl-access", "version")
	_, tagged := archive(t)
	contains(t, version, "kubectl-access "+tagged+" (commit ", ", go1.", runtime.GOOS+"/"+runtime.GOARCH)
	if strings.Contains(version, "unknown") {
		t.Errorf("%s", version)
	}
	contains(t, k.run(t, "kubectl-access", "grant", "--help"), "kubectl access grant PRINCIPAL")
	contains(t, k.run(t, "kubectl-access", "completion", "install"), "kubectl_complete-access", "created")
	contains(t, k.run(t, "kubectl_complete-access", "gra"), "grant\t", ":4")
	contains(t, k.run(t, "kubectl-access", "sandbox", "--", "kubectl-access", "list"), "role/platform-admin")
	contains(t, k.run(t, "kubectl-access", "sandbox", "--", "kubectl-access", "grant", "role/newcomer", "--policy", "view", "-n", "dev"), "accessentry/role/newcomer granted view in namespace dev")
	k.run(t, "kubectl-access", "completion", "uninstall")
	k.uninstall(t, "access")
	if left := everything(t, k.root); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if left := everything(t, k.home); len(left) > 0 {
		t.Errorf("left at home: %q", left)
	}
}

// TestThroughKubectl asks the real kubectl to find the plugin and its helper.
func TestThroughKubectl(t *testing.T) {
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip(err)
	}
	k := install(t, "access")
	contains(t, k.run(t, "kubectl", "access", "--help"), "kubectl access [command]")
	contains(t, k.run(t, "kubectl", "plugin", "list"), filepath.Join(k.root, "bin", program()))
	contains(t, k.run(t, "kubectl", "access", "completion", "install"), filepath.Join(k.root, "bin", "kubectl_complete-access"+filepath.Ext(program()))+" created")
	contains(t, k.run(t, "kubectl", "__complete", "access", "wh"), "whoami\t")
	k.env = append(k.env, "KUBECTL_ACCESS_COMPLETION_TIMEOUT=10m") // without it a busy machine is silence
	contains(t, k.run(t, "kubectl", "access", "sandbox", "--", "kubectl", "__complete", "access", "revoke", "role/team/"), "role/team/dev")
}

// TestUnderAnotherName is the same binary, called as krew would call a plugin of another name.
func TestUnderAnotherName(t *testing.T) {
	k := install(t, "access-entries")
	contains(t, k.run(t, "kubectl-access_entries", "grant", "--help"), "kubectl access-entries grant PRINCIPAL")
	contains(t, k.run(t, "kubectl-access_entries", "completion", "install"), "kubectl_complete-access_entries")
	contains(t, k.run(t, "kubectl_complete-access_entries", "rev"), "revoke\t")
	if _, err := exec.LookPath("kubectl"); err == nil {
		contains(t, k.run(t, "kubectl", "access-entries", "--help"), "kubectl access-entries [command]")
	}
}

// everything lists the files below a folder.
func everything(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}
