package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// APIServer is a real kube-apiserver that stands for one of the account's clusters. The sandbox tells
// kubeconfig and DescribeCluster where it is, and decides for it who comes in and what access policies
// allow, over two webhooks. Everything else, RBAC and aws-auth too, is the server's own.
type APIServer struct {
	URL string // https, on this machine
	CA  []byte // PEM: the authority that signed its certificate
}

// webhookPatience is how long the server may take to tell what stands in aws-auth.
const webhookPatience = 3 * time.Second

// backend is the way from the sandbox to a cluster's real API server.
type backend struct {
	APIServer
	client *http.Client
	token  string // the sandbox's own, which its token webhook knows
}

// attach puts the real server in the cluster's place; its own door has become that of the webhooks.
func (s *Sandbox) attach(name string, server APIServer) error {
	webhooks, ok := s.account.endpoints[name]
	if !ok {
		return fmt.Errorf("API server of cluster %s: the account has no such cluster", name)
	}
	pool := x509.NewCertPool()
	if u, err := url.Parse(server.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("API server of cluster %s: %q is no https URL", name, server.URL)
	}
	if !pool.AppendCertsFromPEM(server.CA) {
		return fmt.Errorf("API server of cluster %s: no certificate in its authority's PEM", name)
	}
	s.backends[name] = &backend{
		APIServer: server,
		client:    &http.Client{Timeout: webhookPatience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}},
		token:     random(),
	}
	s.account.endpoints[name] = endpoint{url: server.URL, ca: server.CA}
	return s.writeWebhookFiles(name, webhooks)
}

// writeWebhookFiles makes what the server is to be started with:
//
//	--authentication-token-webhook-config-file=DIR/NAME/authentication.yaml --authentication-token-webhook-version=v1
//	--authorization-config=DIR/NAME/authorization.yaml
func (s *Sandbox) writeWebhookFiles(name string, at endpoint) error {
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	webhook := func(path string) string {
		return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: webhook
  cluster:
    certificate-authority-data: %s
    server: %s%s
users:
- name: apiserver
  user: {}
contexts:
- name: webhook
  context: {cluster: webhook, user: apiserver}
current-context: webhook
`, base64.StdEncoding.EncodeToString(at.ca), at.url, path)
	}
	authorizer := filepath.Join(dir, "webhook.yaml")
	for file, text := range map[string]string{
		filepath.Join(dir, "authentication.yaml"): webhook(authenticatePath),
		authorizer:                               webhook(authorizePath),
		filepath.Join(dir, "authorization.yaml"): fmt.Sprintf(authorization, authorizer),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// authorization is EKS's chain of authorizers. Nothing is cached, so that what is granted or revoked
// holds at the next request.
const authorization = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Node
  name: node
- type: RBAC
  name: rbac
- type: Webhook
  name: access-policies
  webhook:
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    authorizedTTL: 1s
    unauthorizedTTL: 1s
    cacheAuthorizedRequests: false
    cacheUnauthorizedRequests: false
    timeout: 3s
    failurePolicy: NoOpinion
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: %q}
`

// awsAuth reads aws-auth off the real server as the authenticator does. What cannot be read lets nobody in.
func (b *backend) awsAuth(ctx context.Context) map[string]string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/api/v1/namespaces/kube-system/configmaps/aws-auth", http.NoBody)
	if err != nil {
		return nil
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	resp, err := b.client.Do(r)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, maxObject)).Decode(&configMap) != nil {
		return nil
	}
	return configMap.Data
}

// maxObject is more than etcd takes.
const maxObject = 4 << 20
