package kubeconfig

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	host  = "https://0123456789ABCDEF.gr7.us-east-2.eks.amazonaws.com"
	arn   = "arn:aws:eks:us-east-2:111122223333:cluster/shop"
	own   = "shop.us-east-2.eksctl.io"
	local = "https://10.1.2.3"
)

// kubeconfig has one context c, whose cluster and user have the given names.
func kubeconfig(cluster, server, user string, exec *api.ExecConfig) api.Config {
	return api.Config{
		CurrentContext: "c",
		Contexts:       map[string]*api.Context{"c": {Cluster: cluster, AuthInfo: user}},
		Clusters:       map[string]*api.Cluster{cluster: {Server: server}},
		AuthInfos:      map[string]*api.AuthInfo{user: {Exec: exec}},
	}
}

func TestEachSourceTellsWhatItKnows(t *testing.T) {
	for _, c := range []struct {
		what, cluster, server, user string
		exec                        *api.ExecConfig
		name, nameFrom              string
		region, regionFrom          string
		account                     string
	}{
		{"all agree", arn, host, arn, entry("AWS_REGION=us-east-2", "aws|eks|get-token|--cluster-name|shop|--region|us-east-2"), "shop", FromExecArgs, "us-east-2", FromExecArgs, "111122223333"},
		{"region in env", arn, host, arn, entry("AWS_REGION=us-east-2", "aws|eks|get-token|--cluster-name|shop"), "shop", FromExecArgs, "us-east-2", FromEnv, "111122223333"},
		{"region in ARN", arn, host, arn, entry("", "aws|eks|get-token|--cluster-name|shop"), "shop", FromExecArgs, "us-east-2", FromARN, "111122223333"},
		{"region in eksctl's name", own, host, "u@" + own, entry("", "aws-iam-authenticator|token|-i|shop"), "shop", FromExecArgs, "us-east-2", FromEksctl, ""},
		{"region in endpoint", "x", host, "u", entry("", "aws-iam-authenticator|token|-i|shop"), "shop", FromExecArgs, "us-east-2", FromEndpoint, ""},
		{"name in ARN", arn, host, "u", nil, "shop", FromARN, "us-east-2", FromARN, "111122223333"},
		{"name in eksctl's name", own, host, "u", nil, "shop", FromEksctl, "us-east-2", FromEksctl, ""},
		{"private endpoint, exec", "x", local, "u", entry("", "aws|eks|get-token|--cluster-name|shop"), "shop", FromExecArgs, "", "", ""},
		{"private endpoint, ARN", arn, local, "u", nil, "shop", FromARN, "us-east-2", FromARN, "111122223333"},
		{"endpoint only", "x", host, "u", nil, "", "", "us-east-2", FromEndpoint, ""},
		{"endpoint, other login", "x", host, "u", entry("", "kubectl|oidc-login|get-token"), "", "", "us-east-2", FromEndpoint, ""},
		{"ARN of the user", "x", host, arn, nil, "shop", FromARN, "us-east-2", FromEndpoint, "111122223333"},
		{"placeholders", "arn:aws:eks:${r}:${a}:cluster/${n}", "${endpoint}", "u", entry("", "aws|eks|get-token|--cluster-name|${n}"), "", "", "", "", ""},
		{"authenticator with an Outposts ID", arn, local, "u", entry("", "aws-iam-authenticator|token|-i|0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"), "shop", FromARN, "us-east-2", FromARN, "111122223333"},
	} {
		got, err := Resolve(kubeconfig(c.cluster, c.server, c.user, c.exec), "", "", "")
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		want := []string{c.name, c.nameFrom, c.region, c.regionFrom, c.account}
		if diff := cmp.Diff(want, []string{got.Name, got.From["name"], got.Region, got.From["region"], got.Account}); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
		if got.Conflicts != nil {
			t.Errorf("%s: conflicts %q", c.what, got.Conflicts)
		}
	}
}

