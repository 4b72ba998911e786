package rights_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

func rule(verbs, groups, resources string, names ...string) access.Rule {
	return access.Rule{Verbs: strings.Split(verbs, ","), APIGroups: strings.Split(groups, ","), Resources: strings.Split(resources, ","), ResourceNames: names}
}

func urls(verbs string, paths ...string) access.Rule {
	return access.Rule{Verbs: strings.Split(verbs, ","), NonResourceURLs: paths}
}

func TestCoversAsKubernetesDoes(t *testing.T) {
	get := func(what string) rights.Request {
		resource, sub, _ := strings.Cut(what, "/")
		return rights.Request{Verb: "get", Resource: resource, Subresource: sub}
	}
	named := func(name string) rights.Request { return rights.Request{Verb: "get", Resource: "pods", Name: name} }
	url := func(path string) rights.Request { return rights.Request{Verb: "get", URL: path} }
	for _, c := range []struct {
		rule access.Rule
		ask  rights.Request
		want bool
	}{
		{rule("get", "", "pods"), get("pods"), true},
		{rule("GET", "", "pods"), get("pods"), false},
		{rule("*", "", "pods"), get("pods"), true},
		{rule("get", "apps", "pods"), get("pods"), false},
		{rule("get", "*", "pods"), get("pods"), true},
		{rule("get", "", "pods"), get("pods/log"), false},
		{rule("get", "", "pods/log"), get("pods"), false},
		{rule("get", "", "pods/log"), get("pods/log"), true},
		{rule("get", "", "*/log"), get("pods/log"), true},
		{rule("get", "", "*/log"), get("pods/exec"), false},
		{rule("get", "", "*"), get("pods/log"), true},
		{rule("get", "", "pods/*"), get("pods/log"), false},
		{rule("get", "", "pods*"), get("pods"), false},
		{rule("get", "", "pods/"), get("pods"), false},
		{rule("get", "", "pods", "a"), named("a"), true},
		{rule("get", "", "pods", "a"), named("b"), false},
		{rule("get", "", "pods", "a"), get("pods"), false},
		{rule("get", "", "pods"), named("b"), true},
		{rule("get", "", "*"), rights.Request{Verb: "*", Resource: "*"}, false},
		{rule("*", "*", "*"), rights.Request{Verb: "*", Group: "*", Resource: "*"}, true},
		{urls("get", "*"), url("/logs"), true},
		{urls("get", "/logs/*"), url("/logs"), false},
		{urls("get", "/logs/*"), url("/logs/"), true},
		{urls("get", "/logs/*"), url("/logs/x/y"), true},
		{urls("get", "/logs**"), url("/logsx"), true},
		{urls("get", "/logs"), url("/logs/x"), false},
		{rule("*", "*", "*"), url("/logs"), false},
		{urls("*", "*"), get("pods"), false},
	} {
		if got := rights.Covers(c.rule, c.ask); got != c.want {
			t.Errorf("%+v and %+v: %t", c.rule, c.ask, got)
		}
	}
}

const account = "111122223333"

func arn(name string) access.Principal {
	return access.Principal("arn:aws:iam::" + account + ":role/" + name)
}

