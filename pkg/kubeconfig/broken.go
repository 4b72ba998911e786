package kubeconfig

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// ErrUnreadable is a kubeconfig that kubectl does not read either.
var ErrUnreadable = errors.New("read the kubeconfig")

// unreadable says what clientcmd says, without the entries that it quotes in full: tokens and passwords are in them.
func unreadable(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	quoted := regexp.MustCompile(` in list: .*`)
	return fmt.Errorf("%w: %s", ErrUnreadable, access.HidePasswords(quoted.ReplaceAllString(text, "")))
}

// Legible is what can be told of a kubeconfig that is unreadable because its certificates or keys are none, as in
// templates and in files that somebody masked. kubectl takes no such file, so this is to be shown and not to be used.
func (f *Flags) Legible() (Target, bool) {
	raw, ok := f.withoutCertificates()
	if !ok {
		return Target{}, false
	}
	t, err := f.resolve(raw)
	return t, err == nil
}

func (f *Flags) withoutCertificates() (api.Config, bool) {
	files := f.rules().GetLoadingPrecedence()
	if f.path != "" {
		files = []string{f.path}
	}
	var texts [][]byte
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			texts = append(texts, text)
		}
	}
	if len(texts) != 1 { // how several are merged is kubectl's business
		return api.Config{}, false
	}
	text, err := yaml.ToJSON(texts[0])
	if err != nil {
		return api.Config{}, false
	}
	var file map[string]any
	if json.Unmarshal(text, &file) != nil {
		return api.Config{}, false
	}
	dropNoData(file)
	if text, err = json.Marshal(file); err != nil {
		return api.Config{}, false
	}
	raw, err := clientcmd.Load(text)
	if err != nil {
		return api.Config{}, false
	}
	return *raw, true
}

// dropNoData takes out every …-data that is no base64, wherever it stands.
func dropNoData(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			dropNoData(item)
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			if _, err := base64.StdEncoding.DecodeString(text); isText && strings.HasSuffix(key, "-data") && err != nil {
				delete(v, key)
			}
			dropNoData(value)
		}
	}
}
