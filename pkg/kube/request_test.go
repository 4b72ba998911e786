package kube

import (
	"net/http"
	"testing"
)

// TestARequestIsRepeatedWhenTheServerAsks: for a server that is busy, as client-go does, and not for one that refuses.
func TestARequestIsRepeatedWhenTheServerAsks(t *testing.T) {
	for _, c := range []struct {
		code  int
		after string
		asked int
	}{{429, "0", 3}, {503, "0", 3}, {503, "", 1}, {403, "0", 1}} {
		asked := 0
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked < 3 {
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.code)
				return
			}
			_, _ = w.Write([]byte(`{"kind":"NamespaceList","items":[]}`))
		})
		_, err := client.Namespaces(t.Context())
		if asked != c.asked || (err == nil) != (c.asked == 3) {
			t.Errorf("%d with Retry-After %q: asked %d times, %v", c.code, c.after, asked, err)
		}
	}
}
