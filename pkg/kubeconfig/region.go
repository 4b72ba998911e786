package kubeconfig

import "strings"

// partition is a separate part of AWS: its own accounts, its own regions, its own domain names.
type partition struct {
	id, dns, dualStack string
	regions            []string // prefixes of its regions, each followed by -WORD-NUMBER
}

// partitions are those of the AWS SDKs; where two share a domain, the region distinguishes them.
// China's guide prints its IPv4 endpoints without "eks." or "api."; such hosts are accepted too.
var partitions = []partition{
	{"aws", "amazonaws.com", "api.aws", []string{"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}},
	{"aws-us-gov", "amazonaws.com", "api.aws", []string{"us-gov"}},
	{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", []string{"cn"}},
	{"aws-cn", "amazonwebservices.com.cn", "amazonwebservices.com.cn", []string{"cn"}},
	{"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", []string{"eusc-de"}},
	{"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", []string{"us-iso"}},
	{"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", []string{"us-isob"}},
	{"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", []string{"eu-isoe"}},
	{"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", []string{"us-isof"}},
}

// partitionOf is the partition of a region; empty: it is not a region.
//
//go:noinline
func partitionOf(region string) string {
	for _, p := range partitions {
		if p.has(region) {
			return p.id
		}
	}
	return ""
}

// realRegion is s if some partition may have such a region; else empty.
func realRegion(s string) string {
	if partitionOf(s) == "" {
		return ""
	}
	return s
}

func (p partition) has(region string) bool {
	for _, prefix := range p.regions {
		rest, ok := strings.CutPrefix(region, prefix+"-")
		word, number, dash := strings.Cut(rest, "-")
		if ok && dash && word != "" && number != "" && all(word, isLower) && all(number, isDigit) {
			return true
		}
	}
	return false
}

//go:noinline
func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' }
