// Package manifest is the written form of access entries: the AccessEntry of AWS Controllers for Kubernetes, field for
// field, so that the controller can read what list prints.
package manifest

import (
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// The type of every AccessEntry.
const (
	APIVersion = "eks.services.k8s.aws/v1alpha1"
	Kind       = "AccessEntry"
)

// The types of what is this program's own.
const (
	OwnVersion  = "kubectl-access.github.io/v1alpha1"
	MappingKind = "AWSAuthMapping"
	ListKind    = "AccessList"
)

// AccessEntry is one access entry as it is written.
type AccessEntry struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
	Status     *Status  `json:"status,omitempty"`
}

// Metadata names the object; its other fields are ignored.
type Metadata struct {
	Name        string            `json:"name,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Spec is the desired state.
type Spec struct {
	ClusterName      string            `json:"clusterName,omitempty"`
	PrincipalARN     string            `json:"principalARN"`
	Type             string            `json:"type,omitempty"`
	Username         string            `json:"username,omitempty"`
	KubernetesGroups []string          `json:"kubernetesGroups,omitempty"`
	AccessPolicies   []AccessPolicy    `json:"accessPolicies"` // [] for none: for ACK, and for apply over live ones, a missing field is not the same
	Tags             map[string]string `json:"tags,omitempty"`
}

// AccessPolicy is a policy and where it holds.
type AccessPolicy struct {
	PolicyARN   string      `json:"policyARN"`
	AccessScope AccessScope `json:"accessScope"`
}

// AccessScope is cluster, or namespace with the names.
type AccessScope struct {
	Type       string   `json:"type"`
	Namespaces []string `json:"namespaces,omitempty"`
}

// The types of a scope, as EKS spells them.
const (
	ScopeCluster   = "cluster"
	ScopeNamespace = "namespace"
)

// Status is what EKS set. It is written and never read.
type Status struct {
	Resource   *Resource `json:"ackResourceMetadata,omitempty"`
	CreatedAt  time.Time `json:"createdAt,omitzero"`
	ModifiedAt time.Time `json:"modifiedAt,omitzero"`

	Conditions []Condition `json:"conditions,omitempty"`
}

// Condition is one of ACK's conditions; the type Stale is this program's own.
type Condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Mark adds the condition that the entry no longer works.
func (a *AccessEntry) Mark(stale access.Stale, p access.Principal) {
	if stale == "" {
		return
	}
	if a.Status == nil {
		a.Status = &Status{}
	}
	reason := map[access.Stale]string{access.StaleDeleted: "PrincipalDeleted", access.StaleRecreated: "PrincipalRecreated"}[stale]
	a.Status.Conditions = append(a.Status.Conditions, Condition{"Stale", "True", reason, "the " + p.Kind() + " was " + stale.Words() + "; the entry no longer works"})
}

// Resource is where the entry is.
type Resource struct {
	ARN            string `json:"arn,omitempty"`
	OwnerAccountID string `json:"ownerAccountID"`
	Region         string `json:"region"`
}

// Of is the written form of an entry of a cluster.
func Of(e access.Entry, cluster access.Info) AccessEntry {
	e = e.Canonical()
	if e.Kind == "" {
		e.Kind = access.Standard
	}
	return AccessEntry{
		APIVersion: APIVersion,
		Kind:       Kind,
		Metadata:   Metadata{Name: Name(e, cluster)},
		Spec: Spec{
			ClusterName:      cluster.Name,
			PrincipalARN:     string(e.Principal),
			Type:             string(e.Kind),
			Username:         e.Username,
			KubernetesGroups: e.Groups,
			AccessPolicies:   policies(e),
			Tags:             e.Tags,
		},
		Status: status(e, cluster),
	}
}

func policies(e access.Entry) []AccessPolicy {
	all := []AccessPolicy{}
	for _, g := range e.Grants {
		scope := AccessScope{Type: ScopeCluster}
		if !g.Scope.WholeCluster() {
			scope = AccessScope{Type: ScopeNamespace, Namespaces: g.Scope.Namespaces}
		}
		all = append(all, AccessPolicy{PolicyARN: g.Policy.ARN(e.Principal.Partition()), AccessScope: scope})
	}
	return all
}

func status(e access.Entry, cluster access.Info) *Status {
	if e.ARN == "" && e.Created.IsZero() && e.Modified.IsZero() {
		return nil
	}
	s := &Status{CreatedAt: seconds(e.Created), ModifiedAt: seconds(e.Modified)}
	if e.ARN != "" {
		s.Resource = &Resource{ARN: e.ARN, OwnerAccountID: cluster.Account(), Region: cluster.Region()}
	}
	return s
}

// seconds is the time as Kubernetes writes it: UTC, without fractions.
func seconds(t time.Time) time.Time {
	return t.UTC().Truncate(time.Second)
}
