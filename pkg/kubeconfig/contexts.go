package kubeconfig

import (
	"maps"
	"slices"
)

// Contexts are the contexts of EKS clusters, sorted by name, and the names of the others.
func (f *Flags) Contexts() (all []Target, others []string, err error) {
	raw, err := f.Loader().RawConfig()
	if err != nil {
		return nil, nil, unreadable(err)
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Contexts)) {
		if t, err := Resolve(raw, name, "", ""); err == nil {
			t.Short = name
			if label := parseLabel(name).name; label != "" {
				if found, err := contextOf(raw, label); err == nil && found == name {
					t.Short = label
				}
			}
			all = append(all, t)
		} else {
			others = append(others, name)
		}
	}
	return all, others, nil
}
