// Package trail reads what CloudTrail recorded about access to EKS clusters: from its LookupEvents API and from files in every
// form in which people keep its records. It folds single calls into changes: who, with what, before and after.
//
//	LookupEvents ┐
//	files        ├─► Event ─► Fold ─► Story: Changes, States ─► Judge (is it still so), Why, Undo
//	own records  ┘
//
// Only Client sends something, and it sends one operation only, at most two calls a second.
package trail

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Cluster is the EKS cluster that an event is about.
type Cluster struct{ Name, Region, Account string }

// Event is one recorded call about access to a cluster, done or refused.
type Event struct {
	ID, Request string    // of CloudTrail, and of the call
	Time        time.Time // to the second
	Name        string    // of the operation, such as CreateAccessEntry
	Cluster     Cluster
	Principal   access.Principal // whose access; "" for the cluster itself
	Actor       Actor
	Tool        string // as the user agent says; "" where it says nothing
	Agent       string // the user agent itself
	Error       string // the error code of a call that failed
	Message     string
	Journal     string // the ID of the own record of the change
	Own         bool   // known from the own record only

	// What the call set, as far as it was recorded.
	Entry  access.Entry    // of CreateAccessEntry and UpdateAccessEntry
	Sets   map[string]bool // groups, username: those that UpdateAccessEntry named
	Policy access.Policy
	Scope  *access.Scope // nil: not recorded
	Mode   access.Mode
	Tags   map[string]string
	Keys   []string // of the tags that were removed

	was   *access.Entry // before the change, as its own record has it
	exact time.Time     // from the answer, with milliseconds
}

// Failed reports whether the call was refused or failed.
func (e *Event) Failed() bool { return e.Error != "" }

// errNotRecord says that an object is not a record of CloudTrail.
var errNotRecord = errors.New("not a record of CloudTrail")

// Names are the operations that change access, as LookupEvents finds them.
var Names = []string{
	"AssociateAccessPolicy", "DisassociateAccessPolicy", "CreateAccessEntry", "DeleteAccessEntry", "UpdateAccessEntry",
	"UpdateClusterConfig", "CreateCluster", "DeleteCluster",
}

// reader reads the parameters and the answer of one operation, and reports whether the event is about access.
type reader func(e *Event, in, out object) bool

// readers are the operations. Those of tags are in files only: LookupEvents would find the tags of every resource of EKS.
var readers = map[string]reader{
	"CreateAccessEntry":        readCreate,
	"UpdateAccessEntry":        readUpdate,
	"DeleteAccessEntry":        func(*Event, object, object) bool { return true },
	"AssociateAccessPolicy":    readPolicy,
	"DisassociateAccessPolicy": readPolicy,
	"UpdateClusterConfig":      readMode,
	"CreateCluster":            readCluster,
	"DeleteCluster":            func(*Event, object, object) bool { return true },
	"TagResource":              readTags,
	"UntagResource":            readTags,
}

// decode reads the text of one record.
func decode(record string) (o object, err error) {
	if err := json.Unmarshal([]byte(record), &o); err != nil {
		return nil, errors.Join(errNotRecord, err)
	}
	return o, nil
}

func parse(o object) (e *Event, ok bool) {
	read, known := readers[o.text("eventName")]
	if source := o.text("eventSource"); !known || source != "" && source != "eks.amazonaws.com" {
		return nil, false
	}
	in, out := o.object("requestParameters"), o.object("responseElements")
	entry := out.object("accessEntry")
	e = &Event{
		ID: o.text("eventID"), Request: o.text("requestID"), Name: o.text("eventName"), Agent: o.text("userAgent"),
		Error: o.text("errorCode"), Message: cmp.Or(o.text("errorMessage"), out.text("message")),
		Principal: access.Principal(plain(cmp.Or(in.text("principalArn"), entry.text("principalArn")))),
	}
	e.Time, _ = time.Parse(time.RFC3339, o.text("eventTime")) // some excerpts have none
	e.Time = e.Time.UTC()
	arn := access.Info{ARN: cmp.Or(entry.text("accessEntryArn"), out.object("cluster").text("arn"), plain(in.text("resourceArn")))}
	e.Cluster = Cluster{
		Name:    cmp.Or(in.text("name"), in.text("clusterName"), entry.text("clusterName"), out.object("cluster").text("name")),
		Region:  cmp.Or(o.text("awsRegion"), arn.Region()),
		Account: cmp.Or(o.text("recipientAccountId"), arn.Account()),
	}
	e.Actor = actorOf(o, e.Cluster.Account)
	e.Tool = toolOf(o)
	if e.Failed() {
		out = nil
	}
	if !read(e, in, out) || e.Cluster.Name == "" {
		return e, false
	}
	if e.Cluster.Account == "" {
		e.Cluster.Account = e.Principal.Account()
	}
	e.exact = moment(out)
	if d := e.exact.Sub(e.Time); d < -2*time.Second || d > 2*time.Second {
		e.exact = e.Time
	}
	return e, true
}

