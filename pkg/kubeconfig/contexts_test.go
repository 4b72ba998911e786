package kubeconfig

import (
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func TestContextsAreThoseOfEKS(t *testing.T) {
	raw := kubeconfig(arn, host, arn, entry("", "aws|eks|get-token|--cluster-name|shop"))
	raw.Contexts["another"] = raw.Contexts["c"]
	raw.Clusters["minikube"] = &api.Cluster{Server: "https://127.0.0.1:8443"}
	raw.AuthInfos["minikube"] = &api.AuthInfo{Token: "x"}
	raw.Contexts["minikube"] = &api.Context{Cluster: "minikube", AuthInfo: "minikube"}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(raw, file); err != nil {
		t.Fatal(err)
	}
	f := Flags{path: file}
	f.over.Context.Cluster = "minikube"
	all, _, err := f.Contexts()
	if err != nil || len(all) != 2 || all[0].Context != "another" || all[1].Context != "c" || all[1].Name != "shop" {
		t.Errorf("%+v, %v", all, err)
	}
}
