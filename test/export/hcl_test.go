// Package export tests what kubectl access export writes with tools that others made: the parser of Terraform's language,
// Terraform itself, and CloudFormation's linter. A tool that the machine does not have is skipped.
package export

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/export"
)

// pieces are what Terraform's language would take for something else than text.
var pieces = []string{
	"$", "%", "{", "}", "${", "%{", "$${", "%%{", `"`, `\`, "\n", "\r", "\t", "~", "#", "//", "/*", "<<EOT", "a", "é", "🙂", "\u202e", "\x1b", "\x00", "\u2028", "\U000e0041", "{{SessionName}}", `\u0041`, `\n`, " ", "'",
}

func text(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(8) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// cluster has entries full of such texts.
func cluster(r *rand.Rand) access.Snapshot {
	s := access.Snapshot{Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo"}}
	for i := range 5 {
		e := access.Entry{Principal: access.Principal(fmt.Sprintf("arn:aws:iam::111122223333:role/r%d+=,.@_-", i)), Kind: access.Standard, Username: text(r), Tags: map[string]string{}}
		for range r.IntN(4) {
			e.Groups = append(e.Groups, text(r))
			e.Tags["t"+text(r)] = text(r)
		}
		for _, p := range []access.Policy{"AmazonEKSViewPolicy", "AmazonEKSEditPolicy"}[:r.IntN(3)] {
			e.Grants = append(e.Grants, access.Grant{Policy: p, Scope: access.Scope{Namespaces: []string{text(r), "x"}[:r.IntN(3)]}})
		}
		s.Entries = append(s.Entries, e.Canonical())
	}
	return s
}

func parse(t *testing.T, text string) *hclsyntax.Body {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "main.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	return file.Body.(*hclsyntax.Body)
}

// value is what an attribute says, with no variables and no functions.
func value(t *testing.T, e hclsyntax.Expression) cty.Value {
	t.Helper()
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return v
}

// texts are a text, or those of a list, in order.
func texts(v cty.Value) (all []string) {
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	for _, element := range v.AsValueSlice() {
		all = append(all, element.AsString())
	}
	return all
}

// flat is an entry as a set of lines, to compare.
func flat(e access.Entry) (all []string) {
	add := func(key string, values ...string) { all = append(all, fmt.Sprintf("%s %q", key, values)) }
	add("principal_arn", string(e.Principal))
	add("user_name", e.Username)
	if len(e.Groups) > 0 {
		add("kubernetes_groups", e.Groups...)
	}
	for key, tag := range e.Tags {
		add("tag", key, tag)
	}
	for _, g := range e.Grants {
		add("policy", g.Policy.ARN("aws"))
		add("scope", g.Scope.Namespaces...)
	}
	slices.Sort(all)
	return all
}

func same(t *testing.T, s access.Snapshot, got map[string][]string, text string) {
	t.Helper()
	if len(got) != len(s.Entries) {
		t.Fatalf("%d of %d entries\n%s", len(got), len(s.Entries), text)
	}
	for _, e := range s.Entries {
		lines := got[string(e.Principal)]
		slices.Sort(lines)
		if want := flat(e); !slices.Equal(want, lines) {
			t.Fatalf("want %q\ngot  %q\n%s", want, lines, text)
		}
	}
}

// fields puts what an entry's attributes say into lines.
func fields(t *testing.T, attributes map[string]hclsyntax.Expression) (all []string) {
	t.Helper()
	for name, e := range attributes {
		switch name {
		case "cluster_name", "policy_associations":
		case "tags":
			for key, tag := range value(t, e).AsValueMap() {
				all = append(all, fmt.Sprintf("tag %q", []string{key, tag.AsString()}))
			}
		default:
			all = append(all, fmt.Sprintf("%s %q", name, texts(value(t, e))))
		}
	}
	return all
}

func expressions(b *hclsyntax.Body) map[string]hclsyntax.Expression {
	all := map[string]hclsyntax.Expression{}
	for name, a := range b.Attributes {
		all[name] = a.Expr
	}
	return all
}

// scope is the line of a scope: its namespaces, where the type says that there are some.
func scope(t *testing.T, kind string, namespaces []string) string {
	t.Helper()
	if (kind == "namespace") != (len(namespaces) > 0) {
		t.Fatalf("scope %s with namespaces %q", kind, namespaces)
	}
	return fmt.Sprintf("scope %q", namespaces)
}

// TestResourcesAreReadBack by the parser of Terraform, whatever the texts are.
func TestResourcesAreReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		s := cluster(r)
		out := export.Choose(&s, nil, false).Write("terraform", "by\nx ${y}").Text
		body := parse(t, out)
		got, arns, imports := map[string][]string{}, map[string]string{}, map[string]string{}
		for _, b := range body.Blocks {
			if b.Type == "import" {
				to, diags := hcl.AbsTraversalForExpr(b.Body.Attributes["to"].Expr)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				imports[to.RootName()+"."+to[1].(hcl.TraverseAttr).Name] = value(t, b.Body.Attributes["id"].Expr).AsString()
			}
		}
		for _, b := range body.Blocks {
			if b.Type != "resource" {
				continue
			}
			at := b.Labels[0] + "." + b.Labels[1]
			if b.Labels[0] == "aws_eks_access_entry" {
				arn := value(t, b.Body.Attributes["principal_arn"].Expr).AsString()
				arns[at], got[arn] = arn, fields(t, expressions(b.Body))
				if imports[at] != "demo:"+arn {
					t.Fatalf("%s is imported from %s", at, imports[at])
				}
				continue
			}
			of, _ := hcl.AbsTraversalForExpr(b.Body.Attributes["principal_arn"].Expr)
			arn := arns[of.RootName()+"."+of[1].(hcl.TraverseAttr).Name]
			policy := value(t, b.Body.Attributes["policy_arn"].Expr).AsString()
			if imports[at] != "demo#"+arn+"#"+policy {
				t.Fatalf("%s is imported from %s", at, imports[at])
			}
			in := b.Body.Blocks[0].Body.Attributes
			var namespaces []string
			if a := in["namespaces"]; a != nil {
				namespaces = texts(value(t, a.Expr))
			}
			got[arn] = append(got[arn], fmt.Sprintf("policy %q", []string{policy}), scope(t, value(t, in["type"].Expr).AsString(), namespaces))
		}
		same(t, s, got, out)
	}
}

// TestTheModulesInputIsReadBack.
func TestTheModulesInputIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		s := cluster(r)
		out := export.Choose(&s, nil, false).Write("terraform-module", "by").Text
		got, imported := map[string][]string{}, 0
		for _, b := range parse(t, out).Blocks {
			if b.Type == "import" {
				imported++
				continue
			}
			for _, item := range b.Body.Attributes["access_entries"].Expr.(*hclsyntax.ObjectConsExpr).Items {
				attributes := map[string]hclsyntax.Expression{}
				for _, a := range item.ValueExpr.(*hclsyntax.ObjectConsExpr).Items {
					attributes[value(t, a.KeyExpr).AsString()] = a.ValueExpr
				}
				arn := value(t, attributes["principal_arn"]).AsString()
				got[arn] = fields(t, attributes)
				imported--
				if attributes["policy_associations"] == nil {
					continue
				}
				for _, p := range value(t, attributes["policy_associations"]).AsValueMap() {
					in := p.AsValueMap()["access_scope"].AsValueMap()
					var namespaces []string
					if v, ok := in["namespaces"]; ok {
						namespaces = texts(v)
					}
					imported--
					got[arn] = append(got[arn], fmt.Sprintf("policy %q", texts(p.AsValueMap()["policy_arn"])), scope(t, in["type"].AsString(), namespaces))
				}
			}
		}
		if imported != 0 {
			t.Fatalf("%d imports too many\n%s", imported, out)
		}
		same(t, s, got, out)
	}
}
