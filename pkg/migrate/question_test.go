package migrate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const ours = "111122223333"

var viewers = access.RoleRef{Kind: "ClusterRole", Name: "view"}

// became is what becomes of a mapping, by its values: outcome, entries, codes of differences, whether it can be removed.
func became(l Mapping) string {
	words := []string{string(l.Outcome)}
	for _, e := range l.Entries {
		words = append(words, e.Principal.Short(ours)+":"+string(e.Kind))
		if e.Username != "" {
			words = append(words, "user="+e.Username)
		}
		for _, g := range e.Groups {
			words = append(words, "group="+g)
		}
		for _, g := range e.Grants {
			words = append(words, strings.TrimSuffix("policy="+g.Policy.Short()+"@"+strings.Join(g.Scope.Namespaces, ","), "@"))
		}
	}
	for _, d := range l.Differences {
		words = append(words, "~"+d.Code)
	}
	if l.Removable {
		words = append(words, "removable")
	}
	return strings.Join(words, " ")
}

// followers are the bindings that a plan makes: namespace/name role subjects.
func followers(p Plan) (all []string) {
	for _, b := range p.Follow {
		all = append(all, strings.TrimPrefix(b.Namespace+"/", "/")+b.Name+" "+b.Role.Name+" "+strings.Join(slices.Concat(b.Users, b.Groups), ","))
	}
	return all
}

// with is facts with something changed.
func with(f Facts, change func(*Facts)) Facts {
	change(&f)
	return f
}

func bind(bindings ...access.Binding) func(*Facts) {
	return func(f *Facts) { f.Bindings = bindings }
}

