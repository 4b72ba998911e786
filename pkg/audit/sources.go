package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

// active are the mappings that give somebody access.
func (v *view) active() []access.Mapping {
	if v.s.AWSAuth == nil || !v.s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	return slices.DeleteFunc(v.s.AWSAuth.InForce(), func(m access.Mapping) bool { return m.Outweighed(v.s) })
}

// mapping begins a finding about a mapping. Its place may change, so the fingerprint has its content.
func (v *view) mapping(m access.Mapping, format string, args ...any) Finding {
	f := Finding{Object: m.Short(v.account), which: m.ARN + " " + m.Username + " " + strings.Join(m.Groups, ","), Message: "aws-auth " + m.Place() + " " + fmt.Sprintf(format, args...)}
	if f.Object == "" {
		f.Object = "aws-auth " + m.Place()
	}
	if m.Kind != access.MappedAccount && strings.HasPrefix(m.ARN, "arn:") {
		f.Principal = access.Normal(m.ARN)
	}
	f.Evidence = []string{"aws-auth " + m.Place() + " → username " + orNone(m.Username) + ", groups " + orNone(strings.Join(m.Groups, ", "))}
	return f
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func (v *view) mastersMappings() (all []Finding) {
	for _, m := range v.active() {
		if m.Masters() {
			f := v.mapping(m, "maps %s to system:masters, which no RBAC binding can limit or revoke", m.Short(v.account))
			all = append(all, f.with(f.Evidence, v.Command("migrate")))
		}
	}
	return all
}

func (v *view) mappedAccounts() (all []Finding) {
	for _, m := range v.active() {
		if m.Kind == access.MappedAccount {
			f := v.mapping(m, "gives every role and user of account %s access, with its ARN as the username", m.ARN)
			all = append(all, f.with(f.Evidence, v.Command("migrate")))
		}
	}
	return all
}

// inState are the mappings of a state, without those of a mode that does not read aws-auth.
func (v *view) inState(state access.State, text func(access.Mapping) string) (all []Finding) {
	if v.s.AWSAuth == nil || !v.s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	for _, m := range v.s.AWSAuth.Mappings {
		if v.s.MappingState(m) == state {
			f := v.mapping(m, "%s", text(m))
			all = append(all, f.with(f.Evidence, v.Command("migrate", "--remove-mappings")))
		}
	}
	return all
}

func (v *view) neverMatches() []Finding {
	return v.inState(access.StateNever, func(m access.Mapping) string { return "never matches a caller: " + m.Reason })
}

func (v *view) droppedMappings() []Finding {
	return v.inState(access.StateInvalid, func(m access.Mapping) string { return "is invalid and gives nothing: " + m.Reason })
}

func (v *view) overridden() []Finding {
	return v.inState(access.StateOverridden, func(m access.Mapping) string {
		if m.Outweighed(v.s) {
			return "is overridden by the entry of " + m.Short(v.account) + ", and active again when that is deleted"
		}
		return "is overridden by a later mapping of " + m.Short(v.account)
	})
}

func (v *view) leftover() []Finding {
	if v.s.AWSAuth == nil || v.s.Cluster.Mode.ReadsConfigMap() || len(v.s.AWSAuth.Mappings) == 0 {
		return nil
	}
	f := Finding{Object: "aws-auth", Message: fmt.Sprintf("aws-auth has %d mappings, which the cluster no longer reads", len(v.s.AWSAuth.Mappings))}
	return []Finding{f.with([]string{"mode " + string(v.s.Cluster.Mode)}, v.Command("migrate", "--remove-mappings"))}
}

func (v *view) faults() (all []Finding) {
	if v.s.AWSAuth == nil || !v.s.Cluster.Mode.ReadsConfigMap() {
		return nil
	}
	for _, fault := range v.s.AWSAuth.Faults {
		all = append(all, Finding{Object: "aws-auth", which: fault, Message: "aws-auth: " + fault}.with(nil, "kubectl edit configmap aws-auth -n kube-system"))
	}
	return all
}

// defaults are the ClusterRoles that every cluster binds to all users, and the one for anonymous requests.
var defaults = map[string][]string{ //nolint:gochecknoglobals // a table
	"system:authenticated":   {"system:basic-user", "system:discovery", "system:public-info-viewer"},
	"system:unauthenticated": {"system:public-info-viewer"},
	"system:anonymous":       nil,
}

func (v *view) anonymous() (all []Finding) {
	for _, b := range v.s.RBAC.Bindings {
		for _, subject := range slices.Concat(b.Groups, b.Users) {
			usual, everybody := defaults[subject]
			if !everybody || b.Namespace == "" && slices.Contains(usual, b.Role.Name) {
				continue
			}
			who, severity := "anonymous requests", Critical
			if subject == "system:authenticated" {
				who, severity = "everybody with access to the cluster", High
			}
			f := Finding{Object: b.String(), which: subject, Severity: severity, Message: fmt.Sprintf("%s gives %s %s to %s", b, b.Role.Kind, b.Role.Name, who)}
			all = append(all, f.with([]string{subject + " → " + b.String() + " → " + b.Role.Kind + " " + b.Role.Name}, deletion(b)))
		}
	}
	return all
}

func deletion(b access.Binding) string {
	if b.Namespace == "" {
		return "kubectl delete clusterrolebinding " + b.Name
	}
	return "kubectl delete rolebinding " + b.Name + " -n " + b.Namespace
}

func (v *view) danglingBindings() (all []Finding) {
	held := map[string][]string{}
	for _, id := range v.Index.Identities {
		for _, r := range id.Rights {
			if id.Class == rights.People && r.Binding != "" && !slices.Contains(held[r.Binding], id.Name) {
				held[r.Binding] = append(held[r.Binding], id.Name)
			}
		}
	}
	for _, b := range v.s.RBAC.Bindings {
		role := b.Role.Name
		if b.Role.Kind == "Role" {
			role = b.Namespace + "/" + role
		}
		if who := held[b.String()]; len(who) > 0 && !v.roles[role] {
			f := Finding{Object: b.String(), Message: fmt.Sprintf("%s refers to %s %s, which does not exist: it grants nothing, and a principal that can create that role decides what %s can do", b, b.Role.Kind, b.Role.Name, strings.Join(who, ", "))}
			all = append(all, f.with([]string{strings.Join(who, ", ") + " → " + b.String()}, deletion(b)))
		}
	}
	return all
}

func (v *view) orphanSubjects() (all []Finding) {
	if len(v.Providers) > 0 {
		return nil // its users and groups are not known here
	}
	for _, id := range v.Index.Identities {
		if id.Class != rights.Subject || id.BuiltIn() {
			continue
		}
		evidence, remedy := v.chains(id, having(id, func(access.Right) bool { return true }))
		f := Finding{Object: id.Name, Message: fmt.Sprintf("RBAC binds %s, which no entry and no mapping has: a principal that can create an entry with it gets these rights", id.Name)}
		all = append(all, f.with(evidence, remedy...))
	}
	return all
}
