package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"
)

// Decisions is the file in which users answer the open questions of migrate.
type Decisions struct {
	Cluster   string     `yaml:"cluster"`
	Decisions []Decision `yaml:"decisions"`
}

// Decision is one open question. Only ID and Answer are read back.
type Decision struct {
	ID       string   `yaml:"id"`
	Question string   `yaml:"question,omitempty"`
	Options  []string `yaml:"options,omitempty"`
	Answer   string   `yaml:"answer"`
}

const decisionsHead = `# Open questions of the migration from aws-auth to access entries. Change each answer to one of its options.
# An option that ends in a colon takes a value, for example  rename:team-ops
# Then run: `

// Write returns the file's text. next is the command that reads it.
//
//go:noinline
func (d Decisions) Write(next string) ([]byte, error) {
	text, err := goyaml.Marshal(d)
	return append([]byte(decisionsHead+next+"\n"), text...), err
}

// goWords are what YAML's errors say of types, and what that means to people.
var goWords = []struct {
	is    *regexp.Regexp
	means string
}{
	{regexp.MustCompile(`^yaml: (unmarshal errors: )?`), ""},
	{regexp.MustCompile(` (into|in type) (\[\])?\w+(\.\w+)?`), ""},
	{regexp.MustCompile(`cannot unmarshal !!\w+`), "unexpected value"},
}

// ReadYAML reads a file that people write. An unknown key is an error: it may be misspelt.
func ReadYAML(b []byte, into any) error {
	decoder := goyaml.NewDecoder(bytes.NewReader(b))
	decoder.SetStrict(true)
	err := decoder.Decode(into)
	if err == nil {
		return nil
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, w := range goWords {
		text = w.is.ReplaceAllString(text, w.means)
	}
	return errors.New(text)
}

// ReadDecisions reads such a file.
func ReadDecisions(b []byte) (Decisions, error) {
	var d Decisions
	if err := ReadYAML(b, &d); err != nil {
		return d, fmt.Errorf("not a file that migrate --write-decisions wrote: %w", err)
	}
	seen := map[string]bool{}
	for i, q := range d.Decisions {
		switch {
		case q.ID == "" || q.Answer == "":
			return d, fmt.Errorf("decisions[%d] has no id or no answer", i)
		case seen[q.ID]:
			return d, fmt.Errorf("decisions: %s appears twice", q.ID)
		}
		seen[q.ID] = true
	}
	return d, nil
}
