package awsapi

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxEntries is what one cluster holds; AWS does not raise it.
const MaxEntries = 3000

// BatchServiceRole is the role of AWS Batch, whose entry customers may change in one respect.
const BatchServiceRole = "AWSServiceRoleForBatch"

const entryNotFound = "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."

// EntryRequest is what a call asks an entry to be.
type EntryRequest struct {
	PrincipalARN       string            `json:"principalArn"`
	KubernetesGroups   []string          `json:"kubernetesGroups"`
	Tags               map[string]string `json:"tags"`
	ClientRequestToken string            `json:"clientRequestToken"`
	Username           string            `json:"username"`
	Type               string            `json:"type"`
}

type entryAnswer struct {
	AccessEntry shownEntry `json:"accessEntry"`
}

// createAccessEntry checks in the order that probes of the service have shown: what can be judged
// without the cluster comes first.
func (a *Account) createAccessEntry(c *Call) (any, error) {
	var in EntryRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Type == "" {
		in.Type = "STANDARD"
	}
	if err := checkClusterName("clusterName parameter", c.PathValue("name")); err != nil {
		return nil, err
	}
	if err := a.checkEntry(in); err != nil {
		return nil, err
	}
	cl, err := a.entryCluster(c)
	if err != nil {
		return nil, err
	}
	request := hex.EncodeToString(Digest(in.ClientRequestToken, string(c.body)))
	if was := cl.Entries[in.PrincipalARN].Now(); was != nil {
		// UNVERIFIED (eks-access.md §2): what AWS answers to a repeated clientRequestToken.
		if in.ClientRequestToken != "" && was.Request == request {
			return entryAnswer{was.shownEntry}, nil
		}
		return nil, inUse("The specified access entry resource is already in use on this cluster.")
	}
	id, err := a.mayEnter(c, cl, in)
	if err != nil {
		return nil, err
	}
	e := a.newEntry(cl, in, id, epoch{c.At}, UUID(rand.Text()))
	e.Request = request
	a.put(cl, in.PrincipalARN, e, c.At)
	return entryAnswer{e.shownEntry}, nil
}

// mayEnter returns the unique ID of a principal that the cluster has room for.
func (a *Account) mayEnter(c *Call, cl *Cluster, in EntryRequest) (id string, err error) {
	id, ok := a.identify(in.PrincipalARN)
	switch {
	case !ok:
		return "", errInvalidPrincipal
	case cl.Count() >= MaxEntries:
		// UNVERIFIED (eks-access.md §3.2): the text.
		return "", &refusal{status: 400, code: "ResourceLimitExceededException", message: "The cluster has reached its limit of 3000 access entries."}
	case in.Type == "EC2_LINUX" || in.Type == "EC2_WINDOWS":
		return id, c.who.require("iam:PassRole", in.PrincipalARN)
	}
	return id, nil
}

// newEntry fills in what the caller left open.
func (a *Account) newEntry(cl *Cluster, in EntryRequest, id string, at epoch, unique string) *Entry {
	e := &Entry{PrincipalID: id}
	e.ClusterName, e.PrincipalARN, e.Type = cl.Name, in.PrincipalARN, in.Type
	e.CreatedAt, e.ModifiedAt = at, at
	e.Username = cmp.Or(in.Username, defaultUsername(in.Type, in.PrincipalARN))
	e.KubernetesGroups = notNil(in.KubernetesGroups)
	if groups, ok := nodeGroups[in.Type]; ok {
		e.KubernetesGroups = groups
	}
	if e.Tags = maps.Clone(in.Tags); e.Tags == nil {
		e.Tags = map[string]string{}
	}
	p := splitARN(in.PrincipalARN)
	e.AccessEntryARN = "arn:aws:eks:" + a.Region + ":" + a.ID + ":access-entry/" +
		strings.Join([]string{cl.Name, p.kind, p.account, p.name, unique}, "/")
	return e
}

func (a *Account) describeAccessEntry(c *Call) (any, error) {
	_, e, err := a.readEntry(c)
	if err != nil {
		return nil, err
	}
	return entryAnswer{e.shownEntry}, nil
}

