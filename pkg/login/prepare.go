package login

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/config"
)

// MayAsk tells whether getting credentials may ask the user something: for an MFA code, or
// whatever a credential process asks.
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

// Prepare gets the credentials now, so that nothing is asked later.
func (s *Session) Prepare(ctx context.Context) error {
	_, err := s.Config.Credentials.Retrieve(ctx)
	return err
}
