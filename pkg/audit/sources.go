package audit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// mapped adds a finding about a mapping. Its place may change, so the fingerprint has its content instead.
func (v *view) mapped(m *access.Mapping, remedy string, words ...string) {
	object := m.Short(v.account)
	if object == "" {
		object = "aws-auth " + m.Place()
	}
	var p access.Principal
	if m.Kind != access.MappedAccount && strings.HasPrefix(m.ARN, "arn:") {
		p = access.Normal(m.ARN)
	}
	groups := strings.Join(m.Groups, ", ")
	v.add(p, object, m.ARN+" "+m.Username+" "+groups, Info, "aws-auth "+m.Place()+" → username "+orNone(m.Username)+", groups "+orNone(groups), remedy,
		append([]string{m.Place()}, words...)...)
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func mastersMapping(v *view, m *access.Mapping, state access.State) {
	if !state.Void() && m.Masters() {
		v.mapped(m, v.Command("migrate"), m.Short(v.account))
	}
}

func mappedAccount(v *view, m *access.Mapping, state access.State) {
	if !state.Void() && m.Kind == access.MappedAccount {
		v.mapped(m, v.Command("migrate"), m.Short(v.account))
	}
}

func neverMatches(v *view, m *access.Mapping, state access.State) {
	if state == access.StateNever {
		v.mapped(m, v.Command("migrate", "--remove-mappings"), m.Reason)
	}
}

func invalid(v *view, m *access.Mapping, state access.State) {
	if state == access.StateInvalid {
		v.mapped(m, v.Kubernetes("edit", "configmap", "aws-auth", "-n", "kube-system"), m.Reason)
	}
}

func overridden(v *view, m *access.Mapping, state access.State) {
	if state != access.StateOverridden {
		return
	}
	by := "a later mapping of " + m.Short(v.account)
	if m.Outweighed(v.s) {
		by = "the entry of " + m.Short(v.account) + ", and active again when that is deleted"
	}
	v.mapped(m, v.Command("migrate", "--remove-mappings"), by)
}

func leftover(v *view) {
	if n := len(v.s.AWSAuth.Mappings); n > 0 && !v.reads() {
		v.add("", "aws-auth", "", Info, v.mode(), v.Command("migrate", "--remove-mappings"), strconv.Itoa(n))
	}
}

func faults(v *view) {
	for _, fault := range v.s.AWSAuth.Faults {
		if v.reads() {
			v.add("", "aws-auth", fault, Info, "", v.Kubernetes("edit", "configmap", "aws-auth", "-n", "kube-system"), fault)
		}
	}
}

// forNodes are the services that assume roles of nodes.
var forNodes = []string{"ec2.amazonaws.com", "ec2.amazonaws.com.cn", "eks-fargate-pods.amazonaws.com", "eks.amazonaws.com", "ssm.amazonaws.com", "rolesanywhere.amazonaws.com", "sagemaker.amazonaws.com"}

// nodeRoles are roles of nodes that others can assume, or that have more than nodes need.
func nodeRoles(v *view) {
	if v.s.Cluster.Mode.ReadsEntries() {
		for i := range v.s.Entries {
			if e := &v.s.Entries[i]; e.Node() {
				v.nodeRole(e.Principal, e.Groups, e.Grants)
			}
		}
	}
	for i := range v.s.AWSAuth.Mappings {
		if m := &v.s.AWSAuth.Mappings[i]; v.reads() && m.Node() && !v.s.MappingState(*m).Void() {
			v.nodeRole(access.Normal(m.ARN), m.Groups, nil)
		}
	}
}

func (v *view) nodeRole(p access.Principal, groups []string, grants []access.Grant) {
	var why []string
	for i := range v.Uses {
		for _, t := range v.Uses[i].Trusts {
			if v.Uses[i].Principal.Is(p) && !slices.Contains(forNodes, t) {
				why = append(why, "its trust policy allows "+t)
			}
		}
	}
	for _, g := range groups {
		if !strings.HasPrefix(g, "system:") && !strings.HasPrefix(g, "eks:") || g == "system:masters" {
			why = append(why, "group "+g)
		}
	}
	for _, g := range grants {
		if g.Policy != access.AutoNode {
			why = append(why, "policy "+g.String())
		}
	}
	if len(why) > 0 {
		v.about(p, "", strings.Join(why, sep), "", strings.Join(why, "; "))
	}
}

func (v *view) mode() string { return "mode " + string(v.s.Cluster.Mode) }

// soon is how long after the creation of a cluster its creator's entry may be created.
const soon = 30 * time.Minute

func creator(v *view) {
	made := v.s.Cluster.Created
	if !v.s.Cluster.Mode.ReadsEntries() {
		v.add("", v.s.Cluster.Name, "", Info, v.mode(), v.Command("mode", string(access.ModeBoth)), "the cluster's creator", " that nothing shows; with access entries it has an entry, which can be revoked")
		return
	}
	for i := range v.s.Entries {
		if e := &v.s.Entries[i]; !made.IsZero() && e.Administers() && e.Created.Sub(made).Abs() < soon {
			v.about(e.Principal, "", "cluster and entry of "+dayOf(e.Created), v.Command("grant", "PRINCIPAL", "--policy", "cluster-admin", "-A")+sep+v.revoke(e), " since the cluster was created, so it is probably the creator")
		}
	}
}

func modeConfigMap(v *view) {
	if v.s.Cluster.Mode == access.ModeConfigMap {
		v.add("", v.s.Cluster.Name, "", Info, v.mode(), v.Command("mode", string(access.ModeBoth))+sep+v.Command("migrate"))
	}
}

func modeNotAPI(v *view) {
	if v.s.Cluster.Mode == access.ModeBoth {
		v.add("", v.s.Cluster.Name, "", Info, v.mode(), v.Command("migrate")+sep+v.Command("mode", string(access.ModeAPI)))
	}
}

func auditLog(v *view) {
	if c := &v.s.Cluster; !c.AuditLogs {
		v.add("", c.Name, "", Info, "", "aws eks update-cluster-config --name "+c.Name+" --region "+c.Region()+` --logging '{"clusterLogging":[{"types":["audit","authenticator"],"enabled":true}]}'`)
	}
}
