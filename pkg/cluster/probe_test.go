package cluster_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// TestActsAsksTheClusterItself, about the caller and what its entry should be.
func TestActsAsksTheClusterItself(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	view := func(namespaces ...string) []access.Grant {
		return []access.Grant{{Policy: "AmazonEKSViewPolicy", Scope: access.Scope{Namespaces: namespaces}}}
	}
	for _, row := range []struct {
		name, profile string
		want          *access.Entry
		acts          bool
		err           error
	}{
		{"an administrator", "default", &access.Entry{Grants: []access.Grant{{Policy: access.ClusterAdmin}}}, true, nil},
		{"who should have no entry", "default", nil, false, nil},
		{"in a group that it is not in", "default", &access.Entry{Groups: []string{"developers"}}, false, nil},
		{"in its group, with its policy", "developer", &access.Entry{Groups: []string{"developers"}, Grants: view("dev")}, true, nil},
		{"in more namespaces", "developer", &access.Entry{Grants: view("dev", "prod")}, false, nil},
		{"in the whole cluster", "developer", &access.Entry{Grants: view()}, false, nil},
		{"with a policy whose rules nobody publishes", "developer", &access.Entry{Grants: []access.Grant{{Policy: "AmazonEKSNewPolicy"}}}, true, nil},
		{"nobody, as it should be", "newcomer", nil, true, nil},
		{"nobody, who should have access", "newcomer", &access.Entry{Grants: view("dev")}, false, kube.ErrUnauthorized},
	} {
		sandboxtest.Become(t, row.profile)
		acts, err := of(t, "demo").Acts(t.Context(), row.want)
		if acts != row.acts || !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
			t.Errorf("%s: %t, %v", row.name, acts, err)
		}
	}
}

// TestActsOfAServerThatCannotBeAskedIsNoServer.
func TestActsOfAServerThatCannotBeAskedIsNoServer(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	gone := settings(t)
	gone.Target.Exec.Native, gone.Target.Exec.Command = false, "no-such-plugin"
	nobody := byFlag(t, "nobody") // AWS is asked where it is
	for name, s := range map[string]cluster.Settings{"the plugin does not start": gone, "there is no such cluster": nobody} {
		if name == "the plugin does not start" {
			t.Setenv("PATH", t.TempDir())
		}
		acts, err := opened(t, s).Acts(t.Context(), nil)
		if acts || !errors.Is(err, access.ErrNoServer) {
			t.Errorf("%s: %t, %v", name, acts, err)
		}
	}
}

// found is what of a probe's facts differs between people.
type found struct {
	Principal access.Principal
	Username  string
	Trouble   whoami.Trouble
	Login     whoami.Trouble
	Entry     access.Principal // whose entry lets them in, or would
	Former    access.Principal
	Mappings  int
	Unread    int // sections of aws-auth
	Described bool
	Mode      access.Mode
	NoEntries bool
	Other     bool
	Unbound   bool
	Made      bool // IAM told since when
	Recreated bool // the entry is older than the role
	Profiles  bool
}

func probed(f whoami.Facts) found {
	d := found{
		Trouble: f.Trouble, Login: f.Login, Mappings: len(f.Mappings), Unread: len(f.Unread), Described: f.Info != nil, Mode: f.Cluster.Mode,
		NoEntries: f.NoEntries, Other: f.Other, Unbound: f.Unbound, Made: !f.Made.IsZero(), Profiles: len(f.Profiles) > 0,
	}
	if f.AWS != nil {
		d.Principal = f.AWS.Principal
	}
	if f.Kube != nil {
		d.Username = f.Kube.Username
	}
	if f.Entry != nil {
		d.Entry, d.Recreated = f.Entry.Principal, d.Made && f.Entry.Created.Before(f.Made)
	}
	if f.Former != nil {
		d.Former = f.Former.Principal
	}
	return d
}

func TestAProbeFindsWhatGivesAccess(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	const sso = "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Operator_"
	for _, row := range []struct {
		name, profile, cluster string
		want                   found
	}{
		{"an entry", "default", "demo", found{
			Principal: admin, Username: "arn:aws:sts::111122223333:assumed-role/platform-admin/sandbox", Entry: admin, Unbound: true, Made: true,
		}},
		{"an entry by a path", "developer", "demo", found{
			Principal: arn("role/team/dev"), Username: "arn:aws:sts::111122223333:assumed-role/dev/sandbox", Entry: arn("role/team/dev"), Unbound: true, Made: true,
		}},
		{"an entry that RBAC gives nothing", "idle", "staging", found{
			Principal: arn("role/idle"), Username: "arn:aws:sts::111122223333:assumed-role/idle/sandbox", Entry: arn("role/idle"), Unbound: true, Made: true,
		}},
		{"a mapping", "ops", "demo", found{Principal: arn("role/ops"), Username: "ops:sandbox", Mappings: 7}},
		{"a mapping, and the cluster reads nothing else", "ops", "legacy", found{
			Principal: arn("role/ops"), Username: "ops", Mappings: 4, NoEntries: true,
		}},
		{"nothing", "joiner", "demo", found{
			Principal: arn("role/joiner"), Trouble: whoami.Unauthorized, Described: true, Mode: access.ModeBoth, Made: true, Profiles: true,
		}},
		{"an entry of a former role", "rotated", "staging", found{
			Principal: arn("role/rotated"), Trouble: whoami.Unauthorized, Entry: arn("role/rotated"), Described: true, Mode: access.ModeBoth, Made: true, Recreated: true,
		}},
		{"an entry of the permission set before it was assigned again", "operator", "staging", found{
			Principal: arn(sso + "4d5e6f708192a3b4"), Trouble: whoami.Unauthorized, Former: arn(sso + "0f1e2d3c4b5a6978"), Described: true, Mode: access.ModeBoth, Made: true,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			sandboxtest.Become(t, row.profile)
			f := of(t, row.cluster).Probe(t.Context(), nil)
			if diff := cmp.Diff(row.want, probed(f)); diff != "" {
				t.Error(diff)
			}
			if (f.KubeErr == nil) != (f.Kube != nil) || f.Cluster.Name != row.cluster || f.Cluster.Region != "us-west-2" {
				t.Errorf("%v, %+v", f.KubeErr, f.Cluster)
			}
		})
	}
}

