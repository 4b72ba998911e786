package trail

import (
	"cmp"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Actor is who made a call: the person behind the role, as far as the record says.
type Actor struct {
	Type      string           // of the identity, as CloudTrail names it
	ARN       string           // as recorded
	Principal access.Principal // the role with its path, or the user; "" for services and unknown identities
	Account   string
	Person    string // for people: user/alice, alice (sso Administrators), role/ci as deploy-17
	Session   string // of a role; its caller chose it
	Source    string // the source identity, which needs a permission to set
	Via       string // the AWS service that made the call for the actor
	MFA       string // true or false, as recorded
	Address   string // the source IP address, or the service's name

	_ [0]func() // nothing compares actors, which costs code
}

// Key is the same for one person over all sessions.
func (a Actor) Key() string {
	switch {
	case a.Source != "":
		return a.Source
	case a.Principal.PermissionSet() != "":
		return a.Session
	case a.Principal != "":
		return string(a.Principal) + "/" + a.Session
	}
	return cmp.Or(a.ARN, a.Person)
}

// Name is the person without the permission set or identity provider.
func (a Actor) Name() string {
	name, _, _ := strings.Cut(a.Person, " (")
	return name
}

// Is reports whether the actor acted for its own access.
func (a Actor) Is(p access.Principal) bool { return a.Principal.Is(p) }

func actorOf(o object, account string) Actor {
	id := o.object("userIdentity")
	session := id.object("sessionContext")
	issuer := session.object("sessionIssuer")
	a := Actor{
		Type: id.text("type"), ARN: id.text("arn"), Account: cmp.Or(id.text("accountId"), access.Principal(id.text("arn")).Account()),
		Source: session.text("sourceIdentity"), MFA: session.object("attributes").text("mfaAuthenticated"),
		Via: id.text("invokedBy"), Address: o.text("sourceIPAddress"),
	}
	if ref, err := access.ParsePrincipal(a.ARN); err == nil {
		a.Principal = ref.Principal // of a session without the role's path
	}
	if arn := issuer.text("arn"); arn != "" && issuer.text("type") != "User" {
		a.Principal = access.Principal(arn)
	}
	if _, name, ok := strings.Cut(a.ARN, ":assumed-role/"); ok {
		_, a.Session, _ = strings.Cut(name, "/")
	}
	if a.Via == "" && a.Type != "AWSService" && strings.HasSuffix(a.Address, ".amazonaws.com") {
		a.Via = a.Address
	}
	a.Person = a.person(id, cmp.Or(account, a.Account))
	return a
}

// person is the display name (cloudtrail.md §4).
func (a Actor) person(id object, account string) string {
	switch a.Type {
	case "AWSService":
		return "service " + cmp.Or(a.Via, a.Address, "of AWS")
	case "Root":
		return "root of " + a.Account
	case "AWSAccount":
		return "account " + a.Account
	case "FederatedUser":
		return "federated/" + access.Principal(a.ARN).Name()
	}
	role := a.Principal.Short(account)
	switch set := a.Principal.PermissionSet(); {
	case a.Principal.ServiceLinked():
		return "service " + strings.Split(a.Principal.Path(), "/")[2]
	case set != "" && a.Session != "":
		return cmp.Or(a.Source, a.Session) + " (sso " + set + ")"
	case a.Session != "":
		if provider := id.object("sessionContext").object("webIdFederationData").text("federatedProvider"); provider != "" {
			if provider = provider[strings.LastIndexByte(provider, '/')+1:]; provider == "token.actions.githubusercontent.com" {
				provider = "github"
			}
			return role + " as " + cmp.Or(a.Source, a.Session) + " (" + provider + ")"
		}
		return role + " as " + cmp.Or(a.Source, a.Session)
	case role != "":
		return role
	}
	return cmp.Or(a.ARN, id.text("principalId"), a.Type, "unknown")
}

// OwnTool is the tool of calls that this program made.
const OwnTool = "kubectl access"

// tools are signs in the user agent or the source address, and what they mean; the first one counts (cloudtrail.md §4). The
// caller can write anything there.
var tools = []struct{ sign, tool string }{
	{"app/kubectl-access", OwnTool},
	{"cloudformation.amazonaws.com", "CloudFormation"},
	{"opentofu", "OpenTofu"},
	{"terraform", "Terraform"},
	{"pulumi", "Pulumi"},
	{"crossplane", "Crossplane"},
	{"aws-controllers-k8s", "ACK"},
	{"eksctl", "eksctl"},
	{"exec-env/cloudshell", "CloudShell"},
	{"aws-cli/", "AWS CLI"},
	{"boto3/", "Boto3"},
	{"botocore/", "Boto3"},
	{"aws internal", "console"},
	{"console.amazonaws.com", "console"},
	{"mozilla/", "console"},
	{"aws-sdk-", "AWS SDK"},
}

func toolOf(o object) string {
	agent, address := o.text("userAgent"), o.text("sourceIPAddress")
	said := strings.ToLower(agent + " " + address)
	for _, t := range tools {
		if strings.Contains(said, t.sign) {
			return t.tool
		}
	}
	if o.text("sessionCredentialFromConsole") == "true" {
		return "console"
	}
	name, _, _ := strings.Cut(agent, "/")
	name, _, _ = strings.Cut(name, " ")
	return name
}
