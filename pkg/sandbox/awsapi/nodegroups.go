package awsapi

import (
	"strings"
)

// NodeGroup is a managed node group or Fargate profile, as far as access is concerned: its role.
type NodeGroup struct {
	Role    string `json:"role"` // ARN
	Fargate bool   `json:"fargate,omitempty"`
}

func (a *Account) listNodegroups(c *Call) (any, error) { return a.listGroups(c, "nodegroups", false) }

func (a *Account) listFargateProfiles(c *Call) (any, error) {
	return a.listGroups(c, "fargateProfileNames", true)
}

func (a *Account) listGroups(c *Call, field string, fargate bool) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	names := map[string]any{}
	for name, g := range cl.NodeGroups {
		if g.Fargate == fargate {
			names[name] = name
		}
	}
	return c.page(field, names)
}

func (a *Account) describeNodegroup(c *Call) (any, error) {
	name := c.PathValue("group")
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	g, ok := cl.NodeGroups[name]
	if !ok || g.Fargate {
		return nil, notFound("No node group found for name: %s.", name) // UNVERIFIED: the text
	}
	return map[string]any{"nodegroup": map[string]any{
		"clusterName": cl.Name, "nodegroupName": name, "nodeRole": g.Role, "status": "ACTIVE", "nodegroupArn": a.groupARN(cl, "nodegroup", name),
		"version": KubernetesVersion, "releaseVersion": KubernetesVersion + ".1-20260101", "createdAt": epoch{cl.Created}, "modifiedAt": epoch{cl.Created},
		"amiType": "AL2023_x86_64_STANDARD", "capacityType": "ON_DEMAND", "instanceTypes": []string{"m6i.large"}, "diskSize": 20,
		"scalingConfig": map[string]int{"minSize": 1, "maxSize": 3, "desiredSize": 2}, "updateConfig": map[string]int{"maxUnavailable": 1},
		"subnets": cl.subnets(), "labels": map[string]string{}, "tags": map[string]string{}, "health": map[string]any{"issues": []any{}},
		"resources": map[string]any{"autoScalingGroups": []map[string]string{{"name": "eks-" + name}}},
	}}, nil
}

func (a *Account) describeFargateProfile(c *Call) (any, error) {
	name := c.PathValue("group")
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	g, ok := cl.NodeGroups[name]
	if !ok || !g.Fargate {
		return nil, notFound("No Fargate Profile found with name: %s.", name) // UNVERIFIED: the text
	}
	return map[string]any{"fargateProfile": map[string]any{
		"clusterName": cl.Name, "fargateProfileName": name, "podExecutionRoleArn": g.Role, "status": "ACTIVE",
		"fargateProfileArn": a.groupARN(cl, "fargateprofile", name), "createdAt": epoch{cl.Created}, "subnets": cl.subnets(),
		"selectors": []map[string]string{{"namespace": "fargate"}}, "tags": map[string]string{}, "health": map[string]any{"issues": []any{}},
	}}, nil
}

func (a *Account) groupARN(cl *Cluster, kind, name string) string {
	return strings.Replace(a.ClusterARN(cl), ":cluster/", ":"+kind+"/", 1) + "/" + name + "/" + UUID(cl.Name, kind, name)
}

// subnets are those of the cluster; the network exists on paper only.
func (cl *Cluster) subnets() []string {
	return []string{cl.networkID("subnet", "a"), cl.networkID("subnet", "b")}
}

func (cl *Cluster) networkID(kind, which string) string {
	return kind + "-0" + UUID(cl.Name, kind, which)[:8] + UUID(cl.Name, kind, which)[24:32]
}
