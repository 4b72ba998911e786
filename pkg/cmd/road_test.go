package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/awsauth"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
)

// allRisks accepts what the tests mean to do.
const allRisks = "--accept-risk=override-mapping,restore-mapping,unread-aws-auth,lose-own-access,last-administrator,remove-nodes,leave-mappings,overwrite-later-change"

func command(args ...string) (string, int) {
	var out strings.Builder
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &out}, Now: time.Now}
	code := Run(context.Background(), env, append([]string{"kubectl-access"}, args...))
	return out.String(), code
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, code := command(args...)
	if code != 0 {
		t.Fatalf("%v: exit %d\n%s", args, code, out)
	}
	return out
}

// link is a cluster with the program that speaks to it.
type link struct {
	*cluster.Cluster
	env *Env
}

func linked(t *testing.T, flags ...string) link {
	t.Helper()
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now}
	if err := New(env, "kubectl access").PersistentFlags().Parse(flags); err != nil {
		t.Fatal(err)
	}
	c, err := env.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return link{c, env}
}

// run carries a request out as a command that was told yes.
func (l link) run(t *testing.T, r change.Request) (*change.Run, error) {
	t.Helper()
	return l.env.run(t.Context(), l.Cluster, &changeFlags{dryRun: "none", yes: true}, r)
}

// world is everything about a cluster that an undo has to restore, byte for byte.
func world(t *testing.T) map[string]string {
	t.Helper()
	s, err := linked(t).Snapshot(t.Context(), access.Want{All: true, AWSAuth: true})
	if err != nil || s.AWSAuth.Err != nil || len(s.Unread) > 0 {
		t.Fatal(err, s.AWSAuth.Err, s.Unread)
	}
	all := map[string]string{"aws-auth": "none"}
	if s.AWSAuth.Exists() {
		all["aws-auth"] = fmt.Sprintf("%q", s.AWSAuth.Data)
	}
	for _, e := range s.Entries {
		all[string(e.Principal)] = fmt.Sprintf("%s %s %q %v %q", e.Kind, e.Username, e.Groups, e.Grants, e.Tags)
	}
	return all
}

// rewrite changes entries and aws-auth in one change, as a migration does.
func rewrite(t *testing.T, data map[string]string, edits map[access.Principal]access.Edit) {
	t.Helper()
	c := linked(t)
	edits[access.Itself] = func(s access.Snapshot) (access.Snapshot, error) {
		m := awsauth.Understood(access.ConfigMap{Data: data, Version: s.AWSAuth.Version})
		s.AWSAuth = &m
		return s, nil
	}
	_, err := c.run(t, change.Request{
		Who: slices.Sorted(maps.Keys(edits)), Mappings: true, Takes: true, Asks: true, Accept: access.RiskNames,
		Edit: func(p access.Principal) access.Edit { return edits[p] },
	})
	if err != nil {
		t.Fatal(err)
	}
}

func arn(short string) access.Principal {
	return access.Principal("arn:aws:iam::111122223333:" + short)
}

func migrated() map[access.Principal]access.Edit {
	return map[access.Principal]access.Edit{
		arn("role/ops"):             edit.Grant(access.Entry{Principal: arn("role/ops"), Grants: []access.Grant{{Policy: access.ClusterAdmin}}, Username: "ops:{{SessionName}}"}),
		arn("user/contractors/bob"): edit.Grant(access.Entry{Principal: arn("user/contractors/bob"), Groups: []string{"developers"}, Tags: map[string]string{"a": "b"}}),
		arn("user/alice"):           edit.Revoke(arn("user/alice"), edit.Revocation{}),
	}
}
