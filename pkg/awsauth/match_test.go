package awsauth

import (
	"strings"
	"testing"
)

func TestWhatNoCallerMatches(t *testing.T) {
	for _, row := range []struct{ arn, says string }{
		{"arn:aws:iam::111122223333:role/dev", ""},
		{"arn:aws-cn:iam::111122223333:role/dev", ""},
		{"ARN:AWS:IAM::111122223333:ROLE/DEV", ""},
		{"arn:aws:iam::111122223333:user/amy", ""},
		{"arn:aws:iam::111122223333:user/ops/on-call/amy", ""},
		{"arn:aws:iam::111122223333:root", ""},
		{"arn:aws:sts::111122223333:federated-user/amy", ""},
		{"arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0123456789abcdef", ""},
		{"arn:aws:iam::111122223333:role/Ops/Dev", "use arn:aws:iam::111122223333:role/Dev"},
		{"arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS", "service-linked"},
		{"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef", "use arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0123456789abcdef"},
		{"arn:aws:sts::111122223333:assumed-role/Dev/amy", "use arn:aws:iam::111122223333:role/Dev"},
		{"arn:aws:sts::111122223333:assumed-role/Dev", "neither"},
		{"arn:aws:iam::111122223333:role/*", "wildcards"},
		{"arn:aws:iam::111122223333:role/${NAME}", "placeholder"},
		{"arn:aws:iam::<ACCOUNT>:role/dev", "placeholder"},
		{"arn:aws:iam::XXXXXXXXXXXX:role/dev", `"XXXXXXXXXXXX"`},
		{"arn:aws:iam::11112222333:role/dev", "12 digits"},
		{"arn:aws-mars:iam::111122223333:role/dev", `partition "aws-mars"`},
		{"arn:aws:iam:eu-west-1:111122223333:role/dev", "region"},
		{"arn:aws:s3::111122223333:role/dev", `"s3"`},
		{"arn:aws:iam::111122223333:group/dev", "neither"},
		{"arn:aws:iam::111122223333:instance-profile/dev", "neither"},
		{"arn:aws:iam::111122223333:role/", "name"},
		{"arn:aws:iam::111122223333:role/" + strings.Repeat("a", 65), "name"},
		{"arn:aws:iam::111122223333:role/a b", "name"},
		{" arn:aws:iam::111122223333:role/dev", "spaces"},
		{"dev", "not an ARN"},
		{"", "not an ARN"},
	} {
		if got := never(row.arn); (got == "") != (row.says == "") || !strings.Contains(got, row.says) {
			t.Errorf("%s: %q, want %q", row.arn, got, row.says)
		}
	}
}
