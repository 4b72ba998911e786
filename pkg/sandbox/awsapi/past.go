package awsapi

import "time"

// Actor is who made a call in the past: the session of a role, and what its client called itself.
type Actor struct {
	Role, Session, Agent string
	Via                  string // the AWS service that made the call for it
	Web                  string // the identity provider of the session
}

// Past is a call that was made before the account began.
type Past struct {
	Actor
	At                       time.Time
	Name, Cluster, Principal string
	Parameters               map[string]any
	Code, Message            string // of a refusal
	Salt                     string // makes its IDs
}

// Remember records a call of the past, in the shapes that record has.
func (a *Account) Remember(p Past) {
	request := map[string]any{"name": p.Cluster, "principalArn": p.Principal}
	if p.Name != "CreateAccessEntry" {
		request["principalArn"] = escape(p.Principal)
	}
	for k, v := range p.Parameters {
		if policy, ok := v.(string); ok && k == "policyArn" && p.Name == "DisassociateAccessPolicy" {
			v = escape(policy)
		}
		request[k] = v
	}
	e := event{ID: UUID("event", p.Salt), Name: p.Name, Source: "eks.amazonaws.com", Time: p.At, Username: p.Session, Key: "ASIAEXAMPLE", Cluster: p.Cluster}
	_, _, name := splitName(p.Role)
	issuer := map[string]any{"type": "Role", "principalId": UniqueID("AROA", name), "arn": a.ARNOf(p.Role), "accountId": a.ID, "userName": name}
	session := map[string]any{"sessionIssuer": issuer, "attributes": map[string]any{"creationDate": p.At.Add(-time.Hour).Format(time.RFC3339), "mfaAuthenticated": "false"}}
	if p.Web != "" {
		session["webIdFederationData"] = map[string]any{"federatedProvider": "arn:aws:iam::" + a.ID + ":oidc-provider/" + p.Web}
	}
	identity := map[string]any{
		"type": "AssumedRole", "principalId": UniqueID("AROA", name) + ":" + p.Session, "accountId": a.ID, "sessionContext": session,
		"arn": "arn:aws:sts::" + a.ID + ":assumed-role/" + name + "/" + p.Session,
	}
	address := "203.0.113.7"
	if p.Via != "" {
		identity["invokedBy"], address = p.Via, p.Via
	}
	full := a.fullRecord(e, p.Agent, UUID("request", p.Salt), identity)
	full["sourceIPAddress"], full["requestParameters"], full["responseElements"] = address, request, nil
	if p.Code != "" {
		full["errorCode"], full["errorMessage"] = p.Code, p.Message
	}
	a.keep(e, full)
}
