package rights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Question is a request, and where it is asked about.
type Question struct {
	Request
	Type       Type
	Anywhere   bool     // in whatever namespaces; else in Request.Namespace, or in the whole cluster at once
	Notes      []string // how the words were understood
	Understood string   // how a word that has two meanings was taken
	Unknown    bool     // the verb or the type is one that the cluster does not have
}

// String reads "get secrets in namespace dev".
func (q Question) String() string {
	if q.URL != "" {
		return q.Verb + " " + q.URL
	}
	what := q.Resource
	if q.Group != "" {
		what += "." + q.Group
	}
	if q.Subresource != "" {
		what += "/" + q.Subresource
	}
	if q.Name != "" {
		what += " " + q.Name
	}
	switch {
	case !q.Type.Namespaced:
	case q.Namespace != "":
		what += " in namespace " + q.Namespace
	case !q.Anywhere:
		what += " in all namespaces"
	}
	return q.Verb + " " + what
}

// ErrQuestion says that a question cannot be understood.
var ErrQuestion = errors.New("expected VERB TYPE[.GROUP][/NAME] or VERB URL")

// Asked is what the words and flags of a question say.
type Asked struct {
	Words       []string // the verb and the type or URL, and perhaps the name
	Subresource string
	Namespace   string
	Everywhere  bool // -A
}

// Ask understands a question. An unknown type is used as it was written, with a note, as kubectl auth can-i does.
func Ask(a Asked, types []Type) (Question, error) {
	if len(a.Words) < 2 || len(a.Words) > 3 {
		return Question{}, ErrQuestion
	}
	q := Question{Request: Request{Verb: strings.ToLower(a.Words[0]), Subresource: a.Subresource}}
	if note := strangeVerb(q.Verb); note != "" {
		q.Notes, q.Unknown = append(q.Notes, note), true
	}
	what := a.Words[1]
	if strings.HasPrefix(what, "/") {
		if len(a.Words) > 2 || a.Subresource != "" {
			return Question{}, fmt.Errorf("%w: a URL has neither a name nor a subresource", ErrQuestion)
		}
		q.URL = what
		return q, nil
	}
	written, rest, slash := strings.Cut(what, "/")
	t, notes := find(written, types)
	q.Type, q.Notes, q.Resource, q.Group = t, append(q.Notes, notes...), t.Name, t.Group
	q.Unknown = q.Unknown || t.Kind == "" && t.Name != "*"
	if len(a.Words) == 3 {
		q.Name = a.Words[2]
		if t.Namespaced && a.Namespace == "" {
			q.Understood = fmt.Sprintf("%s is taken as the name of an object; to ask about a namespace, write -n %s", q.Name, q.Name)
		}
	}
	switch {
	case !slash || rest == "":
	case q.Name != "" || slices.Contains(t.Subresources, rest) && q.Subresource == "":
		q.Subresource = rest
		if q.Name == "" {
			q.Understood = fmt.Sprintf("%s is taken as a subresource of %s; to ask about an object of that name, write %s %s", rest, t.Name, t.Name, rest)
		}
	default:
		q.Name = rest
	}
	q.place(a)
	return q, nil
}

// Verbs are the verbs of the API server and of RBAC.
func Verbs() []string { return strings.Fields(verbs) }

// verbs are those of the API server and of RBAC (rights.md §3).
const verbs = "get list watch create update patch delete deletecollection use bind escalate impersonate approve sign attest proxy head options post put"

// kubectlVerbs are commands of kubectl, and the requests that they make.
var kubectlVerbs = map[string]string{"exec": "create pods/exec", "attach": "create pods/attach", "port-forward": "create pods/portforward", "logs": "get pods/log", "log": "get pods/log", "scale": "patch deployments/scale", "apply": "patch", "edit": "patch", "describe": "get"}

// strangeVerb notes a verb that no API server asks an authorizer about.
func strangeVerb(verb string) string {
	known := Verbs()
	if verb == "*" || strings.HasPrefix(verb, "impersonate") || slices.Contains(known, verb) {
		return ""
	}
	meant := access.DidYouMean(verb, known)
	if sub, ok := kubectlVerbs[verb]; ok {
		meant = " (did you mean " + sub + "?)"
	}
	return fmt.Sprintf("%q is not a verb of Kubernetes%s; the question is asked as written", verb, meant)
}

// itself reports whether a question is about one namespace as an object: rights in that namespace give it.
func (q Request) itself() bool {
	return q.Resource == "namespaces" && q.Group == "" && !slices.Contains([]string{"list", "watch", "create", "deletecollection"}, q.Verb)
}

// place sets the namespace. Requests for a named namespace carry it as their namespace (rights.md §3).
func (q *Question) place(a Asked) {
	switch {
	case q.Resource == "namespaces" && q.Group == "" && q.Name != "" && q.Verb != "create":
		q.Namespace = q.Name
	case q.itself() && a.Namespace != "":
		q.Name, q.Namespace = a.Namespace, a.Namespace
		q.Understood = "-n " + a.Namespace + " is taken as the namespace itself: namespaces/" + a.Namespace
	case !q.Type.Namespaced:
		if a.Namespace != "" {
			q.Notes = append(q.Notes, q.Resource+" are not in a namespace; -n is ignored")
		}
	default:
		q.Namespace, q.Anywhere = a.Namespace, a.Namespace == "" && !a.Everywhere
	}
}

// find is the type with a name: the plural, singular, short name or kind, with or without its group.
func find(written string, types []Type) (Type, []string) {
	name, group, hasGroup := strings.Cut(strings.ToLower(written), ".")
	var found []Type
	for _, t := range types {
		if (t.Name == name || t.Singular == name || slices.Contains(t.Short, name) || strings.EqualFold(t.Kind, name)) && (!hasGroup || t.Group == group || strings.HasPrefix(t.Group, group+".")) {
			found = append(found, t)
		}
	}
	if written == "*" {
		return Type{Name: "*", Group: "*", Namespaced: true}, nil
	}
	switch len(found) {
	case 0:
		return Type{Name: name, Group: group, Namespaced: true}, []string{fmt.Sprintf("the cluster has no resource type %q; the question is asked as written", written)}
	case 1:
		return found[0], nil
	}
	var others []string
	for _, t := range found[1:] {
		others = append(others, t.Name+"."+t.Group)
	}
	return found[0], []string{fmt.Sprintf("%s is also the name of %s; the question is about %s", written, strings.Join(others, ", "), strings.TrimSuffix(found[0].Name+"."+found[0].Group, "."))}
}

// Type is a resource type.
type Type struct {
	Name, Group, Singular, Kind string
	Short                       []string
	Namespaced                  bool
	Subresources                []string
}
