package awsauth

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/dev
      username: dev
`

func TestManifestsThatHoldTheConfigMap(t *testing.T) {
	const json = `{"kind":"ConfigMap","metadata":{"name":"aws-auth"},"data":{"mapRoles":"[{\"rolearn\":\"arn:aws:iam::111122223333:role/dev\",\"username\":\"dev\"}]"}}`
	indented := "  - " + strings.ReplaceAll(strings.TrimSpace(configMap), "\n", "\n    ")
	for name, text := range map[string]string{
		"yaml":        configMap,
		"json":        json,
		"second":      "kind: Secret\nmetadata: {name: aws-auth}\n---\n# nothing\n---\n" + configMap,
		"the last":    strings.ReplaceAll(configMap, "role/dev", "role/ops") + "---\n" + configMap, // what kubectl apply leaves
		"then broken": configMap + "---\n{{ .Values.more }}\n",
		"list":        "kind: List\nitems:\n  - kind: ConfigMap\n    metadata: {name: other}\n" + indented + "\n",
		"json list":   `{"kind":"List","items":[` + json + `]}`,
		"two of json": `{"kind":"Secret"}` + json,
		"typed list":  `{"kind":"ConfigMapList","items":[` + strings.Replace(json, `"kind":"ConfigMap",`, "", 1) + `]}`,
		"utf-16":      utf16Of(binary.LittleEndian, configMap),
		"utf-16 be":   utf16Of(binary.BigEndian, configMap),
	} {
		m, err := ParseManifest([]byte(text))
		if err != nil || showAll(m) != "arn:aws:iam::111122223333:role/dev dev [] inForce" {
			t.Errorf("%s: %s, %v", name, showAll(m), err)
		}
	}
}

// TestAManifestWithoutItsNameIsReadWithARemark, unless one that has it stands beside it.
func TestAManifestWithoutItsNameIsReadWithARemark(t *testing.T) {
	named := "  name: aws-auth\n"
	bare := "data:" + strings.SplitN(configMap, "data:", 2)[1]
	for what, c := range map[string]struct{ text, says string }{
		"no name":         {strings.Replace(configMap, named, "", 1), "no metadata.name"},
		"an empty name":   {strings.Replace(configMap, named, "  name: ''\n", 1), "no metadata.name"},
		"a name of null":  {strings.Replace(configMap, named, "  name:\n", 1), "no metadata.name"},
		"no metadata":     {"kind: ConfigMap\n" + bare, "no metadata.name"},
		"no kind":         {strings.Replace(configMap, "kind: ConfigMap\n", "", 1), "no kind"},
		"data alone":      {bare, "no kind"},
		"in a list":       {"kind: List\nitems:\n- kind: ConfigMap\n  " + strings.ReplaceAll(bare, "\n", "\n  "), "no metadata.name"},
		"then broken":     {"kind: ConfigMap\n" + bare + "---\n{{ .Values.more }}\n", "no metadata.name"},
		"beside its twin": {configMap + "---\nkind: ConfigMap\n" + strings.Replace(bare, "role/dev", "role/ops", 1), ""},
	} {
		m, err := ParseManifest([]byte(c.text))
		remarks := strings.Join(m.Remarks, "\n")
		if err != nil || showAll(m) != "arn:aws:iam::111122223333:role/dev dev [] inForce" || !strings.Contains(remarks, c.says) || (remarks == "") != (c.says == "") {
			t.Errorf("%s: %s, %q, %v", what, showAll(m), remarks, err)
		}
	}
	for what, text := range map[string]string{
		"another name":      strings.Replace(configMap, "aws-auth", "other", 1),
		"another namespace": "kind: ConfigMap\nmetadata: {namespace: default}\n" + bare,
		"another kind":      "kind: Secret\n" + bare,
		"other data":        "kind: ConfigMap\ndata: {a: b}\n",
	} {
		if _, err := ParseManifest([]byte(text)); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// utf16Of is what PowerShell writes.
func utf16Of(order binary.AppendByteOrder, text string) string {
	b := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func TestManifestsThatDoNot(t *testing.T) {
	for text, says := range map[string]string{
		"": "not found",
		`{"kind":"List","items":[{"metadata":{"name":"aws-auth"}}]}`: "not found",
		strings.Replace(configMap, "aws-auth", "other", 1):           "not found",
		strings.Replace(configMap, "kube-system", "default", 1):      "not found",
		"kind: [":        "document 1 is not valid YAML: line 1",
		"a: b\n---\n\tx": "document 2 is not valid YAML",
		strings.Replace(configMap, "mapRoles: |", "mapRoles:", 1): "data.mapRoles of aws-auth is not a string",
		"kind: ConfigMap\nmetadata: {name: aws-auth}\ndata: []\n": "data of aws-auth is not a map",
	} {
		if _, err := ParseManifest([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
	if _, err := ParseManifest([]byte("kind: ConfigMap")); !errors.Is(err, access.ErrNotFound) {
		t.Error(err)
	}
}

func TestAConfigMapWithoutData(t *testing.T) {
	for _, data := range []string{"", "data: {}\n", "data: {mapRoles: }\n"} {
		m, err := ParseManifest([]byte("kind: ConfigMap\nmetadata: {name: aws-auth}\n" + data))
		if err != nil || len(m.Mappings)+len(m.Defects) > 0 {
			t.Errorf("%q: %v, %v", data, m, err)
		}
	}
}
