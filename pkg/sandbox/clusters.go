package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	modeConfigMap = "CONFIG_MAP"
	modeBoth      = "API_AND_CONFIG_MAP"
	modeAPI       = "API"

	// updateTime is how long a cluster is UPDATING: short, but long enough to be seen.
	updateTime = 250 * time.Millisecond

	kubernetesVersion = "1.34"
)

// eksOperations is the API as ServeMux sees it: an ARN is one segment of the escaped path.
var eksOperations = []operation{
	{"eks", "CreateAccessEntry", "POST /clusters/{name}/access-entries", true, (*account).createAccessEntry},
	{"eks", "DescribeAccessEntry", "GET /clusters/{name}/access-entries/{principalArn}", false, (*account).describeAccessEntry},
	{"eks", "ListAccessEntries", "GET /clusters/{name}/access-entries", false, (*account).listAccessEntries},
	// What clients send that were given an empty principal.
	{"eks", "ListAccessEntries", "GET /clusters/{name}/access-entries/{$}", false, (*account).listAccessEntries},
	{"eks", "UpdateAccessEntry", "POST /clusters/{name}/access-entries/{principalArn}", true, (*account).updateAccessEntry},
	{"eks", "DeleteAccessEntry", "DELETE /clusters/{name}/access-entries/{principalArn}", true, (*account).deleteAccessEntry},
	{"eks", "AssociateAccessPolicy", "POST /clusters/{name}/access-entries/{principalArn}/access-policies", true, (*account).associateAccessPolicy},
	{"eks", "DisassociateAccessPolicy", "DELETE /clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}", true, (*account).disassociateAccessPolicy},
	{"eks", "ListAssociatedAccessPolicies", "GET /clusters/{name}/access-entries/{principalArn}/access-policies", false, (*account).listAssociatedAccessPolicies},
	{"eks", "ListAccessPolicies", "GET /access-policies", false, (*account).listAccessPolicies},
	{"eks", "DescribeCluster", "GET /clusters/{name}", false, (*account).describeCluster},
	{"eks", "ListClusters", "GET /clusters", false, (*account).listClusters},
	{"eks", "DescribeClusterVersions", "GET /cluster-versions", false, (*account).describeClusterVersions},
	{"eks", "UpdateClusterConfig", "POST /clusters/{name}/update-config", true, (*account).updateClusterConfig},
	{"eks", "DescribeUpdate", "GET /clusters/{name}/updates/{updateId}", false, (*account).describeUpdate},
	{"eks", "ListUpdates", "GET /clusters/{name}/updates", false, (*account).listUpdates},
	{"eks", "ListNodegroups", "GET /clusters/{name}/node-groups", false, (*account).listNodegroups},
	{"eks", "DescribeNodegroup", "GET /clusters/{name}/node-groups/{group}", false, (*account).describeNodegroup},
	{"eks", "ListFargateProfiles", "GET /clusters/{name}/fargate-profiles", false, (*account).listFargateProfiles},
	{"eks", "DescribeFargateProfile", "GET /clusters/{name}/fargate-profiles/{group}", false, (*account).describeFargateProfile},
	{"eks", "TagResource", "POST /tags/{resourceArn}", true, (*account).tagResource},
	{"eks", "UntagResource", "DELETE /tags/{resourceArn}", true, (*account).untagResource},
	{"eks", "ListTagsForResource", "GET /tags/{resourceArn}", false, (*account).listTagsForResource},
}

// endpoint is where a cluster's API answers, and the PEM certificate to trust there.
type endpoint struct {
	url string
	ca  []byte
}

// update is a change of mode on its way.
type update struct {
	ID      string    `json:"id"`
	Token   string    `json:"token"`
	Mode    string    `json:"mode"`
	Created time.Time `json:"created"`
	Due     time.Time `json:"due"`
	Done    bool      `json:"done"`
	Error   string    `json:"error,omitempty"` // why it failed, or will
}

// settle finishes the updates that are due. Turning entries on makes one for the cluster's creator.
func (a *account) settle(now time.Time) {
	for _, cl := range a.Clusters {
		for _, u := range cl.Updates {
			if u.Done || now.Before(u.Due) {
				continue
			}
			if u.Done = true; u.Error != "" {
				continue
			}
			if cl.Mode == modeConfigMap {
				a.admitCreator(cl, u.Due)
			}
			cl.Mode = u.Mode
		}
	}
}

func (a *account) admitCreator(cl *cluster, at time.Time) {
	id, ok := a.identify(cl.Creator)
	if !ok {
		return
	}
	e := a.newEntry(cl, entryRequest{PrincipalARN: cl.Creator, Type: "STANDARD"}, id, epoch{at}, uuid(cl.Name, cl.Creator))
	e.Policies = []association{{
		PolicyARN: policyPrefix + "AmazonEKSClusterAdminPolicy", AccessScope: accessScope{Type: "cluster", Namespaces: []string{}},
		AssociatedAt: epoch{at}, ModifiedAt: epoch{at},
	}}
	a.put(cl, cl.Creator, e, at)
}

