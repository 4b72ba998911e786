package edit_test

import (
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

func TestCopy(t *testing.T) {
	const (
		here  = "arn:aws:iam::111122223333:"
		usual = "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}"
		sso   = here + "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Developer_90a1b2c3d4e5f607"
	)
	at := func(arn string) access.Info { return access.Info{ARN: arn} }
	same, other, china := at("arn:aws:eks:us-east-1:111122223333:cluster/b"), at("arn:aws:eks:us-west-2:444455556666:cluster/a"), at("arn:aws-cn:eks:cn-north-1:444455556666:cluster/a")
	tagged := func(keys ...string) access.Entry {
		e := access.Entry{Principal: here + "role/team/dev", Kind: access.Standard, Username: usual, Tags: map[string]string{}}
		for _, k := range keys {
			e.Tags[k] = "2030-01-01T00:00:00Z"
		}
		return e
	}
	of := func(p access.Principal) access.Entry { return access.Entry{Principal: p, Kind: access.Standard} }
	for _, c := range []struct {
		name    string
		e       access.Entry
		to      access.Info
		lookUp  string
		leftOut bool
	}{
		{"in one account", tagged(), same, "", false},
		{"a role of the source's account", tagged(), other, "role/team/dev", false},
		{"a user", of(here + "user/alice"), other, "user/alice", false},
		{"a permission set", of(sso), other, "sso/Developer", false},
		{"of a third account", of("arn:aws:iam::777788889999:role/x"), other, "", false},
		{"of the target's account", of("arn:aws:iam::444455556666:role/x"), other, "", false},
		{"another partition", tagged(), china, "", true},
		{"temporary", tagged(access.ExpiresTag), same, "", true},
		{"for nodes", access.Entry{Principal: here + "role/n", Kind: "EC2_LINUX"}, same, "", true},
		{"of AWS", of(here + "role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"), same, "", true},
	} {
		got := edit.Copy(c.e, at("arn:aws:eks:us-west-2:111122223333:cluster/a"), c.to)
		if got.LookUp != c.lookUp || (got.LeftOut != "") != c.leftOut {
			t.Errorf("%s: looks up %q, left out: %q", c.name, got.LookUp, got.LeftOut)
		}
	}
	e := tagged("team", "aws:cloudformation:stack-name", "services.k8s.aws/namespace", "kubectl-access/set")
	got := edit.Copy(e, same, same)
	if len(got.Tags) != 1 || got.Tags["team"] == "" || got.Username != "" || got.Written.Username || !got.Written.Grants {
		t.Errorf("%+v", got)
	}
	if len(e.Tags) != 4 {
		t.Error("the entry of the source was changed")
	}
	if e.Username = "ci:{{SessionName}}"; edit.Copy(e, same, same).Username != e.Username {
		t.Error("a username of its own is lost")
	}
}
