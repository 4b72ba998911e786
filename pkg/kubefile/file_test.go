package kubefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func TestALinkIsFollowedAndTheModeKept(t *testing.T) {
	dir := t.TempDir()
	real := put(t, filepath.Join(dir, "real"), fresh)
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": "hop", "hop": "real", "dangling": "made"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	for link, file := range map[string]string{"link": "real", "dangling": "made"} {
		write(t, Change{Paths: []string{filepath.Join(dir, link)}, Entries: []Entry{entryOf(t, Form{}, "store")}})
		if info, err := os.Lstat(filepath.Join(dir, link)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is a link no more", link)
		}
		if load(t, filepath.Join(dir, file)).Clusters[arn+"store"] == nil {
			t.Errorf("%s was not written", file)
		}
	}
	if info, _ := os.Stat(real); runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestWhatIsNoFileIsNotReplaced(t *testing.T) {
	for path, says := range map[string]string{t.TempDir(): "folder", os.DevNull: "--dry-run"} {
		c := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop")}, Switch: true}
		if _, err := c.Write(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
	r, err := Change{Paths: []string{os.DevNull}, Entries: []Entry{entryOf(t, Form{}, "shop")}, Switch: true}.Preview()
	if diff := cmp.Diff(fresh, r.Text); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestManyWritersLoseNothing has readers among the writers, who must never see half a file.
func TestManyWritersLoseNothing(t *testing.T) {
	const writers = 20
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "config"), others)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("config", link); err != nil {
		link = path
	}
	var all sync.WaitGroup
	for i := range writers {
		e := entryOf(t, Form{Alias: fmt.Sprint("alias-", i)}, fmt.Sprint("cluster-", i))
		all.Go(func() {
			if _, err := (Change{Paths: []string{[]string{path, link}[i%2]}, Entries: []Entry{e}, Switch: true}).Write(t.Context()); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if c, err := clientcmd.LoadFromFile(path); err != nil || c.Contexts["kind"] == nil {
				t.Errorf("a reader sees %v, %v", c, err)
			}
		})
	}
	all.Wait()
	got := load(t, path)
	for i := range writers {
		if got.Contexts[fmt.Sprint("alias-", i)] == nil || got.Clusters[arn+fmt.Sprint("cluster-", i)] == nil || got.AuthInfos[arn+fmt.Sprint("cluster-", i)] == nil {
			t.Errorf("writer %d is lost", i)
		}
	}
	if got.Contexts["kind"] == nil || !strings.HasPrefix(got.CurrentContext, "alias-") || !strings.Contains(content(t, path), "x-mine") {
		t.Errorf("what was there is lost: %v", got.Contexts)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKubectlStaysOutMeanwhile(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), fresh)
	unlock, err := lock(t.Context(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	if err := setContext(path, "theirs"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("kubectl goes on: %v", err)
	}
	unlock()
	if err := setContext(path, "theirs"); err != nil || load(t, path).Contexts["theirs"] == nil {
		t.Errorf("kubectl stays out: %v", err)
	}
}

// setContext is kubectl config set-context.
func setContext(path, name string) error {
	options := clientcmd.NewDefaultPathOptions()
	options.LoadingRules.ExplicitPath = path
	config, err := options.GetStartingConfig()
	if err != nil {
		return err
	}
	config.Contexts[name] = &api.Context{Cluster: "any"}
	return clientcmd.ModifyConfig(options, *config, false)
}

func TestALockIsRespected(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), others)
	put(t, path+".lock", "")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 1, ErrLocked)
	defer cancel()
	c := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop")}}
	if _, err := c.Write(ctx); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path+".lock") {
		t.Errorf("%v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := c.Write(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if content(t, path) != others {
		t.Error("written all the same")
	}
	if err := os.Remove(path + ".lock"); err != nil {
		t.Error("the lock of another program was taken away")
	}
}

func TestPathsAreThoseOfKubectl(t *testing.T) {
	home, list := t.TempDir(), string(filepath.ListSeparator)
	abs, _ := filepath.Abs("rel")
	a, _ := filepath.Abs("/a") // on Windows on some drive
	b, _ := filepath.Abs("/b")
	for _, c := range []struct {
		explicit, env string
		want          []string
	}{
		{"", "", []string{filepath.Join(home, ".kube", "config")}},
		{"", list + " " + list, []string{filepath.Join(home, ".kube", "config")}},
		{"", "/a" + list + list + "/b", []string{a, b}},
		{"rel", "/a", []string{abs}},
		{"", "~/x" + list + "~user", []string{filepath.Join(home, "x"), filepath.Join(filepath.Dir(abs), "~user")}},
	} {
		got, err := Paths(c.explicit, c.env, home)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q %q: %v %s", c.explicit, c.env, err, diff)
		}
	}
}
