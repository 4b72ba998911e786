package kubeconfig

import (
	"path"
	"slices"
	"strings"
)

// program is a program whose arguments this package can read: it makes tokens, or wraps a program that does.
type program struct {
	names    string // patterns of path.Match
	tool     string // whose tokens its own are like
	verbs    string // its subcommand, or those that a wrapper has before the profile
	flags    string // the relevant ones with a value: NAME, or NAME:KEY where its key differs
	argparse bool   // accepts a prefix of a flag, the first match of the list; pflag does not, but accepts -iNAME
	foreign  bool   // gives an assumed role a session name that only it knows
	bare     bool   // its profile is the first word that is neither a flag nor a verb
}

// The programs that make EKS tokens, and keys of their flags.
const (
	toolAWS           = "aws"
	toolAuthenticator = "aws-iam-authenticator"
	toolOwn           = "kubectl-access"
	keyName           = "cluster-name"
	keyRole           = "role-arn"
	keyForeign        = "foreign" // changes how the token is made in a way that only the program itself knows
	ownFlags          = "region profile cluster-name cluster-id role:role-arn role-arn"
)

// tools make tokens. The cluster ID of aws-iam-authenticator and kubergrunt is the name; releases of the AWS CLI before
// --cluster-id accepted --cluster for the name.
var tools = []program{
	{
		tool: toolAWS, names: "aws aws2 awsv2 aws-cli aws-cli.aws awscli awslocal", verbs: "eks get-token", argparse: true,
		flags: "region profile cluster-name cluster-id role-arn endpoint-url:foreign ca-bundle:foreign",
	},
	{
		tool: toolAuthenticator, names: "*aws*authenticator* *authenticator*aws* *heptio*authenticator*", verbs: "token",
		flags: "cluster-id:cluster-name i:cluster-name role:role-arn r:role-arn region external-id e:external-id session-name s:session-name",
	},
	{tool: toolOwn, names: "kubectl-access kubectl-*_access", verbs: "get-token", flags: ownFlags},
	{tool: toolOwn, names: "kubectl", verbs: "access get-token", flags: ownFlags},
	{tool: "kubergrunt", names: "kubergrunt", verbs: "eks token", flags: "cluster-id:cluster-name i:cluster-name region role-arn", foreign: true},
	{tool: "argocd-k8s-auth", names: "argocd-k8s-auth", verbs: "aws", flags: "cluster-name role-arn profile", foreign: true},
}

// wrappers run another program with the credentials of a profile. Other flags are listed where a bare profile could be
// mistaken for their value.
var wrappers = []program{
	{names: "aws-vault", verbs: "exec export", bare: true, flags: "d duration t mfa-token region prompt backend keychain format"},
	{names: "aws-okta", verbs: "exec env", bare: true, flags: "t session-ttl a assume-role-ttl b backend mfa-provider mfa-factor-type mfa-duo-device"},
	{names: "saml2aws", flags: "exec-profile profile p:profile"},
	{names: "aws-sso aws2-wrap aws-google-auth aws-azure-login", flags: "profile p:profile"},
	{names: "assume assumego granted", bare: true, flags: "r region d duration s service chain browser-profile exec"},
	{names: "awsume", verbs: "exec", bare: true, flags: "region role-arn source-profile session-name mfa-token external-id o output-profile role-duration"},
	{names: "aws-runas assume-role", bare: true, flags: "d duration o otp r"},
	{names: "awsudo", bare: true, flags: "u:profile d duration"},
	{names: "gimme-aws-creds"}, // its profiles are its own
}

// programOf finds the program that a word names.
func programOf(all []program, w word) (program, bool) {
	name := baseName(w.text)
	for _, p := range all {
		for pattern := range strings.FieldsSeq(p.names) {
			if ok, _ := path.Match(pattern, name); ok && !w.op && !strings.ContainsAny(name, blanks) {
				return p, true
			}
		}
	}
	return program{}, false
}

// baseName is a program's name without its folder, its extension and an image's tag.
func baseName(path string) string {
	name := strings.ToLower(path[strings.LastIndexAny(path, `/\`)+1:])
	for _, ext := range []string{".exe", ".cmd", ".bat", ".ps1", ".py", ".sh"} {
		name = strings.TrimSuffix(name, ext)
	}
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// parse reads words up to the next separator: the flags by key, where the last one wins, and the other words.
func (p program) parse(ws []word) (flags map[string]string, plain []string) {
	flags = map[string]string{}
	isFlag := func(w word) bool { return len(w.text) > 1 && w.text[0] == '-' }
	for i := 0; i < len(ws) && !ws[i].op && ws[i].text != "--"; i++ {
		if !isFlag(ws[i]) {
			plain = append(plain, ws[i].text)
			continue
		}
		key, value, attached := p.match(ws[i].text)
		// argparse never uses a word that looks like a flag as a value, pflag always does.
		if key != "" && !attached && i+1 < len(ws) && !ws[i+1].op && (!p.argparse || !isFlag(ws[i+1])) {
			i++
			value = ws[i].text
		}
		if key != "" {
			flags[key] = value
		}
	}
	return flags, plain
}

// match reads --flag, --flag=VALUE, prefixes of these, -f, -f=VALUE and -fVALUE.
func (p program) match(text string) (key, value string, attached bool) {
	name, value, attached := strings.Cut(strings.TrimLeft(text, "-"), "=")
	if slices.Contains([]string{"no-sign-request", "no-verify-ssl", "forward-session-name"}, name) {
		return keyForeign, "", true
	}
	for f := range strings.FieldsSeq(p.flags) {
		flag, key, renamed := strings.Cut(f, ":")
		if !renamed {
			key = flag
		}
		if flag == name || p.argparse && strings.HasPrefix(text, "--"+name) && strings.HasPrefix(flag, name) {
			return key, value, attached
		}
		if len(flag) == 1 && strings.HasPrefix(text, "-"+flag) {
			return key, text[2:], true
		}
	}
	return "", "", false
}
