package export

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

var update = flag.Bool("update", false, "write the golden files")

var demo = access.Info{Name: "demo", ARN: "arn:aws:eks:eu-west-1:111122223333:cluster/demo", Mode: access.ModeBoth}

const account = "arn:aws:iam::111122223333:"

// hostile are texts that some form would take for something else.
var hostile = []string{
	"plain", `say "hi"`, "${var.x}", "%{ if true }", "$${x}", "$$${x}", "%%{x}", "$", "%", "a\nb", "a\n\n", "\tb", "# no comment", "{{SessionName}}", "\x1b[31mred", "\u202eevil",
	"\U000e0041", "ünïcödé 🙂", `back\slash`, `\u0041`, "yes", "null", "1", "2026-01-01", "a: b", "- x", "!Ref X", "*a", "&a", "'", "|", "{", "[", " lead", "trail ", "\r\n", "---", "...",
}

// cluster0 has an entry for each thing that forms have to say.
func cluster0() access.Snapshot {
	const sso = account + "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef"
	grant := func(p access.Policy, namespaces ...string) access.Grant {
		return access.Grant{Policy: p, Scope: access.Scope{Namespaces: namespaces}}
	}
	tags := map[string]string{}
	for i, text := range hostile {
		tags[fmt.Sprintf("%02d", i)] = text
	}
	return access.Snapshot{Cluster: demo, Entries: []access.Entry{
		{Principal: account + "role/team/dev", Username: "dev:{{SessionName}}", Groups: []string{`q"uote`, "${x}"}, Grants: []access.Grant{grant("AmazonEKSViewPolicy", "dev", "dev-*"), grant("AmazonEKSAdminViewPolicy")}, Tags: map[string]string{"team": "dev", "kubectl-access/set": "team"}},
		{Principal: account + "user/al.ice", Kind: access.Standard, Username: account + "user/al.ice", Tags: tags},
		{Principal: sso, Kind: access.Standard, Username: access.DefaultUsername(sso), Grants: []access.Grant{grant(access.ClusterAdmin)}},
		{Principal: account + "role/a/ops", Kind: access.Standard, Tags: map[string]string{"aws:cloudformation:stack-name": "s\n# x"}},
		{Principal: account + "role/b/ops", Kind: access.Standard, Tags: map[string]string{"note": "{{resolve:ssm:x}}"}},
		{Principal: "arn:aws:iam::444455556666:role/partner", Kind: access.Standard, Tags: map[string]string{access.ExpiresTag: "2030-01-01T00:00:00Z"}},
		{Principal: account + "role/nodes", Kind: access.EC2, Username: "system:node:x", Groups: []string{"system:nodes"}, Grants: []access.Grant{grant(access.AutoNode)}},
		{Principal: account + "role/hyper", Kind: access.Hyperpod, Username: "x"},
		{Principal: account + "role/linux", Kind: access.EC2Linux, Username: "x"},
		{Principal: account + "role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", Kind: access.Standard},
		{Principal: account + "role/argocd", Kind: access.Standard, Grants: []access.Grant{grant("AmazonEKSArgoCDPolicy", "argocd")}},
	}}
}

var named = []access.Principal{account + "role/nodes", account + "role/hyper"}

func TestForms(t *testing.T) {
	s := cluster0()
	for _, form := range Forms() {
		text := Choose(&s, named, true).Write(form, "kubectl access export --to "+form)
		got := text.Text + "\nWARNINGS\n" + strings.Join(text.Warnings, "\n") + "\nNEXT\n" + text.Next + "\n"
		file := "testdata/" + form + ".golden"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
			t.Errorf("%s:\n%s", form, diff)
		}
	}
}

