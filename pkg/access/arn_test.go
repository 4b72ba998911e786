package access_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// TestEveryFormIsReadInEveryPartition: sessions and the ARNs of access entries mean the role, whose path they hide.
func TestEveryFormIsReadInEveryPartition(t *testing.T) {
	for _, partition := range access.Partitions {
		for _, c := range []struct {
			text, want string // without arn:PARTITION:
			lookup     access.Lookup
		}{
			{"iam::111122223333:role/dev", "iam::111122223333:role/dev", access.LookupNone},
			{"iam::111122223333:role/team/a/dev", "iam::111122223333:role/team/a/dev", access.LookupNone},
			{"iam::111122223333:user/alice", "iam::111122223333:user/alice", access.LookupNone},
			{"sts::111122223333:assumed-role/dev/amy@example.com", "iam::111122223333:role/dev", access.LookupPath},
			{"sts::111122223333:assumed-role/dev", "iam::111122223333:role/dev", access.LookupPath},
			{"sts::111122223333:assumed-role/AWSReservedSSO_Read_0123456789abcdef/amy", "iam::111122223333:role/AWSReservedSSO_Read_0123456789abcdef", access.LookupPath},
			{"iam::111122223333:role/AWSReservedSSO_Read_0123456789abcdef", "iam::111122223333:role/AWSReservedSSO_Read_0123456789abcdef", access.LookupPath},
			{"iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Read_0123456789abcdef", "iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Read_0123456789abcdef", access.LookupNone},
			{"iam::111122223333:role/AWSReservedSSO_Read_0123456789", "iam::111122223333:role/AWSReservedSSO_Read_0123456789", access.LookupNone},
			{"eks:eu-west-1:111122223333:access-entry/demo/role/444455556666/dev/0a-1b", "iam::444455556666:role/dev", access.LookupPath},
			{"eks:eu-west-1:111122223333:accessEntry/demo/user/111122223333/alice/0a-1b", "iam::111122223333:user/alice", access.LookupPath},
		} {
			arn := "arn:" + partition + ":"
			ref, err := access.ParsePrincipal(arn + c.text)
			if want := access.Principal(arn + c.want); err != nil || ref.Principal != want || ref.Lookup != c.lookup || ref.Name != want.Name() {
				t.Errorf("%s: %+v, %v", arn+c.text, ref, err)
			}
			if ref.Principal.Partition() != partition || (ref.Path == "") != (c.lookup == access.LookupPath) {
				t.Errorf("%s: partition %s, path %q", arn+c.text, ref.Principal.Partition(), ref.Path)
			}
		}
	}
}

// TestARefusalNamesAFormThatIsRead: what it says to write instead is accepted as it stands.
func TestARefusalNamesAFormThatIsRead(t *testing.T) {
	for _, c := range []struct{ text, instead string }{
		{"dev", "role/dev"},
		{"dev", "user/dev"},
		{"role/", "role/NAME"},
		{"user/team/", "user/NAME"},
		{"sso/", "sso/PERMISSION_SET"},
		{"", "me"},
		{"Me", "me"},
		{"null", "role/NAME"},
		{"group/devs", "user/NAME"},
		{"instance-profile/web", "role/NAME"},
		{"lambda.amazonaws.com", "role/NAME"},
		{"alice@example.com", "sso/PERMISSION_SET"},
		{"role/*", "sso/PERMISSION_SET"},
		{"AWSReservedSSO_Read_0123456789abcdef", "role/AWSReservedSSO_Read_0123456789abcdef"},
		{"sso/AWSReservedSSO_Read_0123456789abcdef", "sso/Read"},
		{"AWSServiceRoleForBatch", "role/AWSServiceRoleForBatch"},
		{"arn:aws-cn:iam::111122223333:role", "arn:aws-cn:iam::111122223333:role/NAME"},
		{"arn:aws-cn:iam::111122223333:robot/r2", "arn:aws-cn:iam::111122223333:role/NAME"},
		{"arn:aws-us-gov:iam:us-gov-west-1:111122223333:role/a/dev", "arn:aws-us-gov:iam::111122223333:role/a/dev"},
		{"arn:aws:sts::111122223333:assumed-role/team/dev/amy", "role/NAME"},
		{"assumed-role/dev/amy", "role/ROLE"},
	} {
		_, err := access.ParsePrincipal(c.text)
		if !errors.Is(err, access.ErrPrincipal) || !strings.Contains(err.Error(), c.instead) {
			t.Errorf("%q: %v does not say %s", c.text, err, c.instead)
		}
		if ref, err := access.ParsePrincipal(c.instead); err != nil || ref.Written != c.instead {
			t.Errorf("%q is to be written as %s, which is refused: %v", c.text, c.instead, err)
		}
	}
}

