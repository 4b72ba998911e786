package kubeconfig

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Flags are kubectl's flags that select a context. The zero value selects what kubectl does without flags.
type Flags struct {
	path string
	over clientcmd.ConfigOverrides

	short   sync.Once // the context may be named by its cluster
	unclear error     // of which there are several
}

// Bind adds the flags, except those that replace the server or its credentials, because they would hide which cluster it
// is, and --namespace, whose meaning depends on the command.
func (f *Flags) Bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.path, "kubeconfig", "", "Path to the kubeconfig file to use for CLI requests.")
	all := clientcmd.RecommendedConfigOverrideFlags("")
	clientcmd.BindOverrideFlags(&f.over, fs, clientcmd.ConfigOverrideFlags{
		AuthOverrideFlags: clientcmd.AuthOverrideFlags{
			Impersonate:       all.AuthOverrideFlags.Impersonate,
			ImpersonateGroups: all.AuthOverrideFlags.ImpersonateGroups,
		},
		ContextOverrideFlags: clientcmd.ContextOverrideFlags{
			ClusterName:  all.ContextOverrideFlags.ClusterName,
			AuthInfoName: all.ContextOverrideFlags.AuthInfoName,
		},
		CurrentContext: all.CurrentContext,
		Timeout:        all.Timeout,
	})
	for _, name := range []string{all.AuthOverrideFlags.Impersonate.LongName, all.AuthOverrideFlags.ImpersonateGroups.LongName} {
		_ = fs.MarkHidden(name) // they are refused: EKS has no impersonation
	}
}

// Loader reads the kubeconfig as kubectl does: --kubeconfig, else the list in KUBECONFIG, else ~/.kube/config.
func (f *Flags) Loader() clientcmd.ClientConfig {
	f.short.Do(func() {
		if f.over.CurrentContext == "" {
			return
		}
		raw, err := f.rules().Load()
		if err != nil {
			return // Target returns the error
		}
		if f.over.CurrentContext, err = contextOf(*raw, f.over.CurrentContext); err != nil {
			f.unclear = err
		}
	})
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(f.rules(), &f.over)
}

//go:noinline
func (f *Flags) rules() *clientcmd.ClientConfigLoadingRules {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.path
	return rules
}

// Target loads the kubeconfig and resolves the context that the flags select.
func (f *Flags) Target() (Target, error) {
	raw, err := f.Loader().RawConfig()
	if errors.Is(err, fs.ErrNotExist) {
		return Target{}, f.noFile()
	}
	if err != nil {
		return Target{}, unreadable(err)
	}
	if len(raw.Contexts)+len(raw.Clusters)+len(raw.AuthInfos) == 0 {
		return Target{}, f.noFile()
	}
	if f.unclear != nil {
		return Target{}, f.unclear
	}
	return f.resolve(raw)
}

func (f *Flags) resolve(raw api.Config) (Target, error) {
	return Resolve(raw, f.over.CurrentContext, f.over.Context.Cluster, f.over.Context.AuthInfo)
}

// Impersonates reports whether --as or --as-group was given.
func (f *Flags) Impersonates() bool {
	return f.over.AuthInfo.Impersonate != "" || len(f.over.AuthInfo.ImpersonateGroups) > 0
}

// Timeout is --request-timeout, the limit of one request; 0: none is set.
func (f *Flags) Timeout() (time.Duration, error) {
	d, err := clientcmd.ParseTimeout(cmp.Or(f.over.Timeout, "0"))
	if err != nil {
		return 0, fmt.Errorf("--request-timeout: %w", err)
	}
	return d, nil
}

// noFile names the files that were read: clientcmd treats a missing file as an empty one.
func (f *Flags) noFile() error {
	files := f.rules().GetLoadingPrecedence()
	if f.path != "" {
		files = []string{f.path}
	}
	return fmt.Errorf("%w: no kubeconfig found at %s (or it is empty)", ErrNoKubeconfig, strings.Join(files, ", "))
}
