package export

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/export"
)

// tool is another program, without which a test is skipped.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not on this machine", name)
	}
	return path
}

// workspace holds what is built for this run.
var workspace string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if workspace, err = os.MkdirTemp("", "export-*"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(workspace)
		return m.Run()
	}())
}

// programs of this repository; each is built once, if at all.
var (
	plugin   = sync.OnceValues(func() (string, error) { return build("../..", "kubectl-access", "./cmd/kubectl-access") })
	provider = sync.OnceValues(func() (string, error) { return build(".", "terraform-provider-aws", "./provider") })
)

func build(dir, name, pkg string) (string, error) {
	path := filepath.Join(workspace, name)
	build := exec.Command("go", "build", "-o", path, pkg)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// inSandbox runs a shell script in an account of its own and returns what it prints.
func inSandbox(t *testing.T, dir, script string) string {
	t.Helper()
	program, err := plugin()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, "sandbox", "--", "sh", "-ec", script)
	run.Dir, run.Env = dir, append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "AWS_EC2_METADATA_DISABLED=true")
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

// withProvider is a folder where Terraform uses the stand-in provider.
func withProvider(t *testing.T) string {
	t.Helper()
	tool(t, "terraform")
	path, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "cli.tfrc", `provider_installation {
  dev_overrides { "hashicorp/aws" = "`+filepath.ToSlash(filepath.Dir(path))+`" }
}
`)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, out string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		before, after, found := strings.Cut(out, want)
		if !found {
			t.Fatalf("%q is missing in\n%s", want, out)
		}
		_, out = before, after
	}
}

// TestTerraformTakesOverWhatExists: the plan only imports, and after it there is nothing to do. A group too many is a change.
func TestTerraformTakesOverWhatExists(t *testing.T) {
	out := inSandbox(t, withProvider(t), `
kubectl-access export --to terraform >main.tf
kubectl-access export --to terraform role/demo-node role/demo-auto-node role/demo-hyperpod >nodes.tf
terraform fmt -check -diff
terraform validate -no-color
terraform apply -no-color -auto-approve
echo AGAIN
terraform plan -no-color
echo CHANGED
sed -i.was 's/\["developers"\]/["developers", "more"]/' main.tf
terraform plan -no-color
`)
	says(t, out, "The configuration is valid", "Plan: 20 to import, 0 to add, 0 to change, 0 to destroy.",
		"Apply complete! Resources: 20 imported, 0 added, 0 changed, 0 destroyed.", "AGAIN", "No changes.", "CHANGED", "0 to add, 1 to change, 0 to destroy.")
}

// TestTerraformSaysWhatTheFileSays where tags of another tool go.
func TestTerraformSaysWhatTheFileSays(t *testing.T) {
	out := inSandbox(t, withProvider(t), `
kubectl-access export --to terraform --eks-cluster prod --region us-west-2 >main.tf
grep 'It must say' main.tf
terraform plan -no-color
`)
	says(t, out, "It must say: 10 to import, 0 to add, 1 to change, 0 to destroy.", "Plan: 10 to import, 0 to add, 1 to change, 0 to destroy.")
}

// moduleEKS has the resources of terraform-aws-modules/eks for entries, under the same addresses and with the same input.
const moduleEKS = `variable "access_entries" {
  type = map(object({
    principal_arn     = string
    type              = optional(string, "STANDARD")
    kubernetes_groups = optional(list(string))
    user_name         = optional(string)
    tags              = optional(map(string))
    policy_associations = optional(map(object({
      policy_arn   = string
      access_scope = object({ type = string, namespaces = optional(list(string)) })
    })), {})
  }))
}

locals {
  associations = merge([for key, e in var.access_entries : { for name, p in e.policy_associations : "${key}_${name}" => merge(p, { principal_arn = e.principal_arn }) }]...)
}

resource "aws_eks_access_entry" "this" {
  for_each          = var.access_entries
  cluster_name      = "demo"
  principal_arn     = each.value.principal_arn
  type              = each.value.type
  kubernetes_groups = each.value.kubernetes_groups
  user_name         = each.value.user_name
  tags              = each.value.tags
}

resource "aws_eks_access_policy_association" "this" {
  for_each      = local.associations
  cluster_name  = "demo"
  principal_arn = each.value.principal_arn
  policy_arn    = each.value.policy_arn
  access_scope {
    type       = each.value.access_scope.type
    namespaces = each.value.access_scope.namespaces
  }
}
`

// TestTheModuleTakesOverWhatExists, too.
func TestTheModuleTakesOverWhatExists(t *testing.T) {
	dir := withProvider(t)
	write(t, dir, "eks/main.tf", moduleEKS)
	write(t, dir, "main.tf", "module \"eks\" {\n  source         = \"./eks\"\n  access_entries = local.access_entries\n}\n")
	out := inSandbox(t, dir, `
kubectl-access export --to terraform-module >entries.tf
terraform fmt -check -diff
terraform get -no-color
terraform plan -no-color
`)
	says(t, out, "Plan: 16 to import, 0 to add, 0 to change, 0 to destroy.")
}

// TestTheLinterFindsNothing in templates, and finds a property that does not exist.
func TestTheLinterFindsNothing(t *testing.T) {
	lint := tool(t, "cfn-lint")
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 3))
	files := []string{filepath.Join(dir, "demo.yaml"), filepath.Join(dir, "prod.yaml")}
	inSandbox(t, dir, "kubectl-access export --to cloudformation >demo.yaml; kubectl-access export --to cloudformation --eks-cluster prod --region us-west-2 >prod.yaml")
	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		s := cluster(r)
		for _, e := range s.Entries { // its pattern of keys has no line breaks
			maps.DeleteFunc(e.Tags, func(key, _ string) bool { return strings.Contains(key, "\n") })
		}
		write(t, dir, name, export.Choose(&s, nil, false).Write("cloudformation", "by").Text)
		files = append(files, filepath.Join(dir, name))
	}
	if out, err := exec.Command(lint, files...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "wrong.yaml", strings.Replace(string(text), "PrincipalArn:", "PrincipalARN:", 1))
	if out, err := exec.Command(lint, filepath.Join(dir, "wrong.yaml")).CombinedOutput(); err == nil || !strings.Contains(string(out), "PrincipalARN") {
		t.Errorf("a property that does not exist: %v\n%s", err, out)
	}
}
