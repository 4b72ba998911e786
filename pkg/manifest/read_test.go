package manifest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestReadReadsWhatIsWritten for random entries, as YAML and as JSON: what the writer leaves out is not written, what is empty
// and written is empty.
func TestReadReadsWhatIsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		e := randomEntry(r)
		w := Of(e, dev)
		text, err := YAML(w)
		if r.IntN(2) == 0 {
			text, err = json.Marshal(w)
		}
		if err != nil {
			t.Fatal(err)
		}
		docs, others, err := Read("f", strings.NewReader(string(text)))
		if err != nil || len(docs) != 1 || others > 0 {
			t.Fatalf("%v, %v\n%s", docs, err, text)
		}
		e = e.Canonical()
		want := access.Desired{Entry: e, Written: access.Fields{Kind: true, Username: e.Username != "", Groups: len(e.Groups) > 0, Grants: true, Tags: len(e.Tags) > 0}}
		if diff := cmp.Diff(want, docs[0].Desired, cmpopts.EquateEmpty()); diff != "" || docs[0].Cluster != dev.Name {
			t.Fatalf("%s\n%s", diff, text)
		}
	}
}

func randomEntry(r *rand.Rand) access.Entry {
	some := func(names ...string) (all []string) {
		for _, n := range names {
			if r.IntN(2) == 0 {
				all = append(all, n)
			}
		}
		return all
	}
	e := access.Entry{Principal: access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/team/r%d", r.IntN(1000))), Kind: access.Standard}
	e.Groups = some("a", "yes", "123", "null", "- x", "ü:é", "~", "#c", "'q'", `"d"`)
	e.Username = strings.Join(some("u", ":", "{{SessionName}}", "on"), "")
	for _, name := range some("AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSClusterAdminPolicy") {
		e.Grants = append(e.Grants, access.Grant{Policy: access.Policy(name), Scope: access.Scope{Namespaces: some("dev", "dev-*", "true", "1e3", "kube-system")}})
	}
	for _, key := range some("team", "kubectl-access/set", "a b", "true") {
		if e.Tags == nil {
			e.Tags = map[string]string{}
		}
		e.Tags[key] = strings.Join(some("x", "y", "1"), "")
	}
	return e
}

const head = "apiVersion: eks.services.k8s.aws/v1alpha1\nkind: AccessEntry\nspec:\n  principalARN: arn:aws:iam::111122223333:role/dev\n"

// TestWhatIsWrongIsNamedWithItsLine: nothing that somebody wrote is passed over.
func TestWhatIsWrongIsNamedWithItsLine(t *testing.T) {
	policy := "  accessPolicies:\n  - policyARN: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\n"
	for text, want := range map[string]string{
		head + "  kubernetesGroup: [a]\n":                                       "f:5: spec.kubernetesGroup: unknown field (did you mean kubernetesGroups?)",
		head + "  Username: x\n":                                                "f:5: spec.Username: unknown field (did you mean username?)",
		head + "  username: x\n  username: y\n":                                 "f:6: spec.username: appears twice",
		head + "  username:\n":                                                  "f:5: spec.username: is null and must be text",
		head + "  username: 12\n":                                               "f:5: spec.username: is a number and must be text; put it in quotes",
		head + "  username: on\n":                                               "f:5: spec.username: is a boolean and must be text; put it in quotes",
		head + "  username: ' '\n":                                              "f:5: spec.username: is empty",
		head + "  username: [x]\n":                                              "f:5: spec.username: is a list and must be text",
		head + "  kubernetesGroups: a\n":                                        "f:5: spec.kubernetesGroups: is text and must be a list; write [] for none",
		head + "  kubernetesGroups:\n  - a\n  - ''\n":                           "f:7: spec.kubernetesGroups[1]: is empty",
		head + "  clusterRef: {from: {name: x}}\n":                              "f:5: spec.clusterRef: names a Kubernetes object; write clusterName with the name of the EKS cluster",
		head + "  type: STANDRD\n":                                              "f:5: spec.type: invalid type \"STANDRD\" (did you mean STANDARD?)",
		head + "  tags: [a]\n":                                                  "f:5: spec.tags: is a list and must be an object",
		head + "  tags: {a: 1}\n":                                               "f:5: spec.tags.a: is a number and must be text; put it in quotes",
		head + "  <<: {username: x}\n":                                          "f:5: spec.<<: merge keys are not supported; write the fields",
		head + policy:                                                           "f:6: spec.accessPolicies[0]: has no accessScope",
		head + policy + "    accessScope: {}\n":                                 "f:7: spec.accessPolicies[0].accessScope: has no type; write cluster or namespace",
		head + policy + "    accessScope: {type: all}\n":                        "f:7: spec.accessPolicies[0].accessScope.type: \"all\" must be cluster or namespace",
		head + policy + "    accessScope: {type: namespace}\n":                  "f:7: spec.accessPolicies[0].accessScope: a scope of type namespace needs namespaces",
		head + policy + "    accessScope: {type: cluster, namespaces: [dev]}\n": "f:7: spec.accessPolicies[0].accessScope.namespaces: a scope of type cluster has no namespaces",
		head + "  accessPolicies: [{policyARN: view, accessScope: {type: cluster}}]\n": "f:5: spec.accessPolicies[0].policyARN: \"view\" is not the ARN of an access policy in partition aws",
		strings.Replace(head, "role/dev", "root", 1):                                   "f:4: spec.principalARN: \"arn:aws:iam::111122223333:root\" is not the ARN of a role or user",
		strings.Replace(head, "arn:aws:iam::111122223333:role/dev", "", 1):             "f:4: spec.principalARN: is null",
		strings.Replace(head, "v1alpha1", "v1", 1):                                     "f:1: apiVersion: \"eks.services.k8s.aws/v1\" is not supported; use eks.services.k8s.aws/v1alpha1",
		"---\n\n---\nkind: AccessEntry\n":                                              "f:4: has no apiVersion",
		"- a\n":                                                                        "f:1: is a list and must be an object",
		"a: [\n":                                                                       "f: not valid YAML: line",
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: []\n": "f:4: items[0]: a list in a list is not supported",
		"apiVersion: eks.services.k8s.aws/v1alpha1\nkind: AccessEntry\n":                    "f:1: has no spec",
		"apiVersion: eks.services.k8s.aws/v1alpha1\nkind: AccessEntry\nspec: {}\n":          "f:3: spec: has no principalARN",
		"apiVersion: eks.services.k8s.aws/v1alpha1\nkind: AccessEntry\ndata: {}\n":          "f:3: data: unknown field",
	} {
		if docs, _, err := Read("f", strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n  %v, %v\n  want %s", text, docs, err, want)
		}
	}
}

// TestOtherObjectsAreCounted: a rendered stream has many.
func TestOtherObjectsAreCounted(t *testing.T) {
	text := "apiVersion: v1\nkind: Service\nspec: {x: &a [1]}\n---\n---\n" + head + "---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n"
	if docs, others, err := Read("f", strings.NewReader(text)); err != nil || len(docs) != 1 || others != 2 || docs[0].Line != 6 {
		t.Errorf("%+v, %d, %v", docs, others, err)
	}
}

// TestFilesOfAFolder are those that end as kubectl reads them.
func TestFilesOfAFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, principal string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(head, "role/dev", principal, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "role/a")
	write("b.json.yml", "role/b")
	write("notes.txt", "role/c")
	for _, name := range kustomizations {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("resources: [a.yaml]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("more/d.yaml", "role/d")
	for recursive, want := range map[bool]int{false: 2, true: 3} {
		if f, err := Load([]string{dir}, recursive, nil); err != nil || len(f.Documents) != want || f.Others != len(kustomizations) {
			t.Errorf("%v: %+v, %v", recursive, f, err)
		}
	}
	write("more/e.yaml", "role/A") // IAM takes the two for one
	for name, want := range map[string]string{dir: "appears twice, first in " + filepath.Join(dir, "a.yaml") + ":1", filepath.Join(dir, "none"): "no such file or folder", t.TempDir(): "no files that end in .yaml, .yml, .json"} {
		if _, err := Load([]string{name}, true, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFilesAreForOneCluster: what is not known is not compared.
func TestFilesAreForOneCluster(t *testing.T) {
	text := strings.Replace(head, "spec:\n", "metadata: {annotations: {services.k8s.aws/region: us-west-2}}\nspec:\n  clusterName: demo\n", 1)
	docs, _, err := Read("f", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ cluster, region, want string }{
		{"demo", "us-west-2", "<nil>"},
		{"", "", "<nil>"},
		{"other", "", "f:5: is for cluster demo; this is cluster other"},
		{"demo", "eu-west-1", "f:1: is for a cluster in us-west-2; cluster demo is in eu-west-1"},
	} {
		if err := (Files{Documents: docs}).For(row.cluster, row.region); fmt.Sprint(err) != row.want {
			t.Errorf("%+v: %v", row, err)
		}
	}
}