// updating returns the update that is under way, if any.
func (cl *cluster) updating() *update {
	if i := slices.IndexFunc(cl.Updates, func(u *update) bool { return !u.Done }); i >= 0 {
		return cl.Updates[i]
	}
	return nil
}

// cluster finds the call's cluster in the region that the caller signed for.
func (a *account) cluster(c *call, parameter string) (*cluster, error) {
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

func (a *account) describeCluster(c *call) (any, error) {
	cl, err := a.cluster(c, "parameter name")
	if err != nil {
		return nil, err
	}
	status, at := "ACTIVE", a.endpoints[cl.Name]
	if cl.updating() != nil {
		status = "UPDATING"
	}
	issuer := "https://oidc.eks." + a.Region + ".amazonaws.com/id/" + strings.ToUpper(strings.ReplaceAll(uuid(cl.Name, "oidc"), "-", ""))
	return map[string]any{"cluster": map[string]any{
		"name":                    cl.Name,
		"arn":                     a.clusterARN(cl),
		"createdAt":               epoch{cl.Created},
		"version":                 kubernetesVersion,
		"platformVersion":         "eks.9",
		"endpoint":                at.url,
		"certificateAuthority":    map[string]any{"data": at.ca}, // base64, as JSON writes bytes
		"status":                  status,
		"roleArn":                 "arn:aws:iam::" + a.ID + ":role/eks-cluster",
		"accessConfig":            map[string]any{"authenticationMode": cl.Mode, "bootstrapClusterCreatorAdminPermissions": true},
		"identity":                map[string]any{"oidc": map[string]any{"issuer": issuer}},
		"kubernetesNetworkConfig": map[string]any{"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
		"resourcesVpcConfig":      cl.network(),
		"logging":                 map[string]any{"clusterLogging": []map[string]any{{"types": []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}, "enabled": false}}},
		"upgradePolicy":           map[string]any{"supportType": "EXTENDED"},
		"health":                  map[string]any{"issues": []any{}},
		"tags":                    cl.Tags,
	}}, nil
}

func (cl *cluster) network() map[string]any {
	return map[string]any{
		"endpointPublicAccess": cl.Name != privateCluster, "endpointPrivateAccess": true, "publicAccessCidrs": []string{"0.0.0.0/0"},
		"vpcId": cl.networkID("vpc", ""), "subnetIds": cl.subnets(),
		"securityGroupIds": []string{cl.networkID("sg", "nodes")}, "clusterSecurityGroupId": cl.networkID("sg", "cluster"),
	}
}

func (a *account) clusterARN(cl *cluster) string {
	return "arn:aws:eks:" + a.Region + ":" + a.ID + ":cluster/" + cl.Name
}

func (a *account) listClusters(c *call) (any, error) {
	var names []string
	if c.region == a.Region {
		names = slices.Sorted(maps.Keys(a.Clusters))
	}
	shown, next, err := page(names, func(s string) string { return s }, c.URL.Query())
	return map[string]any{"clusters": shown, "nextToken": next}, err
}

// updateClusterConfig changes the authentication mode: one step, forward only.
func (a *account) updateClusterConfig(c *call) (any, error) {
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
	case cl.Mode == modeConfigMap && mode == modeBoth, cl.Mode == modeBoth && mode == modeAPI:
	default:
		return nil, invalidParameter("Unsupported authentication mode update from %s to %s", cl.Mode, mode)
	}
	u := &update{ID: uuid(random()), Token: in.ClientRequestToken, Mode: mode, Created: c.at, Due: c.at.Add(updateTime + a.lag), Error: a.trouble}
	cl.Updates = append(cl.Updates, u)
	return map[string]any{"update": u.shown()}, nil
}

// shown is an update on the wire. UNVERIFIED (eks-access.md §2): that the parameter's value is the bare mode.
func (u *update) shown() map[string]any {
	status, errs := "InProgress", []any{}
	switch {
	case u.Done && u.Error != "":
		status, errs = "Failed", append(errs, object{"errorCode": "OperationNotPermitted", "errorMessage": u.Error, "resourceIds": []string{}})
	case u.Done:
		status = "Successful"
	}
	return map[string]any{
		"id": u.ID, "status": status, "type": "AccessConfigUpdate", "createdAt": epoch{u.Created}, "errors": errs,
		"params": []map[string]string{{"type": "AuthenticationMode", "value": u.Mode}},
	}
}

func (a *account) describeUpdate(c *call) (any, error) {
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

func (a *account) listUpdates(c *call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, u := range cl.Updates {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	shown, next, err := page(ids, func(s string) string { return s }, c.URL.Query())
	return map[string]any{"updateIds": shown, "nextToken": next}, err
}
