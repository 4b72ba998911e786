package cmd_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// needed is what a refused request needs, as who-can names it; "" is for what changes no answer.
var needed = []struct{ request, named string }{
	{`^GET /clusters/demo$`, "eks:DescribeCluster"},
	{`^GET /clusters/demo/access-entries$`, "eks:ListAccessEntries"},
	{`^GET /clusters/demo/access-entries/.+/access-policies$`, "eks:ListAssociatedAccessPolicies"},
	{`^GET /clusters/demo/access-entries/arn:.*$`, "eks:DescribeAccessEntry"},
	{`^demo GET /api/v1/namespaces/kube-system/configmaps/aws-auth$`, "get on configmaps/aws-auth in kube-system"},
	{`^demo GET /apis/rbac.authorization.k8s.io/v1/(cluster)?rolebindings$`, "list on clusterrolebindings and rolebindings"},
	{`^demo GET /apis/rbac.authorization.k8s.io/v1/(cluster)?roles$`, "list on clusterroles and roles"},
	{`^demo GET /apis?$`, ""}, // the types of Kubernetes are known
	{`^demo GET /api/v1/namespaces$`, ""},
	{`^POST /(Get|List)(Role|User)`, ""}, // whether principals still exist
}

// TestWhoCanWithoutAPermissionNamesIt takes the permissions of who-can away one by one: nobody disappears without a word.
func TestWhoCanWithoutAPermissionNamesIt(t *testing.T) {
	b := between(t)
	args := []string{"who-can", "get", "pods", "-n", "dev", "-o", "name"}
	var all, said bytes.Buffer
	if code := runTo(&all, &said, args); code != 0 || strings.Contains(said.String(), "not complete") {
		t.Fatal(said.String())
	}
	var requests []string
	for _, name := range b.Answers() {
		name, _, _ = strings.Cut(name, " #")
		if name == "POST /GetCallerIdentity" {
			continue // needs no permission
		}
		if !slices.Contains(requests, name) {
			requests = append(requests, name)
		}
	}
	tested := map[string]bool{}
	for _, request := range requests {
		i := slices.IndexFunc(needed, func(p struct{ request, named string }) bool {
			return regexp.MustCompile(p.request).MatchString(request)
		})
		if i < 0 {
			t.Errorf("%s: the permission that it needs is not known", request)
			continue
		}
		tested[needed[i].request] = true
		b.Refuse = func(name string) bool { return strings.HasPrefix(name, request+" #") }
		var out, errs bytes.Buffer
		code := runTo(&out, &errs, args)
		var lost []string
		for line := range strings.Lines(all.String()) {
			if !strings.Contains(out.String(), line) {
				lost = append(lost, strings.TrimSpace(line))
			}
		}
		switch named := needed[i].named; {
		case strings.Contains(errs.String(), "Nobody"):
			t.Errorf("%s: a false nobody: %s", request, errs.String())
		case named == "" && (len(lost) > 0 || code != 0):
			t.Errorf("%s: exit %d, %v are lost: %s", request, code, lost, errs.String())
		case named != "" && !strings.Contains(errs.String(), named):
			t.Errorf("%s: exit %d, %v are lost, and %s is not named: %s", request, code, lost, named, errs.String())
		}
	}
	for _, p := range needed {
		if !tested[p.request] {
			t.Errorf("no request matches %s", p.request)
		}
	}
}

// TestWhoCanAsksAWSNoMoreThanList counts the calls: who-can must take no longer than list.
func TestWhoCanAsksAWSNoMoreThanList(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{Entries: 150})
	calls := func(args ...string) (all []string) {
		out, _ := run(append(args, "-v", "6")...)
		for line := range strings.Lines(out) {
			if words := strings.Fields(line); len(words) > 3 && words[0] == "AWS" {
				all = append(all, words[1]+words[2][strings.Index(words[2], "/"):])
			}
		}
		slices.Sort(all)
		return all
	}
	list, who := calls("list"), calls("who-can", "get", "secrets", "-n", "prod")
	if len(list) < 300 || !slices.Equal(list, who) {
		t.Errorf("list makes %d calls, who-can %d", len(list), len(who))
	}
}
