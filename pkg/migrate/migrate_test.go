package migrate

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/shell"
)

const account = "arn:aws:iam::111122223333:"

var cluster = access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth}

// role is an active mapping: name, username, groups.
func role(name, username string, groups ...string) access.Mapping {
	return access.Mapping{Kind: access.MappedRole, ARN: account + "role/" + name, Username: username, Groups: groups, State: access.InForce, Item: 1}
}

// facts are those of a cluster whose IAM has a role for each mapping.
func facts(mappings ...access.Mapping) Facts {
	f := Facts{Cluster: cluster, Mappings: mappings, Identities: map[string]access.Identity{}, Policies: []access.Policy{"AmazonEKSViewPolicy", access.ClusterAdmin}, Program: shell.Program{Name: "kubectl access"}}
	for _, l := range mappings {
		f.Identities[l.ARN] = access.Identity{Principal: access.Principal(l.ARN)}
	}
	return f
}

func plan(t *testing.T, f Facts, answers ...string) Plan {
	t.Helper()
	c := Choices{Answers: map[string]string{}}
	for i := 0; i+1 < len(answers); i += 2 {
		c.Answers[answers[i]] = answers[i+1]
	}
	p, err := Make(f, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatALineBecomes(t *testing.T) {
	for _, row := range []struct {
		mapping access.Mapping
		answers []string
		want    string // outcome, type, username, groups, policies
	}{
		{role("dev", "dev", "viewers"), nil, "migrates STANDARD dev viewers "},
		{role("dev", "dev", masters), nil, "migrates STANDARD dev  cluster-admin"},
		{role("dev", "dev", masters, "b", "a"), nil, "migrates STANDARD dev a,b cluster-admin"},
		{role("dev", "dev", masters, "system:x"), nil, "migrates STANDARD dev  cluster-admin"},
		{role("dev", "dev", authenticated, ""), nil, "migrates STANDARD dev  "},
		{role("dev", "", "a"), nil, "migrates STANDARD  a "},
		{role("dev", "eks:dev", "a"), nil, "migrates STANDARD  a "},
		{role("dev", "{{SessionName}}", "a"), []string{"username/" + account + "role/dev", "name:x:{{SessionName}}"}, "migrates STANDARD x:{{SessionName}} a "},
		{role("dev", "x:{{AccountID}}", "{{AccountID}}-a"), nil, "migrates STANDARD x:111122223333 111122223333-a "},
		{role("dev", "dev", "iam:x"), nil, "migrates STANDARD dev  "},
		{role("dev", "dev", "iam:x"), []string{"group/iam:x", "rename:y"}, "migrates STANDARD dev y "},
		{role("dev", "dev", "iam:x"), []string{"group/iam:x", "policy:view@dev"}, "migrates STANDARD dev  view"},
		{role("dev", "dev", "iam:x"), []string{"group/iam:x", "leave"}, "stays"},
		{role("n", ec2Name, "system:nodes", "system:bootstrappers"), nil, "migrates EC2_LINUX   "},
		{role("n", ec2Name, "system:nodes", "eks:kube-proxy-windows"), nil, "migrates EC2_WINDOWS   "},
		{role("n", sessionNode, "system:nodes", "system:node-proxier"), nil, "migrates FARGATE_LINUX   "},
		{role("n", sessionNode, "system:nodes"), nil, "migrates HYBRID_LINUX   "},
		{role("n", ec2Name, "system:nodes", "mine"), nil, "stays"},
		{role("n", ec2Name, "mine"), nil, "stays"},
		{access.Mapping{Kind: access.MappedUser, ARN: account + "root", Groups: []string{masters}, State: access.InForce}, nil, "stays"},
		{access.Mapping{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce}, nil, "stays"},
		{access.Mapping{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce}, []string{"account/444455556666", "arns:arn:aws:iam::444455556666:role/p/x"}, "migrates STANDARD arn:aws:iam::444455556666:role/x  "},
	} {
		l := plan(t, facts(row.mapping), row.answers...).Mappings[0]
		got := string(l.Outcome)
		if len(l.Entries) > 0 {
			e := l.Entries[0]
			var policies []string
			for _, g := range e.Grants {
				policies = append(policies, g.Policy.Short())
			}
			got = strings.Join([]string{got, string(e.Kind), e.Username, strings.Join(e.Groups, ","), strings.Join(policies, ",")}, " ")
		}
		if got != row.want {
			t.Errorf("%+v: %q, want %q (%s)", row.mapping, got, row.want, l.Why)
		}
	}
}

func TestWhatWouldLoseARightStays(t *testing.T) {
	f := facts(role("dev", "system:dev", "system:x"))
	f.Bindings = []access.Binding{{Name: "x", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"system:x"}}}
	if l := plan(t, f).Mappings[0]; l.Outcome != Stays {
		t.Errorf("%+v", l)
	}
	p := plan(t, f, "group/system:x", "drop")
	lost := slices.ContainsFunc(p.Mappings[0].Differences, func(d Difference) bool { return d.Code == DiffLost && d.Binding == "ClusterRoleBinding x" })
	if p.Mappings[0].Outcome != Migrates || !lost {
		t.Errorf("%+v", p.Mappings[0])
	}
	p = plan(t, f, "group/system:x", "rename:y")
	if p.Mappings[0].Outcome != Stays || len(p.Follow) != 1 || p.Follow[0].Name != "x:y" {
		t.Errorf("%+v", p)
	}
	f.Bindings, f.NoRBAC = nil, "nobody may look"
	if l := plan(t, f).Mappings[0]; l.Outcome != Stays {
		t.Errorf("%+v", l)
	}
}

// TestALineThatStaysDiffersInNothing, whatever was planned of it before it was known to stay.
func TestALineThatStaysDiffersInNothing(t *testing.T) {
	node, team := role("n", ec2Name, "system:nodes"), role("dev", "dev", "mine", authenticated, "system:x")
	everybody := access.Mapping{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce}
	for _, row := range []struct {
		mapping access.Mapping
		answers []string
	}{
		{node, []string{"node/" + node.ARN, leave}},
		{team, []string{"group/system:x", leave}},
		{everybody, nil},
	} {
		if l := plan(t, facts(row.mapping), row.answers...).Mappings[0]; l.Outcome != Stays || l.Differences != nil || l.After != nil {
			t.Errorf("%+v", l)
		}
	}
	f := facts(role("n", ec2Name, "system:nodes", "system:bootstrappers"))
	f.Bindings = []access.Binding{{Name: "x", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"system:bootstrappers"}}}
	if l := plan(t, f).Mappings[0]; l.Outcome != Stays || !strings.Contains(l.Why, "lost: ClusterRole view on the whole cluster") {
		t.Errorf("what an entry would lose is why it stays: %+v", l)
	}
}

