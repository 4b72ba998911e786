package edit_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// desired reads "view:dev @team", where @ alone is no groups and no word about policies means that none are written.
func desired(text string) (d access.Desired) {
	d.Principal = dev
	for _, w := range strings.Fields(text) {
		switch group, isGroup := strings.CutPrefix(w, "@"); {
		case w == "none":
			d.Written.Grants = true
		case !isGroup:
			d.Written.Grants = true
			d.Grants = append(d.Grants, grants(w)...)
		default:
			if d.Written.Groups = true; group != "" {
				d.Groups = append(d.Groups, group)
			}
		}
	}
	return d
}

func TestSetMakesWhatIsWritten(t *testing.T) {
	for _, c := range []struct{ have, file, want, says string }{
		{"-", "view:dev", "view:dev", ""},
		{"-", "", "", ""},
		{"view:dev", "view:dev", "view:dev", ""},
		{"view:dev,qa", "view:dev", "view:dev", ""},
		{"view:dev", "view", "view", ""},
		{"edit view:dev", "view:dev", "view:dev", ""},
		{"view:dev @team", "edit:qa", "edit:qa @team", ""}, // groups are not written
		{"view:dev @team", "view:dev @", "view:dev", ""},
		{"view:dev @team", "none @other", "@other", ""},
		{"@team", "@team", "@team", ""},
		{"view:dev @team", "@team", "", "has access policies (view in namespace dev) and the file has no accessPolicies"},
	} {
		s := access.Snapshot{Cluster: access.Info{Name: "demo", ARN: "arn:aws:eks:us-west-2:111122223333:cluster/demo", Mode: access.ModeBoth}}
		if c.have != "-" {
			s = s.Put(entryOf(c.have))
		}
		after, err := edit.Set(desired(c.file))(s)
		e, _ := after.Entry(dev)
		if c.says != "" {
			if err == nil || !errors.Is(err, access.ErrRule) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q by %q: %v", c.have, c.file, err)
			}
			continue
		}
		if err != nil || show(e) != c.want {
			t.Errorf("%q by %q: %q, %v", c.have, c.file, show(e), err)
		}
		again, err := edit.Set(desired(c.file))(after)
		if d := access.Diff(after, again); err != nil || !d.Empty() {
			t.Errorf("%q by %q, the second time: %v, %v", c.have, c.file, d.Steps(), err)
		}
	}
}

func entryOf(text string) access.Entry {
	d := desired(text)
	d.Kind = access.Standard
	return d.Entry
}

func TestSetKeepsWhatIsNotWritten(t *testing.T) {
	have := access.Entry{Principal: dev, Kind: access.Standard, Username: "dev:{{SessionName}}", Groups: []string{"a"}, Tags: map[string]string{"owner": "x", "team": "y"}}
	s := access.Snapshot{}.Put(have)
	after, err := edit.Set(access.Desired{Entry: access.Entry{Principal: dev, Tags: map[string]string{"team": "z"}}, Written: access.Fields{Tags: true}})(s)
	e, _ := after.Entry(dev)
	if err != nil || e.Username != have.Username || e.Tags["owner"] != "x" || e.Tags["team"] != "z" || len(e.Groups) != 1 {
		t.Errorf("%v, %+v", err, e)
	}
	if _, err := edit.Set(access.Desired{Entry: access.Entry{Principal: dev, Kind: "EC2_LINUX"}, Written: access.Fields{Kind: true}})(s); err == nil || !strings.Contains(err.Error(), "the type cannot change") {
		t.Error(err)
	}
	node := access.Snapshot{}.Put(access.Entry{Principal: dev, Kind: "EC2_LINUX", Groups: []string{"system:nodes"}})
	if _, err := edit.Set(access.Desired{Entry: access.Entry{Principal: dev, Groups: []string{"x"}}, Written: access.Fields{Groups: true}})(node); err == nil {
		t.Error("the groups of an entry for nodes were set")
	}
}

// TestASetDeletesOnlyItsOwn in random worlds: what is no member, or of others, stays whatever is pruned.
func TestASetDeletesOnlyItsOwn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tags := []map[string]string{
		nil,
		{access.SetTag: "team"},
		{access.SetTag: "other"},
		{access.SetTag: "team", access.ExpiresTag: "2030-01-01T00:00:00Z"},
		{access.SetTag: "team", "aws:cloudformation:stack-name": "s"},
		{access.SetTag: "team", "services.k8s.aws/controller-version": "eks-1", "services.k8s.aws/namespace": "n"},
		{access.SetTag: "Team"},
	}
	principals := []access.Principal{
		"arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:user/b", "arn:aws:iam::111122223333:role/c", "arn:aws:iam::444455556666:role/d",
		"arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
	}
	deleted := 0
	for range 1000 {
		s := access.Snapshot{}
		for _, p := range principals {
			e := access.Entry{Principal: p, Kind: access.Kinds[r.IntN(len(access.Kinds))], Tags: tags[r.IntN(len(tags))]}
			if r.IntN(2) == 0 {
				e.Kind = access.Standard
			}
			s = s.Put(e)
		}
		after := s
		for _, p := range principals {
			var err error
			if after, err = edit.Prune("team", p)(after); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range s.Entries {
			_, stays := after.Entry(e.Principal)
			may := e.Kind == access.Standard && e.Tags[access.SetTag] == "team" && len(e.Tags) == 1 && !strings.Contains(string(e.Principal), "aws-service-role")
			if stays == may {
				t.Fatalf("%+v: stays %v", e, stays)
			}
			if !stays {
				deleted++
			}
		}
	}
	if deleted == 0 {
		t.Error("nothing was pruned")
	}
}

// TestWhatAnEntryHasIsNotRefused: only AWS sets tags that begin with aws:, and an entry that has one can still be changed.
func TestWhatAnEntryHasIsNotRefused(t *testing.T) {
	s := access.Snapshot{}.Put(access.Entry{Principal: dev, Kind: access.Standard, Tags: map[string]string{"aws:cloudformation:stack-name": "s"}})
	want := desired("view @g")
	if after, err := edit.Set(want)(s); err != nil || len(after.Entries[0].Grants) != 1 {
		t.Error(err, after)
	}
	want.Tags = map[string]string{"aws:cloudformation:stack-name": "other"}
	if _, err := edit.Set(want)(s); !errors.Is(err, access.ErrRule) {
		t.Error(err)
	}
	want.Tags, want.Groups = nil, []string{"system:masters"}
	if _, err := edit.Set(want)(s); !errors.Is(err, access.ErrRule) {
		t.Error(err)
	}
}

func TestAnEntryBelongsToOneSet(t *testing.T) {
	s := access.Snapshot{}.Put(access.Entry{Principal: dev, Kind: access.Standard, Tags: map[string]string{access.SetTag: "other"}})
	if _, err := edit.SetOf("team", desired("view"))(s); err == nil || !strings.Contains(err.Error(), "belongs to set other, not to team") {
		t.Error(err)
	}
	if after, err := edit.SetOf("", desired("view"))(s); err != nil || after.Entries[0].Tags[access.SetTag] != "other" {
		t.Error(err, after)
	}
}