// world has an entry for each way to get a right.
func world() access.Snapshot {
	grant := func(policy string, namespaces ...string) access.Grant {
		return access.Grant{Policy: access.Policy(policy), Scope: access.Scope{Namespaces: namespaces}}
	}
	entry := func(name string, groups []string, grants ...access.Grant) access.Entry {
		return access.Entry{Principal: arn(name), Kind: access.Standard, Username: name, Groups: groups, Grants: grants}
	}
	bind := func(ns, name, kind, role string, groups ...string) access.Binding {
		return access.Binding{Namespace: ns, Name: name, Role: access.RoleRef{Kind: kind, Name: role}, Groups: groups}
	}
	mapped := func(n int, name string, state access.MappingState, groups ...string) access.Mapping {
		return access.Mapping{Kind: access.MappedRole, ARN: string(arn(name)), Username: name, Groups: groups, State: state, Item: n}
	}
	user := bind("qa", "for-u", "Role", "reader")
	user.Users = []string{"byname"}
	session := bind("", "for-s", "ClusterRole", "reader")
	session.Users = []string{"sess:amy"}
	workload := bind("dev", "sa", "Role", "reader")
	workload.Accounts = []string{"system:serviceaccount:dev:bot"}
	s := access.Snapshot{
		Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:" + account + ":cluster/demo", Mode: access.ModeBoth},
		Entries: []access.Entry{
			entry("boss", nil, grant("AmazonEKSClusterAdminPolicy")),
			entry("edits", nil, grant("AmazonEKSEditPolicy", "dev", "dev-*")),
			entry("views", nil, grant("AmazonEKSViewPolicy")),
			entry("grouped", []string{"devs"}),
			entry("byname", nil),
			entry("dangling", []string{"lost"}),
			entry("limited", []string{"named"}),
			entry("stale", nil, grant("AmazonEKSClusterAdminPolicy")),
			entry("typo", []string{"dev"}),
			{Principal: arn("sess"), Kind: access.Standard, Username: "sess:{{SessionName}}"},
			{Principal: arn("node"), Kind: access.EC2Linux},
			entry("star", nil, grant("AmazonEKSViewPolicy", "*"), grant("AmazonEKSSecretReaderPolicy", "z*")),
		},
		Dead: []access.Principal{arn("stale")}, Deleted: []access.Principal{arn("stale")},
		AWSAuth: &access.ConfigMap{Mappings: []access.Mapping{
			mapped(1, "ops", access.InForce, "system:masters"), mapped(2, "views", access.InForce, "system:masters"), mapped(3, "lead", access.NeverMatches, "system:masters"),
		}},
		RBAC: &access.RBAC{
			Bindings: []access.Binding{
				bind("dev", "devs", "Role", "reader", "devs"), bind("qa", "devs", "ClusterRole", "reader", "devs"), user, session, workload,
				bind("dev", "lost", "Role", "gone", "lost"), bind("", "named", "ClusterRole", "one", "named"), bind("", "basic", "ClusterRole", "basic", "system:authenticated"),
			},
			Roles: []access.Role{
				{Namespace: "dev", Name: "reader", Rules: []access.Rule{rule("get,list", "", "secrets,pods")}},
				{Namespace: "qa", Name: "reader", Rules: []access.Rule{rule("get", "", "secrets")}},
				{Name: "reader", Rules: []access.Rule{rule("get", "", "secrets,nodes,namespaces")}},
				{Name: "one", Rules: []access.Rule{rule("get,create,deletecollection", "", "secrets", "tls")}},
				{Name: "basic", Rules: []access.Rule{rule("create", "authorization.k8s.io", "selfsubjectaccessreviews"), urls("get", "/version")}},
			},
		},
	}
	return s
}

