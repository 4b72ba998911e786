package manifest

import (
	"strings"
	"testing"
)

// FuzzRead reads anything without a panic, and names the file in every error.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"", "# nothing\n", "---\n---\n", "--- \n...\n", head, "apiVersion: v1\nkind: List\nitems: &a [*a]\n", "&a {a: *a}", "{", "!!binary x", "? [a]\n: b\n", "*x\n", head + "  tags: &t {a: b}\n  username: *t\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, _, err := Read("file", strings.NewReader(text))
		if err != nil && (!strings.HasPrefix(err.Error(), "file:") || docs != nil) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
