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
	case shell && q.Verb == "create":
		return "before Kubernetes 1.35 get on pods/" + q.Subresource + " is enough too, and counts; get on nodes/proxy is enough in every pod, through the kubelet, and does not count"
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

// byName finds the objects that an identity can create although only rules for named objects allow it: in the requests that have a
// name, which need another verb on that object too. The note says which requests.
func (x *Index) byName(q Question, id *Identity, void found) (made found, note string) {
	update := strings.Contains(onUpdate, " "+strings.TrimSuffix(q.Resource+"."+q.Group, ".")+" ")
	anywhere := q.Anywhere
	for i, c := range void.all {
		var names []string
		if q.Anywhere = anywhere; anywhere && c.Right.Where != "" {
			q.Namespace, q.Anywhere = c.Right.Where, false
		}
		for _, name := range void.names[i] {
			q.Name = name
			if x.also(q, id, "patch") {
				names, note = append(names, name), joined(note, "by server-side apply")
			}
			if update && x.also(q, id, "update") {
				names, note = append(names, name), joined(note, "by PUT")
			}
		}
		if names != nil {
			made.add(c, void.places[i], len(void.all), names...)
		}
	}
	return made, note
}

// also reports whether an identity has another verb on the object of a question.
func (x *Index) also(q Question, id *Identity, verb string) bool {
	q.Verb = verb
	yes, _, _, _ := x.chains(q, id, make([]*Verdict, x.sources))
	return len(yes.all) > 0
}

// joined adds a part to a note, once.
func joined(note, part string) string {
	switch {
	case strings.Contains(note, part):
		return note
	case note == "":
		return part
	}
	return note + " or " + part
}

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
