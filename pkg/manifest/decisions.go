package manifest

import (
	"bytes"
	"fmt"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"
)

// Decisions is the file in which people decide what migrate must not decide for them.
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

const decisionsHead = `# What migrating aws-auth to access entries leaves open. Change each answer to one of the options;
# behind an option that ends in a colon goes what you choose, as in  rename:team-ops
# Then: kubectl access migrate --decisions THIS_FILE
`

// Write is the file's text.
func (d Decisions) Write() ([]byte, error) {
	text, err := goyaml.Marshal(d)
	return append([]byte(decisionsHead), text...), err
}

// ReadDecisions reads such a file. A key that is not known is an error, since it may be a decision misspelt.
func ReadDecisions(b []byte) (Decisions, error) {
	var d Decisions
	decoder := goyaml.NewDecoder(bytes.NewReader(b))
	decoder.SetStrict(true)
	if err := decoder.Decode(&d); err != nil {
		return d, fmt.Errorf("decisions: not what `kubectl access migrate --write-decisions FILE` writes: %s", oneLine(err))
	}
	seen := map[string]bool{}
	for i, q := range d.Decisions {
		switch {
		case q.ID == "" || q.Answer == "":
			return d, fmt.Errorf("decisions: number %d has no id or no answer", i+1)
		case seen[q.ID]:
			return d, fmt.Errorf("decisions: %s stands twice", q.ID)
		}
		seen[q.ID] = true
	}
	return d, nil
}
