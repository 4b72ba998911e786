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

func linked(t *testing.T, flags ...string) *connection {
	t.Helper()
	env := &Env{IO: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}, Now: time.Now}
	if err := New(env, "kubectl access").PersistentFlags().Parse(flags); err != nil {
		t.Fatal(err)
	}
	c, err := env.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// world is everything about a cluster that an undo has to restore, byte for byte.
func world(t *testing.T) map[string]string {
	t.Helper()
	s, err := linked(t).sides().Snapshot(t.Context(), access.Want{All: true, AWSAuth: true})
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
		m := understood(access.ConfigMap{Data: data, Version: s.AWSAuth.Version})
		s.AWSAuth = &m
		return s, nil
	}
	f := &changeFlags{dryRun: "none", yes: true}
	for _, r := range access.RiskNames {
		f.accepted = append(f.accepted, string(r))
	}
	ch := change{
		connection: c, flags: f, who: slices.Sorted(maps.Keys(edits)), mappings: true, takes: true, asks: true,
		edit: func(p access.Principal) access.Edit { return edits[p] },
	}
	if err := ch.run(t.Context()); err != nil {
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