// moment is when EKS says that it made the change.
func moment(out object) time.Time {
	for _, o := range []object{out.object("accessEntry"), out.object("associatedAccessPolicy")} {
		for _, name := range []string{"modifiedAt", "createdAt"} {
			if seconds, ok := o[name].(float64); ok {
				return time.UnixMilli(int64(seconds * 1000)).UTC()
			}
		}
	}
	return time.Time{}
}

// plain decodes an ARN that was a part of the URL (eks-access.md §11). A plain one may hold a percent sign in its path.
func plain(arn string) string {
	if head := "arn%3a"; len(arn) > len(head) && strings.EqualFold(arn[:len(head)], head) {
		if text, err := url.PathUnescape(arn); err == nil {
			return text
		}
	}
	return arn
}

func readCreate(e *Event, in, out object) bool {
	made := out.object("accessEntry")
	e.Entry = access.Entry{
		Principal: e.Principal, Kind: access.Kind(cmp.Or(made.text("type"), in.text("type"), string(access.Standard))),
		Username: cmp.Or(made.text("username"), in.text("username")), Groups: in.texts("kubernetesGroups"), Tags: in.pairs("tags"),
		ARN: made.text("accessEntryArn"),
	}
	if _, said := made["kubernetesGroups"]; said {
		e.Entry.Groups = made.texts("kubernetesGroups")
	}
	if tags := made.pairs("tags"); len(tags) > 0 {
		e.Entry.Tags = tags
	}
	if e.Entry.Username == access.DefaultUsername(e.Principal) {
		e.Entry.Username = ""
	}
	e.Entry = e.Entry.Canonical()
	return true
}

// readUpdate has only what was named, each as a whole.
func readUpdate(e *Event, in, _ object) bool {
	e.Sets = map[string]bool{}
	if _, named := in["kubernetesGroups"].([]any); named {
		e.Sets[groups] = true
	}
	if e.Entry.Username = in.text("username"); e.Entry.Username != "" {
		e.Sets[username] = true
	}
	e.Entry.Groups = in.texts("kubernetesGroups")
	e.Entry = e.Entry.Canonical()
	return true
}

func readPolicy(e *Event, in, _ object) bool {
	e.Policy = access.PolicyOf(plain(in.text("policyArn")))
	scope := in.object("accessScope")
	if kind := scope.text("type"); kind != "" {
		e.Scope = &access.Scope{Namespaces: scope.texts("namespaces")}
		if kind == "cluster" {
			e.Scope.Namespaces = nil
		}
	}
	return true
}

func readMode(e *Event, in, _ object) bool {
	e.Mode = access.Mode(strings.Trim(in.object("accessConfig").text("authenticationMode"), `"`))
	return e.Mode != ""
}

// readCluster has the hidden administrator: who creates a cluster. EKS makes an access entry of that where it reads entries.
func readCluster(e *Event, in, _ object) bool {
	config := in.object("accessConfig")
	e.Mode = access.Mode(cmp.Or(config.text("authenticationMode"), string(access.ModeConfigMap)))
	if bootstrap, said := config["bootstrapClusterCreatorAdminPermissions"].(bool); bootstrap || !said {
		e.Principal = e.Actor.Principal
	}
	return true
}

// readTags finds the entry in its ARN: arn:…:access-entry/CLUSTER/role/ACCOUNT/NAME/ID, which has no path.
func readTags(e *Event, in, _ object) bool {
	arn := access.Principal(plain(in.text("resourceArn")))
	parts := strings.Split(string(arn), "/")
	if arn.Kind() != "access-entry" || len(parts) != 6 {
		return false
	}
	e.Cluster.Name = parts[1]
	e.Principal = access.Principal("arn:" + arn.Partition() + ":iam::" + parts[3] + ":" + parts[2] + "/" + parts[4])
	e.Tags, e.Keys = in.pairs("tags"), in.texts("tagKeys")
	return true
}

// object is a JSON object whose members may be missing or of any type.
type object map[string]any

//go:noinline
func (o object) object(name string) object {
	in, _ := o[name].(map[string]any)
	return in
}

//go:noinline
func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

//go:noinline
func (o object) texts(name string) (all []string) {
	list, _ := o[name].([]any)
	for _, v := range list {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

//go:noinline
func (o object) pairs(name string) map[string]string {
	all := map[string]string{}
	for k, v := range o.object(name) {
		if text, ok := v.(string); ok {
			all[k] = text
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
