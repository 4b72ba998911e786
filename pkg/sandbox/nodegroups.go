package sandbox

import (
	"maps"
	"slices"
)

// nodeGroup is a managed node group or Fargate profile, as far as access is concerned: its role.
type nodeGroup struct {
	Role    string `json:"role"` // ARN
	Fargate bool   `json:"fargate,omitempty"`
}

// seedNodeGroups are what EKS itself runs, by cluster; the nodes of legacy are their owner's.
var seedNodeGroups = map[string]map[string]nodeGroup{
	"demo": {"workers": {Role: "role/demo-node"}, "pods": {Role: "role/demo-fargate-pods", Fargate: true}},
}

func (cl *cluster) groups(fargate bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(cl.NodeGroups)), func(name string) bool { return cl.NodeGroups[name].Fargate != fargate })
}

func (a *account) listNodegroups(c *call) (any, error) { return a.listGroups(c, "nodegroups", false) }

func (a *account) listFargateProfiles(c *call) (any, error) {
	return a.listGroups(c, "fargateProfileNames", true)
}

func (a *account) listGroups(c *call, field string, fargate bool) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	shown, next, err := page(cl.groups(fargate), func(s string) string { return s }, c.URL.Query())
	return map[string]any{field: shown, "nextToken": next}, err
}

func (a *account) describeNodegroup(c *call) (any, error) {
	name := c.PathValue("group")
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	g, ok := cl.NodeGroups[name]
	if !ok || g.Fargate {
		return nil, notFound("No node group found for name: %s.", name) // UNVERIFIED: the text
	}
	return map[string]any{"nodegroup": map[string]any{"clusterName": cl.Name, "nodegroupName": name, "nodeRole": g.Role, "status": "ACTIVE"}}, nil
}

func (a *account) describeFargateProfile(c *call) (any, error) {
	name := c.PathValue("group")
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	g, ok := cl.NodeGroups[name]
	if !ok || !g.Fargate {
		return nil, notFound("No Fargate Profile found with name: %s.", name) // UNVERIFIED: the text
	}
	return map[string]any{"fargateProfile": map[string]any{"clusterName": cl.Name, "fargateProfileName": name, "podExecutionRoleArn": g.Role, "status": "ACTIVE"}}, nil
}
