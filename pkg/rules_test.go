package pkg_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The caps that keep the program small. What is larger has a row below, with its reason.
const (
	mostFiles       = 20
	mostLines       = 2500
	linesOfFile     = 300
	linesOfFunction = 50
)

// larger are packages above a cap.
var larger = map[string]struct {
	files, lines int
	why          string
}{
	"access":         {38, 4100, "the nouns of everything; each is a small file, and splitting them would make them import each other"},
	"cmd":            {43, 7800, "one file for each command, and those of besideCommands"},
	"printer":        {37, 5400, "one file for each report"},
	"tui":            {31, 4950, "one file for each screen, and plain lines in place of all of them"},
	"sandbox/awsapi": {24, 3000, "one file for each service and each kind of object"},
}

// besideCommands are the files of pkg/cmd that define no command.
var besideCommands = []string{"root", "env", "errors", "output", "flags", "complete", "interactive", "screen", "screenchange", "screenfleet", "saved", "find", "fleet", "fleetchange", "told"}

// faces are the packages that print. Nothing else takes an io.Writer to talk to people.
var faces = []string{"cmd", "printer", "tui", "sandbox", "sandbox/awsapi", "sandbox/kubeapi", "sandbox/sandboxtest"}

// asks is the one type of the login that asks on the terminal itself: for an MFA code, when the AWS SDK wants it.
const asks = "login/mfa"

// edges are the packages that match texts of foreign services and libraries.
var edges = []string{"eks", "iam", "login", "kube", "awsauth", "org", "trail", "sandbox", "sandbox/awsapi", "sandbox/kubeapi"}

// source is one file without tests.
type source struct {
	pkg, name string
	lines     int
	file      *ast.File
	set       *token.FileSet
}

func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(filepath.Dir(path)), strings.TrimSuffix(d.Name(), ".go"), set.File(f.Pos()).LineCount(), f, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s source) at(n ast.Node) string { return s.set.Position(n.Pos()).String() }

func TestPackagesFilesAndFunctionsStaySmall(t *testing.T) {
	files, lines := map[string]int{}, map[string]int{}
	for _, s := range sources(t) {
		files[s.pkg]++
		lines[s.pkg] += s.lines
		if s.lines > linesOfFile {
			t.Errorf("pkg/%s/%s.go has %d lines, %d at most", s.pkg, s.name, s.lines, linesOfFile)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > linesOfFunction {
					t.Errorf("%s: %s has %d lines, %d at most", s.at(f), f.Name.Name, n, linesOfFunction)
				}
			}
		}
	}
	for pkg := range files {
		most := struct{ files, lines int }{mostFiles, mostLines}
		if l, ok := larger[pkg]; ok {
			most.files, most.lines = l.files, l.lines
		}
		if files[pkg] > most.files || lines[pkg] > most.lines {
			t.Errorf("pkg/%s has %d files and %d lines, %d and %d at most", pkg, files[pkg], lines[pkg], most.files, most.lines)
		}
	}
}

func TestAFileOfTheCommandLineDefinesACommand(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg != "cmd" || slices.Contains(besideCommands, s.name) {
			continue
		}
		defines := slices.ContainsFunc(s.file.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && strings.HasPrefix(f.Name.Name, "new") && strings.HasSuffix(f.Name.Name, "Cmd")
		})
		if !defines {
			t.Errorf("pkg/cmd/%s.go defines no command and is none of %v", s.name, besideCommands)
		}
	}
}

func TestWhoDecidesDoesNotPrint(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(faces, s.pkg) || s.pkg+"/"+s.name == asks {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && fmt.Sprint(sel.X) == "io" && sel.Sel.Name == "Writer" {
				t.Errorf("%s: an io.Writer; notes are values, and only %v print", s.at(n), faces)
			}
			return true
		})
	}
}

// TestNothingIsReadBackFromItsPrintedForm looks for a test of a text that an error or a value prints.
func TestNothingIsReadBackFromItsPrintedForm(t *testing.T) {
	prints := func(e ast.Expr) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) > 0 {
			return false
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		return ok && (sel.Sel.Name == "Error" || sel.Sel.Name == "String")
	}
	for _, s := range sources(t) {
		if slices.Contains(edges, s.pkg) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			tests := []string{"Contains", "HasPrefix", "HasSuffix", "Cut", "CutPrefix", "CutSuffix", "EqualFold", "Index"}
			if ok && fmt.Sprint(sel.X) == "strings" && slices.Contains(tests, sel.Sel.Name) && prints(call.Args[0]) {
				t.Errorf("%s: strings.%s over a printed form; compare values", s.at(n), sel.Sel.Name)
			}
			return true
		})
	}
}
