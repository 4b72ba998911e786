package awsapi

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	// keptEvents bounds the trail, which the state file carries along.
	keptEvents = 2000
	// trailDays is how far back LookupEvents looks.
	trailDays = 90
)

// event is one record of CloudTrail: what LookupEvents searches by, and the whole as JSON text.
type event struct {
	ID, Name, Source string
	Time             time.Time
	Username, Key    string
	Cluster          string
	Record           string
}

// record adds an EKS call that changes something to the trail, done or refused. Only one region has a trail here.
func (a *Account) record(c *Call, result any, err error) {
	if c.region != a.Region {
		return
	}
	var request, response map[string]any
	_ = json.Unmarshal(c.body, &request) // a body that is not JSON has no parameters to record
	if request == nil {
		request = map[string]any{}
	}
	for parameter, value := range map[string]string{
		"name":         c.PathValue("name"),
		"principalArn": escape(c.PathValue("principalArn")), // values of the path are recorded as they arrived
		"policyArn":    escape(c.PathValue("policyArn")),
		"resourceArn":  escape(c.PathValue("resourceArn")),
	} {
		if value != "" {
			request[parameter] = value
		}
	}
	if keys := c.URL.Query()["tagKeys"]; len(keys) > 0 {
		request["tagKeys"] = keys
	}
	if text, failed := json.Marshal(result); err == nil && failed == nil {
		_ = json.Unmarshal(text, &response)
	}
	e := event{
		ID: UUID(rand.Text()), Name: c.Name, Source: "eks.amazonaws.com", Time: c.At,
		Username: cmp.Or(c.who.Session, c.who.Name), Key: c.who.Key, Cluster: c.PathValue("name"),
	}
	full := a.fullRecord(e, c.UserAgent(), c.ID(), a.userIdentity(c.who))
	full["requestParameters"], full["responseElements"] = request, response
	if err != nil {
		// UNVERIFIED (eks-access.md §11): that EKS records refusals in these two members.
		r := asRefusal(err)
		full["errorCode"], full["errorMessage"] = r.short(), r.message
	}
	a.keep(e, full)
}

func (a *Account) keep(e event, full map[string]any) {
	text, _ := json.Marshal(full) // maps of strings always marshal
	e.Record = string(text)
	a.Trail = append(a.Trail, &e)
	a.Trail = a.Trail[max(0, len(a.Trail)-keptEvents):]
}

func (a *Account) fullRecord(e event, agent, request string, identity map[string]any) map[string]any {
	return map[string]any{
		"eventVersion": "1.11", "eventID": e.ID, "eventName": e.Name, "eventSource": e.Source,
		"eventTime": e.Time.Format(time.RFC3339), "eventType": "AwsApiCall", "eventCategory": "Management",
		"managementEvent": true, "readOnly": false, "awsRegion": a.Region, "recipientAccountId": a.ID,
		"requestID": request, "sourceIPAddress": "127.0.0.1", "userAgent": agent, "userIdentity": identity,
	}
}

func (a *Account) userIdentity(who Caller) map[string]any {
	identity := map[string]any{
		"type": "IAMUser", "principalId": who.UserID(), "arn": who.ARN(), "accountId": a.ID, "accessKeyId": who.Key,
	}
	if who.Session == "" {
		identity["userName"] = who.Name
		return identity
	}
	identity["type"] = "AssumedRole"
	identity["sessionContext"] = map[string]any{
		"sessionIssuer": map[string]any{
			"type": "Role", "principalId": who.ID, "arn": a.ARN(who.Principal), "accountId": a.ID, "userName": who.Name,
		},
		"attributes": map[string]any{"creationDate": who.since.Format(time.RFC3339), "mfaAuthenticated": "false"},
	}
	return identity
}

type lookup struct {
	LookupAttributes []struct{ AttributeKey, AttributeValue string }
	StartTime        *epoch
	EndTime          *epoch
	MaxResults       *int
	NextToken        string
}

// lookupEvents answers from what was done in this account, newest first.
func (a *Account) lookupEvents(c *Call) (any, error) {
	var in lookup
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	size, err := in.check()
	if err != nil {
		return nil, err
	}
	// A token is valid for the same question only: it holds the question's digest and the last event returned.
	token := in.NextToken
	in.NextToken = ""
	question, _ := json.Marshal(in)
	mark := hex.EncodeToString(Digest(string(question)))[:16]
	events := slices.DeleteFunc(slices.Clone(a.Trail), func(e *event) bool {
		return c.region != a.Region || e.Time.After(c.At.Add(-a.TrailDelay)) || !in.wants(e, c)
	})
	slices.Reverse(events)
	if token != "" {
		text, _ := base64.RawURLEncoding.DecodeString(token) // what is not base64 has no mark either
		last, ours := strings.CutPrefix(string(text), mark)
		i := slices.IndexFunc(events, func(e *event) bool { return e.ID == last })
		if !ours || i < 0 {
			return nil, trailRefusal("InvalidNextTokenException", "Invalid next token: it belongs to a request with other parameters.")
		}
		events = events[i+1:]
	}
	answer := map[string]any{}
	if len(events) > size {
		events = events[:size]
		answer["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(mark + events[size-1].ID))
	}
	shown := []map[string]any{}
	for _, e := range events {
		shown = append(shown, e.shown())
	}
	answer["Events"] = shown
	return answer, nil
}

func trailRefusal(code, message string) error {
	return &refusal{status: 400, code: code, message: message}
}

func (in lookup) check() (size int, err error) {
	size = 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	keys := []string{"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
	switch {
	case size < 1 || size > 50:
		return 0, trailRefusal("InvalidMaxResultsException", "The maximum number of results must be between 1 and 50.")
	case len(in.LookupAttributes) > 1:
		return 0, trailRefusal("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
	case len(in.LookupAttributes) == 1 && !slices.Contains(keys, in.LookupAttributes[0].AttributeKey):
		return 0, trailRefusal("InvalidLookupAttributesException", "The lookup attribute key is not valid.")
	case in.StartTime != nil && in.EndTime != nil && in.StartTime.After(in.EndTime.Time):
		return 0, trailRefusal("InvalidTimeRangeException", "The start time must not be after the end time.")
	}
	return size, nil
}

func (in lookup) wants(e *event, c *Call) bool {
	switch {
	case e.Time.Before(c.At.AddDate(0, 0, -trailDays)),
		in.StartTime != nil && e.Time.Before(in.StartTime.Time),
		in.EndTime != nil && e.Time.After(in.EndTime.Time):
		return false
	}
	for _, want := range in.LookupAttributes {
		has := map[string]string{
			"EventId": e.ID, "EventName": e.Name, "ReadOnly": "false", "Username": e.Username,
			"ResourceType": e.resourceType(), "ResourceName": e.Cluster, "EventSource": e.Source, "AccessKeyId": e.Key,
		}[want.AttributeKey]
		if has != want.AttributeValue {
			return false
		}
	}
	return true
}

func (e *event) resourceType() string {
	if e.Cluster == "" {
		return ""
	}
	return "AWS::EKS::Cluster"
}

func (e *event) shown() map[string]any {
	resources := []map[string]string{}
	if e.Cluster != "" {
		resources = append(resources, map[string]string{"ResourceType": e.resourceType(), "ResourceName": e.Cluster})
	}
	return map[string]any{
		"EventId": e.ID, "EventName": e.Name, "ReadOnly": "false", "AccessKeyId": e.Key, "EventTime": epoch{e.Time},
		"EventSource": e.Source, "Username": e.Username, "Resources": resources, "CloudTrailEvent": e.Record,
	}
}
