// Package org asks AWS which regions an account has enabled and which accounts an organization has. It calls two operations without
// the SDK's modules.
package org

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// Known are the regions of a partition that have EKS, enabled or not (botocore, endpoints of 2026).
func Known(partition string) []string { return strings.Fields(regions[partition]) }

var regions = map[string]string{
	"aws": "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 " +
		"ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 " +
		"il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2",
	"aws-cn":     "cn-north-1 cn-northwest-1",
	"aws-us-gov": "us-gov-east-1 us-gov-west-1",
}

// homes are the regions that the two services have in a partition.
var homes = map[string][2]string{"aws": {"us-east-1", "amazonaws.com"}, "aws-cn": {"cn-northwest-1", "amazonaws.com.cn"}, "aws-us-gov": {"us-gov-west-1", "amazonaws.com"}}

func place(service string) func(region string, fips bool) (host, signed string) {
	return func(region string, _ bool) (string, string) {
		home, ok := homes[access.PartitionOf(region)]
		if !ok {
			home = homes["aws"]
		}
		return service + "." + home[0] + "." + home[1], home[0]
	}
}

// Regions are the regions that the account has enabled (Account Management API Reference, ListRegions).
func Regions(ctx context.Context, s *login.Session) (names []string, err error) {
	service := s.NewService("Account", "account", place("account"), refusal)
	service.Path = "listRegions"
	in := map[string]any{"MaxResults": 50, "RegionOptStatusContains": []string{"ENABLED", "ENABLED_BY_DEFAULT"}}
	err = pages(ctx, service, "ListRegions", map[string]string{"Content-Type": "application/json"}, in, func(p *page) {
		for _, r := range p.Regions {
			names = append(names, r.RegionName)
		}
	})
	return names, err
}

// Accounts are the IDs of the active accounts of the organization (AWS Organizations API Reference, ListAccounts).
func Accounts(ctx context.Context, s *login.Session) (ids []string, err error) {
	service := s.NewService("Organizations", "organizations", place("organizations"), refusal)
	header := map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSOrganizationsV20161128.ListAccounts"}
	err = pages(ctx, service, "ListAccounts", header, map[string]any{"MaxResults": 20}, func(p *page) {
		for _, a := range p.Accounts {
			if cmp.Or(a.State, a.Status) == "ACTIVE" {
				ids = append(ids, a.ID)
			}
		}
	})
	return ids, err
}

// page is one answer of either operation.
type page struct {
	Regions   []struct{ RegionName string }
	Accounts  []struct{ ID, Status, State string }
	NextToken string
}

// attempts of one call.
const attempts = 4

// pages asks for page after page, of which some may be empty.
func pages(ctx context.Context, s *login.Service, operation string, header map[string]string, in map[string]any, each func(*page)) error {
	s.Attempts = attempts
	for {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		data, err := s.Call(ctx, operation, header, body)
		if err != nil {
			return explain(operation, err)
		}
		var p page
		if json.Unmarshal(data, &p) != nil {
			return fmt.Errorf("%w: %s", login.ErrIncomplete, operation)
		}
		each(&p)
		if p.NextToken == "" {
			return nil
		}
		in["NextToken"] = p.NextToken
	}
}

func explain(operation string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied") {
		return fmt.Errorf("%w: %s: %s", access.ErrForbidden, operation, api.ErrorMessage())
	}
	return fmt.Errorf("%s: %w", operation, login.Plain(err))
}

// refusal is the code and the message of an error answer.
func refusal(header http.Header, data []byte) (code, message string) {
	var o struct {
		Type    string `json:"__type"`
		Message string
	}
	_ = json.Unmarshal(data, &o) // a proxy answers in other forms
	code = cmp.Or(o.Type, header.Get("X-Amzn-ErrorType"))
	code, _, _ = strings.Cut(code[strings.LastIndexByte(code, '#')+1:], ":")
	return code, o.Message
}