func ask(t *testing.T, words string) rights.Question {
	t.Helper()
	var a rights.Asked
	for f := range strings.FieldsSeq(words) {
		switch {
		case f == "-A":
			a.Everywhere = true
		case strings.HasPrefix(f, "-n="):
			a.Namespace = f[3:]
		default:
			a.Words = append(a.Words, f)
		}
	}
	q, err := rights.Ask(a, rights.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// who reads "boss; edits@dev,dev-*; limited only tls".
func who(a rights.Answer) string {
	var all []string
	for _, r := range a.Rows {
		text := strings.TrimPrefix(r.Identity.Name, "role/")
		if len(r.Where) > 0 {
			text += "@" + strings.Join(r.Where, ",")
		}
		if r.Only != nil {
			text += " only " + strings.Join(r.Only, ",")
		}
		if r.Session != "" {
			text += " session " + r.Session
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestWhoCan(t *testing.T) {
	x := rights.New(world())
	for question, want := range map[string]string{
		"get secrets -n=dev":              "boss; edits; grouped; limited only tls; ops; sess session amy; system:serviceaccount:dev:bot",
		"get secrets":                     "boss; byname@qa; edits@dev,dev-*; grouped@dev,qa; limited only tls; ops; sess session amy; star@z*; system:serviceaccount:dev:bot@dev",
		"get secrets -A":                  "boss; limited only tls; ops; sess session amy",
		"get secrets/tls -n=x":            "boss; limited; ops; sess session amy",
		"get secrets -n=dev-1":            "boss; edits; limited only tls; ops; sess session amy",
		"create secrets/tls -A":           "boss; ops",
		"deletecollection secrets/tls -A": "boss; ops",
		"get nodes -n=dev":                "boss; ops; sess session amy",
		"get namespaces/qa":               "boss; grouped; ops; sess session amy; star; views",
		"list namespaces":                 "boss; ops; views", // and no scope of namespaces, not even *
		"get configmaps -n=zz":            "boss; ops; star; views",
		"get configmaps -A":               "boss; ops; views",
		"get /metrics":                    "boss; ops",
		"get /version":                    "group system:authenticated; boss; ops",
		"create selfsubjectaccessreviews": "group system:authenticated; boss; ops",
		"* *":                             "boss; ops",
		"get frobs":                       "boss; ops",
	} {
		if got := who(x.WhoCan(ask(t, question))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", question, got, want)
		}
	}
}

// TestCheckProvesWhatItCan: a yes of the cluster counts always, a no only of oneself and of RBAC.
func TestCheckProvesWhatItCan(t *testing.T) {
	x := rights.New(world())
	a := x.WhoCan(ask(t, "get secrets -n=dev"))
	for _, c := range []struct {
		who       string
		self, yes bool
		want      string // in the contradiction or note
	}{
		{"boss", false, true, "confirmed"},
		{"boss", false, false, "not checkable"}, // the review may not count policies
		{"boss", true, false, "role/boss cannot, says the cluster, although policy cluster-admin"},
		{"grouped", false, true, "confirmed"},
		{"grouped", false, false, "role/grouped cannot, says the cluster, although group devs"},
		{"views", false, true, "role/views can, says the cluster, but"},
		{"views", false, false, ""},
		{"limited", false, true, ""}, // it can for some
	} {
		checked, contradictions := a.Check([]rights.Said{{User: rights.User{Principal: arn(c.who), Self: c.self}, Yes: c.yes}})
		text := strings.Join(contradictions, "; ")
		for _, r := range checked.Rows {
			if r.Identity.Principal == arn(c.who) {
				text += r.Note
			} else if c.who != "views" && r.Can() && r.Note == "" {
				t.Errorf("nothing says that the cluster was not asked about %s", r.Identity.Name)
			}
		}
		if c.want == "" && text != "" || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %s", c, text)
		}
	}
	for _, u := range x.Users(arn("boss")) {
		if u.Self != (u.Principal == arn("boss")) || u.Username == "" || !slices.Contains(u.Groups, "system:authenticated") {
			t.Errorf("%+v", u)
		}
	}
}

func TestTheCreatorOfAnOldClusterIsNamed(t *testing.T) {
	s := world()
	s.Cluster.Mode = access.ModeConfigMap
	if got := who(rights.New(s).WhoCan(ask(t, "get secrets -n=dev"))); !strings.HasPrefix(got, "the cluster's creator (not visible); ") || strings.Contains(got, "boss") {
		t.Error(got)
	}
	s.Cluster.Mode = access.ModeAPI
	if got := who(rights.New(s).WhoCan(ask(t, "get secrets -A"))); strings.Contains(got, "ops") || strings.Contains(got, "creator") {
		t.Error(got)
	}
}

// TestNobodyIsNeverFalse takes each source away: the answer says that it is incomplete, and what would complete it.
func TestNobodyIsNeverFalse(t *testing.T) {
	no := fmt.Errorf("%w: no", access.ErrRBAC)
	for need, take := range map[string]func(*access.Snapshot){
		"configmaps/aws-auth":         func(s *access.Snapshot) { s.AWSAuth = &access.ConfigMap{Err: no} },
		"clusterrolebindings":         func(s *access.Snapshot) { s.RBAC = &access.RBAC{Err: no} },
		"list on clusterroles":        func(s *access.Snapshot) { s.RBAC.Roles, s.RBAC.RolesErr = nil, no },
		"eks:DescribeAccessEntry and": func(s *access.Snapshot) { s.Unread = []access.Unread{{Principal: arn("x"), Err: no}} },
	} {
		s := world()
		take(&s)
		a := rights.New(s).WhoCan(ask(t, "get secrets -n=dev"))
		if a.Complete() || !slices.ContainsFunc(a.Missing, func(m rights.Missing) bool { return strings.Contains(m.Need, need) }) {
			t.Errorf("%s: %+v", need, a.Missing)
		}
		if need == "list on clusterroles" && !slices.ContainsFunc(a.Unknown, func(r rights.Row) bool { return r.Identity.Name == "role/grouped" }) {
			t.Errorf("grouped is not among the unknown: %+v", a.Unknown)
		}
	}
}

func TestQuestionsAreUnderstood(t *testing.T) {
	for words, want := range map[string]string{
		"get po":                       "get pods",
		"GET Pod":                      "get pods",
		"get deploy -A":                "get deployments.apps in all namespaces",
		"get deployments.apps/web":     "get deployments.apps web",
		"get pods/log -n=dev":          "get pods/log in namespace dev",
		"get pods web/log":             "",
		"create serviceaccounts/token": "create serviceaccounts/token",
		"impersonate users":            "impersonate users",
		"get widgets.example.com/a":    "get widgets.example.com a",
		"get nodes -n=dev":             "get nodes",
		"get":                          "",
		"get a b c":                    "",
		"get /a b":                     "",
		"bind clusterroles/view":       "bind clusterroles.rbac.authorization.k8s.io view",
		"approve signers":              "approve signers.certificates.k8s.io",
		"get ev":                       "get events",
	} {
		var a rights.Asked
		for f := range strings.FieldsSeq(words) {
			if ns, ok := strings.CutPrefix(f, "-n="); ok {
				a.Namespace = ns
			} else if f == "-A" {
				a.Everywhere = true
			} else {
				a.Words = append(a.Words, f)
			}
		}
		q, err := rights.Ask(a, rights.Builtin())
		if err == nil && want == "" && words != "get pods web/log" || err != nil && want != "" || err == nil && want != "" && q.String() != want {
			t.Errorf("%s: %q, %v", words, q, err)
		}
	}
}

// TestExplainNamesWhatIsMissing: one case for each near miss.
func TestExplainNamesWhatIsMissing(t *testing.T) {
	x := rights.New(world())
	for _, c := range []struct{ who, question, want string }{
		{"views", "get secrets -n=dev", "aws-auth mapRoles[1] is for it, with groups system:masters, but its access entry overrides it"},
		{"stale", "get pods -n=dev", "its access entry no longer works: the role was deleted"},
		{"nobody", "get pods -n=dev", "it has no access entry"},
		{"edits", "get secrets -n=prod", "it can by policy edit in namespace dev, and not in namespace prod"},
		{"grouped", "delete secrets -n=dev", "Role reader in namespace dev, by group devs allows get, list, not delete"},
		{"limited", "get secrets -n=dev", "it can for these objects only: tls"},
		{"grouped", "get nodes", "has the rule, but nodes are not in a namespace"},
		{"sess", "get secrets -n=dev", "only its session amy can"},
		{"dangling", "get secrets -n=dev", "RoleBinding dev/lost refers to Role gone, which does not exist"},
		{"typo", "get secrets -n=dev", "its group is dev (did you mean devs?)"},
		{"nobody", "get pods -n=dev", "grant role/nobody --policy view -n dev"},
		{"nobody", "list nodes", "grant role/nobody --policy admin-view -A"},
	} {
		e := x.Explain(arn(c.who), ask(t, c.question))
		var all []string
		for _, n := range e.Near {
			all = append(all, n.Text+" "+strings.Join(n.Next, " "))
		}
		if text := strings.Join(all, "\n"); !strings.Contains(text, c.want) {
			t.Errorf("%s, %s: %q is not in\n%s", c.who, c.question, c.want, text)
		}
	}
}

// TestEveryChainIsOneWayAndAllAreAll removes what each chain names from random worlds: one by one the chains go, and after the
// last the answer is no.
func TestEveryChainIsOneWayAndAllAreAll(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := randomWorld(r)
		p := s.Entries[0].Principal
		q := ask(t, []string{"get secrets -n=dev", "list pods -n=qa", "get pods -A", "get nodes"}[r.IntN(4)])
		e := rights.New(s).Explain(p, q)
		for i, l := range e.Chains {
			s = without(s, p, l)
			left := rights.New(s).Explain(p, q)
			if len(left.Chains) >= len(e.Chains)-i {
				t.Fatalf("seed %d: %d ways are left after %d of %d were removed: %+v", seed, len(left.Chains), i+1, len(e.Chains), l)
			}
			if len(left.Chains) == 0 {
				break
			}
		}
		if left := rights.New(s).Explain(p, q); len(left.Chains) != 0 {
			t.Fatalf("seed %d: it still can: %+v", seed, left.Chains)
		}
		if e = rights.New(s).Explain(p, q); len(e.Near) == 0 || e.Near[len(e.Near)-1].Next == nil {
			t.Fatalf("seed %d: no grant is offered: %+v", seed, e.Near)
		}
		policy, _ := rights.Smallest(q)
		given := access.Grant{Policy: policy}
		if q.Namespace != "" {
			given.Scope.Namespaces = []string{q.Namespace}
		}
		s.Entries[0].Grants = append(s.Entries[0].Grants, given)
		if len(rights.New(s).Explain(p, q).Chains) == 0 {
			t.Fatalf("seed %d: %s does not help", seed, policy)
		}
	}
}

func randomWorld(r *rand.Rand) access.Snapshot {
	s := world()
	e := access.Entry{Principal: arn("somebody"), Kind: access.Standard, Username: "somebody"}
	for _, g := range []access.Grant{
		{Policy: "AmazonEKSViewPolicy"}, {Policy: "AmazonEKSEditPolicy", Scope: access.Scope{Namespaces: []string{"dev", "qa"}}}, {Policy: "AmazonEKSAdminViewPolicy"},
	} {
		if r.IntN(2) == 0 {
			e.Grants = append(e.Grants, g)
		}
	}
	for _, g := range []string{"devs", "lost", "named"} {
		if r.IntN(2) == 0 {
			e.Groups = append(e.Groups, g)
		}
	}
	s.Entries = append([]access.Entry{e}, s.Entries...)
	return s
}

// without removes the policy's namespace or the binding that a chain names.
func without(s access.Snapshot, p access.Principal, l rights.Link) access.Snapshot {
	if l.Right.Binding != "" {
		rbac := *s.RBAC
		rbac.Bindings = slices.DeleteFunc(slices.Clone(rbac.Bindings), func(b access.Binding) bool { return b.String() == l.Right.Binding })
		s.RBAC = &rbac
		return s
	}
	e := s.Entries[0]
	var grants []access.Grant
	for _, g := range e.Grants {
		if string(g.Policy) == l.Right.Name {
			left := slices.DeleteFunc(slices.Clone(g.Scope.Namespaces), func(ns string) bool { return ns == l.Right.Where })
			if l.Right.Where == "" || len(left) == 0 {
				continue
			}
			g.Scope.Namespaces = left
		}
		grants = append(grants, g)
	}
	e.Grants = grants
	s.Entries = append([]access.Entry{e}, s.Entries[1:]...)
	_ = p
	return s
}

// TestWhoMayBeGoneIsSaid: without IAM a deleted role looks like one that can. That it cannot is sure all the same.
func TestWhoMayBeGoneIsSaid(t *testing.T) {
	s := world()
	for doubtful, want := range map[access.Principal]bool{arn("views"): true, "arn:aws:iam::444455556666:role/x": false} {
		s.Doubtful = []access.Principal{doubtful}
		x := rights.New(s)
		a := x.WhoCan(ask(t, "get pods -n=dev"))
		if says := slices.ContainsFunc(a.Missing, func(m rights.Missing) bool { return m.What == access.ReadLives }); says != want {
			t.Errorf("%s: %v", doubtful, a.Missing)
		}
		if e := x.Explain(arn("views"), ask(t, "delete pods -n=dev")); e.Answer() != "no" {
			t.Errorf("%s: %s", doubtful, e.Answer())
		}
	}
}

// TestQuestionsMeanTheRequestsThatKubectlSends: a namespace is in itself, and get gives a shell before Kubernetes 1.35.
func TestQuestionsMeanTheRequestsThatKubectlSends(t *testing.T) {
	s := world()
	s.RBAC.Roles[0].Rules = append(s.RBAC.Roles[0].Rules, rule("get", "", "namespaces,pods/exec"))
	for version, shell := range map[string]string{"1.34": "boss; edits; grouped; ops; system:serviceaccount:dev:bot", "1.35": "boss; edits; ops"} {
		s.Cluster.Version = version
		x := rights.New(s)
		for question, want := range map[string]string{
			"get namespaces -n=dev":   "boss; edits; grouped; ops; sess session amy; star; views; system:serviceaccount:dev:bot",
			"list namespaces -n=dev":  "boss; ops; views",
			"create pods/exec -n=dev": shell,
		} {
			if got := who(x.WhoCan(ask(t, question))); got != want {
				t.Errorf("%s in %s:\n got %s\nwant %s", question, version, got, want)
			}
		}
		e := x.Explain(arn("grouped"), ask(t, "create pods/exec -n=dev"))
		if e.Told(false); e.Answer() != map[string]string{"1.34": "yes", "1.35": "no"}[version] {
			t.Errorf("%s in %s", e.Answer(), version)
		}
		for _, r := range x.WhoCan(ask(t, "create pods/exec -n=dev")).Rows {
			if by := strings.Contains(r.Note, "by get"); by != (r.Identity.Name == "role/grouped" || r.Identity.Name == "system:serviceaccount:dev:bot") {
				t.Errorf("%s: %q", r.Identity.Name, r.Note)
			}
		}
	}
}

func TestEscalationsNameTheWorstFirst(t *testing.T) {
	s := world()
	s.Entries = append(s.Entries, access.Entry{Principal: arn("mixed"), Kind: access.Standard, Username: "mixed", Groups: []string{"mixed"}})
	for ns, r := range map[string]access.Rule{"dev": rule("create", "", "pods"), "qa": rule("patch", "apps", "deployments"), "ops": rule("update", "batch", "cronjobs")} {
		s.RBAC.Roles = append(s.RBAC.Roles, access.Role{Namespace: ns, Name: "works", Rules: []access.Rule{r}})
		s.RBAC.Bindings = append(s.RBAC.Bindings, access.Binding{Namespace: ns, Name: "works", Role: access.RoleRef{Kind: "Role", Name: "works"}, Groups: []string{"mixed"}})
	}
	s.Entries = append(s.Entries, access.Entry{Principal: arn("sys"), Kind: access.Standard, Grants: []access.Grant{{Policy: "AmazonEKSEditPolicy", Scope: access.Scope{Namespaces: []string{"kube-system"}}}}})
	var all []string
	for _, e := range rights.New(s).Escalations() {
		all = append(all, fmt.Sprintf("%s: %s@%s", strings.TrimPrefix(e.Identity.Name, "role/"), e.Danger.ID, e.Place()))
	}
	want := []string{"boss: cluster-admin@whole cluster", "ops: cluster-admin@whole cluster", "sys: impersonate-system@kube-system", "sess: secrets@whole cluster", "edits: pods@dev,dev-*", "mixed: pods@dev,ops,qa"}
	for _, w := range want {
		if !slices.Contains(all, w) && !strings.HasPrefix(w, "sess") {
			t.Errorf("%s is missing: %v", w, all)
		}
	}
	if i, j := slices.Index(all, want[0]), slices.Index(all, want[4]); i > j {
		t.Errorf("the worst is not first: %v", all)
	}
}

// BenchmarkWhoCan asks one question, and for a matrix, of a cluster with 10,000 bindings and 1,000 entries.
func BenchmarkWhoCan(b *testing.B) {
	s := world()
	for i := range 1000 {
		s.Entries = append(s.Entries, access.Entry{Principal: arn(fmt.Sprintf("r%04d", i)), Kind: access.Standard, Username: fmt.Sprintf("r%04d:{{SessionName}}", i), Groups: []string{fmt.Sprint("g", i%100)}})
	}
	for i := range 10000 {
		s.RBAC.Bindings = append(s.RBAC.Bindings, access.Binding{Namespace: fmt.Sprint("ns", i%500), Name: fmt.Sprint("b", i), Role: access.RoleRef{Kind: "ClusterRole", Name: "reader"}, Groups: []string{fmt.Sprint("g", i%100)}})
	}
	for i := range 500 {
		s.Namespaces = append(s.Namespaces, fmt.Sprint("ns", i))
	}
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			rights.New(s)
		}
	})
	x := rights.New(s)
	q := rights.Question{Request: rights.Request{Verb: "get", Resource: "secrets"}, Type: rights.Type{Name: "secrets", Namespaced: true}, Anywhere: true}
	b.Run("question", func(b *testing.B) {
		for b.Loop() {
			x.WhoCan(q)
		}
	})
	b.Run("matrix", func(b *testing.B) { // of 500 namespaces
		for b.Loop() {
			x.Matrix()
		}
	})
}

