package kubefile

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func unmarshalJSON(text string, to any) error { return json.Unmarshal([]byte(text), to) }

func TestTheEntryNamesTheProgramAndItsFlags(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/ops"
	local := cluster("shop")
	local.LocalID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
	for _, c := range []struct {
		form Form
		info access.Info
		line string
	}{
		{Form{}, cluster("shop"), "aws --region eu-north-1 eks get-token --cluster-name shop --output json"},
		{Form{RoleARN: role}, cluster("shop"), "aws --region eu-north-1 eks get-token --cluster-name shop --output json --role " + role},
		{Form{}, local, "aws --region eu-north-1 eks get-token --cluster-id " + local.LocalID + " --output json"},
		{Form{Program: "kubectl-access", RoleARN: role}, cluster("shop"), "kubectl-access get-token --region eu-north-1 --cluster-name shop --output json --role " + role},
		{Form{Program: "kubectl-access"}, local, "kubectl-access get-token --region eu-north-1 --cluster-id " + local.LocalID + " --output json"},
	} {
		e, err := c.form.Entry(c.info)
		if got := strings.Join(append([]string{e.Command}, e.Args...), " "); got != c.line || err != nil {
			t.Errorf("%+v: %s, %v; want %s", c.form, got, err, c.line)
		}
	}
}

func TestTheAliasesNameContextAndUser(t *testing.T) {
	for form, want := range map[Form][2]string{
		{}:                           {arn + "shop", arn + "shop"},
		{Alias: "a"}:                 {"a", arn + "shop"},
		{UserAlias: "u"}:             {"u", "u"},
		{Alias: "a", UserAlias: "u"}: {"a", "u"},
	} {
		e := entryOf(t, form, "shop")
		if got := [2]string{e.Context, e.User}; got != want || e.Cluster != arn+"shop" {
			t.Errorf("%+v: %v, want %v", form, got, want)
		}
	}
}

func TestAClusterThatNobodyCanEnterIsNotWritten(t *testing.T) {
	for _, c := range []struct {
		spoil func(*access.Info)
		says  string
	}{
		{func(i *access.Info) { i.Status, i.Endpoint, i.CA = "CREATING", "", "" }, "cluster shop is CREATING and has no endpoint yet; wait with"},
		{func(i *access.Info) { i.Status = "DELETING" }, "cluster shop is DELETING"},
		{func(i *access.Info) { i.Status = "FAILED" }, "cluster shop is FAILED"},
		{func(i *access.Info) { i.Status = "" }, "only ACTIVE and UPDATING clusters"},
		{func(i *access.Info) { i.Endpoint = "" }, "returned no endpoint"},
		{func(i *access.Info) { i.CA = "" }, "returned no certificate authority"},
	} {
		info := cluster("shop")
		c.spoil(&info)
		if _, err := (Form{}).Entry(info); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	info := cluster("shop")
	info.Status = "UPDATING"
	if _, err := (Form{}).Entry(info); err != nil {
		t.Errorf("UPDATING: %v", err)
	}
}

// FuzzPut holds the law of every change: whatever the file is, afterwards it means the same with the
// entry in it, and a second time nothing changes.
func FuzzPut(f *testing.F) {
	for _, text := range []string{fresh, others, "", "{}", "clusters: []", "users:\n-\n  name: a\n", "clusters:\n  - name: x\n # c\n\n  - name: y\nusers: # u\n", "a: >\n b\n# c\n...\n"} {
		f.Add(text, "name")
	}
	f.Add(fresh, "<<")
	f.Fuzz(func(t *testing.T, text, alias string) {
		before, err := parse(text)
		if err != nil || !utf8.ValidString(alias) { // flags are checked before
			return
		}
		e, _ := Form{Alias: alias}.Entry(cluster("shop"))
		add := func(tr *tree) string {
			tr.add(e)
			tr.choose(e.Context)
			out, err := tr.written()
			if err != nil {
				t.Skip() // told, and nothing is written
			}
			return out
		}
		pristine, _ := parse(text)
		once := add(before)
		after, err := parse(once)
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if again, _ := parse(once); add(again) != once {
			t.Errorf("a second time it is different:\n%s", once)
		}
		if !after.has(keyContexts, e.Context) || after.current() != e.Context {
			t.Errorf("the entry is not in\n%s", once)
		}
		if diff := cmp.Diff(rest(pristine, e), rest(after, e)); diff != "" {
			t.Errorf("something else changed: %s\n%s\n%s", diff, text, once)
		}
	})
}

// rest is what the entry has nothing to do with.
func rest(t *tree, e Entry) (texts []string) {
	for i := 0; i+1 < len(t.root.Content); i += 2 {
		key, value := t.root.Content[i], t.root.Content[i+1]
		switch key.Value {
		case keyCurrent:
		case keyClusters, keyContexts, keyUsers:
			for _, item := range value.Content {
				if name := nameOf(item); name != e.Cluster && name != e.User && name != e.Context {
					texts = append(texts, plain(item))
				}
			}
		default:
			texts = append(texts, plain(key)+plain(value))
		}
	}
	return texts
}

// plain is a node's content without form and comments.
func plain(n *yaml.Node) string {
	text := n.ShortTag() + " " + n.Value
	if n.Kind == yaml.AliasNode {
		return "*" + n.Value
	}
	for _, c := range n.Content {
		text += "(" + plain(c) + ")"
	}
	return text
}
