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

// ErrUnreadable says that kubectl cannot read the kubeconfig either.
var ErrUnreadable = errors.New("read the kubeconfig")

// unreadable is the error of clientcmd without the entries that it quotes, which may contain tokens and passwords.
func unreadable(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	quoted := regexp.MustCompile(` in list: .*`)
	return fmt.Errorf("%w: %s", ErrUnreadable, access.HidePasswords(quoted.ReplaceAllString(text, "")))
}

// Legible resolves the context of a kubeconfig that is unreadable because of invalid certificates or keys, as in
// templates and masked files. kubectl rejects such a file, so the result is for display only.
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
	if len(texts) != 1 { // only kubectl knows how several are merged
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
	dropInvalidData(file)
	if text, err = json.Marshal(file); err != nil {
		return api.Config{}, false
	}
	raw, err := clientcmd.Load(text)
	if err != nil {
		return api.Config{}, false
	}
	return *raw, true
}

// dropInvalidData removes every …-data that is not base64.
func dropInvalidData(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			dropInvalidData(item)
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			if _, err := base64.StdEncoding.DecodeString(text); isText && strings.HasSuffix(key, "-data") && err != nil {
				delete(v, key)
			}
			dropInvalidData(value)
		}
	}
}