// TestNamedObjectsAreCreatedInRequestsWithAName: the other verb may come from another role, where it reaches the same place.
func TestNamedObjectsAreCreatedInRequestsWithAName(t *testing.T) {
	s := world()
	bind := func(ns, role string, group string) {
		s.RBAC.Bindings = append(s.RBAC.Bindings, access.Binding{Namespace: ns, Name: role, Role: access.RoleRef{Kind: "ClusterRole", Name: role}, Groups: []string{group}})
	}
	s.RBAC.Roles = append(s.RBAC.Roles, access.Role{Name: "make", Rules: []access.Rule{rule("create", "", "secrets,services", "a", "b")}},
		access.Role{Name: "patch", Rules: []access.Rule{rule("patch", "", "secrets,services", "b", "c")}}, access.Role{Name: "put", Rules: []access.Rule{rule("update", "", "*")}})
	for _, group := range []string{"patches", "puts", "elsewhere", "alone"} {
		s.Entries = append(s.Entries, access.Entry{Principal: arn(group), Kind: access.Standard, Groups: []string{group}})
		bind("dev", "make", group)
	}
	bind("", "patch", "patches")
	bind("dev", "put", "puts")
	bind("qa", "patch", "elsewhere")
	x := rights.New(s)
	for question, want := range map[string]string{
		"create secrets -n=dev":    "patches only b (by server-side apply)",
		"create secrets":           "patches@dev only b (by server-side apply)",
		"create secrets -A":        "",
		"create secrets/a -n=dev":  "",
		"create secrets/b -n=dev":  "patches only b (by server-side apply)",
		"create services -n=dev":   "patches only b (by server-side apply); puts only a,b (by PUT)",
		"create services/c -n=dev": "",
	} {
		a := x.WhoCan(ask(t, question))
		a.Rows = slices.DeleteFunc(a.Rows, func(r rights.Row) bool { return r.Can() })
		got := who(a)
		for i := range a.Rows {
			got = strings.Replace(got, who(rights.Answer{Rows: a.Rows[i : i+1]}), who(rights.Answer{Rows: a.Rows[i : i+1]})+" ("+a.Rows[i].Note+")", 1)
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", question, got, want)
		}
	}
	e := x.Explain(arn("puts"), ask(t, "create services -n=dev"))
	if e.Answer() != "no" || !slices.ContainsFunc(e.Near, func(n rights.Near) bool { return n.Text == "it can for these objects only: a, b; by PUT" }) {
		t.Errorf("%+v", e)
	}
}
