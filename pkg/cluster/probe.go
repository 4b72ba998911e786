package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/policy"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// probe is a probe in progress.
type probe struct {
	c *Cluster
	whoami.Facts
	client *kube.Client
	more   bool        // not all names of entries were read
	info   access.Info // what AWS says of the cluster
	noInfo error       // why there is none
}

// Probe asks who the caller is and what gives it access. Where all is well, two round trips bring the facts; only where
// something is wrong is more asked. mappings are those of a file, or nil: then aws-auth is read where it matters.
func (c *Cluster) Probe(ctx context.Context, file *awsauth.Map) whoami.Facts {
	p := &probe{c: c}
	p.local(ctx)
	together(func() { p.identity(ctx) }, func() { p.ask(ctx) }, func() { p.describe(ctx) }, func() { p.names(ctx) })
	p.dropOther()
	if file != nil {
		p.mapped(*file)
	}
	listed := p.AWS != nil && slices.ContainsFunc(p.Entries, p.AWS.Principal.Is)
	together(func() { p.entry(ctx) }, func() { p.bound(ctx) }, func() { p.trust(ctx) }, func() {
		if file == nil && p.hasAccess() && !listed {
			p.awsAuthLines(ctx)
		}
	})
	switch {
	case !p.hasAccess():
		p.deeper(ctx)
	case p.EntryErr != nil:
		p.sample(ctx)
	case p.Entry != nil && !p.ByEntry() && file == nil && listed:
		p.awsAuthLines(ctx)
	}
	return p.Facts
}

func (p *probe) hasAccess() bool { return p.KubeErr == nil }

// local is what this machine alone knows.
func (p *probe) local(ctx context.Context) {
	p.Cluster = whoami.Cluster{Name: p.c.Target.Name, Region: p.c.Target.Region, Server: p.c.Target.Server}
	p.Now, p.System, p.Profile = p.c.Now(), runtime.GOOS, p.c.Target.Profile
	p.Namespace = p.c.Namespace()
	p.SSO = p.c.Session.Settings.SingleSignOn(ctx)
	if p.Exec = p.c.Target.Exec.Command; p.Exec != "" {
		_, err := exec.LookPath(p.Exec)
		p.NoExec, p.Unrunnable, p.Hint = err != nil, p.c.Target.Exec.Unrunnable, strings.TrimSpace(p.c.Target.Exec.InstallHint)
	}
	if cfg, err := p.c.Flags.Loader().ClientConfig(); err == nil {
		if token, err := login.ReadToken(cfg.BearerToken); err == nil {
			p.TokenEnd = token.Expires
		}
	}
}

// identity is who AWS says the caller is.
func (p *probe) identity(ctx context.Context) {
	id, err := p.c.Session.Identity(ctx)
	if err != nil {
		p.AWSErr, p.Login = err, loginTrouble(err)
		return
	}
	p.AWS = &whoami.AWS{ARN: id.ARN, Account: id.Account, UserID: id.UserID, Principal: id.Principal, Profile: p.c.Target.Profile, RoleARN: p.c.Target.RoleARN}
}

func loginTrouble(err error) whoami.Trouble {
	return troubleOf(login.Trouble(err), map[error]whoami.Trouble{
		login.ErrMissing: whoami.Missing, login.ErrExpired: whoami.Expired, login.ErrInvalid: whoami.Invalid, login.ErrUnreachable: whoami.Unreachable,
	})
}

// dropOther drops what the cluster of the context says where a flag names a cluster and the context leads to another one.
func (p *probe) dropOther() {
	if p.c.Target.From["name"] != kubeconfig.FromFlag || p.c.Target.Server == "" {
		return
	}
	err := errors.New("the context is of another cluster")
	switch {
	case p.noInfo != nil:
		err = fmt.Errorf("the context may be of another cluster than %s: %w", p.c.Target.Name, p.noInfo)
	case p.c.Match(p.info).Leads:
		return
	default:
		p.Info, p.Other = &p.info, true
	}
	p.Kube, p.client, p.Clock, p.KubeErr, p.Trouble = nil, nil, 0, err, whoami.Unknown
}

// ask asks the cluster who the caller is.
func (p *probe) ask(ctx context.Context) {
	client, err := p.c.byContext(ctx)
	var id kube.Identity
	if err == nil {
		p.client = client
		id, err = client.WhoAmI(ctx)
		p.Clock, _ = client.Clock()
	}
	if err != nil {
		p.KubeErr, p.Trouble = err, kubeTrouble(err)
		return
	}
	p.Kube = &whoami.Kubernetes{Username: id.Username, UID: id.UID, Groups: id.Groups, Extra: id.Extra}
	for i, key := range id.Extra["accessKeyId"] { // no secret, but nobody needs more than to tell two apart
		id.Extra["accessKeyId"][i] = strings.Repeat("*", max(0, len(key)-4)) + key[max(0, len(key)-4):]
	}
}

func kubeTrouble(err error) whoami.Trouble {
	return troubleOf(err, map[error]whoami.Trouble{
		kube.ErrUnauthorized: whoami.Unauthorized, kube.ErrUnreachable: whoami.Unreachable,
		kube.ErrCertificate: whoami.Certificate, kube.ErrPlugin: whoami.Plugin,
	})
}

