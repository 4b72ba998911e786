package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

func configMapOf(version string, kv ...string) access.ConfigMap {
	m := access.ConfigMap{Version: version, Data: map[string]string{}}
	for i := 0; i < len(kv); i += 2 {
		m.Data[kv[i]] = kv[i+1]
	}
	return m
}

func TestAWSAuthIsWrittenByWhatDiffersOnly(t *testing.T) {
	none := access.ConfigMap{}
	const path = "/api/v1/namespaces/kube-system/configmaps"
	for _, row := range []struct {
		name          string
		before, after access.ConfigMap
		want          string
	}{
		{"nothing", configMapOf("7", "a", "1"), configMapOf("7", "a", "1"), ""},
		{
			"one key changes, one goes, one comes", configMapOf("7", "a", "1", "b", "2", "same", "x"), configMapOf("", "a", "3", "c", "<4>", "same", "x"),
			"PATCH " + path + `/aws-auth application/merge-patch+json {"data":{"a":"3","b":null,"c":"<4>"},"metadata":{"resourceVersion":"7"}}`,
		},
		{
			"an empty text is not a missing one", configMapOf("7"), configMapOf("", "a", ""),
			"PATCH " + path + `/aws-auth application/merge-patch+json {"data":{"a":""},"metadata":{"resourceVersion":"7"}}`,
		},
		{
			"made", none, configMapOf("", "a", "1"),
			"POST " + path + ` application/json {"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"aws-auth","namespace":"kube-system"}}`,
		},
		{
			"deleted", configMapOf("7", "a", "1"), none,
			"DELETE " + path + `/aws-auth application/json {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"7"}}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got string
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				var sorted any
				if err := json.Unmarshal(body, &sorted); err != nil {
					t.Error(err)
				}
				var text strings.Builder
				e := json.NewEncoder(&text)
				e.SetEscapeHTML(false)
				_ = e.Encode(sorted)
				got = strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header.Get("Content-Type"), " ", text.String()))
				fmt.Fprint(w, `{"kind":"ConfigMap","apiVersion":"v1"}`)
			})
			if err := c.WriteAWSAuth(t.Context(), row.before, row.after); err != nil || got != row.want {
				t.Errorf("%v\n got %s\nwant %s", err, got, row.want)
			}
		})
	}
}

func TestWhyAWSAuthWasNotWritten(t *testing.T) {
	for _, row := range []struct {
		code   int
		reason string
		is     error
		text   string
	}{
		{409, "Conflict", access.ErrChanged, "it changed in the meantime"},
		{409, "AlreadyExists", access.ErrChanged, "it changed in the meantime"},
		{404, "NotFound", access.ErrChanged, "it changed in the meantime"},
		{403, "Forbidden", access.ErrForbidden, "access denied: the server said"},
		{422, "Invalid", nil, "the server said"},
		{500, "InternalError", access.ErrUnknown, "the server said"},
		{504, "Timeout", access.ErrUnknown, "the server said"},
	} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { status(w, row.code, row.reason, "the server said no") })
		err := c.WriteAWSAuth(t.Context(), configMapOf("7", "a", "1"), configMapOf("", "a", "2"))
		if err == nil || row.is != nil && !errors.Is(err, row.is) || !strings.Contains(err.Error(), row.text) || !strings.HasPrefix(err.Error(), "write ConfigMap kube-system/aws-auth: ") {
			t.Errorf("%d %s: %v", row.code, row.reason, err)
		}
	}
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	if err := c.WriteAWSAuth(t.Context(), configMapOf("7", "a", "1"), configMapOf("", "a", "2")); !errors.Is(err, access.ErrUnknown) {
		t.Errorf("a lost answer: %v", err)
	}
}
