package cmd

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/kube"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/whoami"
)

// gathering are the facts on their way. Where all is well, two round trips bring them; only where something is
// wrong is more asked.
type gathering struct {
	*connection
	whoami.Facts
	client *kube.Client
	more   bool // not all names of entries were read
}

func (c *connection) gather(ctx context.Context, file *awsauth.Map) whoami.Facts {
	g := &gathering{connection: c}
	g.local(ctx)
	together(func() { g.identity(ctx) }, func() { g.cluster(ctx) }, func() { g.names(ctx) })
	if file != nil {
		g.mapped(*file)
	}
	listed := g.AWS != nil && slices.ContainsFunc(g.Entries, g.AWS.Principal.Is)
	together(func() { g.entry(ctx) }, func() {
		if file == nil && g.letIn() && !listed {
			g.awsAuthLines(ctx)
		}
	})
	switch {
	case !g.letIn():
		g.deeper(ctx)
	case g.Entry == nil:
	case g.ByEntry():
		g.bound(ctx)
	case file == nil && listed:
		g.awsAuthLines(ctx)
	}
	return g.Facts
}

// together runs steps side by side.
func together(steps ...func()) {
	var all sync.WaitGroup
	for _, step := range steps {
		all.Go(step)
	}
	all.Wait()
}

func (g *gathering) letIn() bool { return g.KubeErr == nil }

// local is what this machine alone knows.
func (g *gathering) local(ctx context.Context) {
	g.Cluster = whoami.Cluster{Name: g.target.Name, Region: g.target.Region, Server: g.target.Server}
	g.Now, g.System, g.Profile = g.env.Now(), runtime.GOOS, g.target.Profile
	g.Namespace, g.Again = g.env.namespace(), g.env.command("whoami")
	g.Impersonates = g.env.flags.Impersonates()
	g.SSO = g.session.Settings.SingleSignOn(ctx)
	if g.Exec = g.target.Exec.Command; g.Exec != "" {
		_, err := exec.LookPath(g.Exec)
		g.NoExec, g.Unrunnable, g.Hint = err != nil, g.target.Exec.Unrunnable, strings.TrimSpace(g.target.Exec.InstallHint)
	}
	if cfg, err := g.env.flags.Loader().ClientConfig(); err == nil {
		if token, err := login.ReadToken(cfg.BearerToken); err == nil {
			g.TokenEnd = token.Expires
		}
	}
}

// identity is who AWS says the caller is.
func (g *gathering) identity(ctx context.Context) {
	id, err := g.session.Identity(ctx)
	if err != nil {
		g.AWSErr, g.Login = err, loginTrouble(err)
		return
	}
	g.AWS = &whoami.AWS{ARN: id.ARN, Account: id.Account, UserID: id.UserID, Principal: id.Principal, Profile: g.target.Profile, RoleARN: g.target.RoleARN}
}

func loginTrouble(err error) whoami.Trouble {
	return troubleOf(login.Trouble(err), map[error]whoami.Trouble{
		login.ErrMissing: whoami.Missing, login.ErrExpired: whoami.Expired, login.ErrInvalid: whoami.Invalid, login.ErrUnreachable: whoami.Unreachable,
	})
}

// cluster is who the cluster says the caller is. With a name from a flag the context may lead to another one, whose
// answer is dropped: it is about that one's doors.
func (g *gathering) cluster(ctx context.Context) {
	if g.target.From["name"] != kubeconfig.FromFlag || g.target.Server == "" {
		g.ask(ctx)
		return
	}
	var info access.Info
	var err error
	together(func() { g.ask(ctx) }, func() { info, err = g.eks.Info(ctx) })
	switch {
	case err != nil:
		err = fmt.Errorf("it was not asked, since nobody knows whether the context leads to %s: %w", g.target.Name, err)
	case !g.sameServer(info):
		g.Info, g.Other = &info, true
		err = errors.New("it was not asked, since the context leads to another cluster")
	default:
		return
	}
	g.Kube, g.client, g.Clock, g.KubeErr, g.Trouble = nil, nil, 0, err, whoami.Unknown
}

