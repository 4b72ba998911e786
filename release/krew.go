// Package release makes the krew manifest of a release, and tests its other parts: the archives, the licences of
// dependencies, and the workflows.
package release

import (
	"fmt"
	"path"
	"strings"
	"text/template"
)

// Render fills in .krew.yaml as krew-release-bot does, but looks up the sums instead of downloading archives. It fills in
// the tag only, like the bot's own trial command.
func Render(text, tag string, sum func(file string) (string, error)) (string, error) {
	fields := struct{ TagName string }{tag}
	fill := func(t *template.Template, err error) (string, error) {
		if err != nil {
			return "", err
		}
		var b strings.Builder
		err = t.Execute(&b, fields)
		return b.String(), err
	}
	functions := template.FuncMap{"addURIAndSha": func(uri, _ string) (string, error) {
		uri, err := fill(template.New("uri").Parse(uri))
		if err != nil {
			return "", err
		}
		hash, err := sum(path.Base(uri))
		return fmt.Sprintf("uri: %s\n    sha256: %s", uri, hash), err // the bot's indentation
	}}
	return fill(template.New("krew").Funcs(functions).Parse(text))
}

// Sums reads a checksums.txt: a sum by file name.
func Sums(text string) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(text) {
		if sum, file, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			sums[file] = sum
		}
	}
	return sums
}

// Lookup finds a sum for Render.
func Lookup(sums map[string]string) func(file string) (string, error) {
	return func(file string) (string, error) {
		if sum, ok := sums[file]; ok {
			return sum, nil
		}
		return "", fmt.Errorf("no sum of %s", file)
	}
}
