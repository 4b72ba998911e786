package kubeconfig

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Exec is the command that prints kubectl's token. Empty: the user has none.
type Exec struct {
	Command     string
	InstallHint string

	// Unrunnable is why kubectl cannot start the command; empty: the kubeconfig gives no reason.
	Unrunnable string
	// Unread names the script that could not be read; empty: none. Nothing is used from a command with such a script.
	Unread string

	// Tool makes the EKS token: aws, aws-iam-authenticator or kubectl-access. Empty: this is not an EKS token.
	Tool string
	// Native reports that a token made here is equivalent: everything it depends on is in the Target.
	Native bool

	// Cluster is the name or the ID that the token is made for.
	Cluster string
	// ExternalID and SessionName go with the role that is assumed.
	ExternalID, SessionName string
}

// TokenSession is the session that `aws eks get-token` gives to a role it assumes. Usernames in the cluster may hold it.
const TokenSession = "EKSGetTokenAuth"

// token is what the exec entry shows about the cluster and the login.
type token struct {
	Exec
	name, id, region, profile, role claim
	env                             map[string]string
	vague                           bool // the name cannot be an EKS cluster's, so the program alone proves nothing
}

// parseExec reads a user's exec entry.
func parseExec(e *api.ExecConfig) token {
	if e == nil || e.Command == "" {
		return token{}
	}
	t := token{Exec: Exec{Command: e.Command, InstallHint: e.InstallHint}}
	env := map[string]string{}
	for _, v := range e.Env {
		env[v.Name] = v.Value
	}
	r := reader{room: 1 << 14}
	ws, spread := r.commandLine(e, env)
	c, ok := findCall(ws)
	if r.unread != "" {
		t.Unread = fmt.Sprintf("exec: cannot read the script that %q runs, so the cluster, region, profile and role in it are unknown", r.unread)
	}
	if !ok || r.unread != "" {
		t.env = awsOnly(env)
		return t
	}
	if spread {
		t.Unrunnable = fmt.Sprintf("exec: kubectl cannot run the command %q because it uses all of it as the program's name; move the arguments to args", e.Command)
	}
	changed, opaque := readSetting(ws[:c.start], env)
	piped := func(w word) bool { return w.op && w.text != "" } // into a filter, for example
	native := c.known && !opaque && !redirected(env) && !slices.ContainsFunc(ws[c.start:], piped)
	for _, value := range c.flags {
		native = native && !isPlaceholder(value)
	}
	maps.Copy(env, changed)
	t.env = awsOnly(env)
	t.fill(c, wrapperProfile(ws[:c.start]), env)
	t.Native = native && t.Cluster != ""
	return t
}

// commandLine is the words of the command and its arguments, with the words of all scripts. spread reports that the
// command itself has several words, which only a shell would split; a program's path and name may contain spaces, too.
func (r *reader) commandLine(e *api.ExecConfig, env map[string]string) (ws []word, spread bool) {
	command := words(e.Command)
	_, known := programOf(tools, command[0])
	parts, ok := r.split(strings.ReplaceAll(e.Command, `\`, "/"), env, nil)
	if ok && len(parts) > 0 && !known && strings.ContainsAny(e.Command, blanks) {
		_, known = programOf(slices.Concat(tools, wrappers), parts[0])
		_, _, assigns := assignment(parts[0].text)
		_, holds := findCall(parts)
		if spread = known || assigns || holds || isTransparent(parts[0].text); spread {
			command = parts
		}
	}
	return r.open(append(command, words(e.Args...)...), env), spread
}

// fill sets the values that the program itself would use. A value that is unknown here is not replaced by a weaker source.
func (t *token) fill(c call, wrapper string, env map[string]string) {
	v := func(key string) claim { return claim{c.flags[key], FromExecArgs} }
	t.Tool, t.ExternalID, t.SessionName = c.tool, literal(c.flags["external-id"]), literal(c.flags["session-name"])
	t.region = first(v("region"), claim{env["AWS_REGION"], FromEnv}, claim{env["AWS_DEFAULT_REGION"], FromEnv})
	t.profile = first(v("profile"), claim{wrapper, FromWrapper}, claim{env["AWS_PROFILE"], FromEnv}, claim{env["AWS_DEFAULT_PROFILE"], FromEnv})
	t.role, t.name, t.id = v(keyRole), v(keyName), v("cluster-id")
	if c.tool == toolAuthenticator {
		t.role = first(t.role, claim{env["DEFAULT_ROLE"], FromEnv})
		t.name = first(t.name, claim{env["KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID"], FromEnv})
		t.vague = literal(t.name.value) != "" && clusterName(t.name.value) == ""
		if isUUID(t.name.value) {
			t.id, t.name = t.name, claim{}
		}
	}
	t.region.value, t.profile.value, t.name.value = realRegion(t.region.value), literal(t.profile.value), clusterName(t.name.value)
	t.role.value, t.id.value = literal(t.role.value), literal(t.id.value)
	if c.tool != toolAuthenticator && t.role.value != "" {
		t.SessionName = TokenSession
	}
	t.Cluster = cmp.Or(t.id.value, t.name.value)
}

// awsOnly keeps the variables that AWS programs read and that are not placeholders.
func awsOnly(env map[string]string) map[string]string {
	env = maps.Clone(env)
	maps.DeleteFunc(env, func(name, value string) bool {
		return !strings.HasPrefix(name, "AWS_") || value == "" || isPlaceholder(value)
	})
	return env
}

// redirected reports settings that make the program use other files or hosts than this one.
func redirected(env map[string]string) bool {
	for name, value := range env {
		elsewhere := []string{"HOME", "USERPROFILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}
		if slices.Contains(elsewhere, strings.ToUpper(name)) || strings.HasPrefix(name, "AWS_") && isPlaceholder(value) {
			return true
		}
	}
	return false
}
