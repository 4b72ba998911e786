package eks

import (
	"context"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Authorities are the certificate authorities of the cluster: one, or two while it is replaced (eks-access.md §15a). The list
// has no dates of activation, so each is described.
func (c *Cluster) Authorities(ctx context.Context) ([]access.Authority, error) {
	list, err := c.api.ListCertificateAuthorities(ctx, &eks.ListCertificateAuthoritiesInput{ClusterName: &c.Name})
	if err != nil {
		return nil, explain("list certificate authorities", err)
	}
	var all []access.Authority
	for _, summary := range list.CertificateAuthorities {
		out, err := c.api.DescribeCertificateAuthority(ctx, &eks.DescribeCertificateAuthorityInput{ClusterName: &c.Name, CertificateAuthorityId: summary.Id})
		if err != nil {
			return nil, explain("describe certificate authority", err)
		}
		all = append(all, authorityOf(out.CertificateAuthority))
	}
	return all, nil
}

func authorityOf(ca *types.CertificateAuthority) access.Authority {
	a := access.Authority{InUse: ca.SigningStatus == types.CertificateAuthoritySigningStatusInUse}
	if data, err := base64.StdEncoding.DecodeString(aws.ToString(ca.Data)); err == nil {
		if certificates := access.ParseCertificates(data); len(certificates) > 0 {
			a.Certificate = certificates[0]
		}
	}
	if planned := ca.ScheduledEvents; planned != nil && !a.InUse {
		a.From, a.Until = aws.ToTime(planned.FirstAutoActivation), aws.ToTime(planned.FinalAutoActivation)
	}
	return a
}
