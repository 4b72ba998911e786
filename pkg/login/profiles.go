package login

import (
	"bufio"
	"cmp"
	"context"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Profile is a profile of the AWS configuration that assumes a role.
type Profile struct {
	Name string
	// Role is the role that it assumes. For an Identity Center profile the configuration contains only the permission set:
	// then that is the role's name, and its path is unknown.
	Role access.Principal
	// login is the source of its first credentials: a profile or an Identity Center session.
	login string
	SSO   bool
}

// Profiles are the profiles that assume a role with the same login as the session's profile; all of them where the
// session has none. They are read from the AWS configuration files.
func (s Settings) Profiles(ctx context.Context) []Profile {
	var all []Profile
	for _, name := range s.ProfileNames() {
		if p, ok := s.profile(ctx, name); ok {
			all = append(all, p)
		}
	}
	mine := s.Profile
	if mine == "" {
		mine = s.lookup("AWS_PROFILE")
	}
	if mine == "" {
		return all
	}
	me, _ := s.profile(ctx, mine)
	var same []Profile
	for _, p := range all {
		if p.Name != mine && p.login == cmp.Or(me.login, mine) {
			same = append(same, p)
		}
	}
	return same
}

// SingleSignOn reports whether the session's profile logs in through IAM Identity Center.
func (s Settings) SingleSignOn(ctx context.Context) bool {
	p, _ := s.profile(ctx, cmp.Or(s.Profile, s.lookup("AWS_PROFILE"), "default"))
	return p.SSO
}

// profile reads one profile; false where it assumes no role.
func (s Settings) profile(ctx context.Context, name string) (Profile, bool) {
	c, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = s.files()
	})
	if err != nil {
		return Profile{}, false
	}
	p := Profile{Name: name, Role: access.Principal(c.RoleARN), login: name}
	for source := &c; source != nil; source = source.Source {
		switch {
		case source.SSOSession != nil:
			p.login, p.SSO = source.SSOSession.SSOStartURL, true
		case source.SSOStartURL != "":
			p.login, p.SSO = source.SSOStartURL, true
		default:
			p.login = source.Profile
		}
	}
	if c.RoleARN == "" && c.SSORoleName != "" {
		p.Role = access.Principal("arn:" + access.PartitionOf(cmp.Or(c.Region, s.Region)) + ":iam::" + c.SSOAccountID + ":role/" + c.SSORoleName)
	}
	return p, p.Role != ""
}

func (s Settings) files() (config, credentials []string) {
	if f := s.lookup("AWS_CONFIG_FILE"); f != "" {
		config = []string{f}
	}
	if f := s.lookup("AWS_SHARED_CREDENTIALS_FILE"); f != "" {
		credentials = []string{f}
	}
	return config, credentials
}

// ProfileNames are the profiles of the configuration file, in its order. The SDK cannot list them.
func (s Settings) ProfileNames() []string {
	file := cmp.Or(s.lookup("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename())
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		head, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "[")
		head, _, closed := strings.Cut(head, "]")
		if !ok || !closed {
			continue
		}
		if name, ok := strings.CutPrefix(strings.TrimSpace(head), "profile "); ok {
			all = append(all, strings.Trim(strings.TrimSpace(name), `"'`))
		} else if strings.TrimSpace(head) == "default" {
			all = append(all, "default")
		}
	}
	return all
}
