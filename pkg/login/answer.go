package login

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// ErrIncomplete says that an answer lacks a required member, so it does not come from AWS.
var ErrIncomplete = errors.New("the answer is incomplete")

// needed are, by operation, the members of an answer that are used without a check. The SDK accepts any JSON object as an
// answer, also the {} of a proxy between this machine and AWS.
var needed = map[string][]string{
	"DescribeCluster":              {"Cluster.Name", "Cluster.Arn"},
	"DescribeAccessEntry":          {"AccessEntry.PrincipalArn", "AccessEntry.Type"},
	"ListAssociatedAccessPolicies": {"PrincipalArn"}, // present even without policies
	"UpdateClusterConfig":          {"Update.Id"},
	"DescribeUpdate":               {"Update.Status"},
	"DescribeNodegroup":            {"Nodegroup.NodeRole"},
	"DescribeFargateProfile":       {"FargateProfile.PodExecutionRoleArn"},
	"GetCallerIdentity":            {"Arn", "Account", "UserId"},
	"AssumeRole":                   {"Credentials"},
	"AssumeRoleWithWebIdentity":    {"Credentials"},
	"GetRoleCredentials":           {"RoleCredentials"},
}

// wholeAnswers refuses incomplete answers, without retries.
func wholeAnswers(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WholeAnswers", refuseIncomplete), middleware.After)
}

func refuseIncomplete(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, m middleware.Metadata, err error) {
	out, m, err = next.HandleInitialize(ctx, in)
	if err != nil {
		return out, m, err
	}
	operation := awsmiddleware.GetOperationName(ctx)
	for _, path := range needed[operation] {
		if lack := lacking(reflect.ValueOf(out.Result), path); lack != "" {
			err = fmt.Errorf("%w: %s answered %s without %s", ErrIncomplete, awsmiddleware.GetServiceID(ctx), operation, lack)
			return middleware.InitializeOutput{}, m, err
		}
	}
	return out, m, nil
}

// lacking is the first part of the path without a value in the answer, "" for none.
func lacking(answer reflect.Value, path string) string {
	names := strings.Split(path, ".")
	for i, name := range names {
		if answer = reflect.Indirect(answer).FieldByName(name); !answer.IsValid() {
			return "" // a presigned call has no answer
		}
		if answer.IsZero() || reflect.Indirect(answer).Kind() == reflect.String && reflect.Indirect(answer).Len() == 0 {
			return strings.Join(names[:i+1], ".")
		}
	}
	return ""
}
