package awsapi

import (
	"slices"
	"time"
)

// clusterVersion is a version of Kubernetes that EKS offers.
type clusterVersion struct {
	Version         string `json:"clusterVersion"`
	Type            string `json:"clusterType"`
	Platform        string `json:"defaultPlatformVersion"`
	Default         bool   `json:"defaultVersion"`
	Patch           string `json:"kubernetesPatchVersion"`
	Released        epoch  `json:"releaseDate"`
	StandardSupport epoch  `json:"endOfStandardSupportDate"`
	ExtendedSupport epoch  `json:"endOfExtendedSupportDate"`
	Status          string `json:"status"`
	VersionStatus   string `json:"versionStatus"`
}

// clusterVersions are the version of the clusters and those before it. The dates are only like EKS's: every four
// months a version, which is supported for 14 months, and for 12 more at a price.
func clusterVersions() (all []clusterVersion) {
	for n, version := range []string{KubernetesVersion, "1.33", "1.32", "1.31", "1.30", "1.29"} {
		released := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(0, -4*n, 0)
		v := clusterVersion{
			Version: version, Type: "eks", Platform: "eks.9", Default: n == 0, Patch: version + ".1",
			Released: epoch{released}, StandardSupport: epoch{released.AddDate(0, 14, 0)}, ExtendedSupport: epoch{released.AddDate(0, 26, 0)},
			Status: "standard-support", VersionStatus: "STANDARD_SUPPORT",
		}
		if n > 2 {
			v.Status, v.VersionStatus = "extended-support", "EXTENDED_SUPPORT"
		}
		all = append(all, v)
	}
	return all
}

func (a *Account) describeClusterVersions(c *Call) (any, error) {
	query := c.URL.Query()
	named := query["clusterVersions"]
	all := map[string]any{}
	for _, v := range clusterVersions() {
		if query.Get("clusterType") != "" && query.Get("clusterType") != v.Type ||
			len(named) > 0 && !slices.Contains(named, v.Version) ||
			query.Get("defaultOnly") == "true" && !v.Default ||
			query.Get("status") != "" && query.Get("status") != v.Status ||
			query.Get("versionStatus") != "" && query.Get("versionStatus") != v.VersionStatus {
			continue
		}
		all[v.Version] = v
	}
	return c.page("clusterVersions", all)
}
