package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// plugin is a krew manifest, as krew reads it: a field that it does not know is an error.
type plugin struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string     `json:"version"`
		Homepage         string     `json:"homepage"`
		ShortDescription string     `json:"shortDescription"`
		Description      string     `json:"description"`
		Caveats          string     `json:"caveats"`
		Platforms        []platform `json:"platforms"`
	} `json:"spec"`
}

type platform struct {
	Selector struct {
		MatchLabels struct {
			OS   string `json:"os"`
			Arch string `json:"arch"`
		} `json:"matchLabels"`
	} `json:"selector"`
	URI    string `json:"uri"`
	SHA256 string `json:"sha256"`
	Bin    string `json:"bin"`
}

const tag = "v1.2.3"

// render is Render, for a template that is right.
func render(t *testing.T, text, tag string, sum func(file string) string) string {
	t.Helper()
	rendered, err := Render(text, tag, func(file string) (string, error) { return sum(file), nil })
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func fakeSum(file string) string {
	sum := sha256.Sum256([]byte(file))
	return hex.EncodeToString(sum[:])
}

func krewTemplate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../.krew.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// manifest is the template rendered and read.
func manifest(t *testing.T, text string) plugin {
	t.Helper()
	var p plugin
	if err := yaml.UnmarshalStrict([]byte(text), &p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

func TestKrewManifestKeepsKrewsRules(t *testing.T) {
	p := manifest(t, render(t, krewTemplate(t), tag, fakeSum))
	for _, wrong := range faults(p) {
		t.Error(wrong)
	}
	if p.Spec.Version != tag {
		t.Errorf("version %s of tag %s", p.Spec.Version, tag)
	}
}

var (
	semver = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	hash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	known  = []string{
		"windows/386", "windows/amd64", "windows/arm64", "linux/386", "linux/amd64", "linux/arm", "linux/arm64", "linux/ppc64le",
		"darwin/386", "darwin/amd64", "darwin/arm64",
	}
)

// faults holds a manifest to what krew's validation asks, and to what the index's reviewers ask.
func faults(p plugin) (wrong []string) {
	rule := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	s := p.Spec
	rule(p.APIVersion == "krew.googlecontainertools.github.com/v1alpha2" && p.Kind == "Plugin", "%s %s", p.APIVersion, p.Kind)
	rule(regexp.MustCompile(`^[\w-]+$`).MatchString(p.Metadata.Name), "name %q", p.Metadata.Name)
	rule(semver.MatchString(s.Version), "version %q", s.Version)
	rule(s.ShortDescription != "" && len(s.ShortDescription) <= 50 && !strings.ContainsAny(s.ShortDescription, "\n"), "shortDescription %q", s.ShortDescription)
	rule(!regexp.MustCompile(`(?i)kubectl|plugin|kubernetes`).MatchString(s.ShortDescription), "redundant words in %q", s.ShortDescription)
	rule(s.Description != "" && !strings.Contains(s.Description, "--"), "description %q", s.Description)
	for line := range strings.Lines(s.Description + s.Caveats) {
		rule(len(line) <= 81, "not wrapped at 80: %q", line)
	}
	home, err := url.Parse(s.Homepage)
	rule(err == nil && home.Scheme == "https", "homepage %q", s.Homepage)
	rule(len(s.Platforms) > 0, "no platforms")
	seen := map[string]bool{}
	for _, at := range s.Platforms {
		system := at.Selector.MatchLabels.OS + "/" + at.Selector.MatchLabels.Arch
		rule(slices.Contains(known, system), "platform %q", system)
		rule(!seen[system], "%s twice", system)
		seen[system] = true
		u, err := url.Parse(at.URI)
		rule(err == nil && u.Scheme == "https" && (strings.HasSuffix(at.URI, ".tar.gz") || strings.HasSuffix(at.URI, ".zip")), "uri %q", at.URI)
		rule(hash.MatchString(at.SHA256), "sha256 %q", at.SHA256)
		bin := "./kubectl-access"
		if strings.HasPrefix(system, "windows/") {
			bin += ".exe"
		}
		rule(at.Bin == bin, "bin %q of %s", at.Bin, system)
	}
	return wrong
}

// TestKrewRulesCanFail breaks the manifest in each way that a rule is for.
func TestKrewRulesCanFail(t *testing.T) {
	good := render(t, krewTemplate(t), tag, fakeSum)
	for _, change := range [][2]string{
		{"v1alpha2", "v1alpha1"},
		{"kind: Plugin", "kind: Plug"},
		{"name: access", "name: ac/cess"},
		{"version: v1.2.3", "version: 1.2.3"},
		{"shortDescription: Show", "shortDescription: Show, and never forget to show,"},
		{"shortDescription: Show", "shortDescription: kubectl"},
		{"arch: arm64", "arch: amd64"},
		{"os: darwin", "os: plan9"},
		{"https://github.com", "ftp://github.com"},
		{".tar.gz", ".rar"},
		{"sha256: ", "sha256: x"},
		{"bin: ./kubectl-access.exe", "bin: ./kubectl-access"},
		{"    Lists who", "    " + strings.Repeat("Lists ", 20)},
	} {
		bad := strings.ReplaceAll(good, change[0], change[1])
		if bad == good {
			t.Errorf("the manifest has no %q", change[0])
		} else if len(faults(manifest(t, bad))) == 0 {
			t.Errorf("%q instead of %q was not noticed", change[1], change[0])
		}
	}
}

// extras is what a release has beside its archives.
type extras struct {
	Sboms []struct {
		Artifacts string
		Documents []string
	}
	Signs []struct {
		Cmd, Artifacts, Signature string
		Args                      []string
	}
	HomebrewCasks []struct {
		Name       string
		Binaries   []string
		Repository struct{ Owner, Name string }
		SkipUpload any `json:"skip_upload"`
	} `json:"homebrew_casks"`
	Checksum struct {
		NameTemplate string `json:"name_template"`
		Algorithm    string
	}
	Release struct{ Draft bool }
}

// TestAReleaseIsMoreThanItsArchives asks for what goreleaser makes only where it is told to: the sums, what is inside
// each archive, the signature over the sums, and the cask; and for a draft, which is published once it was checked.
func TestAReleaseIsMoreThanItsArchives(t *testing.T) {
	text, err := os.ReadFile("../.goreleaser.yml")
	if err != nil {
		t.Fatal(err)
	}
	var e extras
	if err := yaml.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	if e.Checksum.NameTemplate != "checksums.txt" || e.Checksum.Algorithm != "sha256" {
		t.Errorf("checksum: %+v", e.Checksum)
	}
	if len(e.Sboms) != 1 || e.Sboms[0].Artifacts != "archive" || len(e.Sboms[0].Documents) == 0 {
		t.Errorf("sboms: %+v", e.Sboms)
	}
	if len(e.Signs) != 1 || e.Signs[0].Cmd != "cosign" || e.Signs[0].Artifacts != "checksum" || e.Signs[0].Signature != "${artifact}.sigstore.json" ||
		!slices.Equal(e.Signs[0].Args, []string{"sign-blob", "--bundle=${signature}", "${artifact}", "--yes"}) {
		t.Errorf("signs: %+v", e.Signs)
	}
	if len(e.HomebrewCasks) != 1 || e.HomebrewCasks[0].Name != "kubectl-access" || !slices.Equal(e.HomebrewCasks[0].Binaries, []string{"kubectl-access"}) ||
		e.HomebrewCasks[0].Repository.Name != "homebrew-tap" || e.HomebrewCasks[0].SkipUpload != true {
		t.Errorf("homebrew_casks: %+v", e.HomebrewCasks)
	}
	if !e.Release.Draft {
		t.Error("the release is public before its archives were checked")
	}
}

// builds is what of .goreleaser.yml has to fit with the manifest.
type builds struct {
	ProjectName string `json:"project_name"`
	Builds      []struct {
		Binary       string
		Goos, Goarch []string
	}
	Archives []struct {
		Formats         []string
		FormatOverrides []struct {
			Goos    string
			Formats []string
		} `json:"format_overrides"`
		NameTemplate string `json:"name_template"`
		Files        []struct{ Src string }
	}
}

// TestKrewManifestNamesTheArchivesOfTheRelease computes the names of the archives from .goreleaser.yml.
func TestKrewManifestNamesTheArchivesOfTheRelease(t *testing.T) {
	text, err := os.ReadFile("../.goreleaser.yml")
	if err != nil {
		t.Fatal(err)
	}
	var b builds
	if err := yaml.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, system := range b.Builds[0].Goos {
		for _, arch := range b.Builds[0].Goarch {
			name := strings.NewReplacer("{{ .ProjectName }}", b.ProjectName, "{{ .Tag }}", tag, "{{ .Os }}", system, "{{ .Arch }}", arch).
				Replace(b.Archives[0].NameTemplate)
			format := b.Archives[0].Formats[0]
			for _, other := range b.Archives[0].FormatOverrides {
				if other.Goos == system {
					format = other.Formats[0]
				}
			}
			want = append(want, "https://github.com/kubectl-access/kubectl-access/releases/download/"+tag+"/"+name+"."+format)
		}
	}
	for _, at := range manifest(t, render(t, krewTemplate(t), tag, fakeSum)).Spec.Platforms {
		got = append(got, at.URI)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the manifest has\n%s\nthe release\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var files []string
	for _, f := range b.Archives[0].Files {
		files = append(files, f.Src)
	}
	if !slices.Contains(files, "LICENSE") || !slices.Contains(files, "NOTICE") {
		t.Errorf("archives hold %q beside the program; krew asks for LICENSE, the dependencies for NOTICE", files)
	}
}

func checksums(t *testing.T, dir string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return Sums(string(text))
}

func TestAManifestWithoutASumIsNone(t *testing.T) {
	if text, err := Render(krewTemplate(t), tag, Lookup(map[string]string{})); err == nil {
		t.Errorf("rendered all the same:\n%s", text)
	}
}