// TestSettledIsWhatNoAnswerChanges leaves out the mappings that an open question is about.
func TestSettledIsWhatNoAnswerChanges(t *testing.T) {
	node := role("n", ec2Name, "system:nodes")
	f := facts(node, role("dev", "dev", "viewers"))
	if p := plan(t, f).Settled(); len(p.Mappings) != 1 || p.Mappings[0].ARN != f.Mappings[1].ARN {
		t.Errorf("%+v", p.Mappings)
	}
	if p := plan(t, f, "node/"+node.ARN, makeEntry).Settled(); len(p.Mappings) != 2 {
		t.Errorf("%+v", p.Mappings)
	}
}

func TestAnOptionIsChosenByNumberOrName(t *testing.T) {
	q := Question{Options: []Option{{Answer: rename, Asks: "which?"}, leaveIt()}}
	for chosen, want := range map[string]string{"1": rename, "2": leave, "rename": rename, "rename:": rename, "leave": leave, "3": "", "0": "", "": "", "rename:x": "", "leave:": ""} {
		if o, ok := q.Option(chosen); o.Answer != want || ok != (want != "") {
			t.Errorf("%q: %+v, %v", chosen, o, ok)
		}
	}
}

func TestAnswersThatCannotBeObeyed(t *testing.T) {
	f := facts(role("dev", "eks:dev", "iam:x"))
	for _, row := range [][2]string{
		{"group/iam:x", "nonsense"},
		{"group/iam:x", "rename:"},
		{"group/iam:x", "rename:system:y"},
		{"group/iam:x", "policy:nonsense"},
		{"group/iam:x", "policy:view@Not_A_Namespace"},
		{"username/" + account + "role/dev", "name:aws:x"},
		{"username/" + account + "role/dev", "name:{{SessionName}}"},
	} {
		if _, err := Make(f, Choices{Answers: map[string]string{row[0]: row[1]}}); err == nil || !strings.Contains(err.Error(), row[0]) {
			t.Errorf("%v: %v", row, err)
		}
	}
}

