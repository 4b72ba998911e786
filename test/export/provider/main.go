// Command terraform-provider-aws stands in for the AWS provider of Terraform: it has two of its resources, with their documented
// attributes and import IDs, and reads what exists. It changes nothing: a plan that wants to is an error.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return standIn{} }, providerserver.ServeOpts{Address: "registry.terraform.io/hashicorp/aws"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type standIn struct{}

func (standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "aws"
}
func (standIn) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (standIn) Configure(ctx context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		resp.Diagnostics.AddError("AWS", err.Error())
		return
	}
	resp.ResourceData = eks.NewFromConfig(cfg)
}

func (standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &entry{} },
		func() resource.Resource { return &association{} },
	}
}

// client is what both resources have in common.
type client struct{ eks *eks.Client }

func (c *client) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	c.eks, _ = req.ProviderData.(*eks.Client)
}

const refuses = "the stand-in changes nothing"

func (*client) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError("create", refuses)
}

func (*client) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("update", refuses)
}

func (*client) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError("delete", refuses)
}

// parts splits an import ID.
func parts(id, separator string, n int) ([]string, error) {
	all := strings.SplitN(id, separator, n)
	if len(all) != n {
		return nil, fmt.Errorf("import ID %q does not have %d parts separated by %s", id, n, separator)
	}
	return all, nil
}
