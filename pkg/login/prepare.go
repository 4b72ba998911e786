package login

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
)

// MayAsk reports whether getting credentials may prompt the user, for an MFA code or by a credential process.
func (s *Session) MayAsk() bool {
	for _, source := range s.Config.ConfigSources {
		shared, ok := source.(config.SharedConfig)
		if !ok {
			continue
		}
		for p := &shared; p != nil; p = p.Source {
			if p.MFASerial != "" || p.CredentialProcess != "" {
				return true
			}
		}
	}
	return false
}

// Prepare gets the credentials now, so that no prompt comes later.
func (s *Session) Prepare(ctx context.Context) error {
	_, err := s.Config.Credentials.Retrieve(ctx)
	return err
}
