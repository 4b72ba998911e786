package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/audit"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

const own = "arn:aws:iam::111122223333:"

var now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func daysAgo(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }

// world is a cluster that nothing is wrong with, but for what each test adds to it.
type world struct {
	access.Snapshot
	audit.Facts
}

func calm() *world {
	w := &world{}
	w.Cluster = access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeAPI, Created: daysAgo(500), AuditLogs: true, Version: "1.36"}
	w.Namespaces = []string{"default", "dev", "kube-system", "prod"}
	w.AWSAuth = &access.ConfigMap{}
	rule := func(verbs, resources string) access.Rule {
		return access.Rule{Verbs: strings.Split(verbs, ","), APIGroups: []string{"*"}, Resources: strings.Split(resources, ",")}
	}
	w.RBAC = &access.RBAC{
		Bindings: []access.Binding{
			{Name: "system:basic-user", Role: clusterRole("system:basic-user"), Groups: []string{"system:authenticated"}},
			{Name: "system:public-info-viewer", Role: clusterRole("system:public-info-viewer"), Groups: []string{"system:authenticated", "system:unauthenticated"}},
			{Namespace: "dev", Name: "developers", Role: clusterRole("view"), Groups: []string{"developers"}},
		},
		Roles: []access.Role{
			{Name: "system:basic-user"},
			{Name: "system:public-info-viewer"},
			{Name: "view", Rules: []access.Rule{rule("get,list,watch", "pods")}},
			{Name: "edit", Rules: []access.Rule{rule("*", "pods")}},
			{Name: "escalator", Rules: []access.Rule{rule("escalate", "clusterroles")}},
			{Name: "map-editor", Rules: []access.Rule{{Verbs: []string{"update"}, APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"aws-auth"}}}},
		},
	}
	w.entry("role/dev", "developers", grant("AmazonEKSViewPolicy", "dev"))
	w.Settings, w.Now = audit.Settings{Unused: 90 * 24 * time.Hour, MaxAdmins: 5}, now
	w.Command = func(words ...string) string { return "kubectl access " + strings.Join(words, " ") }
	w.Kubernetes = func(words ...string) string { return "kubectl " + strings.Join(words, " ") }
	return w
}

func clusterRole(name string) access.RoleRef { return access.RoleRef{Kind: "ClusterRole", Name: name} }

func grant(policy string, namespaces ...string) access.Grant {
	return access.Grant{Policy: access.Policy(policy), Scope: access.Scope{Namespaces: namespaces}}
}

var admin = grant(string(access.ClusterAdmin))

// entry adds an entry, whose role was used yesterday. A name that is not an ARN is one of the cluster's account.
func (w *world) entry(name, groups string, grants ...access.Grant) *access.Entry {
	p := access.Principal(own + name)
	if strings.HasPrefix(name, "arn:") {
		p = access.Principal(name)
	}
	e := access.Entry{Principal: p, Kind: access.Standard, Grants: grants, Created: daysAgo(300)}
	if groups != "" {
		e.Groups = strings.Split(groups, ",")
	}
	w.Entries = append(w.Entries, e)
	w.Uses = append(w.Uses, access.Use{Principal: p, Created: daysAgo(400), Last: daysAgo(1), Trusts: []string{own + "root"}})
	return &w.Entries[len(w.Entries)-1]
}

func (w *world) both() *world {
	w.Cluster.Mode = access.ModeBoth
	return w
}

// mapping adds an active mapping of a role.
func (w *world) mapping(name string, groups ...string) *access.Mapping {
	all := &w.AWSAuth.Mappings
	*all = append(*all, access.Mapping{Kind: access.MappedRole, ARN: own + "role/" + name, Username: name, Groups: groups, State: access.InForce, Item: len(*all) + 1})
	return &(*all)[len(*all)-1]
}

func (w *world) bind(b access.Binding) { w.RBAC.Bindings = append(w.RBAC.Bindings, b) }

func (w *world) report() audit.Report {
	w.Index = rights.New(w.Snapshot)
	return audit.Run(w.Facts)
}

