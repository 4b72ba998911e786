package login

import (
	"encoding/json"
	"time"
)

// The versions of client-go's ExecCredential that kubectl knows.
const (
	ExecV1      = "client.authentication.k8s.io/v1"
	ExecV1Beta1 = "client.authentication.k8s.io/v1beta1"
)

// ExecCredential is what a credential plugin prints for kubectl.
type ExecCredential struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Spec       struct{}   `json:"spec"`
	Status     ExecStatus `json:"status"`
}

// ExecStatus holds the token. It is a credential.
type ExecStatus struct {
	ExpirationTimestamp time.Time `json:"expirationTimestamp"`
	Token               string    `json:"token"`
}

// NewExecCredential is the answer to kubectl.
func NewExecCredential(version, token string, expires time.Time) ExecCredential {
	return ExecCredential{
		Kind: "ExecCredential", APIVersion: version,
		Status: ExecStatus{ExpirationTimestamp: expires.UTC().Truncate(time.Second), Token: token},
	}
}

// ExecVersion is the version that KUBERNETES_EXEC_INFO requests; v1beta1 where it requests none, like `aws eks get-token`.
// doubt is a warning where it requests another one and gets v1beta1.
func ExecVersion(info string) (version, doubt string) {
	if info == "" {
		return ExecV1Beta1, ""
	}
	var asked struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
	}
	if err := json.Unmarshal([]byte(info), &asked); err != nil {
		return ExecV1Beta1, "KUBERNETES_EXEC_INFO cannot be read; answering in " + ExecV1Beta1
	}
	switch asked.APIVersion {
	case ExecV1, ExecV1Beta1:
		return asked.APIVersion, ""
	}
	return ExecV1Beta1, "KUBERNETES_EXEC_INFO requests an unknown version; answering in " + ExecV1Beta1
}
