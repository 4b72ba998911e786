package kubeconfig

import (
	"slices"
	"strings"
)

// wrapper is a program that runs another one with the credentials of a profile.
type wrapper struct {
	names   []string
	verbs   []string // its subcommands that hand out credentials, left out by some
	bare    bool     // the profile is the first word that is no flag
	profile []string // flags that name the profile, the strongest first
	valued  []string // other flags with a value
}

// wrappers: of those that are not here, --profile is understood.
var wrappers = []wrapper{
	{
		names: []string{"aws-vault"}, verbs: []string{"exec", "export"}, bare: true,
		valued: []string{"-d", "--duration", "-t", "--mfa-token", "--region", "--prompt", "--backend", "--keychain", "--format"},
	},
	{
		names: []string{"aws-okta"}, verbs: []string{"exec", "env"}, bare: true,
		valued: []string{"-t", "--session-ttl", "-a", "--assume-role-ttl", "-b", "--backend", "--mfa-provider", "--mfa-factor-type", "--mfa-duo-device"},
	},
	{names: []string{"saml2aws"}, verbs: []string{"exec", "script"}, profile: []string{"--exec-profile", "--profile", "-p"}},
	{names: []string{"aws-sso"}, verbs: []string{"exec", "eval"}, profile: []string{"--profile", "-p"}},
	{
		names: []string{"assume", "assumego", "granted"}, bare: true,
		valued: []string{"-r", "--region", "-d", "--duration", "-s", "--service", "--chain", "--browser-profile", "--exec"},
	},
	{
		names: []string{"awsume"}, verbs: []string{"exec"}, bare: true,
		valued: []string{
			"--region", "--role-arn", "--source-profile", "--session-name", "--mfa-token", "--external-id",
			"-o", "--output-profile", "--role-duration",
		},
	},
	{names: []string{"aws-runas", "assume-role"}, bare: true, valued: []string{"-d", "-duration", "--duration", "-o", "--otp", "-r"}},
	{names: []string{"awsudo"}, bare: true, profile: []string{"-u"}, valued: []string{"-d", "-duration"}},
	{names: []string{"aws2-wrap"}, profile: []string{"--profile"}},
	{names: []string{"aws-google-auth", "aws-azure-login"}, profile: []string{"--profile", "-p"}},
	{names: []string{"gimme-aws-creds"}}, // its profiles are its own
	{names: []string{""}, profile: []string{"--exec-profile", "--aws-profile", "--profile"}},
}

// setting is what stands before a call: who runs it and with what.
type setting struct {
	wrapper string            // empty: none
	opaque  bool              // it does more than hand on the command and its environment
	profile string            // as a wrapper was told
	env     map[string]string // assignments; empty: nobody here can tell the value
}

// readSetting reads the words before the call, from the outside in.
func readSetting(ws []word, vars map[string]string) setting {
	s := setting{env: map[string]string{}}
	for i, w := range ws {
		name, value, ok := assignment(w.text)
		switch {
		case w.op:
		case isScript(ws, i):
			s.nested(w.text, vars, isWindows(ws[:i]))
		case ok:
			s.env[name] = literal(value)
			s.opaque = s.opaque || isPlaceholder(value)
		default:
			s.opaque = s.opaque || !isTransparent(w.text)
		}
		s.hear(ws[:i+1], vars)
	}
	s.wrapper, s.profile = wrapperName(ws), wrapperProfile(ws)
	return s
}

// isScript knows what follows sh -c, and any other flag of a shell that ends so.
func isScript(ws []word, i int) bool {
	return i > 0 && strings.HasPrefix(ws[i-1].text, "-") && strings.HasSuffix(ws[i-1].text, "c")
}

// nested reads the assignments of a script beside the call: sh -c 'AWS_PROFILE=x exec "$@"' -- aws …
func (s *setting) nested(script string, vars map[string]string, windows bool) {
	for _, w := range split(script, vars, windows) {
		if name, value, ok := assignment(w.text); ok {
			s.env[name] = literal(value)
		}
	}
	s.opaque = true
}

