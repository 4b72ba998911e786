package main

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// entry is aws_eks_access_entry.
type entry struct{ client }

func (*entry) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_eks_access_entry"
}

func (*entry) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	forced := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"cluster_name":      schema.StringAttribute{Required: true, PlanModifiers: forced},
		"principal_arn":     schema.StringAttribute{Required: true, PlanModifiers: forced},
		"type":              schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString("STANDARD"), PlanModifiers: forced},
		"kubernetes_groups": schema.SetAttribute{Optional: true, Computed: true, ElementType: types.StringType, PlanModifiers: []planmodifier.Set{setplanmodifier.UseStateForUnknown()}},
		"user_name":         schema.StringAttribute{Optional: true, Computed: true, PlanModifiers: kept},
		"tags":              schema.MapAttribute{Optional: true, ElementType: types.StringType},
		"access_entry_arn":  schema.StringAttribute{Computed: true, PlanModifiers: kept},
		"id":                schema.StringAttribute{Computed: true, PlanModifiers: kept},
	}}
}

type entryState struct {
	ClusterName      string            `tfsdk:"cluster_name"`
	PrincipalARN     string            `tfsdk:"principal_arn"`
	Type             *string           `tfsdk:"type"`
	KubernetesGroups []string          `tfsdk:"kubernetes_groups"`
	UserName         *string           `tfsdk:"user_name"`
	Tags             map[string]string `tfsdk:"tags"`
	AccessEntryARN   *string           `tfsdk:"access_entry_arn"`
	ID               string            `tfsdk:"id"`
}

func (*entry) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	of, err := parts(req.ID, ":", 2)
	if err != nil {
		resp.Diagnostics.AddError("import", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cluster_name"), of[0])...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("principal_arn"), of[1])...)
}

func (r *entry) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var s entryState
	resp.Diagnostics.Append(req.State.Get(ctx, &s)...)
	out, err := r.eks.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: &s.ClusterName, PrincipalArn: &s.PrincipalARN})
	if err != nil {
		resp.Diagnostics.AddError("read", err.Error())
		return
	}
	e := out.AccessEntry
	s.Type, s.UserName, s.AccessEntryARN, s.KubernetesGroups = e.Type, e.Username, e.AccessEntryArn, append([]string{}, e.KubernetesGroups...)
	s.Tags = maps.Clone(e.Tags)
	maps.DeleteFunc(s.Tags, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
	if len(s.Tags) == 0 {
		s.Tags = nil
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &s)...)
}
