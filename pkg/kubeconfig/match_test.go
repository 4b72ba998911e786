package kubeconfig

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const (
	foreign = "arn:aws:eks:us-east-2:444455556666:cluster/shop"
	tunnel  = "https://localhost:8443"
)

// info is the cluster of arn at host, as AWS describes it.
func info() access.Info { return access.Info{Name: "shop", ARN: arn, Endpoint: strings.ToLower(host)} }

// flagged is a target with flags of this program in place of what the context says.
func flagged(t Target, flags string) Target {
	for _, f := range strings.Fields(flags) {
		t.From[f] = FromFlag
	}
	return t
}

func TestStandingOfAContext(t *testing.T) {
	const other = "https://FFFF.gr7.us-east-2.eks.amazonaws.com"
	role := "|--role-arn|arn:aws:iam::444455556666:role/r"
	for _, c := range []struct {
		what, cluster, server, user string
		args, env, flags            string
		want                        Standing
		says                        string
	}{
		{"all agree", arn, host, arn, "|--region|us-east-2", "AWS_REGION=us-east-2", "", Same, ""},
		{"nothing but the server", "x", host, "u", "", "", "", Same, ""},
		{"named and right", "x", host, "u", "", "", "name", Same, ""},
		{"a tunnel", "x", tunnel, "u", "", "", "", Elsewhere, "server is " + tunnel + ", but the endpoint of EKS cluster shop in us-east-2 is "},
		{"a tunnel, named", "x", tunnel, "u", "", "", "name", Named, ""},
		{"a namesake", arn, other, arn, "", "", "", Elsewhere, other},
		{"no server, named", "x", "", "u", "", "", "name", Named, ""},
		{"no server", arn, "", "u", "", "", "", Elsewhere, "no server"},

		// An account or region that AWS contradicts counts wherever the server is, and whatever is named.
		{"account", foreign, tunnel, "u", "", "", "", OtherAccount, "account 444455556666 from the ARN, but 111122223333 from AWS"},
		{"account, named", foreign, tunnel, "u", "", "", "name", OtherAccount, "444455556666"},
		{"account, named with its region", foreign, tunnel, "u", "", "", "name region", OtherAccount, "444455556666"},
		{"account, at the endpoint", foreign, host, "u", "", "", "name", OtherAccount, "444455556666"},
		{"region of the ARN", strings.Replace(arn, "us-east-2", "eu-west-1", 1), tunnel, "u", "", "", "name", OtherAccount, "region eu-west-1 from the ARN, but us-east-2 from AWS"},
		{"region of eksctl", "shop.eu-west-1.eksctl.io", tunnel, "u", "", "", "name", OtherAccount, "region eu-west-1 from eksctl's name"},
		{"region of the server", "x", "https://FFFF.gr7.eu-west-1.eks.amazonaws.com", "u", "", "", "name", OtherAccount, "region eu-west-1 from the endpoint"},
		{"region of the arguments", "x", tunnel, "u", "|--region|eu-west-1", "", "name", OtherAccount, "region eu-west-1 from the exec command's arguments"},
		{"region of the arguments, at the endpoint", "x", host, "u", "|--region|eu-west-1", "", "", OtherAccount, "eu-west-1"},

		// --region is the user's own word for the region.
		{"region typed", "x", tunnel, "u", "|--region|eu-west-1", "", "name region", Named, ""},
		{"region typed, no name", "x", tunnel, "u", "|--region|eu-west-1", "", "region", Elsewhere, tunnel},

		// What is often about the login counts where the server proves nothing.
		{"region of the environment", "x", tunnel, "u", "", "AWS_REGION=eu-west-1", "name", OtherAccount, "region eu-west-1 from the exec command's environment"},
		{"region of the environment, at the endpoint", "x", host, "u", "", "AWS_REGION=eu-west-1", "", Same, ""},
		{"account of the role", "x", tunnel, "u", role, "", "name", OtherAccount, "account 444455556666 from the exec command's role"},
		{"account of the role, at the endpoint", "x", host, "u", role, "", "", Same, ""},
		{"the ARN says more than the role", arn, tunnel, "u", role, "", "name", Named, ""},
		{"a shared user", "x", tunnel, foreign, "", "", "name", OtherAccount, "account 444455556666 from the user's ARN"},
		{"a shared user, at the endpoint", "x", host, foreign, "", "", "", Same, ""},
		{"a shared user of a named cluster", arn, tunnel, foreign, "", "", "name", Named, ""},
	} {
		raw := kubeconfig(c.cluster, c.server, c.user, entry(c.env, "aws|eks|get-token|--cluster-name|shop"+c.args))
		target, err := Resolve(raw, "", "", "")
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		got := flagged(target, c.flags).Match(info())
		if got.Standing != c.want || !strings.Contains(got.Reason(), c.says) || (got.Standing == Same) != (got.Reason() == "") {
			t.Errorf("%s: %d, %q; want %d, %q", c.what, got.Standing, got.Reason(), c.want, c.says)
		}
		if got.Leads != (c.server == host) {
			t.Errorf("%s: leads %v", c.what, got.Leads)
		}
	}
}