func TestWhatIsLeftOutIsCounted(t *testing.T) {
	s := cluster0()
	for _, row := range []struct {
		named     []access.Principal
		temporary bool
		entries   int
		left      string
	}{
		{nil, false, 5, "1 entry that AWS manages, 1 entry of an EKS capability or Auto Mode, 3 entries for nodes (name them to export them), 1 temporary entry (--include-temporary exports them)"},
		{nil, true, 6, "1 entry that AWS manages, 1 entry of an EKS capability or Auto Mode, 3 entries for nodes (name them to export them)"},
		{named, true, 8, "1 entry that AWS manages, 1 entry of an EKS capability or Auto Mode, 1 entry for nodes (name them to export them)"},
		{[]access.Principal{account + "role/argocd", account + "role/linux"}, true, 7, "1 entry that AWS manages, 1 entry of an EKS capability or Auto Mode, 2 entries for nodes (name them to export them)"},
	} {
		x := Choose(&s, row.named, row.temporary)
		if len(x.Entries) != row.entries || x.LeftOut() != row.left {
			t.Errorf("%v, %v: %d entries, left out: %s", row.named, row.temporary, len(x.Entries), x.LeftOut())
		}
	}
	if diff := cmp.Diff(cluster0(), s); diff != "" {
		t.Errorf("the snapshot was changed: %s", diff)
	}
}

// anyCluster has entries with names that are nearly alike.
func anyCluster(r *rand.Rand, most int) access.Snapshot {
	one := func(all ...string) string { return all[r.IntN(len(all))] }
	s := access.Snapshot{Cluster: access.Info{Name: one("demo", "1", "a_b", "Demo-2"), ARN: demo.ARN, Mode: access.ModeAPI}}
	seen := map[string]bool{}
	for range r.IntN(most) {
		arn := "arn:aws:iam::" + one("111122223333", "111122223333", "444455556666") + ":" + one("role/", "role/", "user/") + one("", "", "p/", "q/") +
			one("a", "A-", "dev", "a-b", "1") + one("", "", "-", ".", "_", "--", "+", "@", "=", ",") + one("", "b", "1", "view", "admin", "cluster", "-admin", "ab", "2x")
		if seen[arn] {
			continue
		}
		seen[arn] = true
		e := access.Entry{Principal: access.Principal(arn), Kind: access.Standard, Username: one(hostile...), Tags: map[string]string{}}
		if r.IntN(4) == 0 {
			e.Kind = access.Kinds[r.IntN(len(access.Kinds))]
		}
		if r.IntN(2) == 0 {
			e.Username = access.DefaultUsername(e.Principal)
		}
		for range r.IntN(3) {
			e.Groups = append(e.Groups, one(hostile...))
			e.Tags[one(hostile...)] = one(hostile...)
			e.Tags[one("aws:x", "kubectl-access/set", "services.k8s.aws/x", "team")] = one("", "x")
		}
		for _, p := range []access.Policy{access.ClusterAdmin, "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSViewPolicy"} {
			if r.IntN(2) == 0 {
				e.Grants = append(e.Grants, access.Grant{Policy: p, Scope: access.Scope{Namespaces: []string{"dev", one(hostile...)}[:r.IntN(3)]}})
			}
		}
		s.Entries = append(s.Entries, e.Canonical())
	}
	return s
}

func exported(r *rand.Rand, most int) (access.Snapshot, *Export) {
	s := anyCluster(r, most)
	var all []access.Principal
	for _, e := range s.Entries {
		all = append(all, e.Principal)
	}
	return s, Choose(&s, all, true)
}

// TestEveryEntryIsInEveryFormOnce in random clusters, under a name of its own, and the same whatever the order was.
func TestEveryEntryIsInEveryFormOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 5))
	for n := range 500 {
		s, x := exported(r, 5)
		shuffled := s
		shuffled.Entries = slices.Clone(s.Entries)
		r.Shuffle(len(shuffled.Entries), func(i, j int) { shuffled.Entries[i], shuffled.Entries[j] = shuffled.Entries[j], shuffled.Entries[i] })
		var all []access.Principal
		for _, e := range s.Entries {
			all = append(all, e.Principal)
		}
		again := Choose(&shuffled, all, true)
		for _, form := range Forms() {
			text := x.Write(form, "by").Text
			if n%10 == 0 && text != again.Write(form, "by").Text {
				t.Fatalf("cluster %d: %s depends on the order", n, form)
			}
			check(t, form, text, s, x)
		}
		if t.Failed() {
			t.Fatalf("in cluster %d", n)
		}
	}
}

