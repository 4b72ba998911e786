package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// seedActors are who changed something in the past: a role and its session, and what their clients call themselves.
var seedActors = map[string]awsapi.Actor{
	"alice":     {Role: "role" + ssoPath + ssoAdministrator, Session: "alice@example.com", Agent: "aws-cli/2.31.5 md/awscrt#0.27.6 ua/2.1 os/macos md/command#eks"},
	"bob":       {Role: "role" + ssoPath + ssoAdministrator, Session: "bob@example.com", Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	"stack":     {Role: "role" + ssoPath + ssoAdministrator, Session: "alice@example.com", Agent: "cloudformation.amazonaws.com", Via: "cloudformation.amazonaws.com"},
	"terraform": {Role: "role/ci/terraform", Session: "run-1742", Agent: "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.1 aws-sdk-go-v2/1.39.0", Web: "token.actions.githubusercontent.com"},
	"service":   {Role: "role/aws-service-role/eks.amazonaws.com/" + eksServiceRole, Session: "EKS", Agent: "eks.amazonaws.com", Via: "eks.amazonaws.com"},
	"newcomer":  {Role: "role/newcomer", Session: "carol", Agent: "Boto3/1.40.30 md/Botocore#1.40.30 ua/2.1 os/linux lang/python#3.13.7"},
}

// seedEvent is one call of the past. It is as old as an entry of that many days that is called like it, and some minutes.
type seedEvent struct {
	days, minutes   int
	actor, name, to string
	parameters      string // more members of requestParameters
	failed          string // error code and message
}

const (
	inDev     = `"accessScope":{"type":"namespace","namespaces":["dev"]}`
	inStaging = `"accessScope":{"type":"namespace","namespaces":["staging"]}`
)

// seedTrail explains some entries of cluster demo. Others are older than CloudTrail's 90 days, or EKS made them without an event.
var seedTrail = []seedEvent{
	{75, 0, "alice", "CreateAccessEntry", "user/alice", `"type":"STANDARD","kubernetesGroups":["viewers"]`, ""},
	{50, 0, "terraform", "CreateAccessEntry", "role/demo-hybrid-node", `"type":"HYBRID_LINUX"`, ""},
	{40, 0, "service", "CreateAccessEntry", "role/demo-hyperpod", `"type":"HYPERPOD_LINUX"`, ""},
	{30, 0, "stack", "AssociateAccessPolicy", "role/ci/deployer", `"policyArn":"Edit",` + inStaging, ""},
	{21, 0, "bob", "AssociateAccessPolicy", "role/team/dev", `"policyArn":"Admin",` + inDev, ""},
	{20, 0, "alice", "DisassociateAccessPolicy", "role/team/dev", `"policyArn":"Admin"`, ""},
	{20, 0, "terraform", "AssociateAccessPolicy", "role/team/dev", `"policyArn":"View",` + inDev, ""},
	{9, 0, "stack", "AssociateAccessPolicy", "role/ci/deployer", `"policyArn":"Edit","accessScope":{"type":"namespace","namespaces":["staging","prod"]}`, ""},
	{6, 0, "newcomer", "AssociateAccessPolicy", "role/newcomer", `"policyArn":"ClusterAdmin","accessScope":{"type":"cluster"}`, "AccessDenied is not authorized to perform: eks:AssociateAccessPolicy"},
	{5, 0, "bob", "CreateAccessEntry", "role/ops", `"type":"STANDARD"`, ""},
	{5, 0, "bob", "AssociateAccessPolicy", "role/ops", `"policyArn":"ClusterAdmin","accessScope":{"type":"cluster"}`, ""},
	{5, 40, "bob", "DeleteAccessEntry", "role/ops", "", ""},
	{3, 0, "alice", "UpdateAccessEntry", "role/team/dev", `"kubernetesGroups":["developers"]`, ""},
}

// remember puts the calls of the past on record.
func remember(a *awsapi.Account, now time.Time) {
	for i, s := range seedTrail {
		parameters := map[string]any{}
		if err := json.Unmarshal([]byte("{"+s.parameters+"}"), &parameters); err != nil {
			panic("sandbox: " + err.Error()) // the table is wrong
		}
		if policy, ok := parameters["policyArn"].(string); ok {
			parameters["policyArn"] = seedGrant(policy).PolicyARN
		}
		code, message, _ := strings.Cut(s.failed, " ")
		at := daysAgo(now, s.days, s.to).Add(time.Duration(s.minutes)*time.Minute + time.Duration(i)*time.Second)
		if s.days == 75 || s.days == 50 || s.days == 40 { // this created the entry
			at = daysAgo(now, s.days, s.to)
		}
		a.Remember(awsapi.Past{
			Actor: seedActors[s.actor], At: at, Name: s.name, Cluster: "demo", Principal: a.ARNOf(s.to), Parameters: parameters, Code: code, Message: message, Salt: strconv.Itoa(i),
		})
	}
}
