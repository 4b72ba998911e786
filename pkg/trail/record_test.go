package trail

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// member sets a member of a record: userIdentity.type=Root. A value that is JSON counts as that.
func with(record map[string]any, members ...string) map[string]any {
	for _, m := range members {
		path, value, _ := strings.Cut(m, "=")
		o, names := record, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			in, ok := o[name].(map[string]any)
			if !ok {
				in = map[string]any{}
				o[name] = in
			}
			o = in
		}
		var v any = value
		_ = json.Unmarshal([]byte(value), &v)
		o[names[len(names)-1]] = v
	}
	return record
}

// basis is a record as CloudTrail writes it, with some members changed.
func basis(members ...string) map[string]any {
	return with(map[string]any{
		"eventVersion": "1.11", "eventID": "e-1", "requestID": "r-1", "eventTime": "2026-03-03T10:00:00Z", "eventSource": "eks.amazonaws.com", "awsRegion": "eu-west-1",
		"eventName": "CreateAccessEntry", "recipientAccountId": "111122223333", "userAgent": "aws-cli/2.31.5 md/command#eks.create-access-entry", "sourceIPAddress": "203.0.113.9",
		"userIdentity": map[string]any{
			"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/pat", "accountId": "111122223333",
			"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::111122223333:role/team/ops"}},
		},
		"requestParameters": map[string]any{"name": "blue", "principalArn": "arn:aws:iam::111122223333:role/app"},
	}, members...)
}

const encoded = "requestParameters.principalArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fapp"

