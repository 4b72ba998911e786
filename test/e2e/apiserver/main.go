// Command apiserver is a Kubernetes API server with its etcd in one process, for the end-to-end tests.
//
// Its first argument is a folder for etcd's data; the rest are kube-apiserver's flags.
package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // as kube-apiserver's own main does
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // as kube-apiserver's own main does
	_ "k8s.io/component-base/metrics/prometheus/version"  // as kube-apiserver's own main does
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: apiserver FOLDER [KUBE-APISERVER FLAGS]")
		os.Exit(2)
	}
	endpoint, stop, err := startEtcd(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		os.Exit(1)
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=" + endpoint}, os.Args[2:]...))
	code := cli.Run(command)
	stop()
	os.Exit(code)
}

// startEtcd keeps etcd on a socket in the folder: no port to collide with, nothing to reach from elsewhere.
func startEtcd(folder string) (endpoint string, stop func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, err
	}
	client := url.URL{Scheme: "unix", Path: filepath.Join(folder, "client.sock")}
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "data")
	config.ListenClientUrls = []url.URL{client}
	config.ListenPeerUrls = nil
	config.UnsafeNoFsync = true
	config.LogLevel = "error"
	server, err := embed.StartEtcd(config)
	if err != nil {
		return "", nil, err
	}
	<-server.Server.ReadyNotify()
	return client.String(), server.Close, nil
}