// about are the findings of a check, as "severity object".
func about(r audit.Report, id string) (all []string) {
	for _, f := range r.Findings {
		if f.ID == id {
			all = append(all, f.Severity.String()+" "+f.Object)
		}
	}
	return all
}

type example struct {
	id    string
	fires func(*world)
	want  string
	calm  func(*world) // nil: it does not fire in a calm cluster
}

// cases have for each check a world in which it fires, with what, and one close to it in which it does not.
var cases = []example{
	{
		"system-masters-line", func(w *world) { w.both().mapping("ops", "system:masters") }, "critical role/ops",
		func(w *world) { w.mapping("ops", "system:masters") }, // in mode API nobody reads it
	},
	{
		"map-accounts", func(w *world) {
			*w.both().mapping("x") = access.Mapping{Kind: access.MappedAccount, ARN: "444455556666", State: access.InForce, Item: 1}
		}, "critical account 444455556666",
		func(w *world) { w.both().mapping("ops", "developers") },
	},
	{
		"aws-auth-writers", func(w *world) {
			w.both().bind(access.Binding{Namespace: "kube-system", Name: "maps", Role: clusterRole("map-editor"), Groups: []string{"developers"}})
		}, "critical role/dev",
		func(w *world) {
			w.bind(access.Binding{Namespace: "kube-system", Name: "maps", Role: clusterRole("map-editor"), Groups: []string{"developers"}})
		},
	},
	{
		"anonymous-rights", func(w *world) {
			w.bind(access.Binding{Name: "open", Role: clusterRole("view"), Groups: []string{"system:unauthenticated"}})
		}, "critical ClusterRoleBinding open", nil,
	},
	{
		"escalation-right", func(w *world) {
			w.bind(access.Binding{Name: "up", Role: clusterRole("escalator"), Groups: []string{"developers"}})
		}, "critical role/dev",
		func(w *world) {
			w.bind(access.Binding{Namespace: "dev", Name: "pods", Role: clusterRole("edit"), Groups: []string{"developers"}})
		},
	},
	{
		"kube-system-escalation", func(w *world) { w.entry("role/ed", "", grant("AmazonEKSEditPolicy", "kube-*")) }, "high role/ed",
		func(w *world) {
			w.entry("role/ed", "", grant("AmazonEKSEditPolicy", "dev"))
			w.entry("role/boss", "", admin, grant("AmazonEKSEditPolicy"))
		},
	},
	{"cluster-admin-user", func(w *world) { w.entry("user/eve", "", admin) }, "high user/eve", func(w *world) { w.entry("role/eve", "", admin) }},
	{
		"foreign-account", func(w *world) { w.entry("arn:aws:iam::444455556666:role/x", "", grant("AmazonEKSEditPolicy", "dev")) }, "high arn:aws:iam::444455556666:role/x",
		func(w *world) { w.entry("role/x", "", grant("AmazonEKSEditPolicy", "dev")) },
	},
	{
		"recreated-principal", func(w *world) { w.Dead = []access.Principal{own + "role/dev"} }, "high role/dev",
		func(w *world) {
			w.Dead, w.Deleted = []access.Principal{own + "role/dev"}, []access.Principal{own + "role/dev"}
		},
	},
	{
		"same-identity", func(w *world) {
			w.entry("role/a", "", grant("AmazonEKSViewPolicy", "dev")).Username = "team:x"
			w.entry("role/b", "", grant("AmazonEKSViewPolicy", "dev")).Username = "team:x"
		}, "medium username team:x",
		func(w *world) { w.entry("role/a", "", grant("AmazonEKSViewPolicy", "dev")).Username = "team:x" },
	},
	{
		"node-role-human", func(w *world) { w.entry("role/node", "").Kind = access.EC2Linux }, "high role/node",
		func(w *world) {
			w.entry("role/node", "").Kind = access.EC2Linux
			w.Uses[1].Trusts = []string{"ec2.amazonaws.com"}
		},
	},
	{
		"overdue-grant", func(w *world) {
			w.Entries[0].Tags = map[string]string{access.ExpiresTag: daysAgo(1).Format(time.RFC3339)}
		}, "high role/dev",
		func(w *world) {
			w.Entries[0].Tags = map[string]string{access.ExpiresTag: daysAgo(-1).Format(time.RFC3339)}
		},
	},
	{"aws-auth-unreadable", func(w *world) { w.both().AWSAuth.Faults = []string{"mapRoles is not valid YAML"} }, "high aws-auth", func(w *world) { w.AWSAuth.Faults = []string{"mapRoles is not valid YAML"} }},
	{
		"admin-view-secrets", func(w *world) { w.entry("role/v", "", grant("AmazonEKSAdminViewPolicy")) }, "medium role/v",
		func(w *world) { w.entry("role/v", "", grant("AmazonEKSAdminViewPolicy", "dev")) },
	},
	{"creator-admin", func(w *world) { w.entry("role/maker", "", admin).Created = daysAgo(500) }, "medium role/maker", func(w *world) { w.entry("role/later", "", admin) }},
	{"mode-config-map", func(w *world) { w.Cluster.Mode = access.ModeConfigMap }, "medium demo", func(w *world) { w.both() }},
	{"mode-not-api", func(w *world) { w.both() }, "low demo", nil},
	{
		"cluster-admin-count", func(w *world) {
			for i := range 6 {
				w.entry(fmt.Sprintf("role/admin-%d", i), "", admin)
			}
		}, "medium demo", nil,
	},
	{"wildcard-scope", func(w *world) { w.entry("role/k", "", grant("AmazonEKSViewPolicy", "kube*")) }, "medium role/k", func(w *world) { w.entry("role/k", "", grant("AmazonEKSViewPolicy", "dev-*")) }},
	{"iam-user-entry", func(w *world) { w.entry("user/eve", "developers") }, "medium user/eve", nil},
	{
		"dead-principal", func(w *world) {
			w.Dead, w.Deleted = []access.Principal{own + "role/dev"}, []access.Principal{own + "role/dev"}
		}, "medium role/dev", func(w *world) { w.Dead = []access.Principal{own + "role/dev"} },
	},
	{"unused-principal", func(w *world) { w.Uses[0].Last = daysAgo(91) }, "medium role/dev", func(w *world) { w.Uses[0].Last = daysAgo(89) }},
	{"aws-auth-never-matches", func(w *world) { w.both().mapping("ops").State = access.NeverMatches }, "medium role/ops", func(w *world) { w.mapping("ops").State = access.NeverMatches }},
	{"aws-auth-dropped", func(w *world) { w.both().mapping("ops").State = access.Dropped }, "medium role/ops", func(w *world) { w.both().mapping("ops", "developers") }},
	{
		"service-policy-on-human", func(w *world) { w.entry("role/s", "", grant("AWSBackupFullAccessPolicyForBackup")) }, "medium role/s",
		func(w *world) {
			w.entry("role/argo", "", grant("AmazonEKSArgoCDPolicy", "dev"))
			w.entry("role/backup", "", grant("AWSBackupFullAccessPolicyForBackup"))
			w.Uses[2].Trusts = []string{"backup.amazonaws.com"}
		},
	},
	{"aws-auth-shadowed", func(w *world) { w.both().mapping("dev", "developers") }, "low role/dev", func(w *world) { w.both().mapping("ops", "developers") }},
	{"aws-auth-leftover", func(w *world) { w.mapping("ops", "developers") }, "low aws-auth", func(w *world) { w.both().mapping("ops", "developers") }},
	{"grants-nothing", func(w *world) { w.entry("role/idle", "nobody") }, "low role/idle", nil},
	{"group-bound-to-nothing", func(w *world) { w.entry("role/typo", "developerz", grant("AmazonEKSViewPolicy", "dev")) }, "low role/typo", nil},
	{"scope-namespace-absent", func(w *world) { w.entry("role/x", "", grant("AmazonEKSViewPolicy", "devv")) }, "low role/x", func(w *world) { w.entry("role/x", "", grant("AmazonEKSViewPolicy", "devv-*")) }},
	{
		"username-without-session", func(w *world) { w.Entries[0].Username = "team" }, "low role/dev",
		func(w *world) { w.Entries[0].Username = "team:{{SessionName}}" },
	},
	{
		"dangling-binding", func(w *world) {
			w.bind(access.Binding{Namespace: "dev", Name: "lost", Role: access.RoleRef{Kind: "Role", Name: "gone"}, Groups: []string{"developers"}})
		}, "low RoleBinding dev/lost",
		func(w *world) {
			w.bind(access.Binding{Namespace: "dev", Name: "lost", Role: access.RoleRef{Kind: "Role", Name: "gone"}, Groups: []string{"strangers"}})
		},
	},
	{
		"orphan-rbac-subject", func(w *world) {
			w.bind(access.Binding{Name: "free", Role: clusterRole("view"), Groups: []string{"strangers"}})
		}, "info group strangers",
		func(w *world) {
			w.bind(access.Binding{Name: "free", Role: clusterRole("view"), Groups: []string{"strangers"}})
			w.Providers = []string{"corporate"}
		},
	},
	{
		"admin-no-expiry", func(w *world) { w.entry("role/boss", "", admin) }, "info role/boss",
		func(w *world) {
			w.entry("role/boss", "", admin).Tags = map[string]string{access.ExpiresTag: daysAgo(-1).Format(time.RFC3339)}
		},
	},
	{"owned-elsewhere", func(w *world) { w.Entries[0].Tags = map[string]string{"aws:cloudformation:stack-name": "s"} }, "info role/dev", nil},
	{"other-access", func(w *world) { w.ACK = true; w.entry("role/boss", "", admin) }, "info ack", nil},
	{"audit-log-off", func(w *world) { w.Cluster.AuditLogs = false }, "info demo", nil},
}

