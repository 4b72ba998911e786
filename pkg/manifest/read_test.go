package manifest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func TestEveryWayToWriteSeveral(t *testing.T) {
	a, b := access.Entry{Principal: opsRole, Kind: access.Standard}, access.Entry{Principal: "arn:aws:iam::111122223333:user/amy", Kind: access.Standard}
	one, two := marshal(t, Of(a, dev)), marshal(t, Of(b, dev))
	j := func(s string) string {
		b, err := yaml.YAMLToJSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	bare := func(s string) string { return `{"spec":` + s[strings.Index(s, `"spec":`)+len(`"spec":`):] }
	list := "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n- "
	for name, text := range map[string]string{
		"documents":           "---\n" + one + "---\n# nothing\n---\n" + two + "...\n",
		"list":                list + strings.ReplaceAll(one, "\n", "\n  ") + "\n- " + strings.ReplaceAll(two, "\n", "\n  "),
		"json":                j(one) + "\n" + j(two),
		"json with tabs":      "{\n\t" + j(one)[1:] + j(two),
		"json in documents":   j(one) + "\n---\n" + j(two),
		"json list":           `{"apiVersion":"v1","kind":"List","items":[` + j(one) + "," + j(two) + `]}`,
		"AccessEntryList":     `{"apiVersion":"` + APIVersion + `","kind":"AccessEntryList","items":[` + bare(j(one)) + "," + bare(j(two)) + `]}`,
		"status of any shape": one + "status: [1]\n---\n" + two + "status: {conditions: [{type: x}]}\n",
		"others' metadata":    strings.Replace(one, "metadata:", "metadata:\n  namespace: ack\n  labels: {a: b}\n  generation: 1", 1) + "---\n" + two,
	} {
		if diff := cmp.Diff([]access.Entry{wanted(a), wanted(b)}, back(t, text), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := back(t, "# nothing\n"); len(got) > 0 {
		t.Error(got)
	}
}

func TestJSONKeepsWhatYAMLWouldNot(t *testing.T) {
	text := `{"apiVersion":"` + APIVersion + `","kind":"AccessEntry","spec":{"principalARN":"` + opsRole + `","tags":{"a":"\ud83d\ude42"}}}`
	if got := back(t, text)[0].Tags["a"]; got != "🙂" {
		t.Error(got)
	}
}

func TestWhatCannotBeReadSaysWhere(t *testing.T) {
	head := "apiVersion: " + APIVersion + "\nkind: AccessEntry\nmetadata: {name: x}\nspec:\n  principalARN: " + opsRole + "\n"
	for text, says := range map[string]string{
		"kind: ConfigMap\napiVersion: v1\n":                          `document 1: kind: "ConfigMap" is not AccessEntry`,
		head + "---\nkind: Secret\n":                                 `document 2: kind: "Secret"`,
		head + "---\n[a]\n":                                          "document 2: is no object but a list",
		head + "---\ntext\n":                                         "document 2: is no object but a text",
		strings.Replace(head, "v1alpha1", "v2", 1):                   `document 1: apiVersion: "eks.services.k8s.aws/v2"`,
		"apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n":       `items[0]: kind: "Secret"`,
		"apiVersion: v1\nkind: List\nitem: []\n":                     "item: there is no such field; did you mean items?",
		"apiVersion: v1\nkind: List\nitems: {}\n":                    "items: is a map and must be a list",
		head + "  usrname: x\n":                                      "document 1: x: spec.usrname: there is no such field",
		head + "  principalArn: x\n":                                 "spec.principalArn: there is no such field; did you mean principalARN?",
		head + "  kubernetesGroup: [x]\n":                            "did you mean kubernetesGroups?",
		head + "  accessPolicies: [{accesScope: {}}]\n":              "spec.accessPolicies[0].accesScope: there is no such field",
		head + "  accessPolicies: [{accessScope: {x: 1}}]\n":         "spec.accessPolicies[0].accessScope.x:",
		head + "  clusterRef: {from: {name: dev}}\n":                 "spec.clusterRef: there is no such field",
		head + "other: 1\n":                                          "other: there is no such field",
		head + "  tags: {cost: 7}\n":                                 "spec.tags.cost: is a number and must be text; put it in quotes",
		head + "  tags: {on: x}\n":                                   "the key true is no text",
		head + "  tags: [x]\n":                                       "spec.tags: is a list and must be a map",
		head + "  kubernetesGroups: x\n":                             "spec.kubernetesGroups: is a text and must be a list",
		head + "  kubernetesGroups: [[x]]\n":                         "spec.kubernetesGroups[0]: is a list and must be text",
		head + "  username: yes\n":                                   "spec.username: is a truth value",
		head + "  username: a\n  username: b\n":                      `key "username" already set`,
		`{"kind":"AccessEntry","kind":"AccessEntry"}`:                `document 1: the key "kind" stands twice`,
		head + "---\na: [\n":                                         "document 2: not valid YAML: line",
		strings.Replace(head, "{name: x}", "x", 1):                   "metadata: is a text and must be a map",
		"apiVersion: " + APIVersion + "\nkind: AccessEntry\nspec: x": "document 1: spec: is a text and must be a map",
	} {
		_, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(opsYAML))
	f.Add([]byte(opsYAML + "---\n" + opsYAML))
	if b, err := yaml.YAMLToJSON([]byte(opsYAML)); err == nil {
		f.Add(b)
	}
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		objects, err := Read(bytes.NewReader(b))
		if err != nil {
			if len(objects) > 0 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%d objects and %q", len(objects), err)
			}
			return
		}
		for _, o := range objects {
			e, err := o.Entry()
			if err != nil {
				continue
			}
			if again := back(t, marshal(t, Of(e, dev))); !cmp.Equal([]access.Entry{e}, again, cmpopts.EquateEmpty()) {
				t.Fatalf("%+v became %+v", e, again)
			}
		}
	})
}
