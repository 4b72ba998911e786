package kubeconfig

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd/api"
)

// entry makes an exec entry of an environment (A=b C=d) and words with | between them; ¦ is a pipe in a script.
func entry(env, line string) *api.ExecConfig {
	words := strings.Split(line, "|")
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "¦", "|")
	}
	e := &api.ExecConfig{Command: words[0], Args: words[1:]}
	for _, pair := range strings.Fields(env) {
		name, value, _ := strings.Cut(pair, "=")
		e.Env = append(e.Env, api.ExecEnvVar{Name: name, Value: value})
	}
	return e
}

func TestExecTellsWhatTheProgramWouldTake(t *testing.T) {
	for _, c := range []struct{ env, line, name, region, profile, role string }{
		// The AWS CLI: its flags anywhere, attached or not, shortened, the last one wins.
		{"", "aws|--region|eu-north-1|eks|get-token|--cluster-name|shop", "shop", "eu-north-1", "", ""},
		{"", "aws|eks|--region=eu-north-1|get-token|--cluster-name=shop", "shop", "eu-north-1", "", ""},
		{"", "aws|eks|get-token|--cluster|shop|--prof|p|--role|arn:aws:iam::111122223333:role/r", "shop", "", "p", "arn:aws:iam::111122223333:role/r"},
		{"", "aws|eks|get-token|--cluster-n|shop|--role-a=arn:aws:iam::111122223333:role/r", "shop", "", "", "arn:aws:iam::111122223333:role/r"},
		{"", "aws|--region|us-east-1|eks|get-token|--cluster-name|a|--cluster-name|b|--region|us-east-2", "b", "us-east-2", "", ""},
		{"", "aws|--profile|eks|eks|get-token|--cluster-name|shop", "shop", "", "eks", ""},
		{"", "aws|--debug|--output|json|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "aws|--new-flag|value|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "aws|eks|get-token|--cluster-name|--region|us-east-1", "", "us-east-1", "", ""},
		{"", `C:\Program Files\Amazon\AWSCLIV2\aws.exe|eks|get-token|--cluster-name|shop`, "shop", "", "", ""},
		{"", "/usr/local/bin/aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "aws eks get-token --cluster-name shop", "shop", "", "", ""}, // all in one word
		{"", "aws|eks get-token --cluster-name shop --region us-east-1", "shop", "us-east-1", "", ""},
		{"", "python3|-m|awscli|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "python|/opt/venv/bin/aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "eks-login|eks|get-token|--profile|p|--cluster-name|shop", "shop", "", "p", ""},

		// aws-iam-authenticator: its cluster ID is the name, -i takes its value attached.
		{"", "aws-iam-authenticator|token|-i|shop|-r|arn:aws:iam::111122223333:role/r", "shop", "", "", "arn:aws:iam::111122223333:role/r"},
		{"", "aws-iam-authenticator|-ishop|token", "shop", "", "", ""},
		{"", "aws-iam-authenticator|token|-i=shop|--role=arn:aws:iam::111122223333:role/r", "shop", "", "", "arn:aws:iam::111122223333:role/r"},
		{"", "aws-iam-authenticator|token|--token-only|--cluster-id|shop|--region|ap-south-1", "shop", "ap-south-1", "", ""},
		{"", "aws-iam-authenticator|token|--cluster|shop", "", "", "", ""}, // pflag shortens nothing
		{"", "./aws-iam-authenticator_0.6.2_linux_amd64|token|-i|shop", "shop", "", "", ""},
		{"", "heptio-authenticator-aws.exe|token|-i|shop", "shop", "", "", ""},
		{"DEFAULT_ROLE=arn:aws:iam::111122223333:role/r", "aws-iam-authenticator|token|-i|shop", "shop", "", "", "arn:aws:iam::111122223333:role/r"},
		{"KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID=shop", "aws-iam-authenticator|token", "shop", "", "", ""},

		// Others that make the same tokens.
		{"", "kubergrunt|eks|token|--cluster-id|shop", "shop", "", "", ""},
		{"", "argocd-k8s-auth|aws|--cluster-name|shop|--role-arn|arn:aws:iam::111122223333:role/r", "shop", "", "", "arn:aws:iam::111122223333:role/r"},
		{"", "podman|run|--rm|--entrypoint|/aws-iam-authenticator|registry.example/tools:1|token|-i|shop", "shop", "", "", ""},
		{"", "docker|run|--entrypoint=aws|amazon/aws-cli|--region|us-east-1|eks|get-token|--cluster-name|shop", "shop", "us-east-1", "", ""},

		// Comments are no commands.
		{"", "sh|-c|# aws eks get-token --cluster-name old --region us-east-1\naws eks get-token --cluster-name shop --region eu-west-1\n", "shop", "eu-west-1", "", ""},
		{"", "sh|-c|export AWS_PROFILE=p # for now\n#export AWS_PROFILE=old\naws eks get-token --cluster-name shop", "shop", "", "p", ""},
		{"", "sh|-c|aws eks get-token --cluster-name 'shop' --profile a#b", "shop", "", "a#b", ""},

		// Ways to set a variable, and to unset it.
		{"", "docker|run|--rm|--env=AWS_PROFILE=p|amazon/aws-cli|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "docker|run|--rm|-eAWS_PROFILE=p|amazon/aws-cli|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"AWS_PROFILE=other", "env|-i|PATH=/usr/bin|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"AWS_PROFILE=other", "env|-i|AWS_PROFILE=p|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"AWS_PROFILE=other", "env|--unset=AWS_PROFILE|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"AWS_PROFILE=other", "env|-u|AWS_PROFILE|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"AWS_PROFILE=other", "sh|-c|unset AWS_ACCESS_KEY_ID AWS_PROFILE; aws eks get-token --cluster-name shop", "shop", "", "", ""},
		{"AWS_PROFILE=p", "sh|-c|unset AWS_ACCESS_KEY_ID; echo AWS_PROFILE; aws eks get-token --cluster-name shop", "shop", "", "p", ""},

		// Substitution of commands, and lines that go on.
		{"", `sh|-c|TOKEN=$(aws eks get-token --cluster-name shop --profile p); echo "$TOKEN"`, "shop", "", "p", ""},
		{"", "sh|-c|eval $(saml2aws script --profile p --shell bash) && aws eks get-token --cluster-name shop", "shop", "", "p", ""},
		{"", "sh|-c|eval \"$(aws-vault export --format env p)\"; aws eks get-token --cluster-name shop", "shop", "", "p", ""},
		{"", `sh|-c|TOKEN="$(AWS_PROFILE='my p' aws eks get-token --cluster-name "shop")"; echo "$TOKEN"`, "shop", "", "my p", ""},
		{"", "sh|-c|aws eks get-token --cluster-name $(cat name; echo) --region eu-west-3", "", "eu-west-3", "", ""},

		// This program.
		{"", "kubectl|access|get-token|--cluster-name|shop|--region|us-west-1", "shop", "us-west-1", "", ""},
		{"", "kubectl-access|get-token|--cluster-name=shop", "shop", "", "", ""},
		{"", "kubectl-access|get-token|--region|us-west-1|--cluster-name|shop|--output|json|--role|arn:aws:iam::111122223333:role/r", "shop", "us-west-1", "", "arn:aws:iam::111122223333:role/r"},
		{"AWS_PROFILE=p", "/opt/krew/bin/kubectl-access|get-token|--role=arn:aws:iam::111122223333:role/a|--role-arn|arn:aws:iam::111122223333:role/b|--cluster-name|shop", "shop", "", "p", "arn:aws:iam::111122223333:role/b"},
		{"", `C:\krew\bin\kubectl-access.exe|-v|6|--kubeconfig|get-token|get-token|--cluster-name|shop|--profile|p`, "shop", "", "p", ""},
		{"", "kubectl-eks_access|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "kubectl-access|get-token|--cluster|shop|--cluster-name|store", "store", "", "", ""}, // pflag shortens nothing

		// The environment.
		{"AWS_PROFILE=p AWS_REGION=us-west-1", "aws|eks|get-token|--cluster-name|shop", "shop", "us-west-1", "p", ""},
		{"AWS_REGION=us-west-1 AWS_DEFAULT_REGION=us-west-2", "aws|eks|get-token|--cluster-name|shop", "shop", "us-west-1", "", ""},
		{"AWS_PROFILE=p AWS_DEFAULT_PROFILE=q", "aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"AWS_DEFAULT_PROFILE=q", "aws|eks|get-token|--cluster-name|shop", "shop", "", "q", ""},
		{"AWS_PROFILE=p AWS_REGION=us-west-1", "aws|eks|get-token|--cluster-name|shop|--profile|q|--region|us-west-2", "shop", "us-west-2", "q", ""},
		{"AWS_PROFILE=old AWS_PROFILE=new", "aws|eks|get-token|--cluster-name|shop", "shop", "", "new", ""},

		// Wrappers with a profile.
		{"", "aws-vault|exec|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws-vault|exec|--duration|1h|--no-session|p|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws-vault|--backend=file|exec|-d|1h|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws-vault|exec|aws|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "aws", ""},
		{"AWS_PROFILE=env", "aws-vault|exec|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws-vault|exec|p|--|aws|--profile|q|eks|get-token|--cluster-name|shop", "shop", "", "q", ""},
		{"", "/opt/bin/aws-okta|exec|p|--|aws-iam-authenticator|token|-i|shop", "shop", "", "p", ""},
		{"", "saml2aws|exec|--exec-profile|p|--|aws-iam-authenticator|token|-i|shop", "shop", "", "p", ""},
		{"", "saml2aws|--profile=q|exec|--exec-profile=p|--|aws-iam-authenticator|token|-i|shop", "shop", "", "p", ""},
		{"", "saml2aws|exec|-p|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "saml2aws|exec|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "assume|p|--exec|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "awsume|exec|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "awsume|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws-sso|exec|-p|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "aws2-wrap|--profile|p|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "mystery|--profile|p|run|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "sh|-c|mystery --profile=p -- aws eks get-token --cluster-name shop", "shop", "", "p", ""},
		{"", "sh|-c|aws sso login --profile q; aws eks get-token --cluster-name shop", "shop", "", "", ""},
		{"", "bash|-c|. assume p && aws eks get-token --cluster-name shop", "shop", "", "p", ""},
		{"", "gimme-aws-creds|--profile|okta|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "aws-google-auth|-p|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "mystery|login|p|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "aws-vault|exec|${PROFILE}|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "docker|run|--rm|-e|AWS_PROFILE=p|amazon/aws-cli:2.15.0|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},

		// Shells and env.
		{"", "env|AWS_PROFILE=p|aws|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"AWS_PROFILE=p", "env|-u|AWS_PROFILE|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"", "sh|-c|aws eks get-token --cluster-name shop --region eu-west-3", "shop", "eu-west-3", "", ""},
		{"", "bash|-lc|AWS_PROFILE='my p' exec aws eks get-token --cluster-name \"shop\"", "shop", "", "my p", ""},
		{"", "sh|-c|export AWS_PROFILE=p; aws eks get-token --cluster-name shop ¦ tee /dev/stderr", "shop", "", "p", ""},
		{"", "sh|-c|aws eks get-token --cluster-name shop 2>/dev/null --region eu-west-3", "shop", "eu-west-3", "", ""},
		{"", "sh|-c|exec 2>&1; aws eks get-token > out --cluster-name shop", "shop", "", "", ""},
		{"", `sh|-c|AWS_PROFILE=my\ p aws eks get-token --cluster-name "sh"o\p --region "eu\-west-3"`, "shop", "", "my p", ""},
		{"", "sh|-c|N=shop; sh -c 'aws eks get-token --cluster-name $1' - $N", "shop", "", "", ""},
		{"", "my-login|--profile|p|--|eks|get-token|--cluster-name|shop", "shop", "", "p", ""},
		{"", "sh|-c|cd /x && aws eks get-token \\\n --cluster-name shop", "shop", "", "", ""},
		{"", "sh|-c|aws-vault exec p -- sh -c 'aws eks get-token --cluster-name shop'", "shop", "", "p", ""},
		{"", `bash|-c|bash -c "bash -c 'aws eks get-token --cluster-name shop'"`, "shop", "", "", ""},
		{"N=shop", `sh|-c|aws eks get-token --cluster-name "$N" --region ${R}`, "shop", "", "", ""},
		{"N=shop", `sh|-c|aws eks get-token --cluster-name '$N'`, "", "", "", ""},
		{"", `sh|-c|N=shop; aws eks get-token --cluster-name ${N}`, "shop", "", "", ""},
		{"", `sh|-c|aws eks get-token --cluster-name $1|--|shop`, "shop", "", "", ""},
		{"", `sh|-c|AWS_PROFILE=p exec "$@"|--|aws|eks|get-token|--cluster-name|shop`, "shop", "", "p", ""},
		{"", `sh|-c|AWS_PROFILE=$(cat ~/.p) aws eks get-token --cluster-name shop`, "shop", "", "", ""},
		{"", `sops|exec-env|secrets.yaml|aws eks get-token --cluster-name shop`, "shop", "", "", ""},

		// What nobody filled in. It is not replaced by a weaker source.
		{"AWS_PROFILE=other AWS_REGION=us-east-1", "aws|eks|get-token|--cluster-name|shop|--profile|${profile}|--region|${region}", "shop", "", "", ""},
		{"AWS_PROFILE=other", "aws-vault|exec|${PROFILE}|--|aws|eks|get-token|--cluster-name|shop", "shop", "", "", ""},
		{"AWS_PROFILE=other", `sh|-c|N=shop; export P=p; sh -c 'aws eks get-token --cluster-name $N --profile $1'`, "", "", "", ""},
		{"AWS_PROFILE={{profile}}", "aws|eks|get-token|--cluster-name|${name}|--region|<region>|--role-arn|$ROLE", "", "", "", ""},
		{"", "aws|eks|get-token|--cluster-name|%NAME%|--region|everywhere|--profile|[profile]", "", "", "", ""},
	} {
		got := parseExec(entry(c.env, c.line))
		if got.Tool == "" {
			t.Errorf("%s: no token call found", c.line)
		}
		for what, pair := range map[string][2]string{
			"name": {got.name.value, c.name}, "region": {got.region.value, c.region},
			"profile": {got.profile.value, c.profile}, "role": {got.role.value, c.role},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s %s: %s is %q, want %q", c.env, c.line, what, pair[0], pair[1])
			}
		}
	}
}

// TestACommandOfSeveralWordsIsReadWholeAndSaid: kubectl starts one program of that name, so it cannot run such a command.
func TestACommandOfSeveralWordsIsReadWholeAndSaid(t *testing.T) {
	for _, c := range []struct {
		env, line, name, region, profile string
		spread                           bool
	}{
		{"", "aws --profile x eks get-token|--cluster-name|shop|--region|us-east-1", "shop", "us-east-1", "x", true},
		{"", "aws --region us-east-1|eks|get-token|--cluster-name|shop|--profile|x", "shop", "us-east-1", "x", true},
		{"", "aws eks get-token --cluster-name shop --profile x", "shop", "", "x", true},
		{"", "/usr/local/bin/aws --profile=x eks get-token|--cluster-name|shop", "shop", "", "x", true},
		{"AWS_PROFILE=env", "aws --profile x|eks|get-token|--cluster-name|shop", "shop", "", "x", true},
		{"", "AWS_PROFILE=x aws eks get-token|--cluster-name|shop", "shop", "", "x", true},
		{"", "env AWS_PROFILE=x|aws|eks|get-token|--cluster-name|shop", "shop", "", "x", true},
		{"", "aws-vault exec x --|aws|eks|get-token|--cluster-name|shop", "shop", "", "x", true},
		{"", "aws-iam-authenticator token -i shop|-r|arn:aws:iam::111122223333:role/r", "shop", "", "", true},
		{"", "login-eks eks get-token --profile x|--cluster-name|shop", "shop", "", "x", true},
		{"", "aws |eks|get-token|--cluster-name|shop|--profile|x", "shop", "", "x", true},
		{"", "aws --profile 'my own' eks get-token|--cluster-name|shop", "shop", "", "my own", true},

		{"", `C:\Program Files\Amazon\AWSCLIV2\aws.exe|eks|get-token|--cluster-name|shop|--profile|x`, "shop", "", "x", false},
		{"", `C:\Program Files (x86)\Amazon\aws.exe|eks|get-token|--cluster-name|shop`, "shop", "", "", false},
		{"", "/Users/me/My Tools/aws|eks|get-token|--cluster-name|shop", "shop", "", "", false},
		{"", "/opt/my tools/login-eks|eks|get-token|--cluster-name|shop|--profile|x", "shop", "", "x", false},
		{"", "sh|-c|aws --profile x eks get-token --cluster-name shop", "shop", "", "x", false},
		{"", "gke auth plugin", "", "", "", false},
	} {
		got := parseExec(entry(c.env, c.line))
		if got.name.value != c.name || got.region.value != c.region || got.profile.value != c.profile || (got.Unrunnable != "") != c.spread {
			t.Errorf("%s: name %q, region %q, profile %q, %q", c.line, got.name.value, got.region.value, got.profile.value, got.Unrunnable)
		}
	}
	raw := kubeconfig("x", host, "u", entry("", "aws --profile x eks get-token|--cluster-name|shop"))
	got, err := Resolve(raw, "", "", "")
	if err != nil || len(got.Conflicts) != 1 || !strings.Contains(got.Conflicts[0], `kubectl cannot run the command "aws --profile x eks get-token"`) {
		t.Errorf("%q, %v", got.Conflicts, err)
	}
}

func TestOtherCloudsAreNoEKS(t *testing.T) {
	for _, line := range []string{
		"gke-gcloud-auth-plugin",
		"kubelogin|get-token|--login|azurecli|--server-id|6dae42f8-4368-4678-94ff-3960e28e3630",
		"kubectl|oidc-login|get-token|--oidc-issuer-url=https://id.example.com",
		"ack-ram-authenticator|token|-i|c0123456789",
		"ack-ram-tool|credential-plugin|get-token|--cluster-id|c0123456789",
		"tsh|kube|credentials|--kube-cluster=aws-eks-shop",
		"oci|ce|cluster|generate-token|--cluster-id|ocid1.cluster.oc1.x",
		"aws|eks|describe-cluster|--name|shop",
		"kubectl-access|list|--cluster-name|shop",
		"kubectl-oidc_login|get-token|--oidc-client-id|shop",
		"aws|ecr|get-login-password",
		"aws-iam-authenticator|version",
		"sh|-c|echo aws; echo eks; get-token",
		"bash|-c|cat token.json",
	} {
		if got := parseExec(entry("", line)); got.Tool != "" {
			t.Errorf("%s: taken for a call of %s", line, got.Tool)
		}
	}
}

func TestNativeOnlyIfNothingElseMatters(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/r"
	for _, c := range []struct {
		env, line string
		native    bool
	}{
		{"", "aws|eks|get-token|--cluster-name|shop|--output|json", true},
		{"AWS_PROFILE=p", "kubectl-access|get-token|--region|us-west-2|--cluster-name|shop|--output|json|--role|" + role, true},
		{"", "kubectl|access|get-token|--cluster-id|0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", true},
		{"AWS_PROFILE=p", "aws-iam-authenticator|token|-i|shop|-r|" + role, true},
		{"", "aws|eks|get-token|--cluster-id|0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", true},
		{"", "env|AWS_PROFILE=p|aws|eks|get-token|--cluster-name|shop", true},
		{"", "sh|-c|AWS_PROFILE=p exec aws eks get-token --cluster-name shop", true},
		{"", "python|-m|awscli|eks|get-token|--cluster-name|shop", true},
		{"", "aws-vault|exec|p|--|aws|eks|get-token|--cluster-name|shop", false},
		{"", "sh|-c|aws-vault exec p -- aws eks get-token --cluster-name shop", false},
		{"", "sh|-c|. ./login.sh && aws eks get-token --cluster-name shop", false},
		{"", "sh|-c|aws eks get-token --cluster-name shop ¦ jq .", false},
		{"", "bash|-lc|aws eks get-token --cluster-name shop", false},
		{"", "sh|-c|AWS_PROFILE=$P aws eks get-token --cluster-name shop", false},
		{"", `sh|-c|AWS_PROFILE=p exec "$@"|--|aws|eks|get-token|--cluster-name|shop`, false},
		{"", "wrap-eks|eks|get-token|--cluster-name|shop", false},
		{"", "aws|eks|get-token", false},
		{"", "aws|eks|get-token|--cluster-name|shop|--region|${region}", false},
		{"", "aws|eks|get-token|--cluster-name|shop|--endpoint-url|http://127.0.0.1:4566", false},
		{"", "aws-iam-authenticator|token|-i|shop|--forward-session-name", false},
		{"HTTPS_PROXY=http://proxy.example.com", "aws|eks|get-token|--cluster-name|shop", false},
		{"AWS_PROFILE=${p}", "aws|eks|get-token|--cluster-name|shop", false},
	} {
		got := parseExec(entry(c.env, c.line))
		if got.Native != c.native {
			t.Errorf("%s %s: native %v, want %v", c.env, c.line, got.Native, c.native)
		}
	}
}

// TestScriptsThatAreNotUnderstoodAreNotReadInPart: other shells have other rules, and a part of a script may be the wrong part.
func TestScriptsThatAreNotUnderstoodAreNotReadInPart(t *testing.T) {
	const get = "aws eks get-token --cluster-name shop --region us-east-1 --profile p"
	for _, c := range []struct{ shell, line string }{
		{"pwsh", "pwsh|-nop|-c|$env:AWS_PROFILE = 'p'; " + get},
		{"pwsh", "pwsh|-Command|aws eks get-token `\r\n  --cluster-name shop `\n  --profile p"},
		{"pwsh", `pwsh|-NoProfile|-Command|$env:AWS_PROFILE='p'; & 'C:\aws\aws.exe' eks get-token --cluster-name shop`},
		{"powershell", `powershell|-NoLogo|-Command|$Env:AWS_PROFILE="p";aws eks get-token --cluster-name shop`},
		{"powershell", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe|-Command|` + get},
		{"fish", "fish|-c|set -x AWS_PROFILE p; " + get},
		{"tcsh", "tcsh|-c|setenv AWS_PROFILE p; " + get},
		{"cmd", "cmd|/c|" + get},
		{"cmd", "cmd|/c|aws|eks|get-token|--cluster-name|shop"},
		{"cmd", "cmd|/c|aws eks get-token ^\r\n --cluster-name shop"},
		{"cmd", `cmd.exe|/C|set AWS_PROFILE=p&& C:\aws\aws.exe eks get-token --cluster-name "shop"`},
		{"cmd", "cmd|/c|set|AWS_PROFILE=p&&|aws|eks|get-token|--cluster-name|shop"},
		{"cmd", "cmd /c " + get},
		{"fish", "aws-vault|exec|q|--|fish|-c|" + get},
		{"fish", `sh|-c|fish -c "` + get + `"`},
		{"sh", "sh|-c|" + get + " --role-arn 'x"},
		{"sh", "sh|-c|" + get + ` --role-arn "x`},
		{"bash", "bash|-lc|" + get + " $(cat"},
		{"bash", "env|A=b|bash|-c|" + get + " ${x"},
		{"bash", "bash|-c|" + get + " `cat role`"},
		{"bash", "bash|-c|. <(assume p); " + get},
		{"sh", "sh|-c|cat <<E\naws eks get-token --cluster-name old\nE\n" + get},
		{"sh", "sh|-c|aws eks get-token --cluster-name <name> --region us-east-1"},
		{"sh", "sh|-c|aws eks get-token --cluster-name $((1+2)) --region us-east-1"},
	} {
		e := entry("AWS_CA_BUNDLE=/ca.pem", c.line)
		got := parseExec(e)
		if got.Tool != "" || got.Native || got.name.value+got.region.value+got.profile.value != "" || !strings.Contains(got.Unread, `script that "`+c.shell+`" runs`) {
			t.Errorf("%s: %+v", c.line, got)
		}
		target, err := Resolve(kubeconfig("x", host, "u", e), "", "", "")
		if err != nil || target.Region != "us-east-2" || target.From["region"] != FromEndpoint || len(target.Conflicts) != 1 || target.Conflicts[0] != got.Unread {
			t.Errorf("%s: %+v, %v", c.line, target, err)
		}
		if _, err = Resolve(kubeconfig("x", local, "u", e), "", "", ""); !errors.Is(err, ErrNotEKS) || !strings.Contains(err.Error(), got.Unread) {
			t.Errorf("%s: %v", c.line, err)
		}
	}
	for _, line := range []string{"fish_wrapper|eks|get-token|--cluster-name|shop", "cmd|eks|get-token|--cluster-name|shop", "aws|eks|get-token|--cluster-name|shop|-c|it's"} {
		if got := parseExec(entry("", line)); got.name.value != "shop" || got.Unread != "" {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestScriptsWithoutEndAreGivenUp(t *testing.T) {
	double := "sh|-c|X=x" + strings.Repeat(";X=$X$X", 200) + ";aws eks get-token --cluster-name shop"
	if got := parseExec(entry("", double)); got.name.value != "shop" {
		t.Errorf("got %+v", got)
	}
	if got := parseExec(entry(`E=-c"$E"`, `sh|-c|-c "$E"|aws|eks|get-token|--cluster-name|shop`)); got.name.value != "shop" {
		t.Errorf("got %+v", got)
	}
	echo := "sh|-c" + strings.Repeat(`|"$0 a" "$1 b" "$2 c" "$3 d" "$4 e" "$5 f"`, 10)
	if got := parseExec(entry("", echo)); got.Tool != "" {
		t.Errorf("got %+v", got)
	}
}

func TestExecKeepsWhatTheTokenIsMadeWith(t *testing.T) {
	e := entry("AWS_PROFILE=p AWS_REGION=us-east-1 PATH=/bin AWS_CA_BUNDLE=${x}",
		"env|AWS_PROFILE=q|aws-iam-authenticator|token|-i|shop|-e|outside|-s|me|--region|us-east-2")
	e.InstallHint = "install it"
	got := parseExec(e)
	if got.Cluster != "shop" || got.region.value != "us-east-2" || got.ExternalID != "outside" || got.SessionName != "me" || got.InstallHint != "install it" {
		t.Errorf("got %+v", got.Exec)
	}
	if want := map[string]string{"AWS_PROFILE": "q", "AWS_REGION": "us-east-1"}; !maps.Equal(got.env, want) {
		t.Errorf("env is %v, want %v", got.env, want)
	}
	if got.profile.from != FromEnv || got.region.from != FromExecArgs {
		t.Errorf("profile from %s, region from %s", got.profile.from, got.region.from)
	}
}
