package awsapi

import (
	"maps"
	"time"
)

// Authority is the certificate authority that replaces that of a cluster: clients must trust it before it signs.
type Authority struct {
	PEM       []byte
	Created   time.Time
	Activates [2]time.Time // EKS activates it by itself between these
	Activated time.Time    // zero: not yet
}

// Bundle is what DescribeCluster tells clients to trust.
func (e Endpoint) Bundle() []byte {
	if e.Next == nil {
		return e.CA
	}
	return append(append([]byte{}, e.CA...), e.Next.PEM...)
}

// authorities are those of a cluster by their IDs, as DescribeCertificateAuthority shows them. UNVERIFIED (eks-access.md §15a):
// the form of IDs, and that data is base64 of PEM as in DescribeCluster.
func (a *Account) authorities(cl *Cluster) map[string]map[string]any {
	next := a.Endpoints[cl.Name].Next
	status := func(inUse bool) string { return map[bool]string{true: "IN_USE", false: "NOT_USED"}[inUse] }
	replaced := next != nil && !next.Activated.IsZero()
	first := UUID(cl.Name, "authority")
	all := map[string]map[string]any{first: {
		"id": first, "createdAt": epoch{cl.Created}, "createdBy": "EKS", "activatedAt": epoch{cl.Created}, "activatedBy": "EKS",
		"distributionStatus": "COMPLETE", "signingStatus": status(!replaced), "data": a.Endpoints[cl.Name].CA,
	}}
	if next != nil {
		second := map[string]any{
			"id": nextID(cl), "createdAt": epoch{next.Created}, "createdBy": "EKS", "distributionStatus": "COMPLETE", "signingStatus": status(replaced),
			"data": next.PEM, "scheduledEvents": map[string]any{"firstAutoActivation": epoch{next.Activates[0]}, "finalAutoActivation": epoch{next.Activates[1]}},
		}
		if replaced {
			second["activatedAt"], second["activatedBy"], second["rollbackAvailable"] = epoch{next.Activated}, "CUSTOMER", true
		}
		all[nextID(cl)] = second
	}
	return all
}

//go:noinline
func nextID(cl *Cluster) string { return UUID(cl.Name, "next authority") }

func (a *Account) listCertificateAuthorities(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	summaries := map[string]any{}
	for id, authority := range a.authorities(cl) {
		maps.DeleteFunc(authority, func(detail string, _ any) bool {
			return detail == "data" || detail == "scheduledEvents" || detail == "rollbackAvailable"
		})
		summaries[id] = authority
	}
	return c.page("certificateAuthorities", summaries)
}

func (a *Account) describeCertificateAuthority(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	authority, ok := a.authorities(cl)[c.PathValue("id")]
	if !ok {
		return nil, notFound("No certificate authority found for ID: %s.", c.PathValue("id")) // UNVERIFIED: the text
	}
	return map[string]any{"certificateAuthority": authority}, nil
}

// activateCertificateAuthority is done at once; EKS takes some minutes.
func (a *Account) activateCertificateAuthority(c *Call) (any, error) {
	cl, err := a.cluster(c, "clusterName parameter")
	if err != nil {
		return nil, err
	}
	next := a.Endpoints[cl.Name].Next
	if next == nil || c.PathValue("id") != nextID(cl) || !next.Activated.IsZero() {
		return nil, invalidRequest("The certificate authority %s cannot be activated.", c.PathValue("id")) // UNVERIFIED: the text
	}
	next.Activated = c.At
	return map[string]any{"update": map[string]any{
		"id": UUID(cl.Name, "activation"), "status": "Successful", "type": "CertificateAuthorityUpdate", "createdAt": epoch{c.At}, "errors": []any{}, "params": []any{},
	}}, nil
}