// TestTheContextsNameIsAClaimToo, unless --cluster put another cluster in its place.
func TestTheContextsNameIsAClaimToo(t *testing.T) {
	raw := kubeconfig("x", host, "u", entry("", "aws|eks|get-token|--cluster-name|shop"))
	raw.Contexts[foreign] = raw.Contexts["c"]
	raw.Clusters["y"] = &api.Cluster{Server: host}
	for cluster, want := range map[string]Standing{"": OtherAccount, "y": Same} {
		target, err := Resolve(raw, foreign, cluster, "")
		if got := target.Match(info()); err != nil || got.Standing != want {
			t.Errorf("--cluster %q: %d, %q, %v", cluster, got.Standing, got.Reason(), err)
		}
	}
}

func TestTheCertificateProvesTheEndpointBehindATunnel(t *testing.T) {
	raw := kubeconfig("x", tunnel, "u", entry("", "aws|eks|get-token|--cluster-name|shop"))
	raw.Clusters["x"].TLSServerName = strings.TrimPrefix(host, "https://")
	target, err := Resolve(raw, "", "", "")
	if got := target.Match(info()); err != nil || got.Standing != Same || !got.Certain() {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRequireMatchTakesNoWord: a name by flag proves nothing where there is a server to prove it.
func TestRequireMatchTakesNoWord(t *testing.T) {
	for server, certain := range map[string]bool{host: true, tunnel: false, "": true} {
		target := flagged(Target{Server: server, From: map[string]string{}}, "name")
		if got := target.Match(info()); got.Certain() != certain {
			t.Errorf("%q: %+v", server, got)
		}
	}
}

func TestANameThatOnlyTheAuthenticatorTellsIsAGuess(t *testing.T) {
	for _, c := range []struct {
		what, cluster, server, line string
		guess                       bool
	}{
		{"elsewhere", "x", "https://api.k8s.example.com", "aws-iam-authenticator|token|-i|shop", true},
		{"a private address", "x", local, "aws-vault|exec|p|--|aws-iam-authenticator|token|-i|shop", true},
		{"at an EKS endpoint", "x", host, "aws-iam-authenticator|token|-i|shop", false},
		{"with the cluster's ARN", arn, local, "aws-iam-authenticator|token|-i|shop", false},
		{"by eksctl", own, local, "aws-iam-authenticator|token|-i|shop", false},
		{"another program", "x", "https://api.k8s.example.com", "aws|eks|get-token|--cluster-name|shop", false},
	} {
		got, err := Resolve(kubeconfig(c.cluster, c.server, "u", entry("", c.line)), "", "", "")
		if err != nil || (got.Guess != "") != c.guess {
			t.Errorf("%s: %q, %v", c.what, got.Guess, err)
		}
		reason := got.Match(info()).Reason()
		if strings.Contains(reason, "guess") != c.guess {
			t.Errorf("%s: %s", c.what, reason)
		}
	}
}

// TestTheCureIsNoneThatIsRefused: --eks-cluster and --region do not help against another account.
func TestTheCureIsNoneThatIsRefused(t *testing.T) {
	account := Contradiction{Claim{Field: "account", Value: "444455556666"}, "111122223333"}
	region := Contradiction{Claim{Field: "region", Value: "eu-west-1"}, "us-east-2"}
	for _, all := range [][]Contradiction{{account}, {account, region}, {region}} {
		cure := Match{Contradicted: all, info: info()}.Cure()
		if strings.Contains(cure, "--eks-cluster") || strings.Contains(cure, "--region us-east-2") == slices.Contains(all, account) {
			t.Errorf("%v: %s", all, cure)
		}
	}
}
