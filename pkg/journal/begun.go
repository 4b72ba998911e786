package journal

import "github.com/kubectl-access/kubectl-access/pkg/access"

// Begun are the entries that an unfinished migration of this machine created on a cluster, as planned. A later change that
// revoked something from such an entry, or undid its creation, replaces it.
func (j Journal) Begun(cluster string) map[access.Principal]access.Entry {
	begun, settled := map[access.Principal]access.Entry{}, map[access.Principal]bool{}
	for _, r := range j.Records { // the newest first
		if r.Cluster.ARN != cluster {
			continue
		}
		unfinished := r.Migrated() && r.State() != Done
		changes, err := r.Done()
		if unfinished {
			changes, err = r.Changes()
		}
		if err != nil {
			continue // undo reports it
		}
		for _, c := range changes {
			p := c.Principal()
			created := c.After != nil && (c.Before != nil || r.Did(p, access.PartEntry))
			switch {
			case settled[p]:
			case unfinished && created:
				begun[p], settled[p] = *c.After, true
			case !unfinished && (r.Migrated() || c.Takes()):
				settled[p] = true
			}
		}
	}
	return begun
}
