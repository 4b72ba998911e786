package kubeapi

import (
	"cmp"
	"net/http"
	"strings"
)

// Attributes are what a request is judged by; Path is set for what is not a resource.
type Attributes struct {
	Verb, Group, Resource, Subresource, Namespace, Name, Path string
}

// readAttributes splits a path as the API server does.
func readAttributes(r *http.Request) Attributes {
	at := Attributes{Verb: strings.ToLower(r.Method), Path: r.URL.Path}
	words := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case words[0] == "api" && len(words) > 2:
		words = words[2:]
	case words[0] == "apis" && len(words) > 3:
		at.Group, words = words[1], words[3:]
	default:
		return at
	}
	at.Path = ""
	if words[0] == "namespaces" && len(words) > 1 {
		at.Namespace = words[1]
		if len(words) > 2 {
			words = words[2:]
		}
	}
	words = append(words, "", "") // what is not there is empty
	at.Resource, at.Name, at.Subresource = words[0], words[1], words[2]
	if at.Verb = resourceVerb(r, at.Name); at.Verb == "list" || at.Verb == "watch" {
		at.Name = onlyName(r.URL.Query().Get("fieldSelector")) // a role may allow it for some names
	}
	return at
}

func resourceVerb(r *http.Request, name string) string {
	verb := map[string]string{"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[r.Method]
	switch {
	case name != "":
	case verb == "get" && r.URL.Query().Get("watch") != "" && r.URL.Query().Get("watch") != "false":
		return "watch"
	case verb == "get":
		return "list"
	case verb == "delete":
		return "deletecollection"
	}
	return cmp.Or(verb, strings.ToLower(r.Method))
}