func TestEachCheckFiresWhereItShould(t *testing.T) {
	for _, c := range audit.Checks {
		if !slices.ContainsFunc(cases, func(e example) bool { return e.id == c.ID }) {
			t.Errorf("check %s has no case here", c.ID)
		}
	}
	for _, c := range cases {
		w := calm()
		c.fires(w)
		r := w.report()
		got := about(r, c.id)
		if !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.id, got, c.want)
		}
		w = calm()
		if c.calm != nil {
			c.calm(w)
		}
		if got := about(w.report(), c.id); got != nil {
			t.Errorf("%s: %q although nothing is wrong", c.id, got)
		}
	}
}

func TestNothingIsWrongInACalmCluster(t *testing.T) {
	for _, f := range calm().report().Findings {
		t.Errorf("%s: %s", f.ID, f.Message)
	}
}

// TestEveryFindingIsWhole: each has a sentence without blanks, evidence or a remedy, a reference and a fingerprint of its own.
func TestEveryFindingIsWhole(t *testing.T) {
	for _, c := range cases {
		w := calm()
		c.fires(w)
		prints := map[string]bool{}
		for _, f := range w.report().Findings {
			switch {
			case strings.Contains(f.Message, "{}"), strings.Contains(f.Message, "  "), f.Message == "":
				t.Errorf("%s: %q", f.ID, f.Message)
			case len(f.Evidence)+len(f.Remedy) == 0:
				t.Errorf("%s has neither evidence nor a remedy", f.ID)
			case len(f.References) == 0:
				t.Errorf("%s has no reference", f.ID)
			case prints[f.Fingerprint]:
				t.Errorf("%s: fingerprint %s occurs twice", f.ID, f.Fingerprint)
			}
			prints[f.Fingerprint] = true
		}
	}
}

