package sandbox

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Environ is base with everything about AWS and Kubernetes replaced by this sandbox.
func (s *Sandbox) Environ(base []string) []string {
	var env []string
	for _, variable := range base {
		name, _, _ := strings.Cut(strings.ToUpper(variable), "=")
		if !strings.HasPrefix(name, "AWS_") && name != "KUBECONFIG" {
			env = append(env, variable)
		}
	}
	k := s.keys[defaultProfile]
	return append(aroundProxies(env),
		"AWS_ENDPOINT_URL="+s.url,
		"AWS_ENDPOINT_URL_STS="+s.url, // Go's SDK assumes a profile's role before it reads the one for all services
		"AWS_ACCESS_KEY_ID="+k.ID,
		"AWS_SECRET_ACCESS_KEY="+k.Secret,
		"AWS_SESSION_TOKEN="+k.Token,
		"AWS_REGION="+s.account.Region,
		"AWS_DEFAULT_REGION="+s.account.Region,
		"AWS_CONFIG_FILE="+filepath.Join(s.dir, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(s.dir, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"KUBECONFIG="+filepath.Join(s.dir, "kubeconfig"),
		"KUBECTL_ACCESS_SANDBOX=1", // for scripts and prompts
		"KUBECTL_ACCESS_SAMPLES="+filepath.Join(s.dir, "samples"),
	)
}

// aroundProxies keeps requests to loopback from a proxy: not every client spares it those by itself.
func aroundProxies(env []string) []string {
	for _, name := range []string{"no_proxy", "NO_PROXY"} {
		proxied := slices.ContainsFunc(env, func(v string) bool { return strings.Contains(strings.ToLower(v), "_proxy=") })
		i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		switch {
		case i >= 0 && env[i] != name+"=*":
			env[i] += ",127.0.0.1"
		case i < 0 && proxied:
			env = append(env, name+"=127.0.0.1")
		}
	}
	return env
}

// samples are files for diff and apply: those of set web differ from the clusters in each way, and each of the others is refused.
//
//go:embed samples
var samples embed.FS

// writeFiles writes the configuration of the AWS CLI and kubectl, and the samples.
func (s *Sandbox) writeFiles() error {
	var config, credentials bytes.Buffer
	for _, p := range profiles {
		k, ok := s.keys[p.name]
		if !ok {
			continue
		}
		section := "profile " + p.name
		if p.name == defaultProfile {
			section = p.name
		}
		fmt.Fprintf(&config, "[%s]\nregion = %s\noutput = json\nendpoint_url = %s\n\n", section, s.account.Region, s.url)
		fmt.Fprintf(&credentials, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", p.name, k.ID, k.Secret)
		if k.Token != "" {
			fmt.Fprintf(&credentials, "aws_session_token = %s\n", k.Token)
		}
		credentials.WriteString("\n")
	}
	for _, p := range assumed {
		fmt.Fprintf(&config, "[profile %s]\nregion = %s\noutput = json\nendpoint_url = %s\nrole_arn = %s\nsource_profile = %s\nexternal_id = %s\n\n",
			p.name, s.account.Region, s.url, s.account.ARNOf(p.role), p.source, strings.TrimPrefix(s.url, "http://")) // so that the AWS CLI does not use sessions of another sandbox, which it caches
	}
	for name, data := range map[string][]byte{
		"config": config.Bytes(), "credentials": credentials.Bytes(), "kubeconfig": []byte(s.kubeconfig()),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return os.CopyFS(s.dir, samples)
}

// kubeconfig is what `aws eks update-kubeconfig` writes, run once for each cluster.
func (s *Sandbox) kubeconfig() string {
	var clusters, contexts, users strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.account.Clusters)) {
		arn, at := s.account.ClusterARN(s.account.Clusters[name]), s.account.Endpoints[name]
		fmt.Fprintf(&clusters, "- cluster:\n    certificate-authority-data: %s\n    server: %s\n  name: %s\n",
			base64.StdEncoding.EncodeToString(at.CA), at.URL, arn)
		fmt.Fprintf(&contexts, "- context:\n    cluster: %[1]s\n    user: %[1]s\n  name: %[1]s\n", arn)
		fmt.Fprintf(&users, `- name: %s
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - %s
      - eks
      - get-token
      - --cluster-name
      - %s
      - --output
      - json
      command: aws
`, arn, s.account.Region, name)
	}
	return "apiVersion: v1\nclusters:\n" + clusters.String() + "contexts:\n" + contexts.String() +
		"current-context: arn:aws:eks:" + s.account.Region + ":" + s.account.ID + ":cluster/demo\n" +
		"kind: Config\npreferences: {}\nusers:\n" + users.String()
}