func TestDisagreementIsToldAndTheEndpointIsBelieved(t *testing.T) {
	get := func(args string) *api.ExecConfig { return entry("", "aws|eks|get-token"+args) }
	for _, c := range []struct {
		what, cluster, server string
		exec                  *api.ExecConfig
		name, region          string
		conflict              string
	}{
		{"region of arguments and endpoint", "x", host, get("|--cluster-name|shop|--region|eu-west-1"), "shop", "us-east-2", "region: us-east-2 from the endpoint, but eu-west-1 from the exec command's arguments"},
		{"region of arguments and ARN", arn, local, get("|--cluster-name|shop|--region|eu-west-1"), "shop", "us-east-2", "region: us-east-2 from the ARN, but eu-west-1 from the exec command's arguments"},
		{"region of ARN and endpoint", "arn:aws:eks:us-west-2:111122223333:cluster/shop", host, get("|--cluster-name|shop"), "shop", "us-east-2", "region: us-east-2 from the endpoint, but us-west-2 from the ARN"},
		{"region of environment", "x", host, entry("AWS_REGION=eu-west-1", "aws|eks|get-token|--cluster-name|shop"), "shop", "us-east-2", "region: us-east-2 from the endpoint, but eu-west-1 from the exec command's environment"},
		{"name of arguments and ARN", arn, host, get("|--cluster-name|till"), "till", "us-east-2", "name: till from the exec command's arguments, but shop from the ARN"},
	} {
		got, err := Resolve(kubeconfig(c.cluster, c.server, "u", c.exec), "", "", "")
		if err != nil || got.Name != c.name || got.Region != c.region {
			t.Errorf("%s: %s in %s, %v", c.what, got.Name, got.Region, err)
		}
		if diff := cmp.Diff([]string{c.conflict}, got.Conflicts); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

func TestContextNamedAfterAnotherClusterIsAConflict(t *testing.T) {
	raw := kubeconfig("x", local, "u", entry("", "aws|eks|get-token|--cluster-name|till"))
	raw.Contexts[arn] = raw.Contexts["c"]
	if got, err := Resolve(raw, arn, "", ""); err != nil || len(got.Conflicts) != 1 {
		t.Errorf("conflicts %q, %v", got.Conflicts, err)
	}
	raw.Clusters["y"] = &api.Cluster{Server: local}
	if got, err := Resolve(raw, arn, "y", ""); err != nil || got.Conflicts != nil {
		t.Errorf("with --cluster the context's name counts no more, but: %q, %v", got.Conflicts, err)
	}
}

func TestOverridesReplaceThePartsOfTheContext(t *testing.T) {
	raw := kubeconfig(arn, host, "u", entry("", "aws|eks|get-token|--cluster-name|shop|--profile|p"))
	raw.Clusters["tunnel"] = &api.Cluster{Server: "https://localhost:8443", TLSServerName: strings.TrimPrefix(host, "https://")}
	raw.AuthInfos["v"] = &api.AuthInfo{Exec: entry("AWS_PROFILE=q", "aws|eks|get-token|--cluster-name|shop")}
	raw.Contexts["d"] = &api.Context{Cluster: "tunnel", AuthInfo: "v"}

	for _, c := range []struct{ context, cluster, user, server, profile, region string }{
		{"", "", "", host, "p", "us-east-2"},
		{"", "", "v", host, "q", "us-east-2"},
		{"", "tunnel", "", "https://localhost:8443", "p", "us-east-2"},
		{"d", "", "", "https://localhost:8443", "q", "us-east-2"},
		{"d", arn, "u", host, "p", "us-east-2"},
	} {
		got, err := Resolve(raw, c.context, c.cluster, c.user)
		if err != nil || got.Server != c.server || got.Profile != c.profile || got.Region != c.region {
			t.Errorf("%q %q %q: %+v, %v", c.context, c.cluster, c.user, got, err)
		}
	}
	raw.CurrentContext = ""
	if got, err := Resolve(raw, "", arn, "u"); err != nil || got.Name != "shop" {
		t.Errorf("--cluster and --user need no context, but: %v", err)
	}
}

func TestErrorsSayWhatWasFoundAndWhatToDo(t *testing.T) {
	kops := entry("", "aws-iam-authenticator|token|-i|k8s.example.com")
	for _, c := range []struct {
		what                   string
		raw                    api.Config
		context, cluster, user string
		is                     error
		says                   []string
	}{
		{"empty", api.Config{}, "", "", "", ErrNoContext, []string{"no contexts"}},
		{"no current context", api.Config{Contexts: map[string]*api.Context{"a": {}, "b": {}}}, "", "", "", ErrNoContext, []string{"\n  a\n  b", "--context", "kubectl config use-context"}},
		{"unknown context", kubeconfig("x", host, "u", nil), "z", "", "", ErrNoEntry, []string{`context "z"`, "\n  c"}},
		{"unknown cluster", kubeconfig("x", host, "u", nil), "", "z", "", ErrNoEntry, []string{`cluster "z"`, "\n  x"}},
		{"unknown user", kubeconfig("x", host, "u", nil), "", "", "z", ErrNoEntry, []string{`user "z"`, "\n  u"}},
		{
			"other cloud", kubeconfig("x", "https://k.example.com:6443", "u", entry("", "/opt/kubelogin|get-token")), "", "", "", ErrNotEKS,
			[]string{`context "c"`, `"k.example.com"`, `command "kubelogin"`, "--eks-cluster NAME --region REGION"},
		},
		{"no exec", kubeconfig("x", "https://k.example.com", "u", nil), "", "", "", ErrNotEKS, []string{"credentials come from nowhere"}},
		{"no body", api.Config{Contexts: map[string]*api.Context{"c": {}}}, "c", "", "", ErrNotEKS, []string{`cluster "" is not in the kubeconfig`}},
		{"kops with the authenticator", kubeconfig("x", "https://api.k8s.example.com", "u", kops), "", "", "", ErrNotEKS, []string{"aws-iam-authenticator"}},
	} {
		_, err := Resolve(c.raw, c.context, c.cluster, c.user)
		if !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not say %q", c.what, err, s)
			}
		}
	}
}

