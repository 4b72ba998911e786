package kubefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func cluster(name string) access.Info {
	return access.Info{
		Name: name, ARN: "arn:aws:eks:eu-north-1:111122223333:cluster/" + name, Status: "ACTIVE",
		Endpoint: "https://" + name + ".example", CA: "Y2E=",
	}
}

func entryOf(t *testing.T, f Form, name string) Entry {
	t.Helper()
	e, err := f.Entry(cluster(name))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t *testing.T, c Change) Report {
	t.Helper()
	r, err := c.Write(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// load reads a file as kubectl does.
func load(t *testing.T, path string) *api.Config {
	t.Helper()
	c, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, content(t, path))
	}
	return c
}

const arn = "arn:aws:eks:eu-north-1:111122223333:cluster/"

const fresh = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Y2E=
    server: https://shop.example
  name: arn:aws:eks:eu-north-1:111122223333:cluster/shop
contexts:
- context:
    cluster: arn:aws:eks:eu-north-1:111122223333:cluster/shop
    user: arn:aws:eks:eu-north-1:111122223333:cluster/shop
  name: arn:aws:eks:eu-north-1:111122223333:cluster/shop
current-context: arn:aws:eks:eu-north-1:111122223333:cluster/shop
kind: Config
preferences: {}
users:
- name: arn:aws:eks:eu-north-1:111122223333:cluster/shop
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - eu-north-1
      - eks
      - get-token
      - --cluster-name
      - shop
      - --output
      - json
      command: aws
`

func TestANewFileHoldsTheClusterAndIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "config")
	c := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop")}, Switch: true}
	r := write(t, c)
	if diff := cmp.Diff(fresh, content(t, path)); diff != "" || r.Results[0].Did != "added" {
		t.Errorf("%+v\n%s", r, diff)
	}
	if info, _ := os.Stat(path); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if r := write(t, c); r.Results[0].Did != "unchanged" || content(t, path) != fresh {
		t.Errorf("the second time: %+v", r)
	}
}

// others is a file as people keep them, with things in it that nobody here knows.
const others = `# My clusters.
kind: Config
apiVersion: v1
x-mine: {kept: [yes, 0777, 1e3]}   # as it is

current-context: "kind"            # the local one
contexts:
  # the local one
  - name: kind
    context: {cluster: kind, user: kind, namespace: dev}

  - context:
      user: arn:aws:eks:eu-north-1:111122223333:cluster/shop
      cluster: arn:aws:eks:eu-north-1:111122223333:cluster/shop
    name: old
clusters:
  - cluster:
      server: https://old.example
      x-unknown: 1
    name: arn:aws:eks:eu-north-1:111122223333:cluster/shop

  # what kind made
  - {name: kind, cluster: {server: 'https://127.0.0.1:6443'}}
users:
  - name: kind
    user:
      client-key-data: |
        a2V5
      future-field: &f
        - x
  - name: second
    user: {future-field: *f}
# the end
`

func TestNothingElseOfTheFileChanges(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), others)
	write(t, Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{Alias: "shop"}, "shop")}, Switch: true})
	want := strings.NewReplacer(
		`current-context: "kind"            # the local one`, `current-context: shop`,
		"    name: old\n", `    name: old
  - context:
      cluster: arn:aws:eks:eu-north-1:111122223333:cluster/shop
      user: arn:aws:eks:eu-north-1:111122223333:cluster/shop
    name: shop
`, "      server: https://old.example\n      x-unknown: 1\n", "      certificate-authority-data: Y2E=\n      server: https://shop.example\n",
		"    user: {future-field: *f}\n", `    user: {future-field: *f}
  - name: arn:aws:eks:eu-north-1:111122223333:cluster/shop
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1beta1
        args:
        - --region
        - eu-north-1
        - eks
        - get-token
        - --cluster-name
        - shop
        - --output
        - json
        command: aws
`).Replace(others)
	if diff := cmp.Diff(want, content(t, path)); diff != "" {
		t.Error(diff)
	}
	if c := load(t, path); c.Contexts["kind"].Namespace != "dev" || c.Contexts["shop"] == nil || c.CurrentContext != "shop" {
		t.Errorf("kubectl reads %+v", c)
	}
}

