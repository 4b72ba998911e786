package awsapi

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// The authentication modes of a cluster.
const (
	ModeConfigMap = "CONFIG_MAP"
	ModeBoth      = "API_AND_CONFIG_MAP"
	ModeAPI       = "API"
)

const (
	// UpdateTime is how long an update usually takes: short, but long enough to be seen.
	UpdateTime = 250 * time.Millisecond

	// KubernetesVersion is the one of all clusters.
	KubernetesVersion = "1.34"
)

// eksOperations is the API as ServeMux sees it: an ARN is one segment of the escaped path.
var eksOperations = []Operation{
	{"eks", "CreateAccessEntry", "POST /clusters/{name}/access-entries", true, (*Account).createAccessEntry},
	{"eks", "DescribeAccessEntry", "GET /clusters/{name}/access-entries/{principalArn}", false, (*Account).describeAccessEntry},
	{"eks", "ListAccessEntries", "GET /clusters/{name}/access-entries", false, (*Account).listAccessEntries},
	// What clients send that were given an empty principal.
	{"eks", "ListAccessEntries", "GET /clusters/{name}/access-entries/{$}", false, (*Account).listAccessEntries},
	{"eks", "UpdateAccessEntry", "POST /clusters/{name}/access-entries/{principalArn}", true, (*Account).updateAccessEntry},
	{"eks", "DeleteAccessEntry", "DELETE /clusters/{name}/access-entries/{principalArn}", true, (*Account).deleteAccessEntry},
	{"eks", "AssociateAccessPolicy", "POST /clusters/{name}/access-entries/{principalArn}/access-policies", true, (*Account).associateAccessPolicy},
	{"eks", "DisassociateAccessPolicy", "DELETE /clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}", true, (*Account).disassociateAccessPolicy},
	{"eks", "ListAssociatedAccessPolicies", "GET /clusters/{name}/access-entries/{principalArn}/access-policies", false, (*Account).listAssociatedAccessPolicies},
	{"eks", "ListAccessPolicies", "GET /access-policies", false, (*Account).listAccessPolicies},
	{"eks", "DescribeCluster", "GET /clusters/{name}", false, (*Account).describeCluster},
	{"eks", "ListClusters", "GET /clusters", false, (*Account).listClusters},
	{"eks", "DescribeClusterVersions", "GET /cluster-versions", false, (*Account).describeClusterVersions},
	{"eks", "UpdateClusterConfig", "POST /clusters/{name}/update-config", true, (*Account).updateClusterConfig},
	{"eks", "DescribeUpdate", "GET /clusters/{name}/updates/{updateId}", false, (*Account).describeUpdate},
	{"eks", "ListUpdates", "GET /clusters/{name}/updates", false, (*Account).listUpdates},
	{"eks", "ListNodegroups", "GET /clusters/{name}/node-groups", false, (*Account).listNodegroups},
	{"eks", "DescribeNodegroup", "GET /clusters/{name}/node-groups/{group}", false, (*Account).describeNodegroup},
	{"eks", "ListFargateProfiles", "GET /clusters/{name}/fargate-profiles", false, (*Account).listFargateProfiles},
	{"eks", "DescribeFargateProfile", "GET /clusters/{name}/fargate-profiles/{group}", false, (*Account).describeFargateProfile},
	{"eks", "ListCertificateAuthorities", "GET /clusters/{name}/certificate-authorities", false, (*Account).listCertificateAuthorities},
	{"eks", "DescribeCertificateAuthority", "GET /clusters/{name}/certificate-authorities/{id}", false, (*Account).describeCertificateAuthority},
	{"eks", "ActivateCertificateAuthority", "POST /clusters/{name}/certificate-authorities/{id}/activate", true, (*Account).activateCertificateAuthority},
	{"eks", "ListIdentityProviderConfigs", "GET /clusters/{name}/identity-provider-configs", false, (*Account).listIdentityProviderConfigs},
	{"eks", "ListCapabilities", "GET /clusters/{name}/capabilities", false, (*Account).listCapabilities},
	{"eks", "DescribeCapability", "GET /clusters/{name}/capabilities/{capability}", false, (*Account).describeCapability},
	{"account", "ListRegions", "POST /listRegions", false, (*Account).listRegions},
	{"eks", "TagResource", "POST /tags/{resourceArn}", true, (*Account).tagResource},
	{"eks", "UntagResource", "DELETE /tags/{resourceArn}", true, (*Account).untagResource},
	{"eks", "ListTagsForResource", "GET /tags/{resourceArn}", false, (*Account).listTagsForResource},
}

// update is a change of the authentication mode.
type update struct {
	ID      string    `json:"id"`
	Token   string    `json:"token"`
	Mode    string    `json:"mode"`
	Created time.Time `json:"created"`
	Due     time.Time `json:"due"`
	Done    bool      `json:"done"`
	Error   string    `json:"error,omitempty"` // why it failed, or will
}

// settle finishes the updates that are due. Turning entries on creates one for the cluster's creator.
func (a *Account) settle(now time.Time) {
	for _, cl := range a.Clusters {
		for _, u := range cl.Updates {
			if u.Done || now.Before(u.Due) {
				continue
			}
			if u.Done = true; u.Error != "" {
				continue
			}
			if _, known := a.identify(cl.Creator); known && cl.Mode == ModeConfigMap {
				a.Enter(cl, EntryRequest{PrincipalARN: cl.Creator, Type: "STANDARD"}, u.Due, Grant("AmazonEKSClusterAdminPolicy"))
			}
			cl.Mode = u.Mode
		}
	}
}

// updating returns the update that is in progress, if any.
//
//go:noinline
func (cl *Cluster) updating() *update {
	if i := slices.IndexFunc(cl.Updates, func(u *update) bool { return !u.Done }); i >= 0 {
		return cl.Updates[i]
	}
	return nil
}