// TestEveryQuestionAndAnswer: without an answer the default holds, which never loses a right, and is not a decision.
func TestEveryQuestionAndAnswer(t *testing.T) {
	const ssoName = "AWSReservedSSO_Team_0123456789abcdef"
	ofGroup := access.Binding{Name: "x", Role: viewers, Groups: []string{"iam:x"}}
	ofUser := access.Binding{Namespace: "dev", Name: "u", Role: viewers, Users: []string{"amy"}}
	group := with(facts(role("dev", "dev", "iam:x")), bind(ofGroup))
	session := with(facts(role("dev", "{{SessionName}}", "a")), bind(ofUser))
	nodes := facts(role("n", ec2Name, "system:nodes", "system:bootstrappers"))
	gone := with(facts(role("dev", "dev", "a")), func(f *Facts) { f.Identities[account+"role/dev"] = access.Identity{Missing: true} })
	sso := with(facts(role(ssoName, "dev", "a")), func(f *Facts) { f.Identities = nil })
	everybody := facts(access.Mapping{Kind: access.MappedAccount, ARN: ours, State: access.InForce, Item: 1})
	var noRBAC, noNodes, managed Facts
	noRBAC = with(facts(role("dev", "{{SessionName}}", "iam:x")), func(f *Facts) { f.NoRBAC = "why" })
	noNodes = with(nodes, func(f *Facts) { f.NoNodes = "why" })
	managed = with(nodes, func(f *Facts) { f.EKSNodes = map[access.Principal]any{account + "role/n": nil} })
	for _, row := range []struct {
		facts         Facts
		id, answer    string
		rbac          bool
		byDefault     string // the default answer
		became        string
		follow        []string
		isNotPossible bool
	}{
		{facts: group, id: "group/iam:x", byDefault: leave, became: "stays"},
		{facts: group, id: "group/iam:x", answer: leave, byDefault: leave, became: "stays"},
		{facts: group, id: "group/iam:x", answer: drop, byDefault: leave, became: "migrates role/dev:STANDARD user=dev ~group ~right-lost removable"},
		{facts: group, id: "group/iam:x", answer: "rename:y", byDefault: leave, became: "stays ~group", follow: []string{"x:y view y"}},
		{facts: group, id: "group/iam:x", answer: "rename:y", rbac: true, byDefault: leave, became: "migrates role/dev:STANDARD user=dev group=y ~group removable", follow: []string{"x:y view y"}},
		{facts: group, id: "group/iam:x", answer: "policy:view", byDefault: leave, became: "migrates role/dev:STANDARD user=dev policy=view ~group ~right-lost ~new-access ~brief-gap removable"},
		{facts: group, id: "group/iam:x", answer: "policy:view@qa,dev", byDefault: leave, became: "migrates role/dev:STANDARD user=dev policy=view@dev,qa ~group ~right-lost ~new-access ~new-access ~brief-gap removable"},
		{facts: group, id: "group/iam:x", answer: "rename:system:y", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: group, id: "group/iam:x", answer: "policy:none", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: group, id: "group/iam:x", answer: "rename", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: facts(role("dev", "dev", "iam:x")), id: "group/iam:x", byDefault: drop, became: "migrates role/dev:STANDARD user=dev ~group removable"},
		{facts: noRBAC, id: "group/iam:x", byDefault: leave, became: "stays"},

		{facts: session, id: "username/" + account + "role/dev", byDefault: leave, became: "stays"},
		{
			facts: session, id: "username/" + account + "role/dev", answer: standard, rbac: true, byDefault: leave, became: "migrates role/dev:STANDARD group=a ~username removable",
			follow: []string{"dev/u:arn:aws:sts::111122223333:assumed-role-dev-SessionName- view arn:aws:sts::111122223333:assumed-role/dev/amy"},
		},
		{facts: session, id: "username/" + account + "role/dev", answer: "name:t:{{SessionName}}", byDefault: leave, became: "stays ~username", follow: []string{"dev/u:t:-SessionName- view t:amy"}},
		{
			facts: session, id: "username/" + account + "role/dev", answer: "name:t:{{SessionName}}", rbac: true, byDefault: leave,
			became: "migrates role/dev:STANDARD user=t:{{SessionName}} group=a ~username removable", follow: []string{"dev/u:t:-SessionName- view t:amy"},
		},
		{facts: session, id: "username/" + account + "role/dev", answer: "name:system:x", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: facts(role("dev", "{{SessionName}}", "a")), id: "username/" + account + "role/dev", byDefault: standard, became: "migrates role/dev:STANDARD group=a ~username removable"},
		{facts: with(session, func(f *Facts) { f.Mappings = facts(role("dev", "{{SessionName}}", masters)).Mappings }), id: "username/" + account + "role/dev", byDefault: standard, became: "migrates role/dev:STANDARD policy=cluster-admin ~system-masters ~username ~brief-gap removable"},
		{facts: with(noRBAC, func(f *Facts) { f.Mappings = facts(role("dev", "{{SessionName}}", "a")).Mappings }), id: "username/" + account + "role/dev", byDefault: leave, became: "stays"},

		{facts: nodes, id: "node/" + account + "role/n", byDefault: makeEntry, became: "migrates role/n:EC2_LINUX ~node-entry removable"},
		{facts: nodes, id: "node/" + account + "role/n", answer: leave, byDefault: makeEntry, became: "stays"},
		{facts: managed, id: "node/" + account + "role/n", byDefault: leave, became: "stays"},
		{facts: managed, id: "node/" + account + "role/n", answer: makeEntry, byDefault: leave, became: "migrates role/n:EC2_LINUX ~node-entry removable"},
		{facts: noNodes, id: "node/" + account + "role/n", byDefault: leave, became: "stays"},
		{facts: nodes, id: "node/" + account + "role/n", answer: drop, byDefault: makeEntry, became: "migrates role/n:EC2_LINUX ~node-entry removable", isNotPossible: true},

		{facts: gone, id: "missing/" + account + "role/dev", byDefault: leave, became: "stays"},
		{facts: gone, id: "missing/" + account + "role/dev", answer: remove, byDefault: leave, became: "stays removable"},
		{facts: gone, id: "missing/" + account + "role/dev", answer: makeEntry, byDefault: leave, became: "stays", isNotPossible: true},

		{facts: sso, id: "principal/" + account + "role/" + ssoName, byDefault: leave, became: "stays"},
		{
			facts: sso, id: "principal/" + account + "role/" + ssoName, answer: arns + account + "role/aws-reserved/sso.amazonaws.com/" + ssoName, byDefault: leave,
			became: "migrates sso/Team:STANDARD user=dev group=a ~path removable",
		},
		{facts: sso, id: "principal/" + account + "role/" + ssoName, answer: arns + account + "role/" + ssoName, byDefault: leave, became: "stays", isNotPossible: true},
		{facts: sso, id: "principal/" + account + "role/" + ssoName, answer: arns + account + "role/aws-reserved/sso.amazonaws.com/other", byDefault: leave, became: "stays", isNotPossible: true},

		{facts: everybody, id: "account/" + ours, byDefault: leave, became: "stays"},
		{facts: everybody, id: "account/" + ours, answer: drop, byDefault: leave, became: "stays ~access-lost removable"},
		{
			facts: everybody, id: "account/" + ours, answer: arns + account + "role/p/a, " + account + "user/p/b", byDefault: leave,
			became: "migrates role/p/a:STANDARD user=" + account + "role/a user/p/b:STANDARD user=" + account + "user/p/b ~account",
		},
		{facts: everybody, id: "account/" + ours, answer: arns + "arn:aws:iam::444455556666:role/a", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: everybody, id: "account/" + ours, answer: arns + "role/a", byDefault: leave, became: "stays", isNotPossible: true},
		{facts: with(everybody, func(f *Facts) { f.Entries = []access.Entry{{Principal: account + "role/a"}} }), id: "account/" + ours, answer: arns + account + "role/a", became: "covered ~account"},
	} {
		c := Choices{Answers: map[string]string{}, ApplyRBAC: row.rbac}
		if row.answer != "" {
			c.Answers[row.id] = row.answer
		}
		p, err := Make(row.facts, c)
		var unfit Unfit
		if errors.As(err, &unfit) != row.isNotPossible || err != nil && (unfit.ID != row.id || unfit.Given != row.answer) {
			t.Errorf("%s %q: %v", row.id, row.answer, err)
		}
		i := slices.IndexFunc(p.Questions, func(q Question) bool { return q.ID == row.id })
		if (i >= 0) != (row.byDefault != "") { // what was carried out is not asked again
			t.Errorf("%s %q is asked: %t", row.id, row.answer, i >= 0)
		}
		if i < 0 {
			p.Questions, i = []Question{{}}, 0
		}
		fits := row.answer != "" && p.Questions[i].Fits(row.answer)
		if q := p.Questions[i]; q.Default != row.byDefault || q.Decided != fits || q.Answer != map[bool]string{true: row.answer, false: row.byDefault}[fits] {
			t.Errorf("%s %q: default %s, answer %s, decided %t", row.id, row.answer, q.Default, q.Answer, q.Decided)
		}
		if got := became(p.Mappings[0]); got != row.became {
			t.Errorf("%s %q: %s\nwant %s", row.id, row.answer, got, row.became)
		}
		if diff := cmp.Diff(row.follow, followers(p)); diff != "" {
			t.Errorf("%s %q: %s", row.id, row.answer, diff)
		}
	}
}