func (g *gathering) ask(ctx context.Context) {
	client, err := g.byContext(ctx)
	var id kube.Identity
	if err == nil {
		g.client = client
		id, err = client.WhoAmI(ctx)
		g.Clock, _ = client.Clock()
	}
	if err != nil {
		g.KubeErr, g.Trouble = err, kubeTrouble(err)
		return
	}
	g.Kube = &whoami.Kubernetes{Username: id.Username, UID: id.UID, Groups: id.Groups, Extra: id.Extra}
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

func troubleOf(err error, known map[error]whoami.Trouble) whoami.Trouble {
	for is, trouble := range known {
		if errors.Is(err, is) {
			return trouble
		}
	}
	return whoami.Unknown
}

// names are those of the first entries: with them a session's role, which hides its path, is found in one round trip.
func (g *gathering) names(ctx context.Context) {
	g.Entries, g.more, g.EntriesErr = g.eks.FirstNames(ctx)
	if g.NoEntries = errors.Is(g.EntriesErr, access.ErrMode); g.NoEntries {
		g.EntriesErr = nil
	}
}

// entry reads the caller's own entry, and since when IAM has such a role or user. Its full ARN is the one among the
// names; where that is not to be seen, the ARN without a path is tried, and then the one that IAM tells.
func (g *gathering) entry(ctx context.Context) {
	if g.AWS == nil || g.NoEntries {
		return
	}
	me := g.AWS.Principal
	i := slices.IndexFunc(g.Entries, me.Is)
	switch {
	case i >= 0:
		me = g.Entries[i]
		g.AWS.Principal = me
	case !g.more && g.EntriesErr == nil:
		return
	case me.PermissionSet() != "": // always has a path
		g.made(ctx)
		g.readEntry(ctx, g.AWS.Principal)
		return
	}
	together(func() { g.readEntry(ctx, me) }, func() { g.made(ctx) })
	full := g.AWS.Principal
	if full != me && g.EntryErr == nil && (i < 0 || slices.Contains(g.Entries, full)) { // me may be a former role of that name
		g.readEntry(ctx, full)
	}
}

func (g *gathering) readEntry(ctx context.Context, p access.Principal) {
	e, err := g.eks.Entry(ctx, p)
	switch {
	case err == nil:
		g.Entry = &e
	case !errors.Is(err, access.ErrNotFound):
		g.EntryErr = err
	}
}

// made asks IAM for the full ARN of the caller and since when there is such a role or user.
func (g *gathering) made(ctx context.Context) {
	full, at, err := g.iam.Made(ctx, g.AWS.Principal)
	switch {
	case err != nil:
		g.MadeErr = err
	case full.Is(g.AWS.Principal):
		g.AWS.Principal, g.Made = full, at
	}
}

// awsAuthLines reads the ConfigMap where it may be what lets the caller in.
func (g *gathering) awsAuthLines(ctx context.Context) {
	data, err := g.awsAuth(ctx)
	switch {
	case err == nil:
		g.mapped(awsauth.Parse(data))
	case !errors.Is(err, access.ErrNotFound):
		g.MappingsErr = err
	}
}

func (g *gathering) mapped(m awsauth.Map) {
	g.Mappings, g.Unread = m.Mappings, map[string]string{}
	for _, d := range m.Defects {
		if d.Item == 0 && m.Keys[d.Key] == awsauth.KeyInvalid {
			g.Unread[d.Key] = d.Text
		}
	}
}

// bound asks whether RBAC gives anything to somebody whose entry has no access policy.
func (g *gathering) bound(ctx context.Context) {
	if g.Entry == nil || len(g.Entry.Grants) > 0 || g.client == nil {
		return
	}
	has, err := g.client.HasRights(ctx, g.Namespace)
	g.Unbound, g.BoundErr = err == nil && !has, err
}

// deeper asks what may explain why the caller is not let in.
func (g *gathering) deeper(ctx context.Context) {
	together(
		func() { g.describeCluster(ctx) },
		func() {
			if g.AWS != nil && g.Made.IsZero() && g.MadeErr == nil {
				g.made(ctx)
			}
		},
		func() {
			if g.more {
				g.Entries, g.EntriesErr = g.eks.Names(ctx)
			}
		},
	)
	if g.Trouble == whoami.Unauthorized && g.MappingsErr == nil && len(g.Mappings) == 0 && (g.Info == nil || g.Info.Mode.ReadsConfigMap()) {
		g.MappingsErr = kube.ErrUnauthorized
	}
	if g.AWS == nil {
		return
	}
	for _, p := range g.session.Settings.Profiles(ctx) {
		g.Profiles = append(g.Profiles, whoami.Profile{Name: p.Name, Role: p.Role})
	}
	if former := g.FormerOf(); former != "" {
		if e, err := g.eks.Entry(ctx, former); err == nil {
			g.Former = &e
		}
	}
}

func (g *gathering) describeCluster(ctx context.Context) {
	if g.target.Name == "" || g.Login == whoami.Missing {
		return
	}
	info, err := g.eks.Info(ctx)
	if err != nil {
		return
	}
	g.Info, g.Cluster.Mode, g.Private = &info, info.Mode, info.Private
	g.NoEntries = !info.Mode.ReadsEntries()
	g.Other = g.Other || g.target.Server != "" && !g.sameServer(info)
}

// namespace is that of the context, as kubectl has it.
func (env *Env) namespace() string {
	ns, _, err := env.flags.Loader().Namespace()
	if err != nil || ns == "" {
		return "default"
	}
	return ns
}