// TestOnlyADecisionAboutNothingIsUnused: one that was carried out is none, whether its mapping is still there or not.
func TestOnlyADecisionAboutNothingIsUnused(t *testing.T) {
	node := role("n", ec2Name, "system:nodes")
	f := facts(node, role("dev", "dev", "iam:x"))
	decisions := []string{"group/iam:y", drop, "node/" + node.ARN, makeEntry, "username/" + account + "role/other", standard}
	unused := []string{"group/iam:y", "username/" + account + "role/other"}
	for _, step := range []func(){
		func() {},
		func() { f.Entries = []access.Entry{{Principal: access.Principal(node.ARN), Kind: access.EC2Linux}} },
		func() { f.Mappings = f.Mappings[1:] },
	} {
		step()
		if p := plan(t, f, decisions...); !slices.Equal(p.Unused, unused) {
			t.Errorf("%v", p.Unused)
		}
	}
	if p := plan(t, f, append(decisions, "group/iam:x", drop)...); p.Unused != nil {
		t.Errorf("everything is decided: %v", p.Unused)
	}
}

func TestTheOrderOfNamesIsKeptWhenTheyAreCarried(t *testing.T) {
	for _, row := range []struct{ subject, from, to, want string }{
		{"amy", "{{SessionName}}", "x:{{SessionName}}", "x:amy"},
		{"a:amy", "a:{{SessionName}}", "b", "b"},
		{"amy", "amy", "x:{{SessionName}}", ""},
		{"bob@example.com", "{{SessionNameRaw}}", "x:{{SessionName}}", "x:bob-example.com"},
		{"bob-example.com", "{{SessionName}}", "x:{{SessionNameRaw}}", ""},
		{"AKIA1/amy", "{{AccessKeyID}}/{{SessionName}}", "k:{{SessionName}}", "k:amy"},
		{"zoe", "a:{{SessionName}}", "b:{{SessionName}}", ""},
	} {
		if got := carry(row.subject, row.from, row.to); got != row.want {
			t.Errorf("%v: %q", row, got)
		}
	}
}

func TestAnEntryThatSomebodyElseCreatedIsLeftAlone(t *testing.T) {
	p := plan(t, facts(role("dev", "dev", masters)))
	who := access.Principal(account + "role/dev")
	theirs := access.Snapshot{Cluster: cluster}.Put(access.Entry{Principal: who, Kind: access.Standard, Groups: []string{"few"}})
	if made, _, err := access.Make(theirs, p.Create(who)); err != nil || !made.Empty() {
		t.Errorf("%+v, %v", made, err)
	}
	none := access.Snapshot{Cluster: cluster}
	made, begun, err := access.Make(none, p.Create(who))
	if err != nil || made.Empty() {
		t.Fatalf("%+v, %v", made, err)
	}
	e, _ := begun.Entry(who)
	if !e.Administers() || len(e.Groups) > 0 {
		t.Errorf("%+v", e)
	}
	e.Grants = nil // the answer was lost before the policy was there
	if rest, _, err := access.Make(none.Put(e), p.Create(who)); err != nil || len(rest.Changes) != 1 {
		t.Errorf("%+v, %v", rest, err)
	}
}

// TestWhatPausesIsNamed: a new entry overrides the mapping before it has its policies.
func TestWhatPausesIsNamed(t *testing.T) {
	gap := func(l Mapping) bool {
		return slices.ContainsFunc(l.Differences, func(d Difference) bool {
			return d.Code == DiffGap && strings.HasSuffix(d.Text, ": cluster-admin on the whole cluster")
		})
	}
	p := plan(t, facts(role("dev", "dev", masters), role("ops", "ops", "viewers")))
	if !gap(p.Mappings[0]) || gap(p.Mappings[1]) {
		t.Errorf("%+v", p.Mappings)
	}
}

