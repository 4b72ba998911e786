package access

import "maps"

// ConfigMap is aws-auth at one moment.
type ConfigMap struct {
	Data     map[string]string // byte for byte; nil: the cluster has no aws-auth
	Version  string            // the resourceVersion, which a write requires to be unchanged
	Mappings []Mapping         // what the authenticator reads from Data
	Faults   []string          // what is wrong with Data as a whole, and not with one mapping
	Err      error             // why it could not be read
}

// Exists reports whether the cluster has aws-auth, even an empty one.
func (m ConfigMap) Exists() bool { return m.Data != nil }

// Same compares the data.
//
//go:noinline
func (m ConfigMap) Same(n ConfigMap) bool {
	return m.Exists() == n.Exists() && maps.Equal(m.Data, n.Data)
}