func TestDanglingContextStillTellsItsCluster(t *testing.T) {
	raw := kubeconfig(arn, host, "u", nil)
	delete(raw.AuthInfos, "u")
	if got, err := Resolve(raw, "", "", ""); err != nil || got.Name != "shop" || got.Conflicts != nil {
		t.Errorf("without its user: %+v, %v", got, err)
	}
	delete(raw.Clusters, arn)
	if got, err := Resolve(raw, "", "", ""); err != nil || got.Name != "shop" || got.Server != "" || len(got.Conflicts) != 1 {
		t.Errorf("without its cluster: %+v, %v", got, err)
	}
}

func TestTargetAsJSON(t *testing.T) {
	got, err := Resolve(kubeconfig(arn, local, "u", entry("AWS_PROFILE=p", "aws|eks|get-token|--cluster-id|0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0|--role-arn|arn:aws:iam::111122223333:role/r")), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"context":"c","name":"shop","id":"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0","region":"us-east-2","account":"111122223333","partition":"aws",` +
		`"profile":"p","roleARN":"arn:aws:iam::111122223333:role/r","server":"https://10.1.2.3",` +
		`"from":{"account":"cluster-arn","id":"exec-args","name":"cluster-arn","profile":"env","region":"cluster-arn","roleARN":"exec-args","server":"kubeconfig"}}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

// TestAContextMayBeNamedByItsCluster where only one is of a cluster of that name.
func TestAContextMayBeNamedByItsCluster(t *testing.T) {
	const in = "arn:aws:eks:us-west-2:111122223333:cluster/"
	raw := api.Config{Contexts: map[string]*api.Context{
		in + "demo": {}, "mine": {Cluster: in + "legacy"}, "legacy2": {}, in + "twice": {}, "b": {Cluster: "arn:aws:eks:eu-west-1:111122223333:cluster/twice"},
	}}
	for name, want := range map[string]string{"demo": in + "demo", "legacy": "mine", "legacy2": "legacy2", "mine": "mine", "none": "none", "": ""} {
		if got, err := contextOf(raw, name); got != want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := contextOf(raw, "twice"); !errors.Is(err, ErrNoEntry) || !strings.Contains(err.Error(), "\n  b") {
		t.Error(err)
	}
}