// records are cases, and what each tells: the operation, the cluster, the principal, what was to change, the person, the tool, the error.
var records = []struct {
	name    string
	members []string
	want    string // "": nothing about access
}{
	{"create", []string{`requestParameters.kubernetesGroups=["a","b"]`}, "CreateAccessEntry blue app | created the entry; groups: a, b | role/team/ops as pat | AWS CLI |"},
	{"the answer has what EKS made of it", []string{`responseElements.accessEntry={"type":"EC2_LINUX","username":"system:node:x","kubernetesGroups":["system:nodes"]}`}, "CreateAccessEntry blue app | created the entry (EC2_LINUX) | role/team/ops as pat | AWS CLI |"},
	{"without a source, and with another name for the cluster", []string{"eventSource=null", `requestParameters={"clusterName":"blue","principalArn":"arn:aws:iam::111122223333:role/app"}`}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | AWS CLI |"},
	{"an encoded principal", []string{"eventName=UpdateAccessEntry", encoded, `requestParameters.kubernetesGroups=["x"]`}, "UpdateAccessEntry blue app | groups: x | role/team/ops as pat | AWS CLI |"},
	{"in small letters", []string{"eventName=DeleteAccessEntry", "requestParameters.principalArn=arn%3aaws%3aiam%3a%3a111122223333%3arole%2fapp"}, "DeleteAccessEntry blue app | deleted the entry | role/team/ops as pat | AWS CLI |"},
	{"a plain one may hold a percent sign", []string{"requestParameters.principalArn=arn:aws:iam::111122223333:role/50%2Foff/app"}, "CreateAccessEntry blue 50%2Foff/app | created the entry | role/team/ops as pat | AWS CLI |"},
	{"a policy in namespaces", []string{"eventName=AssociateAccessPolicy", encoded, `requestParameters.accessScope={"type":"namespace","namespaces":["ops","dev"]}`, "requestParameters.policyArn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"}, "AssociateAccessPolicy blue app | edit in namespaces dev, ops (before: not known) | role/team/ops as pat | AWS CLI |"},
	{"a policy whose scope was left out", []string{"eventName=AssociateAccessPolicy", "requestParameters.policyArn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"}, "AssociateAccessPolicy blue app | + edit (scope not recorded) | role/team/ops as pat | AWS CLI |"},
	{"an encoded policy", []string{"eventName=DisassociateAccessPolicy", encoded, "requestParameters.policyArn=arn%3Aaws%3Aeks%3A%3Aaws%3Acluster-access-policy%2FAmazonEKSEditPolicy"}, "DisassociateAccessPolicy blue app | - edit | role/team/ops as pat | AWS CLI |"},
	{"the mode", []string{"eventName=UpdateClusterConfig", `requestParameters={"name":"blue","accessConfig":{"authenticationMode":"API"}}`}, "UpdateClusterConfig blue  | mode: → API | role/team/ops as pat | AWS CLI |"},
	{"a change of logging", []string{"eventName=UpdateClusterConfig", `requestParameters={"name":"blue","logging":{}}`}, ""},
	{"the creator", []string{"eventName=CreateCluster", `requestParameters={"name":"blue"}`}, "CreateCluster blue team/ops | created the cluster in mode CONFIG_MAP; its creator is a cluster administrator | role/team/ops as pat | AWS CLI |"},
	{"tags of an entry", []string{"eventName=TagResource", `requestParameters={"resourceArn":"arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Aaccess-entry%2Fblue%2Frole%2F111122223333%2Fapp%2F1234","tags":{"a":"b"}}`}, "TagResource blue app | tags | role/team/ops as pat | AWS CLI |"},
	{"tags of something else", []string{"eventName=TagResource", `requestParameters={"resourceArn":"arn:aws:eks:eu-west-1:111122223333:cluster/blue","tags":{"a":"b"}}`}, ""},
	{"another service", []string{"eventSource=ecs.amazonaws.com"}, ""},
	{"refused", []string{"errorCode=AccessDenied", "errorMessage=no"}, "CreateAccessEntry blue app | create the entry | role/team/ops as pat | AWS CLI | AccessDenied no"},
	{"refused, with the message in the answer", []string{"eventName=UpdateAccessEntry", "errorCode=InvalidParameterException", `responseElements={"clusterName":null,"message":"the group is invalid"}`, `requestParameters.kubernetesGroups=["system:nodes"]`}, "UpdateAccessEntry blue app | set groups: system:nodes | role/team/ops as pat | AWS CLI | InvalidParameterException the group is invalid"},
	{"Identity Center", []string{"userIdentity.arn=arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admins_0123456789abcdef/pat@example.com", "userIdentity.sessionContext.sessionIssuer.arn=arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admins_0123456789abcdef"}, "CreateAccessEntry blue app | created the entry | pat@example.com (sso Admins) | AWS CLI |"},
	{"a source identity counts more than a session name", []string{"userIdentity.sessionContext.sourceIdentity=kim"}, "CreateAccessEntry blue app | created the entry | role/team/ops as kim | AWS CLI |"},
	{"a workflow", []string{"userIdentity.sessionContext.webIdFederationData.federatedProvider=arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat (github) | AWS CLI |"},
	{"a user", []string{`userIdentity={"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/pat"}`}, "CreateAccessEntry blue app | created the entry | user/pat | AWS CLI |"},
	{"of another account", []string{`userIdentity={"type":"IAMUser","arn":"arn:aws:iam::444455556666:user/pat"}`}, "CreateAccessEntry blue app | created the entry | arn:aws:iam::444455556666:user/pat | AWS CLI |"},
	{"root", []string{`userIdentity={"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`}, "CreateAccessEntry blue app | created the entry | root of 111122223333 | AWS CLI |"},
	{"a service", []string{`userIdentity={"type":"AWSService","invokedBy":"eks.amazonaws.com"}`, "userAgent=eks.amazonaws.com"}, "CreateAccessEntry blue app | created the entry | service eks.amazonaws.com | eks.amazonaws.com |"},
	{"nobody", []string{"userIdentity=null"}, "CreateAccessEntry blue app | created the entry | unknown | AWS CLI |"},
	{"CloudFormation for a person", []string{"sourceIPAddress=cloudformation.amazonaws.com", "userAgent=cloudformation.amazonaws.com"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | CloudFormation |"},
	{"Terraform", []string{"userAgent=APN/1.0 HashiCorp/1.0 Terraform/1.13.3 terraform-provider-aws/6.14.1 aws-sdk-go-v2/1.39.0"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | Terraform |"},
	{"this program", []string{"userAgent=aws-sdk-go-v2/1.39.0 app/kubectl-access"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | kubectl access |"},
	{"the console", []string{"userAgent=Mozilla/5.0 (X11)"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | console |"},
	{"every member of a wrong type", []string{"userIdentity=7", "requestParameters=[1]", "responseElements=true", "eventTime=5"}, ""},
	{"parameters that were left out", []string{"requestParameters=null"}, ""},
	{"a time with a fraction, and a new version", []string{"eventTime=2026-03-03T10:00:00.123Z", "eventVersion=2.0"}, "CreateAccessEntry blue app | created the entry | role/team/ops as pat | AWS CLI |"},
}

// told puts events in words.
func told(events []*Event) (lines []string) {
	for _, c := range Fold(events).Changes {
		_, who, _ := strings.Cut(string(c.Principal), ":role/")
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s | %s | %s | %s | %s %s", c.Name, c.Cluster.Name, who, c.What(), c.Actor.Person, c.Tool, c.Error, c.Message)))
	}
	return lines
}

func TestRecordsAreReadTolerantly(t *testing.T) {
	for _, test := range records {
		events, err := Read(strings.NewReader(text(t, basis(test.members...))))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := strings.Join(told(events), "\n"); got != strings.TrimSpace(test.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// forms are the containers that records come in.
var forms = map[string]func(t *testing.T, all []any) string{
	"file of a trail": func(t *testing.T, all []any) string { t.Helper(); return text(t, map[string]any{"Records": all}) },
	"array":           func(t *testing.T, all []any) string { t.Helper(); return text(t, all) },
	"lines": func(t *testing.T, all []any) (lines string) {
		t.Helper()
		for _, r := range all {
			lines += text(t, r) + "\n"
		}
		return lines
	},
	"lookup-events": func(t *testing.T, all []any) string {
		t.Helper()
		var events []any
		for _, r := range all {
			events = append(events, map[string]any{"EventId": "x", "CloudTrailEvent": text(t, r)})
		}
		return text(t, map[string]any{"NextToken": "more", "Events": events})
	},
	"EventBridge": func(t *testing.T, all []any) (lines string) {
		t.Helper()
		for _, r := range all {
			lines += text(t, map[string]any{"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": r}) + "\n"
		}
		return lines
	},
	"CloudWatch Logs": func(t *testing.T, all []any) string {
		t.Helper()
		var events []any
		for _, r := range all {
			events = append(events, map[string]any{"timestamp": 1, "message": text(t, r)})
		}
		return text(t, map[string]any{"events": events})
	},
	"files of a trail as lines": func(t *testing.T, all []any) (lines string) {
		t.Helper()
		for _, r := range all {
			lines += text(t, map[string]any{"Records": []any{r}}) + "\n"
		}
		return "\ufeff" + lines
	},
}

func TestEveryContainerHoldsTheSame(t *testing.T) {
	var all []any
	for i, test := range records {
		all = append(all, basis(append(slices.Clone(test.members), fmt.Sprintf("eventID=e-%d", i))...))
	}
	want, err := Read(strings.NewReader(forms["file of a trail"](t, all)))
	if err != nil || len(want) < 25 {
		t.Fatalf("%d events, %v", len(want), err)
	}
	for name, form := range forms {
		plain := form(t, all)
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write([]byte(plain))
		_ = w.Close()
		for how, content := range map[string]string{"plain": plain, "gzip": packed.String()} {
			got, err := Read(strings.NewReader(content))
			if diff := cmp.Diff(told(want), told(got)); diff != "" || err != nil {
				t.Errorf("%s, %s: %v\n%s", name, how, err, diff)
			}
		}
	}
}

func TestABadFileIsNamedAndTheOthersAreRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("2026/01/good.json", text(t, map[string]any{"Records": []any{basis()}}))
	write("CloudTrail-Digest/2026/digest.json", "{broken")
	write(".hidden", "{broken")
	write("half.json", `{"Records":[`+text(t, basis("eventID=e-2"))+`,{"eventName":`)
	write("table.csv", "eventTime,eventName\n2026,CreateAccessEntry\n")
	write("audit.log", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"create"}`)
	write("other.json", `{"hello":"world"}`)
	events, failed := Files([]string{dir, "-", filepath.Join(dir, "missing")}, strings.NewReader(text(t, basis("eventID=e-3"))))
	var names []string
	for _, err := range failed {
		names = append(names, strings.ReplaceAll(err.Error(), dir, "DIR"))
	}
	slices.Sort(names)
	if len(events) != 3 || len(names) != 5 {
		t.Fatalf("%d events, %d failures:\n%s", len(events), len(names), strings.Join(names, "\n"))
	}
	for i, want := range []string{"DIR/audit.log: a Kubernetes audit log", "DIR/half.json: unexpected EOF", "DIR/other.json: it has no records", "DIR/table.csv: not JSON", ""} {
		if got := strings.ReplaceAll(names[i], `\`, "/"); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestASmallFileCannotFillTheMemory unpacks records that never end.
func TestASmallFileCannotFillTheMemory(t *testing.T) {
	for _, begin := range []string{`{"Records":[{"eventName":"`, `[{"a":"`, `{"eventName":"`, `[[[[`} {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write([]byte(begin))
		for range 64 {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		}
		_ = w.Close()
		if _, err := Read(&packed); err == nil {
			t.Errorf("%s… was read", begin)
		}
	}
	if _, err := Read(strings.NewReader(`[` + text(t, basis("errorMessage="+strings.Repeat("x", mostOfRecord))) + `]`)); err == nil {
		t.Error("a record of more than 1 MB was read")
	}
}
