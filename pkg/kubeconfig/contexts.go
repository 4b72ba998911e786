package kubeconfig

import (
	"maps"
	"slices"

	"k8s.io/client-go/tools/clientcmd"
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

// In is a copy of the flags with another context, and no part of it replaced.
func (f *Flags) In(context string) Flags {
	other := *f
	other.over.CurrentContext, other.over.Context = context, clientcmd.ConfigOverrides{}.Context
	return other
}
