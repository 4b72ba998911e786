package sandbox

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox/awsapi"
	"github.com/kubectl-access/kubectl-access/pkg/sandbox/kubeapi"
)

// APIServer is a real kube-apiserver that replaces one of the account's clusters. The sandbox puts it into kubeconfig
// and DescribeCluster, and decides for it, over two webhooks, who a token belongs to and what access policies allow.
// Everything else, RBAC and aws-auth too, is the server's own.
type APIServer struct {
	URL string // https, on this machine
	CA  []byte // PEM: the authority that signed its certificate
}

// attach replaces a cluster by a real server, and starts the webhooks that it calls.
func (s *Sandbox) attach(cluster *kubeapi.Server, server APIServer, ca []byte, config *tls.Config) (awsapi.Endpoint, error) {
	at := awsapi.Endpoint{URL: server.URL, CA: server.CA}
	h, err := kubeapi.NewWebhook(cluster, server.URL, server.CA)
	if err != nil {
		return at, fmt.Errorf("API server of cluster %s: %w", cluster.Name, err)
	}
	s.webhooks = append(s.webhooks, h)
	addr, err := s.listen(s.webhookHandler(h), config)
	if err != nil {
		return at, err
	}
	return at, writeWebhookFiles(filepath.Join(s.dir, cluster.Name), "https://"+addr, ca)
}

// writeWebhookFiles writes the files that the server is started with:
//
//	--authentication-token-webhook-config-file=DIR/NAME/authentication.yaml --authentication-token-webhook-version=v1
//	--authorization-config=DIR/NAME/authorization.yaml
func writeWebhookFiles(dir, url string, ca []byte) error {
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
`, base64.StdEncoding.EncodeToString(ca), url, path)
	}
	authorizer := filepath.Join(dir, "webhook.yaml")
	for file, text := range map[string]string{
		filepath.Join(dir, "authentication.yaml"): webhook(kubeapi.AuthenticatePath),
		authorizer:                               webhook(kubeapi.AuthorizePath),
		filepath.Join(dir, "authorization.yaml"): fmt.Sprintf(authorization, authorizer),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// authorization is EKS's chain of authorizers. Nothing is cached, so that what is granted or revoked
// applies to the next request.
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

// ReadAPIServers are the servers at some URLs, by cluster, with the certificate authority in a file.
func ReadAPIServers(urls map[string]string, file string) (map[string]APIServer, error) {
	if len(urls) == 0 {
		return nil, nil
	}
	if file == "" {
		return nil, errors.New("--api-server needs --api-server-ca FILE")
	}
	ca, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--api-server-ca: %w", err)
	}
	servers := map[string]APIServer{}
	for name, url := range urls {
		servers[name] = APIServer{URL: url, CA: ca}
	}
	return servers, nil
}
