package kubeconfig

import (
	"cmp"
	"slices"
	"strings"
)

// readSetting reads the words before a call, from the outside in: NAME=value, env -i, env -u NAME, unset NAME NAME. A
// variable is empty if its value is unknown; opaque reports that the words do more than run the command in an environment.
func readSetting(ws []word, vars map[string]string) (env map[string]string, opaque bool) {
	env = map[string]string{}
	command, before := "", "" // the first word of the command, and the word before
	for _, w := range ws {
		name, value, assigns := assignment(w.text)
		removed, removes := strings.CutPrefix(w.text, "--unset=")
		switch {
		case w.op:
			command, before = "", ""
			continue
		case assigns:
			env[name] = value
		case removes || strings.HasPrefix(w.text, "AWS_") && (before == "-u" || before == "--unset" || command == "unset"):
			env[removed] = ""
		case baseName(before) == "env" && slices.Contains([]string{"-i", "-", "--ignore-environment"}, w.text):
			for name := range vars {
				env[name] = ""
			}
		}
		opaque = opaque || !isTransparent(w.text) && (!assigns || isPlaceholder(value))
		command, before = cmp.Or(command, w.text), w.text
	}
	return env, opaque
}

// isTransparent reports whether a word runs the command as it is.
func isTransparent(text string) bool {
	return slices.Contains(posixShells, baseName(text)) || slices.Contains([]string{
		"env", "python", "python2", "python3", "py", "exec", "command", "export", "-c", "-ec", "-m", "--",
	}, baseName(text))
}

// wrapperProfile is the profile of the innermost wrapper that names one. The first word of the command around the call may
// be an unknown wrapper; only its --profile is read.
func wrapperProfile(ws []word) string {
	around := true
	for i := len(ws) - 1; i >= 0; i-- {
		around = around && (!ws[i].op || ws[i].text == "")
		w, known := programOf(wrappers, ws[i])
		if !known && around && (i == 0 || ws[i-1].op) {
			w.flags = "exec-profile aws-profile profile"
		}
		flags, plain := w.parse(ws[i+1:])
		profile := cmp.Or(flags["exec-profile"], flags["aws-profile"], flags["profile"])
		plain = slices.DeleteFunc(plain, func(text string) bool { return slices.Contains(strings.Fields(w.verbs), text) })
		if w.bare && profile == "" && len(plain) > 0 {
			profile = plain[0]
		}
		if profile != "" {
			return profile
		}
	}
	return ""
}