// cluster finds the call's cluster in the region that the caller signed for.
func (a *Account) cluster(c *Call, parameter string) (*Cluster, error) {
	name := c.PathValue("name")
	if err := checkClusterName(parameter, name); err != nil {
		return nil, err
	}
	cl, ok := a.Clusters[name]
	if !ok || c.region != a.Region {
		return nil, notFound("No cluster found for name: %s.", name)
	}
	return cl, nil
}

func (a *Account) describeCluster(c *Call) (any, error) {
	cl, err := a.cluster(c, "parameter name")
	if err != nil {
		return nil, err
	}
	status, at := "ACTIVE", a.Endpoints[cl.Name]
	if cl.updating() != nil {
		status = "UPDATING"
	}
	issuer := "https://oidc.eks." + a.Region + ".amazonaws.com/id/" + strings.ToUpper(strings.ReplaceAll(UUID(cl.Name, "oidc"), "-", ""))
	return map[string]any{"cluster": map[string]any{
		"name":                    cl.Name,
		"arn":                     a.ClusterARN(cl),
		"createdAt":               epoch{cl.Created},
		"version":                 KubernetesVersion,
		"platformVersion":         "eks.9",
		"endpoint":                at.URL,
		"certificateAuthority":    map[string]any{"data": at.Bundle()}, // base64, as JSON writes bytes
		"status":                  status,
		"roleArn":                 "arn:aws:iam::" + a.ID + ":role/eks-cluster",
		"accessConfig":            map[string]any{"authenticationMode": cl.Mode, "bootstrapClusterCreatorAdminPermissions": true},
		"identity":                map[string]any{"oidc": map[string]any{"issuer": issuer}},
		"kubernetesNetworkConfig": map[string]any{"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
		"resourcesVpcConfig":      cl.network(!at.Private),
		"logging":                 map[string]any{"clusterLogging": []map[string]any{{"types": []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}, "enabled": false}}},
		"upgradePolicy":           map[string]any{"supportType": "EXTENDED"},
		"health":                  map[string]any{"issues": []any{}},
		"tags":                    cl.Tags,
	}}, nil
}

func (cl *Cluster) network(public bool) map[string]any {
	return map[string]any{
		"endpointPublicAccess": public, "endpointPrivateAccess": true, "publicAccessCidrs": []string{"0.0.0.0/0"},
		"vpcId": cl.networkID("vpc", ""), "subnetIds": cl.subnets(),
		"securityGroupIds": []string{cl.networkID("sg", "nodes")}, "clusterSecurityGroupId": cl.networkID("sg", "cluster"),
	}
}

func (a *Account) listClusters(c *Call) (any, error) {
	names := map[string]any{}
	for name := range a.Clusters {
		if c.region == a.Region {
			names[name] = name
		}
	}
	return c.page("clusters", names)
}

// updateClusterConfig changes the authentication mode: one step, forward only.
func (a *Account) updateClusterConfig(c *Call) (any, error) {
	var in struct {
		AccessConfig struct {
			AuthenticationMode string `json:"authenticationMode"`
		} `json:"accessConfig"`
		ClientRequestToken string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	mode := in.AccessConfig.AuthenticationMode
	for _, u := range cl.Updates {
		// UNVERIFIED (eks-access.md §2): what AWS answers to a repeated clientRequestToken.
		if in.ClientRequestToken != "" && u.Token == in.ClientRequestToken && u.Mode == mode {
			return map[string]any{"update": u.shown()}, nil
		}
	}
	if u := cl.updating(); u != nil {
		// UNVERIFIED (eks-access.md §15): the text.
		return nil, inUse("Cannot AccessConfigUpdate because cluster %s currently has update %s in progress", cl.Name, u.ID)
	}
	switch {
	case mode == "":
		return nil, invalidParameter("This account changes nothing but accessConfig.authenticationMode")
	case cl.Mode == ModeConfigMap && mode == ModeBoth, cl.Mode == ModeBoth && mode == ModeAPI:
	default:
		return nil, invalidParameter("Unsupported authentication mode update from %s to %s", cl.Mode, mode)
	}
	u := &update{ID: UUID(rand.Text()), Token: in.ClientRequestToken, Mode: mode, Created: c.At, Due: c.At.Add(a.UpdateTime + a.Propagation), Error: a.UpdateError}
	cl.Updates = append(cl.Updates, u)
	return map[string]any{"update": u.shown()}, nil
}

// shown is an update on the wire. UNVERIFIED (eks-access.md §2): that the parameter's value is the bare mode.
func (u *update) shown() map[string]any {
	status, errs := "InProgress", []any{}
	switch {
	case u.Done && u.Error != "":
		status, errs = "Failed", append(errs, map[string]any{"errorCode": "OperationNotPermitted", "errorMessage": u.Error, "resourceIds": []string{}})
	case u.Done:
		status = "Successful"
	}
	return map[string]any{
		"id": u.ID, "status": status, "type": "AccessConfigUpdate", "createdAt": epoch{u.Created}, "errors": errs,
		"params": []map[string]string{{"type": "AuthenticationMode", "value": u.Mode}},
	}
}

func (a *Account) describeUpdate(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	for _, u := range cl.Updates {
		if u.ID == c.PathValue("updateId") {
			return map[string]any{"update": u.shown()}, nil
		}
	}
	return nil, notFound("No update found for ID: %s", c.PathValue("updateId")) // UNVERIFIED (eks-access.md §3): the text
}

func (a *Account) listUpdates(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	ids := map[string]any{}
	for _, u := range cl.Updates {
		ids[u.ID] = u.ID
	}
	return c.page("updateIds", ids)
}
