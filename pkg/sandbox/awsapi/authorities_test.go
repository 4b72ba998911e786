package awsapi_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/sandboxtest"
)

func TestACertificateAuthorityFromDistributionToActivation(t *testing.T) {
	ctx, s := t.Context(), sandboxtest.New(t, sandbox.Options{RotateCA: "demo"})
	c, cluster := s.EKS("default"), aws.String("demo")
	authorities := func() map[types.CertificateAuthoritySigningStatus]types.CertificateAuthority {
		found := map[types.CertificateAuthoritySigningStatus]types.CertificateAuthority{}
		for _, summary := range sandboxtest.Must[*eks.ListCertificateAuthoritiesOutput](t)(c.ListCertificateAuthorities(ctx, &eks.ListCertificateAuthoritiesInput{ClusterName: cluster})).CertificateAuthorities {
			in := &eks.DescribeCertificateAuthorityInput{ClusterName: cluster, CertificateAuthorityId: summary.Id}
			found[summary.SigningStatus] = *sandboxtest.Must[*eks.DescribeCertificateAuthorityOutput](t)(c.DescribeCertificateAuthority(ctx, in)).CertificateAuthority
		}
		return found
	}
	before := authorities()
	next := before[types.CertificateAuthoritySigningStatusNotUsed]
	if len(before) != 2 || next.ActivatedAt != nil || !next.ScheduledEvents.FirstAutoActivation.Before(*next.ScheduledEvents.FinalAutoActivation) {
		t.Errorf("%+v", before)
	}
	_, bundle := s.Endpoint("demo")
	for _, authority := range before {
		if data, err := base64.StdEncoding.DecodeString(*authority.Data); err != nil || !bytes.Contains(bundle, data) {
			t.Errorf("%s is not in the bundle: %v", *authority.Id, err)
		}
	}
	in := &eks.ActivateCertificateAuthorityInput{ClusterName: cluster, CertificateAuthorityId: next.Id}
	sandboxtest.Must[*eks.ActivateCertificateAuthorityOutput](t)(c.ActivateCertificateAuthority(ctx, in))
	after := authorities()[types.CertificateAuthoritySigningStatusInUse]
	if *after.Id != *next.Id || after.ActivatedAt == nil {
		t.Errorf("%+v", after)
	}
	if got := s.WhoAmI("demo", s.Token("default", "demo")); !strings.Contains(got, "system:authenticated") {
		t.Errorf("with both authorities: %s", got)
	}
	if _, err := c.ActivateCertificateAuthority(ctx, in); !strings.HasPrefix(sandboxtest.Code(t, err), "InvalidRequestException") {
		t.Error(err)
	}
	if _, err := c.DescribeCertificateAuthority(ctx, &eks.DescribeCertificateAuthorityInput{ClusterName: aws.String("prod"), CertificateAuthorityId: next.Id}); !strings.HasPrefix(sandboxtest.Code(t, err), "ResourceNotFoundException") {
		t.Error(err)
	}
}
