package migrate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func codes(l Mapping) (all []string) {
	for _, d := range l.Differences {
		all = append(all, d.Code)
	}
	return all
}

// TestAMappingMeansTheRoleThatIAMKnows, by its full ARN.
func TestAMappingMeansTheRoleThatIAMKnows(t *testing.T) {
	m := role("dev", "dev", "a")
	linked := access.Mapping{Kind: access.MappedRole, ARN: account + "role/aws-service-role/x.amazonaws.com/SLR", State: access.InForce}
	session := access.Mapping{Kind: access.MappedRole, ARN: "arn:aws:sts::111122223333:assumed-role/dev/me", State: access.InForce}
	for _, row := range []struct {
		name    string
		mapping access.Mapping
		id      *access.Identity
		entries []access.Entry
		became  string
	}{
		{"as it is written", m, &access.Identity{Principal: account + "role/dev"}, nil, "migrates role/dev:STANDARD user=dev group=a removable"},
		{"with a path", m, &access.Identity{Principal: account + "role/team/dev"}, nil, "migrates role/team/dev:STANDARD user=dev group=a ~path removable"},
		{"IAM was not asked", m, nil, nil, "migrates role/dev:STANDARD user=dev group=a ~not-checked removable"},
		{"IAM does not say", m, &access.Identity{Doubt: "why"}, nil, "migrates role/dev:STANDARD user=dev group=a ~not-checked removable"},
		{"deleted", m, &access.Identity{Missing: true}, nil, "stays"},
		{"deleted, with an entry", m, &access.Identity{Missing: true}, []access.Entry{{Principal: account + "role/dev"}}, "stays"},
		{"an entry with a path", m, nil, []access.Entry{{Principal: account + "role/p/dev", Kind: access.Standard, Username: "dev", Groups: []string{"a"}}}, "covered removable"},
		{"a service-linked role", linked, nil, nil, "stays"},
		{"a session", session, nil, nil, "stays"},
		{"no ARN", access.Mapping{Kind: access.MappedRole, ARN: "${x}", State: access.InForce}, nil, nil, "stays"},
		{"in capital letters", access.Mapping{Kind: access.MappedRole, ARN: "ARN:AWS:IAM::111122223333:ROLE/dev", Username: "dev", State: access.InForce}, nil, nil, "migrates role/dev:STANDARD user=dev ~not-checked removable"},
	} {
		f := facts(row.mapping)
		f.Entries, f.Identities = row.entries, nil
		if row.id != nil {
			f.Identities = map[string]access.Identity{row.mapping.ARN: *row.id}
		}
		if got := became(plan(t, f).Mappings[0]); got != row.became {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.became)
		}
	}
}

// TestAnEntryCoversAMappingWhereItGivesAsMuch.
func TestAnEntryCoversAMappingWhereItGivesAsMuch(t *testing.T) {
	dev := access.Principal(account + "role/dev")
	node := role("dev", ec2Name, "system:nodes", "system:bootstrappers")
	people := role("dev", "dev", "a")
	grants := func(p access.Policy, namespaces ...string) []access.Grant {
		return []access.Grant{{Policy: p, Scope: access.Scope{Namespaces: namespaces}}}
	}
	for _, row := range []struct {
		name    string
		mapping access.Mapping
		entry   access.Entry
		stale   bool
		became  string
	}{
		{"the same", people, access.Entry{Username: "dev", Groups: []string{"a"}}, false, "covered removable"},
		{"and more", people, access.Entry{Username: "dev", Groups: []string{"a", "b"}, Grants: grants("AmazonEKSViewPolicy")}, false, "covered removable"},
		{"an administrator", people, access.Entry{Grants: grants(access.ClusterAdmin)}, false, "covered removable"},
		{"of one namespace", people, access.Entry{Grants: grants(access.ClusterAdmin, "dev")}, false, "covered"},
		{"another username", people, access.Entry{Username: "other", Groups: []string{"a"}}, false, "covered"},
		{"fewer groups", people, access.Entry{Username: "dev"}, false, "covered"},
		{"no administrator", role("dev", "dev", masters), access.Entry{Username: "dev"}, false, "covered"},
		{"one that no longer works", people, access.Entry{Username: "dev", Groups: []string{"a"}}, true, "stays"},
		{"for nodes, as the mapping", node, access.Entry{Kind: access.EC2Linux}, false, "covered removable"},
		{"for people, and the mapping is for nodes", node, access.Entry{}, false, "stays"},
	} {
		f := facts(row.mapping)
		row.entry.Principal = dev
		if row.entry.Kind == "" {
			row.entry.Kind = access.Standard
		}
		if f.Entries = []access.Entry{row.entry.Canonical()}; row.stale {
			f.Stale = []access.Principal{dev}
		}
		if got := became(plan(t, f).Mappings[0]); got != row.became {
			t.Errorf("%s: %s, want %s", row.name, got, row.became)
		}
	}
}