// TestAProbeTellsWhyItCouldNotAsk.
func TestAProbeTellsWhyItCouldNotAsk(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	named := byFlag(t, "staging")
	nobody := byFlag(t, "nobody")
	for _, row := range []struct {
		name, profile string
		settings      cluster.Settings
		trouble       whoami.Trouble
		login         whoami.Trouble
		other         bool
	}{
		{"keys that have expired", "expired", settings(t), whoami.Unauthorized, whoami.Expired, false},
		{"a context that leads to another cluster", "default", named, whoami.Unknown, whoami.None, true},
		{"a cluster that there is not", "default", nobody, whoami.Unknown, whoami.None, false},
	} {
		sandboxtest.Become(t, row.profile)
		f := opened(t, row.settings).Probe(t.Context(), nil)
		if f.KubeErr == nil || f.Kube != nil || f.Trouble != row.trouble || f.Login != row.login || f.Other != row.other || (f.AWS == nil) != (row.login != whoami.None) {
			t.Errorf("%s: %v, trouble %d, login %d, other %t", row.name, f.KubeErr, f.Trouble, f.Login, f.Other)
		}
	}
	t.Setenv("AWS_PROFILE", "no-such-profile")
	if _, err := cluster.Open(t.Context(), settings(t)); err == nil {
		t.Error("a profile that there is not is opened")
	}
}

// TestAProbeAsksOnlyForWhatIsWrong: two round trips where all is well.
func TestAProbeAsksOnlyForWhatIsWrong(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	of(t, "demo").Probe(t.Context(), nil)
	want := map[string]int{
		"sts.GetCallerIdentity": 1, "eks.ListAccessEntries": 1, "eks.DescribeCluster": 1, "eks.DescribeAccessEntry": 1, "eks.ListAssociatedAccessPolicies": 1, "iam.GetRole": 1,
	}
	if diff := cmp.Diff(want, box.Calls()); diff != "" {
		t.Error(diff)
	}
}

// TestAProbeOfAFileDoesNotReadAWSAuth.
func TestAProbeOfAFileDoesNotReadAWSAuth(t *testing.T) {
	sandboxtest.Start(t, sandbox.Options{})
	sandboxtest.Become(t, "ops")
	file := awsauth.Parse(map[string]string{"mapRoles": "- rolearn: " + string(arn("role/ops")) + "\n  username: filed\n", "mapUsers": "\t- x"})
	f := of(t, "demo").Probe(t.Context(), &file)
	if len(f.Mappings) != 1 || f.Mappings[0].Username != "filed" || f.Unread["mapUsers"] == "" {
		t.Errorf("%v, %v", f.Mappings, f.Unread)
	}
	if f := of(t, "demo").Probe(t.Context(), &awsauth.Map{}); len(f.Mappings) > 0 || f.Entry != nil || f.Kube == nil {
		t.Errorf("%v", f.Mappings)
	}
	sandboxtest.Become(t, "dave")
	if f := of(t, "staging").Probe(t.Context(), nil); len(f.Mappings) > 0 || !errors.Is(f.MappingsErr, kube.ErrUnauthorized) {
		t.Errorf("who has no access reads %v, %v", f.Mappings, f.MappingsErr)
	}
}

// TestNoKeyIsShownWhole: nobody needs more than to tell two apart.
func TestNoKeyIsShownWhole(t *testing.T) {
	box := sandboxtest.Start(t, sandbox.Options{})
	key := box.Key("default").ID
	f := of(t, "demo").Probe(t.Context(), nil)
	shown := f.Kube.Extra["accessKeyId"]
	if len(shown) != 1 || shown[0] == key || len(shown[0]) != len(key) || shown[0][len(key)-4:] != key[len(key)-4:] || shown[0][0] != '*' {
		t.Errorf("%v of %s", shown, key)
	}
	if !slices.Contains(f.Kube.Groups, "system:authenticated") {
		t.Errorf("%v", f.Kube.Groups)
	}
}