// TestUsersWhoDifferInCaseAreAChoice: which mapping matches is random.
func TestUsersWhoDifferInCaseAreAChoice(t *testing.T) {
	user := func(name string, item int) access.Mapping {
		return access.Mapping{Kind: access.MappedUser, ARN: account + "user/" + name, Username: name, State: access.InForce, Item: item}
	}
	const id = "user/" + account + "user/amy"
	for _, row := range []struct {
		answer        string
		first, second string
	}{
		{"", "stays", "stays"},
		{leave, "stays", "stays"},
		{"item:1", "migrates user/amy:STANDARD user=amy ~username removable", "nothing"},
		{"item:2", "nothing", "migrates user/Amy:STANDARD user=Amy ~username removable"},
	} {
		answers := []string{id, row.answer}
		if row.answer == "" {
			answers = nil
		}
		p := plan(t, facts(user("amy", 1), user("Amy", 2)), answers...)
		if a, b := became(p.Mappings[0]), became(p.Mappings[1]); a != row.first || b != row.second {
			t.Errorf("%q: %s, %s", row.answer, a, b)
		}
		if len(p.Questions) != 1 || p.Questions[0].ID != id || len(p.Questions[0].Options) != 3 {
			t.Errorf("%q: %+v", row.answer, p.Questions)
		}
	}
	if p := plan(t, facts(user("amy", 1), user("bob", 2))); len(p.Questions) > 0 {
		t.Errorf("%+v", p.Questions)
	}
}

// TestOneAnswerIsForAllMappingsThatAskIt, and it is asked once.
func TestOneAnswerIsForAllMappingsThatAskIt(t *testing.T) {
	f := with(facts(role("a", "a", "iam:x"), role("b", "b", "iam:x")), bind(access.Binding{Name: "x", Role: viewers, Groups: []string{"iam:x"}}))
	p := plan(t, f, "group/iam:x", "policy:view")
	if len(p.Questions) != 1 || p.Mappings[0].Outcome != Migrates || p.Mappings[1].Outcome != Migrates {
		t.Errorf("%d questions, %s, %s", len(p.Questions), p.Mappings[0].Outcome, p.Mappings[1].Outcome)
	}
	if _, open := p.Open(); open {
		t.Error("a question is open")
	}
	q, open := plan(t, f).Open()
	if !open || q.ID != "group/iam:x" {
		t.Errorf("open is %q", q.ID)
	}
}
