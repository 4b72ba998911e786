// Command notice prints NOTICE: the licences of all modules that are linked into the program, on any platform.
//
//	go run ./release/notice >NOTICE
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	text, err := notice()
	if err != nil {
		fmt.Fprintln(os.Stderr, "notice:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

const head = `kubectl-access
Licensed under the Apache License, Version 2.0; see LICENSE.

The program holds parts of the following software, each under the licence that follows its name. Modules whose
licences have the same text are named together.
`

// notice contains no versions: it changes when a dependency is added or removed, or changes its licence.
func notice() (string, error) {
	modules, err := linked()
	if err != nil {
		return "", err
	}
	names := map[string][]string{} // by their licence text
	for path, dir := range modules {
		texts, err := legal(dir, path != standardLibrary)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		for _, text := range texts {
			names[text] = append(names[text], path)
		}
	}
	var b strings.Builder
	b.WriteString(head)
	for _, text := range slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Min(names[a]), slices.Min(names[b])), cmp.Compare(a, b))
	}) {
		slices.Sort(names[text])
		line := strings.Repeat("=", 80)
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s", line, strings.Join(names[text], "\n"), line, text)
	}
	return b.String(), nil
}

// standardLibrary has the licence in Go's own folder; those below it belong to its tools.
const standardLibrary = "Go's standard library"

// linked are the folders of the modules with a package in the program, and of Go itself.
func linked() (map[string]string, error) {
	modules := map[string]string{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		list := exec.Command("go", "list", "-deps", "-json=Standard,Module", "./cmd/kubectl-access")
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(strings.NewReader(string(out))); ; {
			var p struct {
				Module *struct {
					Path, Dir string
					Main      bool
				}
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if p.Module != nil && !p.Module.Main {
				modules[p.Module.Path] = p.Module.Dir
			}
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	modules[standardLibrary] = strings.TrimSpace(string(root))
	return modules, err
}

var legalFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-.].*)?$`)

// legal reads the licence and notice files of a module, also those of copied parts.
func legal(dir string, parts bool) (texts []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (!parts || deep(dir, path)):
			return filepath.SkipDir
		case d.IsDir() || !legalFile.MatchString(d.Name()) || strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if text := tidy(string(text)); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		return nil
	})
	if err == nil && len(texts) == 0 {
		err = errors.New("no licence found")
	}
	return texts, err
}

// deep reports folders that are not part of a module: test data, and folders that Go ignores.
func deep(dir, path string) bool {
	name := filepath.Base(path)
	relative, _ := filepath.Rel(dir, path)
	return name == "testdata" || name == "vendor" || name[0] == '.' || name[0] == '_' || strings.Count(filepath.ToSlash(relative), "/") > 3
}

// tidy normalizes line ends, so that equal texts compare equal.
func tidy(text string) string {
	var b strings.Builder
	for s := bufio.NewScanner(strings.NewReader(strings.TrimSpace(text))); s.Scan(); {
		b.WriteString(strings.TrimRight(s.Text(), " \t\f") + "\n")
	}
	return b.String()
}