// TestEveryFormOfFileTakesAnEntry: forms that cannot be spliced are written anew, and mean the same.
func TestEveryFormOfFileTakesAnEntry(t *testing.T) {
	const kind = "clusters: [{name: kind, cluster: {server: 'https://127.0.0.1:6443'}}]\n"
	for name, text := range map[string]string{
		"empty": "", "comments": "# mine", "null": "---\n", "no lists": "apiVersion: v1\nkind: Config\n", "null lists": "clusters:\ncontexts: null\nusers: ~\ncurrent-context:\n",
		"flow":       kind + "users: []\ncontexts: []\n",
		"json":       `{"kind":"Config","apiVersion":"v1","clusters":[{"name":"kind","cluster":{"server":"https://127.0.0.1:6443"}}],"users":null}`,
		"dashes":     "clusters:\n-\n  name: kind\n  cluster:\n    server: https://127.0.0.1:6443\nusers:\n-\n  name: " + arn + "shop\n  user:\n    token: x\n",
		"document":   "%YAML 1.1\n---\n" + kind + "...\n",
		"no newline": "apiVersion: v1\nkind: Config\ncurrent-context: kind",
		"crlf":       "apiVersion: v1\r\nclusters:\r\n- cluster:\r\n    server: https://127.0.0.1:6443\r\n  name: kind\r\n",
		"mark":       "\ufeffapiVersion: v1\nkind: Config\n",
		"merge":      "x: &x {server: 'https://127.0.0.1:6443'}\nclusters:\n- name: kind\n  cluster:\n    <<: *x\n",
		"folded":     "current-context: >-\n  a\n  b\nclusters:\n- cluster: {server: 'https://127.0.0.1:6443'}\n  name:\n    kind\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, filepath.Join(t.TempDir(), "config"), text)
			c := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{Alias: "a"}, "shop"), entryOf(t, Form{Alias: "b"}, "store")}, Switch: true}
			write(t, c)
			got := load(t, path)
			if got.CurrentContext != "b" || got.Clusters[arn+"shop"] == nil || got.AuthInfos[arn+"shop"].Exec == nil || got.Contexts["b"].AuthInfo != arn+"store" {
				t.Errorf("kubectl reads %+v", got)
			}
			if strings.Contains(text, "kind:\n") || strings.Contains(text, "127.0.0.1") && got.Clusters["kind"].Server != "https://127.0.0.1:6443" {
				t.Errorf("kind is lost:\n%s", content(t, path))
			}
			once := content(t, path)
			if strings.Contains(text, "\r") != strings.Contains(once, "\r") || strings.Contains(text, "# mine") != strings.Contains(once, "# mine") {
				t.Errorf("%q", once)
			}
			if write(t, c); content(t, path) != once {
				t.Errorf("the second time it is different:\n%s\n%s", once, content(t, path))
			}
		})
	}
}

func TestAJSONFileStaysJSON(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), `{"apiVersion":"v1","kind":"Config"}`)
	write(t, Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{Alias: "yes"}, "shop")}, Switch: true})
	var got struct {
		Current string `json:"current-context"`
	}
	if err := unmarshalJSON(content(t, path), &got); err != nil || got.Current != "yes" {
		t.Errorf("%v\n%s", err, content(t, path))
	}
}