// TestRefusedAndItsNearMiss: the second differs in one thing and is read.
func TestRefusedAndItsNearMiss(t *testing.T) {
	const arn, long = "arn:aws:iam::111122223333:", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
	for _, c := range []struct{ refused, read string }{
		{"role/" + long + "x", "role/" + long},
		{"user/" + long + "x", "user/" + long},
		{"sso/" + long[:33], "sso/" + long[:32]},
		{arn + "role/" + strings.Repeat("p", 511) + "/dev", arn + "role/" + strings.Repeat("p", 510) + "/dev"},
		{arn + "role/a b/dev", arn + "role/a!~b/dev"},
		{arn + "role/é/dev", arn + "role/e/dev"},
		{"role/dév", "role/+=,.@_-"},
		{"role/a:b", "role/a.b"},
		{"role/dev?", "role/dev"},
		{"role/<name>", "role/name"},
		{"sso/{set}", "sso/set"},
		{"AKIAIOSFODNN7EXAMPLE", "role/AKIAIOSFODNN7EXAMPLE"},
		{"AROAIOSFODNN7EXAMPLE", "user/AROAIOSFODNN7EXAMPLE"},
		{"None", "role/None"},
		{"me@example.com", "user/me@example.com"},
		{"Role/dev", "role/Role"},
		{"arn:aws:iam::11112222333:role/dev", arn + "role/dev"},
		{"arn:aws:iam::1111222233334:role/dev", arn + "role/dev"},
		{"arn:aws:iam::11112222333O:role/dev", arn + "role/dev"},
		{"arn:aws-mars:iam::111122223333:role/dev", "arn:aws-iso-b:iam::111122223333:role/dev"},
		{"arn:aws:iam:111122223333:role/dev", arn + "role/dev"},
		{"ARN:aws:iam::111122223333:role/dev", arn + "role/dev"},
		{arn + "root", arn + "user/root"},
		{arn + "assumed-role/dev/amy", "arn:aws:sts::111122223333:assumed-role/dev/amy"},
		{"arn:aws:sts::111122223333:federated-user/amy", "arn:aws:sts::111122223333:assumed-role/amy"},
		{"arn:aws:sts::111122223333:role/dev", arn + "role/dev"},
		{"arn:aws:eks:us-west-2:111122223333:access-entry/demo/role/111122223333", "arn:aws:eks:us-west-2:111122223333:access-entry/demo/role/111122223333/dev"},
		{"arn:aws:eks:us-west-2:111122223333:access-entry/demo/group/111122223333/devs/1", "arn:aws:eks:us-west-2:111122223333:access-entry/demo/user/111122223333/devs/1"},
		{"arn:aws:eks:us-west-2:111122223333:nodegroup/demo/role/111122223333/dev/1", "arn:aws:eks:us-west-2:111122223333:accessEntry/demo/role/111122223333/dev/1"},
		{arn + "role/a," + arn + "role/b", arn + "role/a,b"},
	} {
		if _, err := access.ParsePrincipal(c.refused); !errors.Is(err, access.ErrPrincipal) {
			t.Errorf("%q is read: %v", c.refused, err)
		}
		if _, err := access.ParsePrincipal(c.read); err != nil {
			t.Errorf("%q is refused: %v", c.read, err)
		}
	}
}

// TestPastedTextMeansTheSame with whatever comes along when it is copied.
func TestPastedTextMeansTheSame(t *testing.T) {
	const arn access.Principal = "arn:aws:iam::111122223333:role/team/dev"
	for _, format := range []string{
		"@", " @\n", "\t@\r\n", `"@"`, "'@'", "`@`", "“@”", "„@“", "«@»", "‹@›", "\ufeff@", "@\u200b", "\u00a0@\u00a0", `"@",`, "@;", "accessentry/@", "'accessentry/@'",
	} {
		for _, form := range []string{string(arn), strings.NewReplacer(":", "%3A", "/", "%2F").Replace(string(arn)), strings.NewReplacer(":", "%3a", "/", "%2f").Replace(string(arn))} {
			text := strings.ReplaceAll(format, "@", form)
			if strings.Contains(text, "accessentry/arn%") {
				continue // nothing prints that
			}
			if ref, err := access.ParsePrincipal(text); err != nil || ref.Principal != arn {
				t.Errorf("%q: %+v, %v", text, ref, err)
			}
		}
	}
}