//go:noinline
func troubleOf(err error, known map[error]whoami.Trouble) whoami.Trouble {
	for is, trouble := range known {
		if errors.Is(err, is) {
			return trouble
		}
	}
	return whoami.Unknown
}

// describe reads what AWS says of the cluster.
func (p *probe) describe(ctx context.Context) { p.info, p.noInfo = p.c.EKS.Info(ctx) }

// trust compares the certificate authorities of the kubeconfig with the cluster's.
func (p *probe) trust(ctx context.Context) {
	if p.noInfo == nil {
		p.Notes = p.c.TrustNotes(p.c.trust(ctx, p.info))
	}
}

// names are those of the first entries: with them a session's role, which hides its path, is found in one round trip.
func (p *probe) names(ctx context.Context) {
	p.Entries, p.more, p.EntriesErr = p.c.EKS.FirstNames(ctx)
	if p.NoEntries = errors.Is(p.EntriesErr, access.ErrMode); p.NoEntries {
		p.EntriesErr = nil
	}
}

// entry reads the caller's own entry, and since when IAM has such a role or user. Its full ARN is the one among the
// names; where that is not to be seen, the ARN without a path is tried, and then the one that IAM tells.
func (p *probe) entry(ctx context.Context) {
	if p.AWS == nil || p.NoEntries {
		return
	}
	me := p.AWS.Principal
	i := slices.IndexFunc(p.Entries, me.Is)
	switch {
	case i >= 0:
		me = p.Entries[i]
		p.AWS.Principal = me
	case !p.more && p.EntriesErr == nil:
		return
	case me.PermissionSet() != "": // always has a path
		p.made(ctx)
		p.readEntry(ctx, p.AWS.Principal)
		return
	}
	together(func() { p.readEntry(ctx, me) }, func() { p.made(ctx) })
	full := p.AWS.Principal
	if full != me && p.EntryErr == nil && (i < 0 || slices.Contains(p.Entries, full)) { // me may be a former role of that name
		p.readEntry(ctx, full)
	}
}

func (p *probe) readEntry(ctx context.Context, who access.Principal) {
	e, err := p.c.EKS.Entry(ctx, who)
	switch {
	case err == nil:
		p.Entry = &e
	case !errors.Is(err, access.ErrNotFound):
		p.EntryErr = err
	}
}

// made asks IAM for the full ARN of the caller and since when there is such a role or user.
func (p *probe) made(ctx context.Context) {
	full, at, err := p.c.IAM.Made(ctx, p.AWS.Principal)
	switch {
	case err != nil:
		p.MadeErr = err
	case full.Is(p.AWS.Principal):
		p.AWS.Principal, p.Made = full, at
	}
}

// awsAuthLines reads the ConfigMap where it may be what lets the caller in.
func (p *probe) awsAuthLines(ctx context.Context) {
	m := p.c.AWSAuth(ctx)
	if p.MappingsErr = m.Err; m.Err == nil && m.Exists() {
		p.mapped(awsauth.Parse(m.Data))
	}
}

func (p *probe) mapped(m awsauth.Map) {
	p.Mappings, p.Unread = m.Mappings, map[string]string{}
	for _, d := range m.Defects {
		if d.Item == 0 && m.Keys[d.Key] == awsauth.KeyInvalid {
			p.Unread[d.Key] = d.Text
		}
	}
}

// bound asks what RBAC allows the caller in the namespace.
func (p *probe) bound(ctx context.Context) {
	if p.client == nil || !p.hasAccess() {
		return
	}
	rules, err := p.client.Rules(ctx, p.Namespace)
	for _, r := range rules {
		p.Rules = append(p.Rules, policy.Rule{APIGroups: r.APIGroups, Resources: r.Resources, ResourceNames: r.ResourceNames, Verbs: r.Verbs})
	}
	p.Unbound, p.BoundErr = err == nil && len(rules) == 0, err
}

// deeper reads what may explain why the caller has no access.
func (p *probe) deeper(ctx context.Context) {
	if p.noInfo == nil {
		p.Info, p.Cluster.Mode, p.Private = &p.info, p.info.Mode, p.info.Private
		p.NoEntries = !p.info.Mode.ReadsEntries()
		p.Other = p.Other || p.c.Target.Server != "" && !p.c.Match(p.info).Leads
	}
	together(
		func() {
			if p.AWS != nil && p.Made.IsZero() && p.MadeErr == nil {
				p.made(ctx)
			}
		},
		func() {
			if p.more {
				p.Entries, p.EntriesErr = p.c.EKS.Names(ctx)
			}
		},
	)
	if p.Trouble == whoami.Unauthorized && p.MappingsErr == nil && len(p.Mappings) == 0 && (p.Info == nil || p.Info.Mode.ReadsConfigMap()) {
		p.MappingsErr = kube.ErrUnauthorized
	}
	if p.AWS == nil {
		return
	}
	for _, other := range p.c.Session.Settings.Profiles(ctx) {
		p.Profiles = append(p.Profiles, whoami.Profile{Name: other.Name, Role: other.Role})
	}
	if former := p.FormerOf(); former != "" {
		if e, err := p.c.EKS.Entry(ctx, former); err == nil {
			p.Former = &e
		}
	}
}
