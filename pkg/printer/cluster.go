package printer

import (
	"encoding/json"

	"github.com/kubectl-access/kubectl-access/pkg/access"
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
	for _, c := range f.Conflicts {
		row("conflict", c, "kubeconfig")
	}
	return t
}
