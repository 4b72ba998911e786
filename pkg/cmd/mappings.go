package cmd

import (
	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
)

// removeMappings is the edit of aws-auth that removes the chosen mappings and leaves every other byte as it is.
func removeMappings(chosen func([]access.Mapping) []access.Mapping) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) {
		switch {
		case s.AWSAuth == nil || !s.Cluster.Mode.ReadsConfigMap():
			return s, nil
		case s.AWSAuth.Err != nil:
			return s, s.AWSAuth.Err
		}
		gone := chosen(s.AWSAuth.Mappings)
		if len(gone) == 0 {
			return s, nil
		}
		data, err := awsauth.Remove(s.AWSAuth.Data, gone)
		if err != nil {
			return s, err
		}
		after := understood(access.ConfigMap{Data: data, Version: s.AWSAuth.Version})
		s.AWSAuth = &after
		return s, nil
	}
}
