package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
)

// rotated is a second authority for a cluster, and the configuration of a server that has a certificate of the new one as soon
// as that is activated.
func (s *Sandbox) rotated(name string, old *tls.Config) (*awsapi.Authority, *tls.Config, error) {
	const day = 24 * time.Hour
	pem, config, err := certificates(name)
	if err != nil {
		return nil, nil, err
	}
	now := s.now()
	next := &awsapi.Authority{PEM: pem, Created: now.Add(-30 * day), Activates: [2]time.Time{now.Add(60 * day), now.Add(90 * day)}}
	return next, &tls.Config{MinVersion: old.MinVersion, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if next.Activated.IsZero() {
			return &old.Certificates[0], nil
		}
		return &config.Certificates[0], nil
	}}, nil
}

// certificates creates an authority and, signed by it, the certificate of a server on loopback.
func certificates(name string) (ca []byte, config *tls.Config, err error) {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name + " authority"},
		// Fixed dates: the account's clock may differ from the clients'.
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return nil, nil, err
	}
	authorityDER, err := x509.CreateCertificate(crand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return nil, nil, err
	}
	serverDER, err := x509.CreateCertificate(crand.Reader, server, authority, serverKey.Public(), authorityKey)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}), &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{serverDER}, PrivateKey: serverKey}},
	}, nil
}
