package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// Facts: the annotations of AWS Controllers for Kubernetes, as its runtime reads them.

func ackNext(Export) []string {
	return []string{
		"Next: hand this file to the cluster that runs the EKS controller of AWS Controllers for Kubernetes, with kubectl apply or",
		"GitOps. The controller adopts the entries that exist, and creates those that do not. It makes each entry exactly what its",
		"object says: export again if this file is older than the last change. Deleting an object here does not delete its entry,",
		"unless you remove its deletion-policy.",
	}
}

func ack(x Export, remarks func(Entry) []string) string {
	var b strings.Builder
	for _, e := range x.Entries {
		form := manifest.Of(e.Entry, x.Cluster)
		form.Status = nil
		form.Metadata = manifest.Metadata{Name: e.Name, Annotations: map[string]string{
			"services.k8s.aws/adoption-policy": "adopt-or-create",
			"services.k8s.aws/deletion-policy": "retain",
			manifest.RegionAnnotation:          x.Cluster.Region(),
		}}
		b.WriteString("---\n" + document(form, "", remarks(e)))
	}
	return b.String()
}