// TestAnUnfinishedEntryIsCompletedAndKept: what somebody gave it since stays, and the plan says so. Without a record of the
// interrupted migration nobody knows that it is unfinished.
func TestAnUnfinishedEntryIsCompletedAndKept(t *testing.T) {
	who := access.Principal(account + "role/dev")
	in := func(namespaces ...string) []access.Grant {
		return []access.Grant{{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: namespaces}}}
	}
	wanted := access.Entry{Principal: who, Kind: access.Standard, Username: "dev", Groups: []string{"few"}, Grants: in("dev")}
	begun := access.Entry{Principal: who, Kind: access.Standard, Username: "dev", Groups: []string{"extra", "few"}, Grants: in("prod"), Tags: map[string]string{"a": "b"}}
	marked, want := begun, begun
	marked.Groups = append([]string{access.HelpPrefix + "iam:x"}, begun.Groups...)
	want.Grants = in("dev", "prod")
	for _, row := range []struct {
		name    string
		have    access.Entry
		begun   bool
		answers []string
		outcome Outcome
	}{
		{"as decided again", begun, true, []string{"group/iam:x", "policy:view@dev"}, Migrates},
		{"as decided then", begun, true, nil, Migrates},
		{"by an earlier version", marked, true, nil, Migrates},
		{"by an earlier version on another machine", marked, false, []string{"group/iam:x", "policy:view@dev"}, Migrates},
		{"on another machine", begun, false, []string{"group/iam:x", "policy:view@dev"}, Covered},
		{"finished", want, true, []string{"group/iam:x", "policy:view@dev"}, Covered},
	} {
		f := facts(role("dev", "dev", "iam:x", "few"))
		f.Bindings = []access.Binding{{Name: "x", Role: access.RoleRef{Kind: "ClusterRole", Name: "view"}, Groups: []string{"iam:x"}}}
		if f.Entries = []access.Entry{row.have}; row.begun {
			f.Begun = map[access.Principal]access.Entry{who: wanted}
		}
		p := plan(t, f, row.answers...)
		if p.Mappings[0].Outcome != row.outcome {
			t.Errorf("%s: %+v", row.name, p.Mappings[0])
		}
		if row.outcome != Migrates {
			continue
		}
		s, err := p.Create(who)(access.Snapshot{Cluster: cluster}.Put(row.have))
		if is, _ := s.Entry(who); err != nil || !is.Same(want.Canonical()) {
			t.Errorf("%s: %+v, %v", row.name, is, err)
		}
		for _, proof := range p.Prove(s, nil) {
			if !proof.Holds {
				t.Errorf("%s: %+v", row.name, proof)
			}
		}
		if !slices.ContainsFunc(p.Mappings[0].Differences, func(d Difference) bool {
			return d.Code == DiffGained && strings.HasSuffix(d.Text, "view in namespace prod")
		}) {
			t.Errorf("%s: %+v", row.name, p.Mappings[0].Differences)
		}
	}
}

// TestABindingGetsANameThatIsFree: what has its name and does not give it is somebody else's, or another role's.
func TestABindingGetsANameThatIsFree(t *testing.T) {
	view, edit := access.RoleRef{Kind: "ClusterRole", Name: "view"}, access.RoleRef{Kind: "ClusterRole", Name: "edit"}
	for _, row := range []struct {
		there []access.Binding
		want  string
	}{
		{nil, "b:y edit y, b:y-2 view y"},
		{[]access.Binding{{Name: "b:y", Role: edit, Users: []string{"amy"}, Groups: []string{"y"}}}, "b:y-2 view y"},
		{[]access.Binding{{Name: "b:y", Role: edit, Groups: []string{"z"}}}, "b:y-2 edit y, b:y-3 view y"},
		{[]access.Binding{{Namespace: "dev", Name: "b:y", Role: edit, Groups: []string{"z"}}}, "b:y edit y, b:y-2 view y"},
	} {
		f := facts(role("dev", "dev", "iam:x", "iam:b x"))
		f.Bindings = append(row.there, access.Binding{Name: "b", Role: view, Groups: []string{"iam:x"}}, access.Binding{Name: "b", Role: edit, Groups: []string{"iam:b x"}})
		var is []string
		for _, b := range plan(t, f, "group/iam:x", "rename:y", "group/iam:b x", "rename:y").Follow {
			is = append(is, strings.Join([]string{b.Name, b.Role.Name, strings.Join(b.Groups, " ")}, " "))
		}
		if got := strings.Join(is, ", "); got != row.want {
			t.Errorf("%+v: %s", row.there, got)
		}
	}
}

