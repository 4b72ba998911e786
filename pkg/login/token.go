package login

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Token is a bearer token of an EKS cluster for the session's identity, good for 15 minutes: a
// presigned GetCallerIdentity bound to the cluster (aws-iam-authenticator, pkg/token). It is a
// credential: never print, log or store it.
func (s *Session) Token(ctx context.Context, cluster string) (string, error) {
	presigned, err := sts.NewPresignClient(sts.NewFromConfig(s.Config)).PresignGetCallerIdentity(ctx, nil, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster),
				smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
		})
	})
	if err != nil {
		return "", fmt.Errorf("make a token for cluster %s: %w", cluster, err)
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(presigned.URL)), nil
}
