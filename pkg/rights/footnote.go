package rights

import (
	"slices"
	"strings"
)

const rbacGroup = "rbac.authorization.k8s.io"

// Footnote is what to know about the requests that a question means, where they are not what the words suggest (rights.md §3, §5);
// "" for most.
func (q Question) Footnote() string {
	shell := q.Resource == "pods" && (q.Subresource == "exec" || q.Subresource == "attach" || q.Subresource == "portforward")
	switch {
	case q.Name != "" && q.nameless():
		return "a request to " + q.Verb + " has no name, so rights to named objects do not count"
	case q.Name != "" && (q.Verb == "list" || q.Verb == "watch"):
		return q.Verb + " has a name only with --field-selector metadata.name=" + q.Name
	case q.Group == rbacGroup && slices.Contains([]string{"create", "update", "patch"}, q.Verb):
		return "to " + q.Verb + " " + q.Resource + " needs the rights in them by RBAC too, or the verb escalate or bind"
	case shell, q.Resource == "nodes" && q.Subresource == "proxy":
		return "get on nodes/proxy is enough to run commands in every pod, through the kubelet"
	}
	return ""
}

// Remarks are what to say about a question beside its notes.
func (q Question) Remarks() []string {
	return slices.DeleteFunc([]string{q.Understood, q.Footnote()}, func(s string) bool { return s == "" })
}

// nameless reports whether real requests of this kind have no name.
func (q Request) nameless() bool {
	return q.URL == "" && (q.Verb == "deletecollection" || q.Verb == "create" && q.Subresource == "")
}

// onUpdate are the types whose objects an update creates too (AllowCreateOnUpdate in Kubernetes' pkg/registry).
const onUpdate = " services endpoints events limitranges events.events.k8s.io leases.coordination.k8s.io leasecandidates.coordination.k8s.io" +
	" runtimeclasses.node.k8s.io roles." + rbacGroup + " rolebindings." + rbacGroup + " clusterroles." + rbacGroup + " clusterrolebindings." + rbacGroup + " "

// Review is the request to ask the cluster about, so that its answer is that of the real request.
func (q Question) Review() Request {
	r := q.Request
	if r.nameless() {
		r.Name = ""
	}
	return r
}

// byName are the objects that an identity can create although only rules for named objects allow it: in the requests that have a
// name, which need another verb on that object too.
func (x *Index) byName(q Question, id *Identity, named found) (row Row) {
	ways := []struct{ verb, how string }{{"patch", "by server-side apply"}, {"update", "by PUT"}}
	if !strings.Contains(onUpdate, " "+strings.TrimSuffix(q.Resource+"."+q.Group, ".")+" ") {
		ways = ways[:1]
	}
	var how []string
	var places []int
	for i, c := range named.all {
		for _, name := range named.names[i] {
			for _, way := range ways {
				also := q
				also.Verb, also.Name = way.verb, name
				if q.Anywhere && c.Right.Where != "" {
					also.Namespace, also.Anywhere = c.Right.Where, false
				}
				if yes, _, _, _ := x.chains(also, id, make([]*Verdict, x.sources)); len(yes.all) > 0 {
					row.Only, row.Chains, places, how = append(row.Only, name), append(row.Chains, c), append(places, named.places[i]), append(how, way.how)
				}
			}
		}
	}
	row.Only, row.Where, row.Note = distinct(row.Only), x.where(q, places), strings.Join(distinct(how), " or ")
	row.Chains = slices.CompactFunc(row.Chains, func(a, b Chain) bool { return a.Right == b.Right })
	return row
}

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
