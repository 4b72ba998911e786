package awsapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

// told is what a test reads of a CloudTrail record.
type told struct {
	EventName, ErrorCode string
	RequestParameters    struct{ Name, PrincipalArn, PolicyArn string }
	ResponseElements     map[string]any
	UserIdentity         struct {
		Type, Arn      string
		SessionContext struct{ SessionIssuer struct{ Arn string } }
	}
}

func by(name types.LookupAttributeKey, value string) []types.LookupAttribute {
	return []types.LookupAttribute{{AttributeKey: name, AttributeValue: &value}}
}

func TestCloudTrail(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	c, arn := s.EKS("default"), roleARN+"newcomer"
	sandboxtest.Must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", arn)))
	sandboxtest.Must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", arn, viewPolicy)))
	_, _ = s.EKS("read-only").DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: &arn})
	sandboxtest.Must[*eks.ListClustersOutput](t)(c.ListClusters(ctx, &eks.ListClustersInput{}))
	trail := cloudtrail.NewFromConfig(s.Config("read-only"))
	var events []told
	for p := cloudtrail.NewLookupEventsPaginator(trail, &cloudtrail.LookupEventsInput{LookupAttributes: by("EventSource", "eks.amazonaws.com"), MaxResults: aws.Int32(2), StartTime: aws.Time(time.Now().Add(-time.Hour))}); p.HasMorePages(); {
		for _, e := range sandboxtest.Must[*cloudtrail.LookupEventsOutput](t)(p.NextPage(ctx)).Events {
			var one told
			if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &one); err != nil || e.EventTime == nil || *e.ReadOnly != "false" {
				t.Fatalf("%+v: %v", e, err)
			}
			events = append(events, one)
		}
	}
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	refused, associated, created := events[0], events[1], events[2]
	encoded := "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fnewcomer"
	for _, test := range []struct{ got, want string }{
		{refused.EventName + refused.ErrorCode, "DeleteAccessEntryAccessDenied"},
		{refused.RequestParameters.PrincipalArn, encoded},
		{refused.UserIdentity.Arn, "arn:aws:sts::111122223333:assumed-role/auditor/sandbox"},
		{associated.RequestParameters.PrincipalArn, encoded},
		{associated.RequestParameters.PolicyArn, viewPolicy},
		{created.RequestParameters.PrincipalArn, arn},
		{created.RequestParameters.Name, "demo"},
		{created.UserIdentity.SessionContext.SessionIssuer.Arn, roleARN + "platform-admin"},
		{fmt.Sprint(created.ResponseElements["accessEntry"].(map[string]any)["clusterName"]), "demo"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestLookupRefusals(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{})
	for range 2 {
		sandboxtest.Must[*eks.TagResourceOutput](t)(s.EKS("default").TagResource(ctx, &eks.TagResourceInput{
			ResourceArn: aws.String("arn:aws:eks:us-west-2:111122223333:cluster/demo"), Tags: map[string]string{"a": "b"},
		}))
	}
	trail := cloudtrail.NewFromConfig(s.Config("read-only"))
	page := sandboxtest.Must[*cloudtrail.LookupEventsOutput](t)(trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)}))
	for _, test := range []struct {
		in   cloudtrail.LookupEventsInput
		want string
	}{
		{cloudtrail.LookupEventsInput{LookupAttributes: append(by("EventName", "x"), by("Username", "y")...)}, "InvalidLookupAttributesException"},
		{cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)}, "InvalidMaxResultsException"},
		{cloudtrail.LookupEventsInput{MaxResults: aws.Int32(2), NextToken: page.NextToken}, "InvalidNextTokenException"},
		{cloudtrail.LookupEventsInput{StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(-time.Hour))}, "InvalidTimeRangeException"},
	} {
		_, err := trail.LookupEvents(ctx, &test.in)
		if got := sandboxtest.Code(t, err); !strings.HasPrefix(got, test.want) {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	if out := sandboxtest.Must[*cloudtrail.LookupEventsOutput](t)(trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: by("EventName", "TagResource")})); len(out.Events) != 2 {
		t.Errorf("by name: %+v", out.Events)
	}
}