func (a *Account) listAccessEntries(c *Call) (any, error) {
	cl, err := a.entryCluster(c)
	if err != nil {
		return nil, err
	}
	policy := c.URL.Query().Get("associatedPolicyArn")
	if policy != "" {
		if _, err := findPolicy(policy); err != nil {
			return nil, err
		}
	}
	arns := map[string]any{}
	for arn, h := range cl.Entries {
		e := h.seen(c.At.Add(-a.Propagation))
		if e != nil && (policy == "" || e.policy(policy) >= 0) {
			arns[arn] = arn
		}
	}
	return c.page("accessEntries", arns)
}

// updateAccessEntry leaves alone what the request leaves out; an empty list of groups clears them.
func (a *Account) updateAccessEntry(c *Call) (any, error) {
	var in EntryRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	cl, was, err := a.writeEntry(c)
	if err != nil {
		return nil, err
	}
	in.Type = was.Type
	if err := checkNames(in); err != nil {
		return nil, err
	}
	e := *was
	if in.KubernetesGroups != nil {
		e.KubernetesGroups = in.KubernetesGroups
	}
	e.Username = cmp.Or(in.Username, e.Username)
	e.ModifiedAt = epoch{c.At}
	a.put(cl, e.PrincipalARN, &e, c.At)
	return entryAnswer{e.shownEntry}, nil
}

func (a *Account) deleteAccessEntry(c *Call) (any, error) {
	cl, e, err := a.writeEntry(c)
	if err != nil {
		return nil, err
	}
	a.put(cl, e.PrincipalARN, nil, c.At)
	return struct{}{}, nil
}

// entryCluster finds the call's cluster, which must have a mode that reads entries.
func (a *Account) entryCluster(c *Call) (*Cluster, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err == nil && cl.Mode == ModeConfigMap {
		err = invalidRequest("The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.")
	}
	return cl, err
}

// readEntry finds the entry as readers see it.
func (a *Account) readEntry(c *Call) (*Cluster, *Entry, error) {
	cl, err := a.entryCluster(c)
	if err != nil {
		return nil, nil, err
	}
	if e := cl.Entries[c.PathValue("principalArn")].seen(c.At.Add(-a.Propagation)); e != nil {
		return cl, e, nil
	}
	// UNVERIFIED (eks-access.md §3.2): the text for calls other than AssociateAccessPolicy.
	return nil, nil, notFound(entryNotFound)
}

// writeEntry finds the entry to change as it is, and refuses those that belong to EKS.
func (a *Account) writeEntry(c *Call) (*Cluster, *Entry, error) {
	arn := c.PathValue("principalArn")
	if splitARN(arn).serviceLinked() && !batchNamespace(c) {
		return nil, nil, errServiceLinked
	}
	cl, err := a.entryCluster(c)
	if err != nil {
		return nil, nil, err
	}
	if e := cl.Entries[arn].Now(); e != nil {
		return cl, e, nil
	}
	return nil, nil, notFound(entryNotFound)
}

// batchNamespace is what customers may do with a service-linked role's entry. UNVERIFIED (eks-access.md §15a): that they may
// with no other role's.
func batchNamespace(c *Call) bool {
	var in struct{ PolicyARN string }
	_ = c.decode(&in) // the operation decodes the body again
	return splitARN(c.PathValue("principalArn")).name == BatchServiceRole && cmp.Or(c.PathValue("policyArn"), in.PolicyARN) == PolicyPrefix+"AWSBatchNamespacePolicy"
}

// page answers with one page of items, in the order of their names. Its token holds the last name shown, so that changes
// between two pages neither repeat nor skip an item that was there all the time.
func (c *Call) page(field string, items map[string]any) (map[string]any, error) {
	query, size := c.URL.Query(), 100
	if given := query.Get("maxResults"); given != "" {
		var err error
		if size, err = strconv.Atoi(given); err != nil || size < 1 || size > 100 {
			return nil, invalidParameter("maxResults must be between 1 and 100")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(query.Get("nextToken"))
	if err != nil {
		return nil, invalidParameter("The nextToken parameter is not valid")
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(items)), func(name string) bool { return name <= string(after) })
	answer := map[string]any{"nextToken": nil}
	if len(names) > size {
		names = names[:size]
		answer["nextToken"] = base64.RawURLEncoding.EncodeToString([]byte(names[size-1]))
	}
	shown := []any{}
	for _, name := range names {
		shown = append(shown, items[name])
	}
	answer[field] = shown
	return answer, nil
}

// notNil makes an empty JSON list of none.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
