package cmd_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-access/kubectl-access/pkg/cmd"
)

// k9sPlugin has the fields that k9s reads of a plugin; one that is missing or mistyped makes the
// whole file fail there.
type k9sPlugin struct {
	ShortCut    string   `json:"shortCut"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
	Command     string   `json:"command"`
	Args        []string `json:"args"`
	Background  bool     `json:"background"`
	Confirm     bool     `json:"confirm"`
	Dangerous   bool     `json:"dangerous"`
	Override    bool     `json:"override"`
}

// Keys that k9s has in the views of these scopes already, or in all.
var k9sTaken = []string{"Shift-N", "Shift-S", "Shift-O", "Shift-A", "Shift-J", "Ctrl-A", "Ctrl-C", "Ctrl-D", "Ctrl-E", "Ctrl-G", "Ctrl-R", "Ctrl-S", "Ctrl-W", "Ctrl-Z"}

func TestPluginFileFollowsTheRulesOfK9s(t *testing.T) {
	data, err := os.ReadFile("../../plugins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Plugins map[string]k9sPlugin `json:"plugins"`
	}
	if err := yaml.UnmarshalStrict(data, &file); err != nil {
		t.Fatal(err)
	}
	p, ok := file.Plugins["access"]
	if !ok || len(file.Plugins) != 1 {
		t.Fatalf("the plugins are %v", file.Plugins)
	}
	if !regexp.MustCompile(`^(Shift-[A-Z]|Ctrl-[A-Z]|[a-z])$`).MatchString(p.ShortCut) || slices.Contains(k9sTaken, p.ShortCut) {
		t.Errorf("k9s cannot bind %s", p.ShortCut)
	}
	if p.Description == "" || len(p.Scopes) == 0 || p.Command == "" || p.Background {
		t.Errorf("required fields are missing, or the screen would open in the background: %+v", p)
	}
	if !p.Dangerous {
		t.Error("the screen can change access, and k9s would offer it in read-only mode")
	}
	for _, s := range p.Scopes {
		if s != strings.ToLower(s) {
			t.Errorf("the scope %s is no resource", s)
		}
	}
	shell := slices.Contains([]string{"sh", "bash", "zsh"}, p.Command)
	for _, a := range p.Args {
		if strings.Contains(a, "$") && (a != "$CONTEXT" || shell) {
			t.Errorf("k9s puts names into %q as text: they could be run", a)
		}
	}
	root := cmd.New(&cmd.Env{}, "kubectl access")
	args := append([]string{p.Command}, p.Args...)
	found, rest, err := root.Find(args[2:])
	if err == nil {
		err = found.ParseFlags(rest)
	}
	if err != nil || found != root || found.Flags().NArg() > 0 || strings.Join(args[:2], " ") != "kubectl access" {
		t.Errorf("%v is not the full-screen interface: %v", args, err)
	}
}