func TestWhatIsNoKubeconfigIsLeftAlone(t *testing.T) {
	for text, says := range map[string]string{
		"- a\n": "not a map", "clusters: {}\n": "clusters is not a list", "users: x\n": "users is not a list", "contexts: [x]\n": "item of contexts in line 1 is not a map",
		"a: b\n---\nc: d\n": "single YAML document", "a: [\n": "not valid YAML", "clusters: []\nclusters: []\n": "twice", "current-context: []\n": "is not a string",
		"x: &x [{name: a}]\nclusters: *x\n":                                               "is not a list",
		"users:\n- name: " + arn + "shop\n  user: &u {token: x}\n- name: b\n  user: *u\n": "anchor",
	} {
		path := put(t, filepath.Join(t.TempDir(), "config"), text)
		_, err := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop")}}.Write(t.Context())
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
		if got := content(t, path); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestTheFileThatHasTheClusterIsWritten(t *testing.T) {
	dir := t.TempDir()
	first := put(t, filepath.Join(dir, "first"), "current-context: kind\ncontexts: [{name: mine, context: {cluster: kind}}]\n")
	broken := put(t, filepath.Join(dir, "broken"), "a: [")
	second := put(t, filepath.Join(dir, "second"), "clusters:\n- name: "+arn+"shop\n  cluster: {server: 'https://old.example'}\n")
	paths := []string{first, broken, filepath.Join(dir, "absent"), second}

	r := write(t, Change{Paths: paths, Entries: []Entry{entryOf(t, Form{Alias: "mine"}, "shop")}, Switch: true})
	if r.Results[0] != (Result{Context: "mine", Path: second, Did: "updated"}) {
		t.Errorf("%+v", r.Results)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, says := range []string{broken, "uses the context mine of " + first, "still uses the current context kind"} {
		if !strings.Contains(notes, says) {
			t.Errorf("%q is not said in:\n%s", says, notes)
		}
	}
	r = write(t, Change{Paths: paths, Entries: []Entry{entryOf(t, Form{}, "store")}, Switch: true})
	if r.Results[0].Path != first || load(t, first).CurrentContext != arn+"store" || load(t, second).Clusters[arn+"store"] != nil {
		t.Errorf("%+v", r.Results)
	}
	if _, err := os.Stat(paths[2]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the absent file: %v", err)
	}
}

func TestNewCertificatesLeaveTheRestOfAClusterAlone(t *testing.T) {
	const text = `# mine
clusters:
- name: other
  cluster: {server: 'https://other.example', certificate-authority-data: b3RoZXI=}
# ours
- name: a
  cluster:
    server: https://a.example   # through the tunnel
    certificate-authority-data: b2xk
    proxy-url: socks5://127.0.0.1:1080
- name: b
  cluster:
    certificate-authority: /etc/ca.pem
    server: https://b.example
users: []
`
	dir := t.TempDir()
	first := put(t, filepath.Join(dir, "first"), "current-context: a\n")
	path := put(t, filepath.Join(dir, "config"), text)
	c := Change{Paths: []string{first, path}, Trusts: []Trust{
		{Cluster: "a", Contexts: []string{"x", "y"}, CA: "bmV3"}, {Cluster: "b", Contexts: []string{"z"}, CA: "bmV3"}, {Cluster: "other", Contexts: []string{"o"}},
	}}
	r := write(t, c)
	want := strings.NewReplacer("certificate-authority-data: b2xk", "certificate-authority-data: bmV3", "https://a.example   #", "https://a.example #",
		"certificate-authority: /etc/ca.pem\n", "certificate-authority-data: bmV3\n", "- name: b\n  cluster:\n    certificate-authority: /etc/ca.pem\n", "- name: b\n  cluster:\n    certificate-authority-data: bmV3\n").Replace(text)
	if diff := cmp.Diff(want, content(t, path)); diff != "" {
		t.Error(diff)
	}
	results := []Result{{"x", path, "updated"}, {"y", path, "updated"}, {"z", path, "updated"}, {"o", path, "unchanged"}}
	if diff := cmp.Diff(results, r.Results); diff != "" || len(r.Notes) > 0 {
		t.Errorf("%v\n%s", r.Notes, diff)
	}
	if got := load(t, path).Clusters["b"]; got.CertificateAuthority != "" || string(got.CertificateAuthorityData) != "new" {
		t.Errorf("%+v", got)
	}
	if r := write(t, c); r.Results[0].Did != "unchanged" || content(t, path) != want {
		t.Errorf("the second time: %+v", r)
	}
}

func TestWithoutSwitchTheCurrentContextStays(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "config"), others)
	write(t, Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop"), entryOf(t, Form{}, "store")}})
	if got := load(t, path); got.CurrentContext != "kind" || got.Contexts[arn+"store"] == nil {
		t.Errorf("%+v", got)
	}
}

func TestAPreviewWritesNothingAndShowsNoSecret(t *testing.T) {
	const text = "users:\n- name: a\n  user: {token: hidden-1, client-key-data: hidden-2, exec: {env: [{name: AWS_SECRET_ACCESS_KEY, value: hidden-3}, {name: AWS_PROFILE, value: shown}]}}\n" +
		"- name: b\n  user: {password: hidden-4, auth-provider: {config: {id-token: hidden-5}}}\n"
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "config"), text)
	r, err := Change{Paths: []string{path}, Entries: []Entry{entryOf(t, Form{}, "shop")}}.Preview()
	if err != nil || strings.Contains(r.Text, "hidden") || !strings.Contains(r.Text, "shown") || !strings.Contains(r.Text, arn) || r.Hidden != 5 {
		t.Errorf("%v, %d hidden\n%s", err, r.Hidden, r.Text)
	}
	if content(t, path) != text {
		t.Error("the file changed")
	}
	absent := filepath.Join(dir, "no", "config")
	if _, err := (Change{Paths: []string{absent}, Entries: []Entry{entryOf(t, Form{}, "shop")}}).Preview(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(absent)); err == nil {
		t.Error("a folder was made")
	}
}
