package kubeconfig

import (
	"maps"
	"slices"
)

// Contexts are the contexts of EKS clusters, sorted by name.
func (f *Flags) Contexts() ([]Target, error) {
	raw, err := f.Loader().RawConfig()
	if err != nil {
		return nil, unreadable(err)
	}
	var all []Target
	for _, name := range slices.Sorted(maps.Keys(raw.Contexts)) {
		if t, err := Resolve(raw, name, "", ""); err == nil {
			all = append(all, t)
		}
	}
	return all, nil
}
