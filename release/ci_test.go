package release

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// goStub stands in for go: it makes the file that -o names, and its call number FAIL fails.
const goStub = `#!/bin/sh
[ "$1" = env ] && exit
echo "$GOOS/$GOARCH $*" >>"$CALLS"
after=
for word; do [ "$after" = -o ] && : >"$word"; after=$word; done
[ $(($(wc -l <"$CALLS"))) -ne "$FAIL" ]
`

// TestEachCommandOfACheckCounts breaks every call of go in each check of .ci/run, one at a time: not only the last
// may turn the check red.
func TestEachCommandOfACheckCounts(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip(".ci/run is for Linux and macOS, and needs bash")
	}
	for _, check := range []string{"tidy", "formatted", "platforms", "small", "linters", "fuzz"} {
		t.Run(check, func(t *testing.T) {
			all := callsWith(t, bash, check, 0, "1 passed, 0 failed")
			if all == 0 {
				t.Fatal("go is not called")
			}
			for n := 1; n <= all; n++ {
				callsWith(t, bash, check, n, "0 passed, 1 failed")
			}
		})
	}
}

// callsWith runs one check with a go whose n-th call fails, and tells how often it was called.
func callsWith(t *testing.T, bash, check string, n int, want string) int {
	t.Helper()
	text, err := os.ReadFile("../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	functions, _, ok := strings.Cut(string(text), "\nstep \"")
	if !ok {
		t.Fatal(".ci/run has no steps")
	}
	dir := t.TempDir()
	for name, program := range map[string]string{"go": goStub, "gofmt": "#!/bin/sh\n", "golangci-lint": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(program), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	run := functions + fmt.Sprintf("\ntools=%q\nstep %s %s\necho \"$passed passed, $failed failed\"\n", dir, check, check)
	calls := filepath.Join(dir, "calls")
	c := exec.Command(bash, "-c", run, ".ci/run")
	c.Dir = ".."
	c.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "CALLS="+calls, fmt.Sprintf("FAIL=%d", n))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	called, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(out), want+"\n") {
		t.Errorf("call %d of go fails, want %s:\n%s%s", n, want, called, out)
	}
	return strings.Count(string(called), "\n")
}
