package awsapi

// Capability is an EKS capability, as far as access is concerned.
type Capability struct {
	Type    string           `json:"type"` // ACK, ARGOCD or KRO
	RoleARN string           `json:"roleArn"`
	Roles   []CapabilityRole `json:"roles,omitempty"` // of Argo CD
}

// CapabilityRole gives a user or group of IAM Identity Center a role in Argo CD.
type CapabilityRole struct {
	Role string `json:"role"`
	Kind string `json:"kind"` // SSO_USER or SSO_GROUP
	ID   string `json:"id"`
}

func (a *Account) listIdentityProviderConfigs(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, name := range cl.Providers {
		all[name] = map[string]string{"type": "oidc", "name": name}
	}
	return c.page("identityProviderConfigs", all)
}

func (a *Account) listCapabilities(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for name, capability := range cl.Capabilities {
		all[name] = a.shownCapability(cl, name, capability)
	}
	return c.page("capabilities", all)
}

func (a *Account) describeCapability(c *Call) (any, error) {
	name := c.PathValue("capability")
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	capability, ok := cl.Capabilities[name]
	if !ok {
		return nil, notFound("No capability found for name: %s.", name) // UNVERIFIED: the text
	}
	mappings := map[string][]any{}
	for _, r := range capability.Roles {
		mappings[r.Role] = append(mappings[r.Role], map[string]string{"id": r.ID, "type": r.Kind})
	}
	roles := []any{}
	for _, role := range []string{"ADMIN", "EDITOR", "VIEWER"} {
		if mappings[role] != nil {
			roles = append(roles, map[string]any{"role": role, "identities": mappings[role]})
		}
	}
	shown := a.shownCapability(cl, name, capability)
	shown["roleArn"], shown["clusterName"] = capability.RoleARN, cl.Name
	shown["configuration"] = map[string]any{"argoCd": map[string]any{"namespace": "argocd", "rbacRoleMappings": roles}}
	return map[string]any{"capability": shown}, nil
}

func (a *Account) shownCapability(cl *Cluster, name string, capability Capability) map[string]any {
	return map[string]any{
		"arn": a.groupARN(cl, "capability", name), "capabilityName": name, "type": capability.Type, "status": "ACTIVE", "version": "1.0.0",
		"createdAt": epoch{cl.Created}, "modifiedAt": epoch{cl.Created},
	}
}
