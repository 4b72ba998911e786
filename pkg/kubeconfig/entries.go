package kubeconfig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// What may be wrong with a context.
var (
	ErrNoContext = errors.New("no context selected")
	// ErrNoKubeconfig is ErrNoContext where there is none to select.
	ErrNoKubeconfig = fmt.Errorf("%w", ErrNoContext)
	ErrNoEntry      = errors.New("not in the kubeconfig")
	ErrNotEKS       = errors.New("not an EKS cluster")
)

// selection are the entries of a kubeconfig that kubectl would use.
type selection struct {
	context, clusterName, userName string
	server                         api.Cluster
	user                           api.AuthInfo
	moved                          bool // --cluster was given, so the context's name describes another one
	missing                        bool // no such cluster is defined
}

// selectEntries follows kubectl: --context, then --cluster and --user replace its parts. The value of a flag must exist;
// an entry that a context names may be missing.
func selectEntries(raw api.Config, context, cluster, user string) (selection, error) {
	s := selection{context: cmp.Or(context, raw.CurrentContext), moved: cluster != ""}
	if s.context == "" && cluster == "" {
		return s, noContext(raw)
	}
	ctx := raw.Contexts[s.context]
	if ctx == nil && s.context != "" {
		return s, unknown("context", s.context, slices.Collect(maps.Keys(raw.Contexts)))
	}
	if ctx == nil {
		ctx = &api.Context{}
	}
	s.clusterName, s.userName = cmp.Or(cluster, ctx.Cluster), cmp.Or(user, ctx.AuthInfo)
	if c := raw.Clusters[s.clusterName]; c != nil {
		s.server = *c
	} else if s.missing = true; cluster != "" {
		return s, unknown("cluster", cluster, slices.Collect(maps.Keys(raw.Clusters)))
	}
	if u := raw.AuthInfos[s.userName]; u != nil {
		s.user = *u
	} else if user != "" {
		return s, unknown("user", user, slices.Collect(maps.Keys(raw.AuthInfos)))
	}
	return s, nil
}

func (s selection) evidence(t token) evidence {
	e := evidence{token: t, cluster: parseLabel(s.clusterName), user: parseLabel(s.userName)}
	if !s.moved {
		e.context = parseLabel(s.context)
	}
	e.endpoint = parseHost(hostOf(s.server.Server))
	if byName := parseHost(s.server.TLSServerName); !e.endpoint.eks && byName.eks {
		e.endpoint = byName
	}
	return e
}

// gaps is why kubectl itself cannot reach the cluster.
func (s selection) gaps() []string {
	if !s.missing {
		return nil
	}
	return []string{fmt.Sprintf("server: the context names the cluster %q, which is not in the kubeconfig", s.clusterName)}
}

func noContext(raw api.Config) error {
	if len(raw.Contexts) == 0 {
		return fmt.Errorf("%w: the kubeconfig has no contexts", ErrNoKubeconfig)
	}
	return fmt.Errorf("%w: no current context is set; pass --context NAME, or run `kubectl config use-context NAME`; there are:%s",
		ErrNoContext, known(slices.Collect(maps.Keys(raw.Contexts))))
}

func unknown(kind, name string, names []string) error {
	meant := access.DidYouMean(name, slices.Concat(names, shortNames(names)))
	return fmt.Errorf("%s %q is %w%s; there are:%s", kind, name, ErrNoEntry, meant, known(names))
}

// shortNames are the names of the clusters that entries are named after.
func shortNames(names []string) (all []string) {
	for _, n := range names {
		if l := parseLabel(n); l.name != "" {
			all = append(all, l.name)
		}
	}
	return all
}

// contextOf is the context that a name means: its own, or that of its cluster where only one context is of such a cluster.
func contextOf(raw api.Config, name string) (string, error) {
	if raw.Contexts[name] != nil || name == "" {
		return name, nil
	}
	var found []string
	for at, c := range raw.Contexts {
		if parseLabel(at).name == name || c != nil && parseLabel(c.Cluster).name == name {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 0:
		return name, nil
	case 1:
		return found[0], nil
	}
	return name, fmt.Errorf("context %q is %w, and several are of a cluster of that name:%s", name, ErrNoEntry, known(found))
}

// known lists names that exist, one per line.
func known(names []string) string {
	const enough = 10
	if len(names) == 0 {
		return " none"
	}
	slices.Sort(names)
	text, more := "", ""
	if len(names) > enough {
		more = fmt.Sprintf("\n  and %d more", len(names)-enough)
		names = names[:enough]
	}
	for _, n := range names {
		text += "\n  " + strings.Join(strings.Fields(n), " ")
	}
	return text + more
}

// notEKS says what was found instead, what was not read, and what to do.
func (s selection) notEKS(unread string) error {
	if unread != "" {
		unread = " (" + unread + ")"
	}
	return fmt.Errorf("context %q is %w according to the kubeconfig: its server is %s, and its credentials come from %s%s; "+
		"if it is an EKS cluster, pass --eks-cluster NAME --region REGION", s.context, ErrNotEKS, s.where(), s.credentials(), unread)
}

func (s selection) where() string {
	switch host := hostOf(s.server.Server); {
	case s.missing:
		return fmt.Sprintf("unknown (the cluster %q is not in the kubeconfig)", s.clusterName)
	case host == "":
		return "unknown"
	default:
		return fmt.Sprintf("%q", host)
	}
}

func (s selection) credentials() string {
	u := s.user
	switch {
	case u.Exec != nil:
		return fmt.Sprintf("the command %q", baseName(u.Exec.Command))
	case u.AuthProvider != nil:
		return fmt.Sprintf("the auth provider %q", u.AuthProvider.Name)
	case u.ClientCertificate != "" || len(u.ClientCertificateData) > 0:
		return "a client certificate"
	case u.Token != "" || u.TokenFile != "":
		return "a fixed token"
	case u.Username != "":
		return "a password"
	}
	return "nowhere"
}
