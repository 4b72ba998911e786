package kubeconfig

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Exec is the command that gets kubectl its token. Empty: the user has none.
type Exec struct {
	Command     string
	Args        []string
	InstallHint string

	// Unrunnable says why kubectl cannot start the command; empty: it can, as far as the kubeconfig tells.
	Unrunnable string

	// Tool makes the EKS token: aws, aws-iam-authenticator or kubectl-access. Empty: this is no EKS token.
	Tool string
	// Wrapper is the program around it, such as aws-vault, sh or env. Empty: none.
	Wrapper string
	// Native tells that a token made here is as good: all it depends on is in the Target.
	Native bool

	// Cluster is the name or the ID that the token is made for.
	Cluster string
	// Region is where the token is made, from the arguments or the environment; not always the cluster's.
	Region string
	// ExternalID and SessionName go with the role that is assumed.
	ExternalID, SessionName string
}

// TokenSession is the session that `aws eks get-token` gives to a role it assumes. Usernames in the cluster may hold it.
const TokenSession = "EKSGetTokenAuth"

// token is what the exec entry tells about the cluster and the login.
type token struct {
	Exec
	name, id, region, profile, role claim
	env                             map[string]string
	vague                           bool // the name is of no EKS cluster, so the program alone proves nothing
}

// parseExec reads a user's exec entry.
func parseExec(e *api.ExecConfig) token {
	if e == nil || e.Command == "" {
		return token{}
	}
	t := token{Exec: Exec{Command: e.Command, Args: e.Args, InstallHint: e.InstallHint}}
	env := map[string]string{}
	for _, v := range e.Env {
		env[v.Name] = v.Value
	}
	left := scripts
	line, spread := commandLine(e, env)
	if spread {
		t.Unrunnable = fmt.Sprintf("exec: kubectl cannot run the command %q: it takes the whole text for the name of one program; keep the program's name, and move the rest to args", e.Command)
	}
	ws, c, ok := locate(line, env, &left)
	if !ok {
		t.env = awsOnly(env)
		return t
	}
	set := readSetting(ws[:c.start], env)
	native := c.known && !c.foreign && !set.opaque && endsThere(ws, c.end) && !redirected(env)
	maps.Copy(env, set.env)
	t.env = awsOnly(env)
	t.Tool, t.Wrapper = c.tool, set.wrapper
	t.fill(c, set, env)
	t.Native = native && t.Cluster != "" && !hasPlaceholder(c.values)
	return t
}

// commandLine is the words of the command and its arguments. spread tells that several words stand in the command itself,
// as nobody but a shell would read them; a program may have blanks in its name, too, and in the path to it.
func commandLine(e *api.ExecConfig, vars map[string]string) (ws []word, spread bool) {
	whole := words(append([]string{e.Command}, e.Args...)...)
	program := split(e.Command, vars, strings.Contains(e.Command, `:\`))
	const blanks = " \t\n"
	_, known := grammarOf(whole[0])
	if known = known && !strings.ContainsAny(baseName(e.Command), blanks); known || len(program) == 0 || !strings.ContainsAny(e.Command, blanks) {
		return whole, false
	}
	opened := slices.Concat(program, words(e.Args...))
	left := scripts
	_, c, ok := locate(opened, vars, &left)
	_, known = grammarOf(program[0])
	_, _, assigns := assignment(program[0].text)
	known = known || assigns || isWrapper(baseName(program[0].text)) || isTransparent(program[0].text)
	if !ok || !known && c.start >= len(program) {
		return whole, false
	}
	return opened, true
}

// fill says for each thing what the program itself would take.
func (t *token) fill(c call, set setting, env map[string]string) {
	v := func(key string) string { return literal(c.values[key]) }
	t.ExternalID, t.SessionName = v(keyExternalID), v(keySession)
	t.region = first(claim{realRegion(v(keyRegion)), FromExecArgs},
		claim{realRegion(env["AWS_REGION"]), FromEnv}, claim{realRegion(env["AWS_DEFAULT_REGION"]), FromEnv})
	t.profile = first(claim{v(keyProfile), FromExecArgs}, claim{set.profile, FromWrapper},
		claim{literal(env["AWS_PROFILE"]), FromEnv}, claim{literal(env["AWS_DEFAULT_PROFILE"]), FromEnv})
	t.role, t.name, t.id = claim{v(keyRole), FromExecArgs}, claim{v(keyName), FromExecArgs}, claim{v(keyID), FromExecArgs}
	if c.tool == toolAuthenticator {
		t.role = first(t.role, claim{literal(env["DEFAULT_ROLE"]), FromEnv})
		t.name = first(t.name, claim{literal(env["KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID"]), FromEnv})
		t.vague = t.name.value != "" && clusterName(t.name.value) == ""
		if isUUID(t.name.value) {
			t.id, t.name = t.name, claim{}
		}
	}
	if c.tool != toolAuthenticator && t.role.value != "" {
		t.SessionName = TokenSession
	}
	t.name.value = clusterName(t.name.value)
	t.Cluster = cmp.Or(t.id.value, t.name.value)
	t.Region = t.region.value
}

// awsOnly leaves the variables that AWS programs read and that a template did not spoil.
func awsOnly(env map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range env {
		if strings.HasPrefix(name, "AWS_") && value != "" && !isPlaceholder(value) {
			out[name] = value
		}
	}
	return out
}

// redirected tells of settings which lead the program to other files or hosts than ours.
func redirected(env map[string]string) bool {
	for name, value := range env {
		switch strings.ToUpper(name) {
		case "HOME", "USERPROFILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY":
			return true
		}
		if strings.HasPrefix(name, "AWS_") && isPlaceholder(value) {
			return true
		}
	}
	return false
}

// endsThere: nothing runs after the call, such as a filter.
func endsThere(ws []word, end int) bool {
	for _, w := range ws[end:] {
		if w.op && w.text != "" {
			return false
		}
	}
	return true
}

func hasPlaceholder(values map[string]string) bool {
	for _, v := range values {
		if isPlaceholder(v) {
			return true
		}
	}
	return false
}
