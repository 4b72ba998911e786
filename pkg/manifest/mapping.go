package manifest

import (
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Mapping is one mapping of aws-auth as it is written. It cannot be applied: an AccessEntry replaces it.
type Mapping struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Metadata   Metadata      `json:"metadata"`
	Spec       MappingSpec   `json:"spec"`
	Status     MappingStatus `json:"status"`
}

// MappingSpec is what the ConfigMap says. A mapping of mapAccounts has an account ID instead of a principal.
type MappingSpec struct {
	ClusterName      string   `json:"clusterName,omitempty"`
	PrincipalARN     string   `json:"principalARN,omitempty"`
	AccountID        string   `json:"accountID,omitempty"`
	Username         string   `json:"username,omitempty"`
	KubernetesGroups []string `json:"kubernetesGroups,omitempty"`
}

// MappingStatus is the mapping's place in the ConfigMap, and what it is worth.
type MappingStatus struct {
	Resource *Resource `json:"ackResourceMetadata,omitempty"` // where the cluster is, in a list of several clusters
	Place    string    `json:"place"`                         // mapRoles[0]
	State    string    `json:"state"`
	Reason   string    `json:"reason,omitempty"`
}

// OfMapping is the written form of a mapping of a cluster.
func OfMapping(m access.Mapping, state access.State, cluster access.Info) Mapping {
	place := m.Place()
	w := Mapping{
		APIVersion: OwnVersion, Kind: MappingKind,
		Metadata: Metadata{Name: fmt.Sprintf("%s-%s", cluster.Name, strings.Trim(subdomain(strings.ToLower(place)), "-"))},
		Spec:     MappingSpec{ClusterName: cluster.Name, PrincipalARN: m.ARN, Username: m.Username, KubernetesGroups: m.Groups},
		Status:   MappingStatus{Place: place, State: string(state), Reason: m.Reason},
	}
	if m.Kind == access.MappedAccount {
		w.Spec.PrincipalARN, w.Spec.AccountID = "", m.ARN
	}
	return w
}