// names finds the names in a form, with their types where it has some, and the IDs of entries or policies.
var names = map[string]struct{ name, id *regexp.Regexp }{
	"terraform":        {regexp.MustCompile(`(?m)^resource "(\w+)" "([a-z_]\w*)" \{$`), regexp.MustCompile(`(?m)^  id = "(.*)"$`)},
	"terraform-module": {regexp.MustCompile(`(?m)^  to = module\.eks\.(\w+\.this\["[a-z_]\w*"\])$`), regexp.MustCompile(`(?m)^  id = "(.*)"$`)},
	"cloudformation":   {regexp.MustCompile(`(?m)^  ([A-Za-z0-9]+):$`), regexp.MustCompile(`(?m)^      PrincipalArn: (arn:\S+)$`)},
	"eksctl":           {nil, regexp.MustCompile(`(?m)^ +-? *principalARN: (arn:\S+)$|of this type: (arn:\S+),`)},
	"pulumi":           {regexp.MustCompile(`(?m)^      "name": "([a-z0-9.-]+)",\n      "type": "(.*)"$`), regexp.MustCompile(`(?m)^      "id": "(.*)",$`)},
	"crossplane":       {regexp.MustCompile(`(?m)^kind: (\w+)\nmetadata:\n  name: '?"?([a-z0-9.-]+)"?'?$`), regexp.MustCompile(`(?m)^    crossplane.io/external-name: (\S+)$`)},
	"ack":              {regexp.MustCompile(`(?m)^  name: '?"?([a-z0-9.-]+)"?'?$`), regexp.MustCompile(`(?m)^  principalARN: (arn:\S+)$`)},
}

func check(t *testing.T, form, text string, s access.Snapshot, x *Export) {
	t.Helper()
	var want []string
	for _, e := range x.Entries {
		own := []string{string(e.Of.Principal)}
		if slices.Contains([]string{"terraform", "terraform-module", "pulumi", "crossplane"}, form) {
			own[0] = s.Cluster.Name + ":" + own[0]
			for _, g := range e.Of.Grants {
				own = append(own, s.Cluster.Name+"#"+string(e.Of.Principal)+"#"+g.Policy.ARN("aws"))
			}
		}
		want = append(want, own...)
	}
	find := names[form]
	var ids []string
	for _, m := range find.id.FindAllStringSubmatch(text, -1) {
		ids = append(ids, strings.Join(m[1:], ""))
	}
	if diff := cmp.Diff(want, ids, cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("%s: %s\n%s", form, diff, text)
	}
	seen := map[string]bool{}
	if find.name == nil {
		return
	}
	for _, m := range find.name.FindAllStringSubmatch(text, -1) {
		name := strings.Join(m[1:], " ")
		if seen[name] {
			t.Errorf("%s: %s appears twice\n%s", form, name, text)
		}
		seen[name] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%s: %d names for %d objects\n%s", form, len(seen), len(want), text)
	}
}

// TestNamesAreUnique in big clusters, and do not depend on other entries, unless two entries are for one role with two paths.
func TestNamesAreUnique(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for range 500 {
		s, x := exported(r, 60)
		seen, same := map[string]access.Principal{}, map[string]int{}
		for _, e := range x.Entries {
			same[manifest.Name(*e.Of, s.Cluster)]++
		}
		for _, e := range x.Entries {
			own := []string{"n " + e.Name, "l " + e.label(), "i " + e.logicalID()}
			for i := range e.Of.Grants {
				v := view{Export: x, Entry: e, grant: &e.Of.Grants[i]}
				own = append(own, "pn "+v.suffixed(e.Name, "-"), "pl "+v.suffixed(e.label(), "_"))
			}
			for _, name := range own {
				if seen[name] != "" {
					t.Fatalf("%s is %s and %s", name, seen[name], e.Of.Principal)
				}
				seen[name] = e.Of.Principal
			}
			alone := Choose(&access.Snapshot{Cluster: s.Cluster, Entries: []access.Entry{*e.Of}}, []access.Principal{e.Of.Principal}, true).Entries[0]
			if same[manifest.Name(*e.Of, s.Cluster)] == 1 && (alone.Name != e.Name || alone.label() != e.label() || alone.logicalID() != e.logicalID()) {
				t.Fatalf("%s is %s, alone %s", e.Of.Principal, e.Name, alone.Name)
			}
		}
	}
}