// TestAFingerprintDependsOnWhatIsFound and not on its words, places and times.
func TestAFingerprintDependsOnWhatIsFound(t *testing.T) {
	print := func(change func(*world)) string {
		w := calm().both()
		w.mapping("ops", "system:masters")
		w.Uses[0].Last = daysAgo(100)
		change(w)
		var all []string
		for _, f := range w.report().Findings {
			if f.ID == "system-masters-line" || f.ID == "unused-principal" {
				all = append(all, f.Fingerprint)
			}
		}
		return strings.Join(all, " ")
	}
	same := print(func(*world) {})
	if same != print(func(w *world) { w.Uses[0].Last, w.AWSAuth.Mappings[0].Item = daysAgo(120), 7 }) {
		t.Error("it depends on a time or a place")
	}
	if same == print(func(w *world) { w.Cluster.ARN += "x" }) {
		t.Error("it does not depend on the cluster")
	}
	if same == print(func(w *world) { w.AWSAuth.Mappings[0].Username = "other" }) {
		t.Error("it does not depend on the mapping")
	}
}

// TestWhatCouldNotBeReadIsAFinding: for each source, one finding names the permission, every check that needs the source is named,
// and none of those that must have it fires.
func TestWhatCouldNotBeReadIsAFinding(t *testing.T) {
	forbidden := fmt.Errorf("%w: no", access.ErrForbidden)
	missing := func(what, need string) func(*world) {
		return func(w *world) { w.Facts.Missing = append(w.Facts.Missing, access.NotRead(what, forbidden, need)) }
	}
	for what, c := range map[string]struct {
		take func(*world)
		need string
	}{
		access.ReadAWSAuth:      {func(w *world) { w.both().AWSAuth = &access.ConfigMap{Err: forbidden} }, "get on configmaps/aws-auth"},
		access.ReadBindings:     {func(w *world) { w.RBAC.Err, w.RBAC.Bindings = forbidden, nil }, "list on clusterrolebindings"},
		access.ReadRoles:        {func(w *world) { w.RBAC.RolesErr, w.RBAC.Roles = forbidden, nil }, "list on clusterroles"},
		audit.ReadNamespaces:    {missing(audit.ReadNamespaces, "list on namespaces"), "list on namespaces"},
		audit.ReadLives:         {missing(audit.ReadLives, "iam:GetRole and iam:GetUser"), "iam:GetUser"},
		audit.ReadUses:          {missing(audit.ReadUses, "iam:GetRole"), "iam:GetRole"},
		audit.ReadProviders:     {missing(audit.ReadProviders, "eks:ListIdentityProviderConfigs"), "eks:ListIdentityProviderConfigs"},
		audit.ReadArgoCD:        {missing(audit.ReadArgoCD, "eks:ListCapabilities"), "eks:ListCapabilities"},
		audit.ReadACK:           {missing(audit.ReadACK, "get on /apis"), "get on /apis"},
		"access entries":        {func(w *world) { w.Unread = []access.Unread{{Principal: own + "role/x", Err: forbidden}} }, "eks:DescribeAccessEntry"},
		"the leftover aws-auth": {func(w *world) { w.AWSAuth = &access.ConfigMap{Err: forbidden} }, "get on configmaps/aws-auth"},
	} {
		w := calm()
		c.take(w)
		r := w.report()
		if r.Complete() {
			t.Errorf("%s: the report is complete", what)
		}
		i := slices.IndexFunc(r.Findings, func(f *audit.Finding) bool { return f.ID == audit.NotEvaluated && f.Object == what })
		if i < 0 || !strings.Contains(r.Findings[i].Message, c.need) {
			t.Errorf("%s: no finding names %s: %v", what, c.need, r.Findings)
			continue
		}
		for _, check := range audit.Checks {
			if slices.Contains(slices.Concat(check.Must, check.Should), what) && (r.Skipped[check.ID] == "" || !strings.Contains(r.Findings[i].Evidence[0], check.ID)) {
				t.Errorf("%s: check %s is not said to be incomplete", what, check.ID)
			}
			if slices.Contains(check.Must, what) && len(about(r, check.ID)) > 0 {
				t.Errorf("%s: check %s ran", what, check.ID)
			}
		}
	}
	w := calm()
	w.Facts.Missing = []access.Missing{access.NotRead(audit.ReadUses, errors.New("connection refused"), "iam:GetRole")}
	if r := w.report(); !strings.Contains(r.Findings[0].Message, "connection refused") || strings.Contains(r.Findings[0].Message, "iam:GetRole") {
		t.Errorf("a failure is taken for a missing permission: %s", r.Findings[0].Message)
	}
}

