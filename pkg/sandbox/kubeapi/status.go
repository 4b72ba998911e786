package kubeapi

import (
	"fmt"
	"net/http"
	"strings"
)

// status is an error answer as Kubernetes writes it.
type status struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   object         `json:"metadata"`
	Status     string         `json:"status"`
	Message    string         `json:"message"`
	Reason     string         `json:"reason"`
	Details    *statusDetails `json:"details,omitempty"`
	Code       int            `json:"code"`
}

type statusDetails struct {
	Name   string   `json:"name,omitempty"`
	Group  string   `json:"group,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	Causes []object `json:"causes,omitempty"`
}

func (s *status) Error() string { return s.Message }

func failure(code int, reason, message string) *status {
	return &status{Kind: "Status", APIVersion: "v1", Metadata: object{}, Status: "Failure", Message: message, Reason: reason, Code: code}
}

var errUnauthorized = failure(http.StatusUnauthorized, "Unauthorized", "Unauthorized")

// forbidden refuses in the words of the API server, which kubectl and people know.
func (u User) forbidden(at Attributes) *status {
	if at.Path != "" {
		return failure(http.StatusForbidden, "Forbidden", fmt.Sprintf("forbidden: User %q cannot %s path %q", u.Name, at.Verb, at.Path))
	}
	resource, what, where := at.Resource, at.Resource, "at the cluster scope"
	if at.Subresource != "" {
		resource += "/" + at.Subresource
	}
	if at.Group != "" {
		what += "." + at.Group
	}
	if at.Name != "" {
		what += fmt.Sprintf(" %q", at.Name)
	}
	if at.Namespace != "" {
		where = fmt.Sprintf("in the namespace %q", at.Namespace)
	}
	s := failure(http.StatusForbidden, "Forbidden",
		fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group %q %s", what, u.Name, at.Verb, resource, at.Group, where))
	s.Details = &statusDetails{Name: at.Name, Group: at.Group, Kind: at.Resource}
	return s
}

func (v *visit) notFound() *status {
	s := failure(http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	if v.Name != "" {
		kind := v.Resource
		if v.Group != "" {
			kind += "." + v.Group
		}
		s.Message = fmt.Sprintf("%s %q not found", kind, v.Name)
		s.Details = &statusDetails{Name: v.Name, Group: v.Group, Kind: v.Resource}
	}
	return s
}

func (v *visit) conflict(why string) *status {
	return v.refuse(http.StatusConflict, "Conflict", "Operation cannot be fulfilled on %s %q: %s", v.qualified(), v.Name, why)
}

// qualified is the resource as messages name it: with its group.
//
//go:noinline
func (v *visit) qualified() string { return strings.TrimSuffix(v.Resource+"."+v.Group, ".") }

func (v *visit) refuse(code int, reason, format string, args ...any) *status {
	s := failure(code, reason, fmt.Sprintf(format, args...))
	s.Details = &statusDetails{Name: v.Name, Group: v.Group, Kind: v.Resource}
	return s
}

// invalid refuses one field. kubectl prints the causes in place of the message.
func (v *visit) invalid(kind any, field, why string) *status {
	s := v.refuse(http.StatusUnprocessableEntity, "Invalid", "%s %q is invalid: %s: %s", kind, v.Name, field, why)
	s.Details.Causes = []object{{"reason": "FieldValueInvalid", "message": why, "field": field}}
	return s
}
