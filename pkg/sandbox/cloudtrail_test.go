package sandbox

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
)

// told is what a test wants to know of a CloudTrail record.
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
	ctx, s := t.Context(), start(t, Options{})
	c, arn := s.eks("default"), roleARN+"newcomer"
	must[*eks.CreateAccessEntryOutput](t)(c.CreateAccessEntry(ctx, createInput("demo", arn)))
	must[*eks.AssociateAccessPolicyOutput](t)(c.AssociateAccessPolicy(ctx, associateInput("demo", arn, viewPolicy)))
	_, _ = s.eks("read-only").DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: aws.String("demo"), PrincipalArn: &arn})
	must[*eks.ListClustersOutput](t)(c.ListClusters(ctx, &eks.ListClustersInput{}))
	trail := cloudtrail.NewFromConfig(s.config("read-only"))
	var events []told
	for p := cloudtrail.NewLookupEventsPaginator(trail, &cloudtrail.LookupEventsInput{LookupAttributes: by("EventSource", "eks.amazonaws.com"), MaxResults: aws.Int32(2)}); p.HasMorePages(); {
		for _, e := range must[*cloudtrail.LookupEventsOutput](t)(p.NextPage(ctx)).Events {
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
	ctx, s := t.Context(), start(t, Options{})
	for range 2 {
		must[*eks.TagResourceOutput](t)(s.eks("default").TagResource(ctx, &eks.TagResourceInput{
			ResourceArn: aws.String("arn:aws:eks:us-west-2:111122223333:cluster/demo"), Tags: map[string]string{"a": "b"},
		}))
	}
	trail := cloudtrail.NewFromConfig(s.config("read-only"))
	page := must[*cloudtrail.LookupEventsOutput](t)(trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)}))
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
		if got := code(t, err); !strings.HasPrefix(got, test.want) {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	if out := must[*cloudtrail.LookupEventsOutput](t)(trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: by("EventName", "TagResource")})); len(out.Events) != 2 {
		t.Errorf("by name: %+v", out.Events)
	}
}
