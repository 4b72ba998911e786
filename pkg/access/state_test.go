package access_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

var errUnread = errors.New("forbidden")

const ownAccount = "111122223333"

// linked is a role that AWS owns.
const linked access.Principal = "arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"

// state reads a whole cluster from one line, so that a table has one row per case. Its parts are separated by semicolons:
//
//	ops=view:dev group:g      an entry, in the words of entry()
//	auth=role/ops ops:x g,h   a mapping in force: principal, username and groups, "-" for none, then another state
//	auth, auth=unread         an aws-auth without mappings, one that could not be read; without auth nobody asked
//	bind=dev/editor group:g   an RBAC binding of a Role in a namespace
//	bind=view user:u          one of a ClusterRole everywhere, and with in:dev in a namespace
//	rbac, rbac=unread         RBAC without bindings, RBAC that could not be read
//	mode=API  caller=dev  dead=ops  deleted=ops
func state(text string) access.Snapshot {
	s := access.Snapshot{Cluster: demo, Caller: ops}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "":
		case "mode":
			s.Cluster.Mode = access.Mode(value)
		case "caller":
			s.Caller = who(value)
		case "dead":
			s.Dead = append(s.Dead, who(value))
		case "deleted":
			s.Deleted = append(s.Deleted, who(value))
		case "auth":
			s.AWSAuth = line(s.AWSAuth, value)
		case "rbac", "bind":
			s.RBAC = bind(s.RBAC, value)
		default:
			s = s.Put(entry(who(key), value))
		}
	}
	return s
}

// who is a principal by its name in these tests; every other name is a role of the cluster's account.
func who(name string) access.Principal {
	known := map[string]access.Principal{"": "", "dev": dev, "alice": alice, "linked": linked, "foreign": "arn:aws:iam::444455556666:role/ops"}
	if p, ok := known[name]; ok {
		return p
	}
	return access.Principal("arn:aws:iam::" + ownAccount + ":role/" + name)
}

func line(m *access.ConfigMap, text string) *access.ConfigMap {
	now := access.ConfigMap{Data: map[string]string{}}
	if m != nil {
		now = *m
	}
	words := strings.Fields(text)
	switch text {
	case "unread":
		return &access.ConfigMap{Err: errUnread}
	case "":
		return &now
	}
	l := access.Mapping{Kind: access.MappedRole, State: access.InForce, Item: len(now.Mappings) + 1, ARN: words[0]}
	switch kind, _, short := strings.Cut(words[0], "/"); {
	case access.IsAccount(words[0]):
		l.Kind = access.MappedAccount
	case kind == "user":
		l.Kind, l.ARN = access.MappedUser, "arn:aws:iam::"+ownAccount+":"+l.ARN
	case short && !strings.Contains(words[0], ":"):
		l.ARN = "arn:aws:iam::" + ownAccount + ":" + l.ARN
	}
	if len(words) > 1 && words[1] != "-" {
		l.Username = words[1]
	}
	if len(words) > 2 && words[2] != "-" {
		l.Groups = strings.Split(words[2], ",")
	}
	if len(words) > 3 {
		l.State = access.MappingState(words[3])
	}
	now.Mappings = append(now.Mappings, l)
	now.Data = map[string]string{"mapRoles": now.Data["mapRoles"] + text + "\n"}
	return &now
}

func bind(r *access.RBAC, text string) *access.RBAC {
	if text == "unread" {
		return &access.RBAC{Err: errUnread}
	}
	var now access.RBAC
	if r != nil {
		now = *r
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return &now
	}
	b := access.Binding{Name: words[0], Role: access.RoleRef{Kind: "ClusterRole", Name: words[0]}}
	if namespace, role, within := strings.Cut(words[0], "/"); within {
		b.Namespace, b.Role = namespace, access.RoleRef{Kind: "Role", Name: role}
	}
	for _, w := range words[1:] {
		if namespace, ok := strings.CutPrefix(w, "in:"); ok {
			b.Namespace = namespace
		}
		if user, ok := strings.CutPrefix(w, "user:"); ok {
			b.Users = append(b.Users, user)
		}
		if group, ok := strings.CutPrefix(w, "group:"); ok {
			b.Groups = append(b.Groups, group)
		}
	}
	now.Bindings = append(now.Bindings, b)
	return &now
}