// hear follows what sets and unsets variables in other ways than NAME=value, up to the last of these words:
//
//	env -u NAME, env --unset=NAME, env -i, unset NAME NAME
//	set -x NAME VALUE (fish), setenv NAME VALUE (csh)
func (s *setting) hear(ws []word, vars map[string]string) {
	last := ws[len(ws)-1].text
	before := func(n int) string {
		if len(ws) <= n || ws[len(ws)-1-n].op {
			return ""
		}
		return ws[len(ws)-1-n].text
	}
	fish := before(3) == "set" && strings.HasPrefix(before(2), "-") && strings.Contains(before(2), "x")
	switch {
	case baseName(before(1)) == "env" && (last == "-i" || last == "-" || last == "--ignore-environment"):
		for name := range vars {
			s.env[name] = ""
		}
	case strings.HasPrefix(last, "--unset="):
		s.env[strings.TrimPrefix(last, "--unset=")] = ""
	case strings.HasPrefix(last, "AWS_") && (before(1) == "-u" || before(1) == "--unset" || unsets(ws)):
		s.env[last] = ""
	case strings.HasPrefix(before(1), "AWS_") && (fish || before(2) == "setenv"):
		s.env[before(1)] = literal(last)
	}
}

// unsets tells whether the command that these words belong to is unset.
func unsets(ws []word) bool {
	for i := len(ws) - 1; i >= 0; i-- {
		if i == 0 || ws[i-1].op {
			return ws[i].text == "unset"
		}
	}
	return false
}

// isTransparent knows the words which run a command as it is.
func isTransparent(text string) bool {
	return slices.Contains([]string{
		"env", "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "cmd", "powershell", "pwsh",
		"python", "python2", "python3", "py", "exec", "command", "export", "set",
	}, baseName(text)) || slices.Contains([]string{"-c", "-ec", "-m", "--", "/c", "/s", "/d", "-noprofile", "-command"}, strings.ToLower(text))
}

// wrapperName is the outermost program known for handing out credentials, else the command itself.
func wrapperName(ws []word) string {
	for _, w := range ws {
		if !w.op && isWrapper(baseName(w.text)) {
			return baseName(w.text)
		}
	}
	if len(ws) == 0 {
		return ""
	}
	return baseName(ws[0].text)
}

func isWrapper(name string) bool {
	return name != "" && slices.ContainsFunc(wrappers, func(w wrapper) bool { return slices.Contains(w.names, name) })
}

// wrapperProfile is the profile of the innermost wrapper that names one.
func wrapperProfile(ws []word) string {
	for i := len(ws) - 1; i >= 0; i-- {
		profile := literal(wrapperAt(ws, i).read(ws[i+1:]))
		if inner := unquote(ws[i].text); profile == "" && inner != ws[i].text { // eval $(aws-vault export PROFILE)
			profile = wrapperProfile(split(inner, nil, false))
		}
		if profile != "" {
			return profile
		}
	}
	return ""
}

// wrapperAt is the wrapper that a word names; the first word of the command around the call may be one nobody knows.
func wrapperAt(ws []word, i int) wrapper {
	for _, w := range wrappers {
		if !ws[i].op && slices.Contains(w.names, baseName(ws[i].text)) {
			return w
		}
	}
	ended := slices.ContainsFunc(ws[i:], func(w word) bool { return w.op && w.text != "" })
	if !ended && (i == 0 || ws[i-1].op) {
		return wrappers[len(wrappers)-1]
	}
	return wrapper{}
}

// read finds the profile among a wrapper's arguments, which end where the command begins.
func (w wrapper) read(ws []word) string {
	flags := map[string]string{}
	bare := ""
	for i := 0; i < len(ws) && !ws[i].op && ws[i].text != "--"; i++ {
		name, value, attached := strings.Cut(ws[i].text, "=")
		switch {
		case slices.Contains(w.profile, name) || slices.Contains(w.valued, name):
			if !attached && i+1 < len(ws) && ws[i+1].text != "--" {
				i++
				value = ws[i].text
			}
			flags[name] = value
		case bare == "" && !strings.HasPrefix(name, "-") && !slices.Contains(w.verbs, name):
			bare = ws[i].text
		}
	}
	for _, name := range w.profile {
		if flags[name] != "" {
			return flags[name]
		}
	}
	if w.bare {
		return bare
	}
	return ""
}