func TestOtherAccessIsListedWhetherThereIsAnyOrNot(t *testing.T) {
	w := calm()
	w.Providers, w.ACK = []string{"corporate"}, true
	w.ArgoCD = []access.ArgoCD{{Name: "argocd", Role: own + "role/argocd", Members: []access.ArgoMember{{Role: "ADMIN", Kind: "SSO_GROUP", ID: "g-1"}}}}
	w.entry("role/boss", "", admin)
	var texts []string
	for _, o := range w.report().Others {
		texts = append(texts, o.Text)
	}
	all := strings.Join(texts, "\n")
	for _, part := range []string{"corporate", "role/argocd", "ADMIN SSO_GROUP g-1", "can be created by role/boss", "eks:CreateAccessEntry"} {
		if !strings.Contains(all, part) {
			t.Errorf("%q is not in\n%s", part, all)
		}
	}
}

func TestIgnoreRules(t *testing.T) {
	w := calm().both()
	w.mapping("ops", "system:masters")
	w.entry("role/team/x", "", admin)
	rule := func(id, principal, cluster, until string) audit.Ignores {
		return audit.Ignores{Ignore: []audit.Ignore{{ID: id, Principal: principal, Cluster: cluster, Until: until, Reason: "known"}}}
	}
	for _, c := range []struct {
		rule    audit.Ignores
		ignored int
		expired bool
	}{
		{rule("system-masters-line", "", "", ""), 1, false},
		{rule("system-masters-line", "role/op*", "de*o", "2027-03-01"), 1, false},
		{rule("system-masters-line", own+"role/ops", "*:cluster/demo", "2027-12-31"), 1, false},
		{rule("*", "role/team/*", "", ""), 1, false},
		{rule("system-masters-line", "role/other*", "", ""), 0, false},
		{rule("system-masters-line", "", "staging", ""), 0, false},
		{rule("system-masters-line", "", "", "2027-02-28"), 0, true},
		{rule("system-masters-line", "role/other", "", "2027-02-28"), 0, false},
	} {
		if err := c.rule.Check(); err != nil {
			t.Fatal(err)
		}
		before := w.report()
		r := before.Without(c.rule)
		if expired := about(r, audit.ExpiredIgnore) != nil; len(r.Ignored) != c.ignored || expired != c.expired {
			t.Errorf("%+v: %d ignored, expired %t", c.rule, len(r.Ignored), expired)
		}
		if c.expired && about(r, "system-masters-line") == nil {
			t.Errorf("%+v: the finding is not back", c.rule)
		}
	}
	for _, bad := range []audit.Ignore{{Reason: "x"}, {ID: "map-accounts"}, {ID: "map-accountz", Reason: "x"}, {ID: "map-accounts", Reason: "x", Until: "soon"}} {
		if (audit.Ignores{Ignore: []audit.Ignore{bad}}).Check() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestABaselineLeavesWhatIsNew(t *testing.T) {
	w := calm().both()
	w.mapping("ops", "system:masters")
	before := w.report()
	w.mapping("more", "system:masters")
	w.AWSAuth.Mappings = w.AWSAuth.Mappings[1:]
	r := w.report().Since(before.Findings)
	if new := r.Failing(audit.Critical); len(new) != 1 || new[0].Object != "role/more" {
		t.Errorf("new: %v", new)
	}
	if len(r.Gone) != 1 || r.Gone[0].Object != "role/ops" {
		t.Errorf("gone: %v", r.Gone)
	}
	if len(r.Failing(audit.Info)) != 1 {
		t.Errorf("old findings fail: %v", r.Failing(audit.Info))
	}
}