// TestTheShortFormMeansThePrincipal and nobody of another account.
func TestTheShortFormMeansThePrincipal(t *testing.T) {
	const sso = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Read_Only_0123456789abcdef"
	for p, short := range map[access.Principal]string{
		dev: "role/team/dev", ops: "role/ops", alice: "user/alice", sso: "sso/Read_Only", linked: "role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
		"arn:aws:iam::111122223333:role/AWSReservedSSO_Read_0123456789abcdef":           "role/AWSReservedSSO_Read_0123456789abcdef",
		"arn:aws:iam::111122223333:role/x/AWSReservedSSO_Read_0123456789abcdef":         "role/x/AWSReservedSSO_Read_0123456789abcdef",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Read":            "role/aws-reserved/sso.amazonaws.com/Read",
		"arn:aws-cn:iam::111122223333:user/team/alice":                                  "user/team/alice",
		"arn:aws:iam::444455556666:role/dev":                                            "arn:aws:iam::444455556666:role/dev",
		"arn:aws:iam::444455556666:role/aws-reserved/AWSReservedSSO_X_0123456789abcdef": "arn:aws:iam::444455556666:role/aws-reserved/AWSReservedSSO_X_0123456789abcdef",
	} {
		if got := p.Short(ownAccount); got != short || p.Short("") != string(p) || p.Short("999988887777") != string(p) {
			t.Errorf("%s is written %s", p, got)
		}
		ref, err := access.ParsePrincipal(short)
		if err != nil {
			t.Errorf("%s is refused: %v", short, err)
		}
		if complete := ref.Lookup == access.LookupNone; complete && ref.Principal != p || !complete && !ref.Matches(p, ownAccount) {
			t.Errorf("%s does not mean %s: %+v", short, p, ref)
		}
		other := access.Principal(strings.Replace(string(p), p.Account(), "999988887777", 1))
		if ref.Matches(other, ownAccount) {
			t.Errorf("%s means %s", short, other)
		}
	}
}

// TestWhoOwnsARole: service-linked ones are known by their path, and by their name only where aws-auth cut the path off.
func TestWhoOwnsARole(t *testing.T) {
	for name, want := range map[string][2]bool{
		"role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch": {true, true},
		"role/AWSServiceRoleForBatch":                                      {false, true},
		"role/team/AWSServiceRoleForBatch":                                 {false, false},
		"role/aws-service-roles/x":                                         {false, false},
		"user/aws-service-role/x":                                          {false, false},
		"role/MyAWSServiceRoleForBatch":                                    {false, false},
	} {
		p := access.Principal("arn:aws:iam::111122223333:" + name)
		if got := [2]bool{p.ServiceLinked(), p.ServiceRole()}; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMatchesByForm: a short form names a kind, a permission set any suffix and a written path that path alone.
func TestMatchesByForm(t *testing.T) {
	const sso access.Principal = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Read_0123456789abcdef"
	for _, c := range []struct {
		text string
		p    access.Principal
		want bool
	}{
		{"sso/read", sso, true},
		{"sso/Rea", sso, false},
		{"sso/Read", ops, false},
		{"role/AWSReservedSSO_Read_0123456789abcdef", sso, true},
		{"role/ALICE", alice, false},
		{"user/ALICE", alice, true},
		{"role/team/dev", dev, true},
		{"role/Team/dev", dev, false},
		{"role/dev", dev, true},
		{string(dev), dev, false}, // nobody has to look that up
		{"arn:aws:sts::111122223333:assumed-role/DEV/amy", dev, true},
		{"arn:aws:sts::111122223333:assumed-role/ops/amy", dev, false},
		{"me", ops, false},
	} {
		ref, err := access.ParsePrincipal(c.text)
		if got := ref.Matches(c.p, ownAccount); err != nil || got != c.want {
			t.Errorf("%s means %s: %v, %v", c.text, c.p, got, err)
		}
	}
}
