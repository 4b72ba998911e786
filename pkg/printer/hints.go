package printer

import (
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Hints are what to know about an entry, each with the next command. namespace is that of suggested grants, command makes command lines.
func Hints(e access.Entry, cluster access.Info, stale access.Stale, namespace string, now time.Time, command func(...string) string) []string {
	who := e.Principal.Short(cluster.Account())
	revoke := command("revoke", string(e.Principal)) // the short form may mean another role by now
	var hints []string
	_, given := e.Grant(access.BatchNamespace)
	switch batch := e.Owner().Kind == access.ByBatch; {
	case batch && !given:
		hints = append(hints, "Jobs stay RUNNABLE in namespaces without: "+command("grant", who, "--policy", access.BatchNamespace.Short(), "-n", "NAMESPACE"))
	case e.Managed() && !batch:
		hints = append(hints, "AWS owns this entry; it cannot be changed.")
	}
	if e.Empty() && !e.Node() {
		hints = append(hints, "It grants nothing yet: "+command("grant", who, "--policy", "view", "-n", namespace))
	}
	if at := e.Expires(); !at.IsZero() && at.Before(now) {
		hints = append(hints, "It has expired: "+revoke)
	}
	if o := e.Owner(); o.Instead != "" {
		hints = append(hints, "To change it: "+o.Instead)
	}
	switch {
	case stale == access.StaleDeleted:
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted: "+revoke)
	case stale == access.StaleRecreated && !e.Managed():
		hints = append(hints, "The "+e.Principal.Kind()+" was deleted and recreated after this entry, which is tied to the old one's ID. Before you grant it again, revoke the entry: "+revoke)
	}
	return hints
}