// brief is what rights are, in values: "view@dev", "Role editor@dev<group:g", "admin", with the mapping they come from.
func brief(rights []access.Right) string {
	var all []string
	for _, r := range rights {
		text := map[access.RightKind]string{
			access.Connect: "connect", access.Administer: "admin", access.JoinNodes: "nodes",
			access.ByPolicy: access.Policy(r.Name).Short(), access.ByRole: r.Name, access.ByGroup: "group:" + r.Name, access.ByUsername: "user:" + r.Name,
		}[r.Kind]
		if r.Where != "" {
			text += "@" + r.Where
		}
		if r.Via != "" {
			text += "<" + strings.Replace(r.Via, " ", ":", 1)
		}
		if r.By.Mapping != "" {
			text += " by " + r.By.Mapping
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// did is what a step does, in values: "create dev", "grant dev view:a", "revoke dev view".
func did(step access.Step) string {
	name := step.Principal().Name()
	grant := func(g access.Grant) string {
		text := g.Policy.Short()
		if !g.Scope.WholeCluster() {
			text += ":" + strings.Join(g.Scope.Namespaces, ",")
		}
		return text
	}
	switch s := step.(type) {
	case access.CreateEntry:
		return "create " + name
	case access.UpdateEntry:
		return "update " + name
	case access.TagEntry:
		return "tag " + name
	case access.UntagEntry:
		return "untag " + name
	case access.Associate:
		return "grant " + name + " " + grant(s.Grant)
	case access.Disassociate:
		return "revoke " + name + " " + grant(s.Grant)
	case access.DeleteEntry:
		return "delete " + name
	case access.SetMode:
		return "mode " + string(s.To)
	case access.WriteAWSAuth:
		return "aws-auth"
	}
	return fmt.Sprintf("%T", step)
}

func allDid(steps []access.Step) string {
	var all []string
	for _, s := range steps {
		all = append(all, did(s))
	}
	return strings.Join(all, "; ")
}

func riskNames(risks []access.Risk) string {
	var names []string
	for _, r := range risks {
		names = append(names, string(r.Name))
	}
	return strings.Join(names, " ")
}

// anyState is a cluster with any of five entries, each with any grants, groups, username and tags.
func anyState(r *rand.Rand) access.Snapshot {
	s := state("auth")
	pick := func(words ...string) string {
		var some []string
		for _, w := range words {
			if r.IntN(2) == 0 {
				some = append(some, w)
			}
		}
		return strings.Join(some, " ")
	}
	one := func(words ...string) string { return words[r.IntN(len(words))] }
	for _, p := range []access.Principal{dev, ops, alice, who("foreign")} {
		if r.IntN(3) > 0 {
			s = s.Put(entry(p, pick(
				one("view", "view:a", "view:a,b", "view:b,c-*"), one("edit", "edit:a", "edit:c"), one("admin", "admin:b"),
				"group:"+one("g", "h"), "group:i", "user:x:"+one("1", "2"), "tag:k="+one("1", "2"), "tag:l=3", "tag:m=",
			)))
		}
	}
	if r.IntN(2) == 0 {
		s = s.Put(entry(node, "kind:EC2 "+pick("auto", "tag:k=v")))
	}
	if r.IntN(2) == 0 {
		s.AWSAuth = line(s.AWSAuth, one("role/ops ops g", "role/dev dev system:masters", "role/n system:node:{{EC2PrivateDNSName}} system:nodes"))
	}
	return s
}