func TestTheShadowGoesWithItsLine(t *testing.T) {
	first, last, other := role("dev", "a", masters), role("dev", "b", "viewers"), role("ops", "ops", masters)
	first.State, first.Item, last.Item, other.Item = access.Shadowed, 1, 2, 3
	p := plan(t, facts(first, last, other))
	gone := p.Removable(func(who access.Principal) bool { return who.Name() == "dev" })
	if len(gone) != 2 || gone[0].Item != 1 || gone[1].Item != 2 {
		t.Errorf("%+v", gone)
	}
}

func TestReadingTellsPrincipalsFromWhatIsNone(t *testing.T) {
	for arn, want := range map[string]Class{
		"arn:aws:iam::111122223333:role/dev":                                  ClassOK,
		"arn:aws:iam::111122223333:user/amy":                                  ClassOK,
		"arn:aws:iam::111122223333:role/AWSReservedSSO_X_0123456789abcdef":    NeedsLookup,
		"arn:aws:iam::111122223333:root":                                      Root,
		"arn:aws:iam::<account-id>:root":                                      NoPrincipal,
		"arn:aws:iam::XXXXXXXXXXXX:root":                                      NoPrincipal,
		"arn:aws:sts::111122223333:assumed-role/dev/me":                       SessionARN,
		"arn:aws:sts::111122223333:federated-user/amy":                        NoPrincipal,
		"arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/SLR": ServiceLinked,
		"arn:aws:iam::111122223333:user":                                      NoPrincipal,
		"arn:aws:iam:eu-west-1:111122223333:user/amy":                         NoPrincipal,
		"${module.node.arn}":                                                  NoPrincipal,
	} {
		if got := Read(access.Mapping{ARN: arn}).Principal; got != want {
			t.Errorf("%s: %s, want %s", arn, got, want)
		}
	}
}

// AWS Batch makes its entry itself, and its customers add one policy, in the namespaces that RBAC bound its old name in.
func TestTheLineOfAWSBatchSaysWhatTakesItsPlace(t *testing.T) {
	f := facts(role(access.BatchRole, "aws-batch"))
	f.Bindings = []access.Binding{
		{Namespace: "jobs", Name: "b", Role: access.RoleRef{Kind: "Role", Name: "b"}, Users: []string{"aws-batch"}},
		{Namespace: "other", Name: "o", Role: access.RoleRef{Kind: "Role", Name: "o"}, Users: []string{"somebody"}},
	}
	e := access.Entry{Principal: account + "role/aws-service-role/batch.amazonaws.com/" + access.BatchRole, Kind: access.Standard}
	given := func(namespaces ...string) []access.Entry {
		with := e
		with.Grants = []access.Grant{{Policy: access.BatchNamespace, Scope: access.Scope{Namespaces: namespaces}}}
		return []access.Entry{with}
	}
	const grant = "kubectl access grant role/AWSServiceRoleForBatch --policy batch-namespace -n jobs"
	for _, row := range []struct {
		entries []access.Entry
		outcome Outcome
		why     string
	}{
		{nil, Stays, "ENABLED on every compute environment of the cluster; when the entry exists, run: " + grant},
		{[]access.Entry{e}, Stays, "jobs stay RUNNABLE until you run: " + grant},
		{given("other"), Stays, grant},
		{given("jobs"), Covered, "its entry gives what the mapping gives"},
	} {
		f.Entries = row.entries
		l := plan(t, f).Mappings[0]
		if l.Outcome != row.outcome || !strings.HasSuffix(l.Why, row.why) || l.Removable != (row.outcome == Covered) {
			t.Errorf("%v: %s, %q, removable %v", row.entries, l.Outcome, l.Why, l.Removable)
		}
	}
}

func TestAnAccountIsDroppedByDecisionOnly(t *testing.T) {
	f := facts()
	f.Mappings = []access.Mapping{{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce, Item: 1}}
	if p := plan(t, f); len(p.Dead()) != 0 {
		t.Errorf("without a decision: %+v", p.Dead())
	}
	p := plan(t, f, "account/444455556666", "drop")
	if d := p.Mappings[0].Differences; len(p.Dead()) != 1 || len(d) != 1 || d[0].Code != DiffDropped {
		t.Errorf("%+v", p.Mappings[0])
	}
}