// wanted is the part of an entry that every form but that of the controller has.
func wanted(e *Entry) access.Entry {
	out := *e.Of
	if out.Username == access.DefaultUsername(out.Principal) {
		out.Username = ""
	}
	return out
}

func same(t *testing.T, form string, want, got []access.Entry, text string) {
	t.Helper()
	access.SortEntries(got)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s: %s\n%s", form, diff, text)
	}
}

// TestTheControllersFormIsReadBack by what apply reads with.
func TestTheControllersFormIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 5))
	for range 50 {
		_, x := exported(r, 8)
		text := x.Write("ack", "by").Text
		var got, want []access.Entry
		for _, doc := range documents(text) {
			var a manifest.AccessEntry
			if err := yaml.UnmarshalStrict([]byte(doc), &a); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if a.Kind == "" { // the comment
				continue
			}
			if diff := cmp.Diff(map[string]string{"services.k8s.aws/adoption-policy": "adopt-or-create", "services.k8s.aws/deletion-policy": "retain", "services.k8s.aws/region": "eu-west-1"}, a.Metadata.Annotations); diff != "" {
				t.Fatal(diff)
			}
			got = append(got, unchecked(a))
		}
		for _, e := range x.Entries {
			want = append(want, *e.Of)
		}
		same(t, "ack", want, got, text)
	}
}

func documents(text string) []string { return regexp.MustCompile(`(?m)^---\n`).Split(text, -1) }

// unchecked is the entry of an object, without the rules of apply: hostile texts break them.
func unchecked(a manifest.AccessEntry) access.Entry {
	e := access.Entry{Principal: access.Principal(a.Spec.PrincipalARN), Kind: access.Kind(a.Spec.Type), Username: a.Spec.Username, Groups: a.Spec.KubernetesGroups, Tags: a.Spec.Tags}
	for _, p := range a.Spec.AccessPolicies {
		e.Grants = append(e.Grants, access.Grant{Policy: access.PolicyOf(p.PolicyARN), Scope: access.Scope{Namespaces: p.AccessScope.Namespaces}})
	}
	return e.Canonical()
}

