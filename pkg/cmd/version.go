package cmd

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// version is set by the release build, as TAG,COMMIT,DATE. Any other build knows what Go has recorded of it.
var version = ""

func newVersionCmd(env *Env) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Example: `  # As text
  kubectl access version

  # As JSON
  kubectl access version -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := build()
			if out.People() {
				_, err := fmt.Fprintf(env.IO.Out, "kubectl-access %s (%s%s, %s)\n", b.Version, b.from(), b.GoVersion, b.Platform)
				return err
			}
			return out.Plain(env.IO.Out, b)
		},
	}
	out.bind(cmd.Flags(), "json", "yaml")
	return cmd
}

type buildInfo struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Version    string `json:"version"`
	Commit     string `json:"commit,omitempty"`
	Date       string `json:"date,omitempty"`
	GoVersion  string `json:"goVersion"`
	Platform   string `json:"platform"`
}

// from is the commit, where the build knows it.
func (b buildInfo) from() string {
	switch {
	case b.Commit == "":
		return ""
	case b.Date == "":
		return "commit " + b.Commit + ", "
	}
	return "commit " + b.Commit + " of " + b.Date + ", "
}

// build is what the binary contains about its build.
func build() buildInfo {
	tag, rest, _ := strings.Cut(version, ",")
	commit, date, _ := strings.Cut(rest, ",")
	b := buildInfo{
		APIVersion: manifest.OwnVersion, Kind: "Version", Version: tag, Commit: commit, Date: date,
		GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = cmp.Or(strings.Trim(info.Main.Version, "()"), "devel")
	}
	for _, s := range info.Settings {
		switch {
		case commit != "": // a release says it itself
		case s.Key == "vcs.revision":
			b.Commit = s.Value
		case s.Key == "vcs.time":
			b.Date = s.Value
		}
	}
	return b
}