// TestOnlyTheActiveMappingOfAPrincipalBecomesAnEntry, wherever it stands.
func TestOnlyTheActiveMappingOfAPrincipalBecomesAnEntry(t *testing.T) {
	in := func(m access.Mapping, s access.MappingState) access.Mapping { m.State = s; return m }
	user := access.Mapping{Kind: access.MappedUser, ARN: account + "user/amy", Username: "amy", State: access.InForce}
	dev, again := role("dev", "dev", "a"), role("p/dev", "again", "b")
	for _, row := range []struct {
		name      string
		mappings  []access.Mapping
		unmatched []string
		paths     map[string]access.Principal // of users, as IAM knows them
		became    []string
	}{
		{"shadowed", []access.Mapping{in(dev, access.Shadowed), dev}, nil, nil, []string{"nothing", "migrates role/dev:STANDARD user=dev group=a removable"}},
		{"dropped", []access.Mapping{in(dev, access.Dropped)}, nil, nil, []string{"nothing"}},
		{"two ARNs of one role", []access.Mapping{dev, again}, nil, nil, []string{"migrates role/dev:STANDARD user=dev group=a removable", "nothing"}},
		{"one that never matches", []access.Mapping{in(again, access.NeverMatches)}, nil, nil, []string{"nothing removable"}},
		{"and is chosen", []access.Mapping{in(again, access.NeverMatches)}, []string{All}, nil, []string{"migrates role/p/dev:STANDARD user=again group=b ~new-access removable"}},
		{"and is chosen by name", []access.Mapping{in(again, access.NeverMatches)}, []string{account + "ROLE/p/dev"}, nil, []string{"migrates role/p/dev:STANDARD user=again group=b ~new-access removable"}},
		{"and another one is", []access.Mapping{in(again, access.NeverMatches)}, []string{account + "role/x"}, nil, []string{"nothing removable"}},
		{"beside an active one", []access.Mapping{in(again, access.NeverMatches), dev}, []string{All}, nil, []string{"nothing removable", "migrates role/dev:STANDARD user=dev group=a removable"}},
		{"a user with another path", []access.Mapping{user}, nil, map[string]access.Principal{user.ARN: account + "user/p/amy"}, []string{"nothing removable"}},
		{"who is chosen", []access.Mapping{user}, []string{All}, map[string]access.Principal{user.ARN: account + "user/p/amy"}, []string{"migrates user/p/amy:STANDARD user=amy ~new-access ~path removable"}},
	} {
		f := facts(row.mappings...)
		for arn, p := range row.paths {
			f.Identities[arn] = access.Identity{Principal: p}
		}
		p, err := Make(f, Choices{Unmatched: row.unmatched})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range p.Mappings {
			got = append(got, became(l))
		}
		if diff := cmp.Diff(row.became, got); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// TestEveryRightThatChangesIsNamed, by what RBAC binds.
func TestEveryRightThatChangesIsNamed(t *testing.T) {
	admin := access.RoleRef{Kind: "ClusterRole", Name: "cluster-admin"}
	for _, row := range []struct {
		name    string
		mapping access.Mapping
		binding access.Binding
		answers []string
		lost    []string // bindings
		codes   []string
	}{
		{"nothing", role("dev", "dev", "a"), access.Binding{Name: "b", Role: viewers, Groups: []string{"a"}}, nil, nil, nil},
		{"a group that is dropped", role("dev", "dev", "iam:a"), access.Binding{Name: "b", Role: viewers, Groups: []string{"iam:a"}}, []string{"group/iam:a", drop}, []string{"ClusterRoleBinding b"}, []string{DiffGroup, DiffLost}},
		{"in a namespace", role("dev", "dev", "iam:a"), access.Binding{Namespace: "qa", Name: "b", Role: viewers, Groups: []string{"iam:a"}}, []string{"group/iam:a", drop}, []string{"RoleBinding qa/b"}, []string{DiffGroup, DiffLost}},
		{"of an administrator", role("dev", "dev", "iam:a", masters), access.Binding{Name: "b", Role: admin, Groups: []string{"iam:a"}}, nil, nil, []string{DiffGroup, DiffMasters, DiffGap}},
		{"a username of others", role("dev", "{{SessionName}}", "a"), access.Binding{Name: "b", Role: viewers, Users: []string{"amy"}}, []string{"username/" + account + "role/dev", "name:x"}, nil, []string{DiffUsername, DiffGained}},
		{"the raw name of a session", role("dev", "{{SessionNameRaw}}", "a"), access.Binding{}, []string{"username/" + account + "role/dev", "name:x:{{SessionName}}"}, nil, []string{DiffUsername, DiffGained}},
	} {
		f := with(facts(row.mapping), bind(row.binding))
		c := Choices{Answers: map[string]string{}, ApplyRBAC: true}
		for pair := range slices.Chunk(row.answers, 2) {
			c.Answers[pair[0]] = pair[1]
		}
		p, err := Make(f, c)
		if err != nil {
			t.Fatal(err)
		}
		var lost []string
		for _, d := range p.Mappings[0].Differences {
			if d.Code == DiffLost {
				lost = append(lost, d.Binding)
			}
		}
		if diff := cmp.Diff(row.lost, lost); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
		if diff := cmp.Diff(row.codes, codes(p.Mappings[0])); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

// TestANameThatOthersHaveIsSaid: they get the rights of its new bindings, too.
func TestANameThatOthersHaveIsSaid(t *testing.T) {
	x := access.Binding{Name: "x", Role: viewers, Groups: []string{"iam:x"}}
	for _, row := range []struct {
		name   string
		change func(*Facts)
		shared bool
	}{
		{"nobody", func(*Facts) {}, false},
		{"another mapping", func(f *Facts) { f.Mappings = append(f.Mappings, role("ops", "ops", "y")) }, true},
		{"by its template", func(f *Facts) { f.Mappings = append(f.Mappings, role("ops", "ops", "{{SessionName}}")) }, true},
		{"another entry", func(f *Facts) { f.Entries = []access.Entry{{Principal: account + "role/ci", Groups: []string{"y"}}} }, true},
		{"a binding", func(f *Facts) {
			f.Bindings = append(f.Bindings, access.Binding{Name: "o", Role: viewers, Groups: []string{"y"}})
		}, true},
		{"with another name", func(f *Facts) { f.Entries = []access.Entry{{Principal: account + "role/ci", Groups: []string{"yy"}}} }, false},
	} {
		f := with(facts(role("dev", "dev", "iam:x")), bind(x))
		row.change(&f)
		l := plan(t, f, "group/iam:x", "rename:y").Mappings[0]
		if slices.Contains(codes(l), DiffShared) != row.shared {
			t.Errorf("%s: %v", row.name, codes(l))
		}
	}
	two := with(facts(role("dev", "dev", "iam:x", "iam:z")), bind(x, access.Binding{Name: "z", Role: viewers, Groups: []string{"iam:z"}}))
	if l := plan(t, two, "group/iam:x", "rename:y", "group/iam:z", "rename:y").Mappings[0]; !slices.Contains(codes(l), DiffShared) {
		t.Errorf("two answers of one name: %v", codes(l))
	}
}

// TestNodesThatWouldLoseSomethingKeepTheirMapping.
func TestNodesThatWouldLoseSomethingKeepTheirMapping(t *testing.T) {
	for _, row := range []struct {
		name    string
		mapping access.Mapping
		became  string
	}{
		{"nodes", role("n", ec2Name, "system:nodes", "system:bootstrappers"), "migrates role/n:EC2_LINUX ~node-entry removable"},
		{"with another group", role("n", ec2Name, "system:nodes", "mine"), "stays"},
		{"not in the group of nodes", role("n", ec2Name, "mine"), "stays"},
		{"named by hand", role("n", "system:node:n", "system:nodes"), "stays"},
		{"of another account", access.Mapping{Kind: access.MappedRole, ARN: "arn:aws:iam::444455556666:role/n", Username: ec2Name, Groups: []string{"system:nodes"}, State: access.InForce}, "stays"},
	} {
		if got := became(plan(t, facts(row.mapping)).Mappings[0]); got != row.became {
			t.Errorf("%s: %s, want %s", row.name, got, row.became)
		}
	}
}

// TestAProofIsOfEachRight that the mapping gave.
func TestAProofIsOfEachRight(t *testing.T) {
	dev := access.Principal(account + "role/dev")
	f := with(facts(role("dev", "dev", "iam:x", "a", masters)), bind(access.Binding{Name: "x", Role: viewers, Groups: []string{"iam:x"}}))
	p := plan(t, f)
	whole := access.Entry{Principal: dev, Kind: access.Standard, Username: "dev", Groups: []string{"a"}, Grants: []access.Grant{{Policy: access.ClusterAdmin}}}
	without := func(change func(*access.Entry)) *access.Entry { e := whole; change(&e); return &e }
	for _, row := range []struct {
		name  string
		have  *access.Entry
		holds []bool // access, cluster-admin, group a, username
	}{
		{"all", &whole, []bool{true, true, true, true}},
		{"no entry", nil, []bool{false, false, false, false}},
		{"no policy", without(func(e *access.Entry) { e.Grants = nil }), []bool{true, false, true, true}},
		{"a narrower policy", without(func(e *access.Entry) {
			e.Grants = []access.Grant{{Policy: access.ClusterAdmin, Scope: access.Scope{Namespaces: []string{"dev"}}}}
		}), []bool{true, false, true, true}},
		{"no group", without(func(e *access.Entry) { e.Groups, e.Grants = nil, nil }), []bool{true, false, false, true}},
		{"another username", without(func(e *access.Entry) { e.Username, e.Grants = "x", nil }), []bool{true, false, true, false}},
		{"another type", without(func(e *access.Entry) { e.Kind, e.Grants = access.EC2, nil }), []bool{false, false, true, true}},
		{"an administrator by somebody else", without(func(e *access.Entry) { e.Username, e.Groups = "x", nil }), []bool{true}},
	} {
		s := access.Snapshot{Cluster: cluster}
		if row.have != nil {
			s = s.Put(*row.have)
		}
		var holds []bool
		for _, proof := range p.Prove(s, nil) {
			holds = append(holds, proof.Holds)
			if proof.Principal != dev {
				t.Errorf("%s: %+v", row.name, proof)
			}
		}
		if !slices.Equal(holds, row.holds) {
			t.Errorf("%s: %v", row.name, holds)
		}
	}
}

// TestABindingThatANewNameNeedsIsProved.
func TestABindingThatANewNameNeedsIsProved(t *testing.T) {
	f := with(facts(role("dev", "dev", "iam:x")), bind(access.Binding{Name: "x", Role: viewers, Groups: []string{"iam:x"}}))
	p, err := Make(f, Choices{Answers: map[string]string{"group/iam:x": "rename:y"}, ApplyRBAC: true})
	if err != nil {
		t.Fatal(err)
	}
	s := access.Snapshot{Cluster: cluster}.Put(p.Mappings[0].Entries[0])
	for _, made := range []bool{false, true} {
		var bindings []access.Binding
		if made {
			bindings = p.Follow
		}
		proofs := p.Prove(s, bindings)
		if last := proofs[len(proofs)-1]; last.Holds != made {
			t.Errorf("made %t: %+v", made, proofs)
		}
	}
}

// TestWhatIsRemovedIsNoLongerNeeded.
func TestWhatIsRemovedIsNoLongerNeeded(t *testing.T) {
	f := facts(role("dev", "dev", "a"), role("ops", "ops", "a"), role("gone", "gone", "a"), role("ci", "ci", "iam:x"))
	for i := range f.Mappings {
		f.Mappings[i].Item = i + 1
	}
	f.Identities[account+"role/gone"] = access.Identity{Missing: true}
	f.Entries = []access.Entry{{Principal: account + "role/ops", Kind: access.Standard, Username: "ops", Groups: []string{"a"}}}
	f.Bindings = []access.Binding{{Name: "x", Role: viewers, Groups: []string{"iam:x"}}}
	p := plan(t, f, "missing/"+account+"role/gone", remove)
	items := func(all []access.Mapping) (n []int) {
		for _, m := range all {
			n = append(n, m.Item)
		}
		return n
	}
	for _, row := range []struct {
		done []access.Principal
		want []int
	}{{nil, []int{2}}, {[]access.Principal{account + "role/dev"}, []int{1, 2}}, {[]access.Principal{account + "role/ci"}, []int{2}}} {
		if got := items(p.Removable(func(who access.Principal) bool { return slices.Contains(row.done, who) })); !slices.Equal(got, row.want) {
			t.Errorf("%v done: %v", row.done, got)
		}
	}
	if got := items(p.Dead()); !slices.Equal(got, []int{3}) {
		t.Errorf("dead: %v", got)
	}
	if got := p.Principals(); !slices.Equal(got, []access.Principal{account + "role/dev"}) {
		t.Errorf("%v", got)
	}
}

// TestLeftoverIsWhatAnEarlierVersionMade, and nothing else.
func TestLeftoverIsWhatAnEarlierVersionMade(t *testing.T) {
	theirs, earlier := access.Binding{Name: "x", Role: viewers}, access.Binding{Name: access.HelpPrefix + "x", Role: viewers, Groups: []string{access.HelpPrefix + "x"}}
	all := []access.Binding{theirs, earlier}
	if !cmp.Equal(Leftover(all), []access.Binding{earlier}) || !cmp.Equal(withoutLeftover(all), []access.Binding{theirs}) {
		t.Errorf("%v, %v", Leftover(all), withoutLeftover(all))
	}
	marked := access.Entry{Principal: account + "role/dev", Kind: access.Standard, Groups: []string{"a", access.HelpPrefix + "x"}, Grants: []access.Grant{{Policy: access.ClusterAdmin}}}
	for _, row := range []struct {
		name   string
		entry  access.Entry
		mapped bool
		orphan bool
	}{
		{"its mapping is gone", marked, false, true},
		{"its mapping is there", marked, true, false},
		{"it has no policy", access.Entry{Principal: marked.Principal, Kind: access.Standard, Groups: marked.Groups}, false, false},
		{"it is in no such group", access.Entry{Principal: marked.Principal, Kind: access.Standard, Grants: marked.Grants}, false, false},
	} {
		f := facts()
		if row.mapped {
			f = facts(role("dev", "dev", "a"))
		}
		f.Entries = []access.Entry{row.entry}
		p := plan(t, f)
		if slices.Contains(p.Orphans, marked.Principal) != row.orphan {
			t.Errorf("%s: %v", row.name, p.Orphans)
		}
		if !row.orphan {
			continue
		}
		s, err := p.Create(marked.Principal)(access.Snapshot{Cluster: cluster}.Put(row.entry))
		if e, _ := s.Entry(marked.Principal); err != nil || !slices.Equal(e.Groups, []string{"a"}) || !e.Administers() {
			t.Errorf("%+v, %v", e, err)
		}
	}
	before := access.Snapshot{Cluster: cluster}.Put(access.Entry{Principal: "x", Groups: []string{"a"}})
	for _, who := range []access.Principal{"x", "nobody"} {
		if s, err := Unmark(who)(before); err != nil || !cmp.Equal(s.Entries, before.Entries) {
			t.Errorf("%s: %v, %v", who, s.Entries, err)
		}
	}
}

// Another mapping of the same ARN may be active: what never matches goes alone.
func TestWhatNeverMatchesGoesAlone(t *testing.T) {
	active := access.Mapping{Kind: access.MappedRole, ARN: account + "role/dev", State: access.InForce, Item: 1}
	void := access.Mapping{Kind: access.MappedUser, ARN: account + "role/dev", State: access.NeverMatches, Item: 1}
	p := Plan{Mappings: []Mapping{{Mapping: active, Outcome: Stays}, {Mapping: void, Outcome: Nothing, Removable: true}}}
	got := p.Removable(func(access.Principal) bool { return true })
	if len(got) != 1 || got[0].Place() != void.Place() || len(p.Dead()) != 0 {
		t.Errorf("%v, %v", got, p.Dead())
	}
}
