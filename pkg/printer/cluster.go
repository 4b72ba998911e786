package printer

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// FoundCluster is what is known of the context's cluster.
type FoundCluster struct {
	kubeconfig.Target
	Endpoint string      `json:"endpoint,omitempty"` // as AWS tells it
	Mode     access.Mode `json:"mode,omitempty"`
	Status   string      `json:"status,omitempty"`
	Version  string      `json:"version,omitempty"`
	// Authorities is nil where the kubeconfig has none to compare.
	Authorities *Authorities `json:"certificateAuthorities,omitempty"`
	// Others is access that neither entries nor aws-auth show; nil where it was not asked for.
	Others []audit.Other `json:"-"`
}

// Authorities is whether the kubeconfig trusts the certificate authorities of the cluster.
type Authorities struct {
	Ready   bool   `json:"ready"`             // it trusts all
	Failing bool   `json:"failing,omitempty"` // it does not trust the current one
	Trusted int    `json:"trusted"`
	Total   int    `json:"total"`
	From    string `json:"activatedFrom,omitempty"` // when EKS activates the one that is missing
	Until   string `json:"activatedUntil,omitempty"`
}

// AuthoritiesOf is what is known of them; nil for nothing.
func AuthoritiesOf(t *access.Trust) *Authorities {
	if t == nil {
		return nil
	}
	a := &Authorities{Ready: t.Ready(), Failing: t.Failing(), Trusted: len(t.Bundle) - len(t.Missing), Total: len(t.Bundle)}
	if from, until, ok := t.Activation(); ok {
		a.From, a.Until = from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339)
	}
	return a
}

func (a *Authorities) text() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d trusted", a.Trusted, a.Total)
}

// MarshalJSON adds what makes it an object.
func (f FoundCluster) MarshalJSON() ([]byte, error) {
	type fields FoundCluster // without this method
	return json.Marshal(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		fields
	}{manifest.OwnVersion, "Cluster", fields(f)})
}

// ClusterRow is one of several clusters.
func ClusterRow(f FoundCluster) Table {
	return Table{
		Columns: []Column{{Name: "CLUSTER"}, {Name: "MODE"}, {Name: "STATUS"}, {Name: "VERSION"}, {Name: "PROFILE", Wide: true}, {Name: "ENDPOINT", Wide: true}},
		Rows:    [][]string{{Clean(f.Name), orNone(string(f.Mode)), orNone(f.Status), orNone(f.Version), orNone(f.Profile), orNone(f.Endpoint)}},
	}
}

// Cluster is the table of what is known of a cluster.
func Cluster(f FoundCluster) Table {
	t := Table{Columns: []Column{{Name: "FIELD"}, {Name: "VALUE"}, {Name: "FROM"}}}
	row := func(name, value, from string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, Clean(value), Clean(from)})
		}
	}
	row("context", f.Context, "kubeconfig")
	row("name", f.Name, f.From["name"])
	row("guess", f.Guess, "kubeconfig")
	row("id", f.ID, "exec-args")
	row("region", f.Region, f.From["region"])
	row("account", f.Account, f.From["account"])
	row("profile", f.Profile, f.From["profile"])
	row("role", f.RoleARN, f.From["roleARN"])
	row("server", f.Server, f.From["server"])
	row("endpoint", f.Endpoint, "aws")
	row("mode", string(f.Mode), "aws")
	row("status", f.Status, "aws")
	row("version", f.Version, "aws")
	row("authorities", f.Authorities.text(), "aws")
	for _, o := range f.Others {
		row("other access", o.Text, o.From)
	}
	for _, c := range f.Conflicts {
		row("conflict", c, "kubeconfig")
	}
	return t
}
