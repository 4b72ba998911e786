package awsauth

import "github.com/kubectl-access/kubectl-access/pkg/access"

// Understood adds to the ConfigMap what the authenticator makes of it.
func Understood(m access.ConfigMap) access.ConfigMap {
	parsed := Parse(m.Data)
	m.Mappings, m.Faults = parsed.Mappings, nil
	for _, d := range parsed.Defects {
		if d.Item == 0 { // a defect of one mapping is in that mapping's reason
			m.Faults = append(m.Faults, d.Key+": "+d.Text)
		}
	}
	return m
}

// RemoveMappings is the edit that removes the chosen mappings from aws-auth and leaves every other byte as it is. It does
// nothing where the cluster does not read aws-auth, and is an error where aws-auth could not be read.
func RemoveMappings(chosen func([]access.Mapping) []access.Mapping) access.Edit {
	return func(s access.Snapshot) (access.Snapshot, error) { return removeMappings(s, chosen) }
}

func removeMappings(s access.Snapshot, chosen func([]access.Mapping) []access.Mapping) (access.Snapshot, error) {
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
	data, err := Remove(s.AWSAuth.Data, gone)
	if err != nil {
		return s, err
	}
	after := Understood(access.ConfigMap{Data: data, Version: s.AWSAuth.Version})
	s.AWSAuth = &after
	return s, nil
}
