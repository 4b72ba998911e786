package access

import "maps"

// ConfigMap is aws-auth as it stood at one moment.
type ConfigMap struct {
	Data     map[string]string // byte for byte; nil: the cluster has no aws-auth
	Version  string            // the resourceVersion, which must be the same when it is written
	Mappings []Mapping         // what the authenticator makes of Data
	Faults   []string          // what is wrong with Data as a whole, and not with one mapping
	Err      error             // why it could not be read
}

// Exists tells whether the cluster has an aws-auth, be it an empty one.
func (m ConfigMap) Exists() bool { return m.Data != nil }

// Same compares what stands in it.
func (m ConfigMap) Same(n ConfigMap) bool {
	return m.Exists() == n.Exists() && maps.Equal(m.Data, n.Data)
}
