package export

import "encoding/json"

// Facts: Pulumi's documentation of pulumi import --file, and its registry's pages of the two resources.

func pulumiNext(Export) []string {
	return []string{
		"Next: run pulumi import --file FILE in a stack whose aws provider uses this account and region. Pulumi writes the program,",
		"and protects the entries from deletion.",
	}
}

// pulumiResource is one resource to import. The provider reads the rest.
type pulumiResource struct {
	Type string `json:"type"`
	Name string `json:"name"`
	ID   string `json:"id"`
}

func pulumi(x Export, _ func(Entry) []string) string {
	all := []pulumiResource{}
	for _, e := range x.Entries {
		all = append(all, pulumiResource{"aws:eks/accessEntry:AccessEntry", e.Name, x.importID(e)})
		for _, g := range e.Grants {
			all = append(all, pulumiResource{"aws:eks/accessPolicyAssociation:AccessPolicyAssociation", e.Name + "-" + policyWord(g.Policy), x.associationID(e, g.Policy)})
		}
	}
	return indented(map[string]any{"resources": all})
}

// indented is a value in JSON.
func indented(v any) string {
	text, _ := json.MarshalIndent(v, "", "  ") //nolint:errcheck // it holds only texts, lists and maps of them
	return string(text) + "\n"
}