// TestTemplatesAreReadBack reads CloudFormation's form and checks that nothing is ever deleted.
func TestTemplatesAreReadBack(t *testing.T) {
	type policy struct {
		PolicyArn   string
		AccessScope struct {
			Type       string
			Namespaces []string
		}
	}
	type template struct {
		AWSTemplateFormatVersion string
		Resources                map[string]struct {
			Type, DeletionPolicy, UpdateReplacePolicy string
			Properties                                struct {
				ClusterName, PrincipalArn, Type, Username string
				KubernetesGroups                          []string
				AccessPolicies                            []policy
				Tags                                      []struct{ Key, Value string }
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 5))
	for range 50 {
		s, x := exported(r, 8)
		text := x.Write("cloudformation", "by").Text
		var in template
		if err := yaml.UnmarshalStrict([]byte(text), &in); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var got, want []access.Entry
		for _, res := range in.Resources {
			p := res.Properties
			if res.Type != "AWS::EKS::AccessEntry" || res.DeletionPolicy != "Retain" || res.UpdateReplacePolicy != "Retain" || p.ClusterName != s.Cluster.Name {
				t.Fatalf("%+v\n%s", res, text)
			}
			e := access.Entry{Principal: access.Principal(p.PrincipalArn), Kind: access.Kind(p.Type), Username: p.Username, Groups: p.KubernetesGroups, Tags: map[string]string{}}
			for _, tag := range p.Tags {
				e.Tags[tag.Key] = tag.Value
			}
			for _, g := range p.AccessPolicies {
				if (g.AccessScope.Type == "cluster") != (len(g.AccessScope.Namespaces) == 0) {
					t.Fatalf("%+v", g)
				}
				e.Grants = append(e.Grants, access.Grant{Policy: access.PolicyOf(g.PolicyArn), Scope: access.Scope{Namespaces: g.AccessScope.Namespaces}})
			}
			got = append(got, e.Canonical())
		}
		for _, e := range x.Entries {
			want = append(want, wanted(e))
		}
		same(t, "cloudformation", want, got, text)
	}
}

// TestOtherFormsAreReadBack: those in YAML and JSON are valid, and hold what the entries are.
func TestOtherFormsAreReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for range 50 {
		s, x := exported(r, 8)
		var config struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Region string }
			AccessConfig     struct {
				AccessEntries []struct {
					PrincipalARN, Type, KubernetesUsername string
					KubernetesGroups                       []string
					AccessPolicies                         []manifest.AccessPolicy
				}
			}
		}
		text := x.Write("eksctl", "by").Text
		if err := yaml.UnmarshalStrict([]byte(text), &config); err != nil || config.Metadata.Name != s.Cluster.Name || config.Metadata.Region != "eu-west-1" {
			t.Fatalf("%v\n%s", err, text)
		}
		var got, want []access.Entry
		for _, e := range config.AccessConfig.AccessEntries {
			got = append(got, unchecked(manifest.AccessEntry{Spec: manifest.Spec{
				PrincipalARN: e.PrincipalARN, Type: e.Type, Username: e.KubernetesUsername, KubernetesGroups: e.KubernetesGroups, AccessPolicies: e.AccessPolicies,
			}}))
		}
		for _, e := range x.Entries {
			if e := wanted(e); e.Kind != access.Hyperpod {
				e.Tags = nil
				want = append(want, e)
			}
		}
		same(t, "eksctl", want, got, text)

		for _, doc := range documents(x.Write("crossplane", "by").Text) {
			var o map[string]any
			if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
				t.Fatalf("%v\n%s", err, doc)
			}
			if spec, ok := o["spec"].(map[string]any); ok && slices.Contains(spec["managementPolicies"].([]any), any("Delete")) {
				t.Fatal(doc)
			}
		}
		var imported struct {
			Resources []struct{ Type, Name, ID string }
		}
		if err := json.Unmarshal([]byte(x.Write("pulumi", "by").Text), &imported); err != nil || len(imported.Resources) != len(x.Entries)+x.policies() {
			t.Fatal(err)
		}
	}
}

func TestTheFormOfKubesplaining(t *testing.T) {
	s := cluster0()
	var all []*access.Entry
	for i := range s.Entries {
		all = append(all, &s.Entries[i])
	}
	var got struct {
		Cluster struct {
			Name         string
			AccessConfig struct{ AuthenticationMode string }
		}
		AccessEntries []struct {
			AccessEntry struct {
				PrincipalArn, Type, Username string
				KubernetesGroups             []string
			}
			AssociatedAccessPolicies []struct {
				PolicyArn   string
				AccessScope struct {
					Type       string
					Namespaces []string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(EKS(all, &s.Cluster)), &got); err != nil {
		t.Fatal(err)
	}
	first := got.AccessEntries[0]
	if got.Cluster.Name != "demo" || got.Cluster.AccessConfig.AuthenticationMode != "API_AND_CONFIG_MAP" || len(got.AccessEntries) != len(s.Entries) ||
		first.AccessEntry.PrincipalArn != account+"role/team/dev" || first.AccessEntry.Username != "dev:{{SessionName}}" || len(first.AccessEntry.KubernetesGroups) != 2 ||
		first.AssociatedAccessPolicies[0].AccessScope.Type != "namespace" || first.AssociatedAccessPolicies[1].AccessScope.Type != "cluster" {
		t.Errorf("%+v", got)
	}
}
