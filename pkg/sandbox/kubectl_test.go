package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// kubectl runs command lines against cluster demo, as the administrator or with --user as another profile.
func kubectl(t *testing.T, s sandboxtest.Box) func(line string) string {
	t.Helper()
	if _, err := exec.LookPath("kubectl"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	url, ca := s.Endpoint("demo")
	var users strings.Builder
	for _, name := range []string{"default", "developer"} {
		fmt.Fprintf(&users, "- {name: %s, user: {token: %s}}\n", name, s.Token(name, "demo"))
	}
	config := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: demo\nclusters:\n- {name: demo, cluster: {server: %s, certificate-authority-data: %s}}\n"+
		"contexts:\n- {name: demo, context: {cluster: demo, user: default}}\nusers:\n%s", url, base64.StdEncoding.EncodeToString(ca), &users)
	for name, text := range map[string]string{"kubeconfig": config, "rbac.yaml": rbacYAML, "more.yaml": strings.Replace(rbacYAML, "verbs: [get]", "verbs: [get, delete]", 1), "typo.yaml": strings.Replace(rbacYAML, "subjects:", "subject:", 1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(line string) string {
		c := exec.Command("kubectl", strings.Fields(line)...)
		c.Dir, c.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "KUBECONFIG=" + filepath.Join(dir, "kubeconfig")}
		out, err := c.CombinedOutput()
		if err != nil {
			return string(out) + err.Error()
		}
		return string(out)
	}
}

const rbacYAML = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: runner, namespace: dev}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner, namespace: dev, labels: {team: x}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
subjects:
- {kind: ServiceAccount, name: robot}
- {kind: Group, name: runners, apiGroup: rbac.authorization.k8s.io}
`

// TestKubectlWorksAsOnARealCluster types what people try in a cluster, and wants the answers of a real one.
func TestKubectlWorksAsOnARealCluster(t *testing.T) {
	t.Parallel()
	run := kubectl(t, sandboxtest.New(t, sandbox.Options{}))
	for _, step := range []step{
		{"auth can-i get secrets -n prod", "yes"},
		{"auth can-i get secrets -n prod --as bob", "no"},
		{"get ns --as system:anonymous", `User "system:anonymous" cannot list resource "namespaces"`},
		{"auth whoami --as bob --as-group ops", "[ops system:authenticated]"},
		{"get ns --user developer --as bob", `users "bob" is forbidden: User "arn:aws:sts::111122223333:assumed-role/dev/sandbox" cannot impersonate resource "users" in API group "" at the cluster scope`},
		{"auth can-i --list", "Warning: the list may be incomplete: webhook authorizer does not support user rule resolution"},
		{"get ns -l team=x", "No resources found"},
		{"get ns -o name --field-selector metadata.name=dev", "namespace/dev\n"},
		{"get configmap -A --field-selector metadata.name=zzz", "No resources found"},
		{"wait --for=jsonpath={.status.phase}=Active --timeout=5m ns/dev", "namespace/dev condition met\n"},
		{"get pods", "No resources found in default namespace."},
		{"get pods -n dev --user developer", "No resources found in dev namespace."},
		{"get pods -n prod --user developer", `pods is forbidden: User "arn:aws:sts::111122223333:assumed-role/dev/sandbox" cannot list resource "pods" in API group "" in the namespace "prod"`},
		{"get deploy,secrets,nodes,sa,events,svc", "No resources found"},
		{"get all -n dev", "No resources found in dev namespace."},
		{"get secret x", `secrets "x" not found`},
		{"describe configmap aws-auth -n kube-system", "Events:  <none>"},
		{"delete configmap aws-auth -n kube-system", "deleted"},
		{"create configmap aws-auth -n kube-system --from-literal=mapUsers=[]", "/aws-auth created"},
		{"create clusterrolebinding everybody --clusterrole=view --group=developers", "/everybody created"},
		{"create rolebinding bob -n dev --role=developer --user=bob", "/bob created"},
		{"get rolebinding bob -n dev -o yaml", "name: developer"},
		{"delete clusterrolebinding/everybody rolebinding/bob -n dev", "deleted"},

		{"apply -f rbac.yaml", "role.rbac.authorization.k8s.io/runner created\nrolebinding.rbac.authorization.k8s.io/runner created\n"},
		{"apply -f rbac.yaml", "role.rbac.authorization.k8s.io/runner unchanged\nrolebinding.rbac.authorization.k8s.io/runner unchanged\n"},
		{"auth can-i get secrets -n dev --as bob --as-group runners", "yes"},
		{"auth can-i get secrets -n dev --as system:serviceaccount:dev:robot", "yes"},
		{"auth can-i delete secrets -n dev --as bob --as-group runners", "no"},
		{"diff -f more.yaml", "+  - delete"},
		{"apply -f more.yaml", "role.rbac.authorization.k8s.io/runner configured\nrolebinding.rbac.authorization.k8s.io/runner unchanged\n"},
		{"auth can-i delete secrets -n dev --as bob --as-group runners", "yes"},
		{"apply -f typo.yaml", `strict decoding error: unknown field "subject"`},
		{"get rolebindings -n dev -l team=x -o name", "rolebinding.rbac.authorization.k8s.io/runner\n"},
		{"create role reader -n dev --verb=get --resource=pods", "role.rbac.authorization.k8s.io/reader created"},
		{"get role reader -n dev -o jsonpath={.rules}", `[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]`},
		{"label role reader -n dev a=b", "role.rbac.authorization.k8s.io/reader labeled"},
		{"explain rolebinding.subjects", "FIELD: subjects"},
		{"delete -f rbac.yaml", "role.rbac.authorization.k8s.io \"runner\" deleted\nrolebinding.rbac.authorization.k8s.io \"runner\" deleted\n"},
		{"delete clusterrole view", "the sandbox's built-in roles cannot be changed"},
		{"auth can-i get secrets -n dev --as bob --as-group runners", "no"},
		{"apply -f rbac.yaml --user developer", `cannot get resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "dev"`},

		// Nobody gives more than they have by RBAC, without a verb for it.
		{"create clusterrole binder --verb=create,get --resource=roles,rolebindings,pods", "created"},
		{"create clusterrolebinding binder --clusterrole=binder --user=bob", "created"},
		{"create role a -n dev --verb=get --resource=pods --as bob", "created"},
		{"create role b -n dev --verb=get --resource=secrets --as bob", "user \"bob\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"},
		{"create rolebinding a -n dev --role=a --user=x --as bob", "created"},
		{"create rolebinding b -n dev --clusterrole=view --user=x --as bob", "attempting to grant RBAC permissions not currently held"},
		{"create rolebinding c -n dev --role=nothere --user=x --as bob", `roles.rbac.authorization.k8s.io "nothere" not found`},
		{"create clusterrole giver --verb=bind --resource=clusterroles --resource-name=view", "created"},
		{"create clusterrolebinding giver --clusterrole=giver --user=bob", "created"},
		{"create rolebinding b -n dev --clusterrole=view --user=x --as bob", "created"},
		{"patch rolebinding b -n dev -p {\"roleRef\":{\"name\":\"edit\"}}", "cannot change roleRef"},
	} {
		if out := run(step.line); !strings.Contains(out, step.want) || step.want == "no" && !strings.HasPrefix(out, "no") {
			t.Errorf("kubectl %s: want %s, got\n%s", step.line, step.want, out)
		}
	}
}
