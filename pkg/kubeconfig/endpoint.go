package kubeconfig

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// endpoint is what the host name of an API server shows.
type endpoint struct {
	eks               bool
	region, partition string
}

// parseHost recognizes the endpoints of EKS clusters, in any partition:
//
//	ID.LABEL.REGION.eks.amazonaws.com    LABEL: gr7, yl4, sk1, … or none
//	ID.eks-cluster.REGION.api.aws        dual-stack
//
// The endpoints of the EKS service itself (eks.REGION.amazonaws.com) are not clusters.
func parseHost(host string) endpoint {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	found := endpoint{}
	for _, p := range partitions {
		labels, ok := p.clusterLabels(host)
		if !ok {
			continue
		}
		region := labels[len(labels)-1]
		if p.has(region) {
			return endpoint{eks: true, region: region, partition: p.id}
		}
		found.eks = true
	}
	return found
}

// clusterLabels removes the partition's suffix from the host; the last remaining label is the region.
func (p partition) clusterLabels(host string) ([]string, bool) {
	for _, suffix := range []string{".eks." + p.dns, ".eks." + p.dualStack} {
		if rest, ok := strings.CutSuffix(host, suffix); ok && rest != "" {
			return strings.Split(rest, "."), true
		}
	}
	rest, ok := strings.CutSuffix(host, "."+p.dualStack)
	labels := strings.Split(rest, ".")
	return labels, ok && len(labels) > 1 && isClusterService(labels[:len(labels)-1])
}

// isClusterService distinguishes the dual-stack host of a cluster from that of the EKS service, which begins with eks.
func isClusterService(labels []string) bool {
	hex := func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
	id := len(labels[0]) == 32 && all(labels[0], hex) // the guide shows eks-cluster; what real ones have is UNVERIFIED (eks-access.md §10)
	return id || slices.Contains(labels, "eks-cluster") || slices.Index(labels, "eks") > 0
}

// SameEndpoint reports whether two URLs are the same API server. Letter case, the default port, and a slash or a dot at
// the end make no difference.
func SameEndpoint(a, b string) bool {
	x, y := normalURL(a), normalURL(b)
	return x != "" && x == y
}

// normalURL is empty for a URL without a host.
func normalURL(s string) string {
	u := parseURL(s)
	if u == nil {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" {
		return ""
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	return scheme + "://" + net.JoinHostPort(host, port) + strings.TrimRight(u.Path, "/")
}

func parseURL(s string) *url.URL {
	s = strings.TrimSpace(s)
	if s != "" && !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	return u
}

// hostOf also reads templates, which are not valid URLs: https://<ID>.gr7.us-east-2.eks.amazonaws.com.
func hostOf(server string) string {
	if u := parseURL(server); u != nil {
		return u.Hostname()
	}
	_, host, ok := strings.Cut(server, "://")
	if !ok {
		host = server
	}
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}
