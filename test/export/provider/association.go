package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// association is aws_eks_access_policy_association.
type association struct{ client }

func (*association) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_eks_access_policy_association"
}

func (*association) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	forced := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"cluster_name":  schema.StringAttribute{Required: true, PlanModifiers: forced},
			"principal_arn": schema.StringAttribute{Required: true, PlanModifiers: forced},
			"policy_arn":    schema.StringAttribute{Required: true, PlanModifiers: forced},
			"id":            schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
		},
		Blocks: map[string]schema.Block{"access_scope": schema.ListNestedBlock{
			PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplace()},
			NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"type":       schema.StringAttribute{Required: true},
				"namespaces": schema.SetAttribute{Optional: true, ElementType: types.StringType},
			}},
		}},
	}
}

type associationState struct {
	ClusterName  string       `tfsdk:"cluster_name"`
	PrincipalARN string       `tfsdk:"principal_arn"`
	PolicyARN    string       `tfsdk:"policy_arn"`
	ID           string       `tfsdk:"id"`
	AccessScope  []scopeState `tfsdk:"access_scope"`
}

type scopeState struct {
	Type       string   `tfsdk:"type"`
	Namespaces []string `tfsdk:"namespaces"`
}

func (*association) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	of, err := parts(req.ID, "#", 3)
	if err != nil {
		resp.Diagnostics.AddError("import", err.Error())
		return
	}
	for attribute, value := range map[string]string{"id": req.ID, "cluster_name": of[0], "principal_arn": of[1], "policy_arn": of[2]} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(attribute), value)...)
	}
}

func (r *association) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var s associationState
	resp.Diagnostics.Append(req.State.Get(ctx, &s)...)
	out, err := r.eks.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: &s.ClusterName, PrincipalArn: &s.PrincipalARN})
	if err != nil {
		resp.Diagnostics.AddError("read", err.Error())
		return
	}
	for _, p := range out.AssociatedAccessPolicies {
		if *p.PolicyArn != s.PolicyARN {
			continue
		}
		scope := scopeState{Type: string(p.AccessScope.Type)}
		if len(p.AccessScope.Namespaces) > 0 {
			scope.Namespaces = p.AccessScope.Namespaces
		}
		s.AccessScope = []scopeState{scope}
		resp.Diagnostics.Append(resp.State.Set(ctx, &s)...)
		return
	}
	resp.Diagnostics.AddError("read", "no policy "+s.PolicyARN)
}
