package kubeconfig

import "strings"

// grammar is how a program that makes tokens reads its arguments.
type grammar struct {
	tool  string
	verbs []string
	flags []flag
	// abbreviates: Python's argparse takes any beginning of a long flag; pflag takes none, but -iNAME.
	abbreviates bool
	// foreign: a role that this program takes gets a session whose name only it knows.
	foreign bool
}

// flag is one flag with a value; what is in no list takes none. The key says what the value means.
type flag struct {
	name, short, key string
}

// Keys of the flags that matter; the values of other flags are only skipped.
const (
	keyName       = "name"
	keyID         = "id"
	keyRegion     = "region"
	keyProfile    = "profile"
	keyRole       = "role"
	keyExternalID = "external-id"
	keySession    = "session-name"
	keyForeign    = "foreign" // changes how the token is made in a way that only the program itself knows
)

// awsFlags are those of `aws eks get-token` and the AWS CLI's global ones. Where a beginning
// fits two, the first is meant: releases before --cluster-id took --cluster for the name.
var awsFlags = []flag{
	{name: "region", key: keyRegion},
	{name: "profile", key: keyProfile},
	{name: "cluster-name", key: keyName},
	{name: "cluster-id", key: keyID},
	{name: "role-arn", key: keyRole},
	{name: "output"},
	{name: "query"},
	{name: "color"},
	{name: "endpoint-url", key: keyForeign},
	{name: "ca-bundle", key: keyForeign},
	{name: "cli-read-timeout"},
	{name: "cli-connect-timeout"},
	{name: "cli-binary-format"},
	{name: "cli-error-format"},
}

// ownFlags are those of `kubectl access get-token` and the ones that all commands of this program take.
var ownFlags = []flag{
	{name: "region", key: keyRegion},
	{name: "profile", key: keyProfile},
	{name: "cluster-name", key: keyName},
	{name: "cluster-id", key: keyID},
	{name: "role", key: keyRole},
	{name: "role-arn", key: keyRole},
	{name: "output"},
	{name: "eks-cluster"},
	{name: "kubeconfig"},
	{name: "context"},
	{name: "cluster"},
	{name: "user"},
	{name: "as"},
	{name: "as-group"},
	{name: "request-timeout"},
	{name: "v", short: "v"},
}

// authenticatorFlags are those of `aws-iam-authenticator token`. Its cluster ID is what EKS calls the name.
var authenticatorFlags = []flag{
	{name: "cluster-id", short: "i", key: keyName},
	{name: "role", short: "r", key: keyRole},
	{name: "region", key: keyRegion},
	{name: "external-id", short: "e", key: keyExternalID},
	{name: "session-name", short: "s", key: keySession},
	{name: "config", short: "c"},
	{name: "log-format", short: "l"},
	{name: "feature-gates"},
}

// foreignSwitches are flags without a value that a token made elsewhere could not honour.
var foreignSwitches = []string{"--no-sign-request", "--no-verify-ssl", "--forward-session-name"}

// kubergruntFlags are those of `kubergrunt eks token`. Its cluster ID is what EKS calls the name.
var kubergruntFlags = []flag{
	{name: "cluster-id", short: "i", key: keyName},
	{name: "region", key: keyRegion},
	{name: "role-arn", key: keyRole},
	{name: "loglevel"},
}

// argoCDFlags are those of `argocd-k8s-auth aws`.
var argoCDFlags = []flag{
	{name: "cluster-name", key: keyName},
	{name: "role-arn", key: keyRole},
	{name: "profile", key: keyProfile},
	{name: "loglevel"},
	{name: "logformat"},
}

// parsed are the arguments of one call.
type parsed struct {
	values  map[string]string // by key; the last one of a repeated flag wins
	plain   []string          // what is no flag
	foreign bool
}

// parse reads words up to the next separator.
func (g grammar) parse(ws []word) parsed {
	p := parsed{values: map[string]string{}}
	for i := 0; i < len(ws) && !ws[i].op; i++ {
		text := ws[i].text
		if text == "--" && !g.abbreviates {
			break
		}
		if len(text) < 2 || text[0] != '-' {
			p.plain = append(p.plain, text)
			continue
		}
		f, value, attached, ok := g.match(text)
		if !ok {
			p.foreign = p.foreign || isForeign(text)
			continue
		}
		if !attached && i+1 < len(ws) && !ws[i+1].op && g.isValue(ws[i+1].text) {
			i++
			value = ws[i].text
		}
		p.set(f.key, value)
	}
	return p
}

func (p *parsed) set(key, value string) {
	p.foreign = p.foreign || key == keyForeign
	if key != "" {
		p.values[key] = value
	}
}

// isValue: argparse never takes what looks like a flag for a value, pflag always does.
func (g grammar) isValue(text string) bool {
	return !g.abbreviates || len(text) < 2 || text[0] != '-'
}

func (g grammar) match(text string) (f flag, value string, attached, ok bool) {
	long, isLong := strings.CutPrefix(text, "--")
	if !isLong {
		return g.matchShort(text[1:])
	}
	name, value, attached := strings.Cut(long, "=")
	for _, f := range g.flags {
		if f.name == name {
			return f, value, attached, true
		}
	}
	for _, f := range g.flags {
		if g.abbreviates && name != "" && strings.HasPrefix(f.name, name) {
			return f, value, attached, true
		}
	}
	return flag{}, "", false, false
}

// matchShort reads -i, -iNAME and -i=NAME.
func (g grammar) matchShort(text string) (f flag, value string, attached, ok bool) {
	for _, f := range g.flags {
		if f.short != "" && strings.HasPrefix(text, f.short) {
			value := strings.TrimPrefix(text[1:], "=")
			return f, value, len(text) > 1, true
		}
	}
	return flag{}, "", false, false
}

func isForeign(text string) bool {
	for _, s := range foreignSwitches {
		if text == s || strings.HasPrefix(text, s+"=") {
			return true
		}
	}
	return false
}
