package eks

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Providers are the names of the OIDC identity providers that are associated with the cluster.
func (c *Cluster) Providers(ctx context.Context) (names []string, err error) {
	var list struct {
		Configs []struct{ Name string } `json:"identityProviderConfigs"`
	}
	err = c.get(ctx, "identity-provider-configs", &list)
	for _, config := range list.Configs {
		names = append(names, config.Name)
	}
	return names, explain("list identity provider configs", err)
}

// ArgoCD are the managed Argo CD capabilities of the cluster, with who has a role in them (eks-access.md §15a).
func (c *Cluster) ArgoCD(ctx context.Context) (all []access.ArgoCD, err error) {
	var list struct {
		Capabilities []struct{ CapabilityName, Type string }
	}
	if err := c.get(ctx, "capabilities", &list); err != nil {
		return nil, explain("list capabilities", err)
	}
	for _, summary := range list.Capabilities {
		if summary.Type != "ARGOCD" {
			continue
		}
		var out struct {
			Capability struct {
				RoleARN       access.Principal `json:"roleArn"`
				Configuration struct {
					ArgoCD struct {
						RoleMappings []struct {
							Role       string
							Identities []struct{ ID, Type string }
						} `json:"rbacRoleMappings"`
					} `json:"argoCd"`
				}
			}
		}
		if err := c.get(ctx, "capabilities/"+summary.CapabilityName, &out); err != nil {
			return all, explain("describe capability "+summary.CapabilityName, err)
		}
		argo := access.ArgoCD{Name: summary.CapabilityName, Role: out.Capability.RoleARN}
		for _, m := range out.Capability.Configuration.ArgoCD.RoleMappings {
			for _, id := range m.Identities {
				argo.Members = append(argo.Members, access.ArgoMember{Role: m.Role, Kind: id.Type, ID: id.ID})
			}
		}
		all = append(all, argo)
	}
	return all, nil
}

// get reads what is below the cluster's path. It is the SDK's ListClusters with another path and answer, so that it is signed,
// paced and tried again in the same way: the SDK's own operations would add 80 KB to the program.
func (c *Cluster) get(ctx context.Context, path string, into any) error {
	_, err := c.api.ListClusters(ctx, nil, func(o *eks.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			ask := middleware.BuildMiddlewareFunc("path", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
				if r, ok := in.Request.(*smithyhttp.Request); ok {
					r.URL.Path, r.URL.RawPath = "/clusters/"+c.Name+"/"+path, ""
				}
				return next.HandleBuild(ctx, in)
			})
			read := middleware.DeserializeMiddlewareFunc("answer", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				if r, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && r.StatusCode < 300 {
					err = decode(r, into)
				}
				return out, metadata, err
			})
			if err := stack.Build.Add(ask, middleware.Before); err != nil {
				return err
			}
			return stack.Deserialize.Add(read, middleware.After)
		})
	})
	return err
}

// decode reads an answer, and leaves it to be read again.
func decode(r *smithyhttp.Response, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return json.Unmarshal(body, into)
}
