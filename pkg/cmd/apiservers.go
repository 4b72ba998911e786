package cmd

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/kubectl-access/kubectl-access/pkg/sandbox"
)

// apiServers are real kube-apiservers for the sandbox's clusters, as flags.
type apiServers struct {
	urls map[string]string // by cluster
	ca   string            // file
}

func (a *apiServers) bind(fs *pflag.FlagSet) {
	fs.StringToStringVar(&a.urls, "api-server", nil, "CLUSTER=URL of a real kube-apiserver in that cluster's place; the files for its webhooks are in CLUSTER/ beside $KUBECONFIG")
	fs.StringVar(&a.ca, "api-server-ca", "", "File with the authority of --api-server's certificate")
}

func (a *apiServers) read() (map[string]sandbox.APIServer, error) {
	if len(a.urls) == 0 {
		return nil, nil
	}
	if a.ca == "" {
		return nil, errors.New("--api-server needs --api-server-ca FILE")
	}
	ca, err := os.ReadFile(a.ca)
	if err != nil {
		return nil, fmt.Errorf("--api-server-ca: %w", err)
	}
	servers := map[string]sandbox.APIServer{}
	for name, url := range a.urls {
		servers[name] = sandbox.APIServer{URL: url, CA: ca}
	}
	return servers, nil
}
