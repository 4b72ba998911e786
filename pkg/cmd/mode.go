package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// modes are in the only order in which a cluster goes through them.
var modes = []access.Mode{access.ModeConfigMap, access.ModeBoth, access.ModeAPI}

func newModeCmd(env *Env) *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use:   "mode [MODE]",
		Short: "Show the authentication mode, or take the one-way step to the next",
		Long: `Show which sources the cluster reads, and what each step would mean here: how many mappings of
aws-auth have no access entry, and which nodes.

With a MODE, take the cluster there: from CONFIG_MAP to API_AND_CONFIG_MAP, from there to API. Each
step is for good. The step to API is refused as long as a mapping in force has no entry.`,
		Example: `  # The mode, and what the next step means for this cluster
  kubectl access mode

  # Turn access entries on beside aws-auth
  kubectl access mode API_AND_CONFIG_MAP --context arn:aws:eks:us-west-2:111122223333:cluster/legacy --accept-risk=one-way-mode --yes`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []cobra.Completion{string(access.ModeBoth), string(access.ModeAPI)},
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := parseMode(args)
			if err := errors.Join(err, f.check()); err != nil {
				return usage(cmd, err)
			}
			c, err := env.open(cmd.Context())
			if err != nil {
				return err
			}
			if to == "" {
				return env.showMode(cmd.Context(), c, &f)
			}
			return env.setMode(cmd.Context(), c, &f, to)
		},
	}
	f.bind(cmd.Flags())
	f.bindAsk(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

// parseMode reads a mode in any case, with dashes too; none is "".
func parseMode(args []string) (access.Mode, error) {
	if len(args) == 0 {
		return "", nil
	}
	text := strings.ToUpper(strings.ReplaceAll(args[0], "-", "_"))
	for _, m := range modes {
		if text == string(m) {
			return m, nil
		}
	}
	return "", fmt.Errorf("%q is no mode: the modes are CONFIG_MAP, API_AND_CONFIG_MAP and API", args[0])
}

func (env *Env) setMode(ctx context.Context, c *cluster.Cluster, f *changeFlags, to access.Mode) error {
	_, err := env.run(ctx, c, f, change.Request{
		Kind: journal.SetMode, Who: []access.Principal{access.Itself}, Takes: true, Mappings: true, Asks: true,
		Edit: func(access.Principal) access.Edit { return edit.SetMode(to) },
		Check: func(_ context.Context, s access.Snapshot) change.Checked {
			if s.Cluster.Mode.Next() != to {
				return change.Checked{}
			}
			return change.Checked{Notes: access.Notes(access.NoteMode, "", reportOf(s).meaning(to))}
		},
	})
	return err
}

func (env *Env) showMode(ctx context.Context, c *cluster.Cluster, f *changeFlags) error {
	s, err := c.Snapshot(ctx, access.Want{All: true, AWSAuth: true, Lives: access.RivalLives})
	if err != nil {
		return err
	}
	env.notes(append(c.Shown(s.Cluster), s.Failures()...))
	r := reportOf(s)
	if !f.output.people() {
		err = f.output.plain(env.IO.Out, r)
	} else {
		_, err = fmt.Fprint(env.IO.Out, r.text(env.command))
	}
	return cmp.Or(err, errIf(len(s.Unread) > 0))
}

// modeReport is what the modes mean for one cluster.
type modeReport struct {
	Cluster      string      `json:"cluster"`
	Mode         access.Mode `json:"mode"`
	Next         access.Mode `json:"next,omitempty"`
	Entries      int         `json:"entries"`
	Mappings     int         `json:"mappings"`                  // in force, or as good as
	WithoutEntry []string    `json:"withoutEntry,omitempty"`    // people and accounts that only a mapping lets in
	Impossible   []string    `json:"noEntryPossible,omitempty"` // of those: accounts and roles of AWS services
	Nodes        []string    `json:"nodesWithoutEntry,omitempty"`
	Dead         []string    `json:"deadEntries,omitempty"`     // of whom a mapping has to let in
	Doubtful     []string    `json:"doubtfulEntries,omitempty"` // of whom IAM tells nothing
	Unread       string      `json:"unread,omitempty"`          // why aws-auth could not be read
}

func reportOf(s access.Snapshot) modeReport {
	r := modeReport{Cluster: s.Cluster.Name, Mode: s.Cluster.Mode, Next: s.Cluster.Mode.Next(), Entries: len(s.Entries)}
	if s.AWSAuth == nil {
		return r
	}
	if s.AWSAuth.Err != nil {
		r.Unread = s.AWSAuth.Err.Error()
		return r
	}
	mappings := s.AWSAuth.InForce()
	people, nodes := access.Stranded(mappings, s)
	r.Mappings = len(mappings)
	r.WithoutEntry, r.Nodes = shorts(people, s.Cluster.Account()), shorts(nodes, s.Cluster.Account())
	r.Impossible = shorts(slices.DeleteFunc(slices.Clone(people), access.Mapping.Migrates), s.Cluster.Account())
	r.Dead, r.Doubtful = shorts(s.Dead, s.Cluster.Account()), shorts(s.Doubtful, s.Cluster.Account())
	return r
}

func shorts[T interface{ Short(account string) string }](named []T, account string) []string {
	var all []string
	for _, n := range named {
		all = append(all, n.Short(account))
	}
	return all
}

// text shows each mode on its lines, with a mark at the cluster's own.
func (r modeReport) text(command func(...string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %s is in mode %s\n", printer.Clean(r.Cluster), r.Mode)
	for _, m := range modes {
		mark := " "
		if m == r.Mode {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %-19s %s\n", mark, m, printer.Clean(r.meaning(m)))
	}
	switch left := len(r.WithoutEntry) + len(r.Nodes); {
	case r.Next == access.ModeAPI && left > len(r.Impossible):
		fmt.Fprintf(&b, "next: %s, which makes entries of mappings\n", command("migrate"))
	case r.Next == access.ModeAPI && left > 0:
		fmt.Fprintf(&b, "next: %s, which says what can be decided about %s: no access entry is possible\n",
			command("migrate", "--remove-mappings"), printer.Clean(strings.Join(r.Impossible, ", ")))
	case r.Next != "":
		fmt.Fprintf(&b, "next: %s\n", command("mode", string(r.Next), "--accept-risk="+string(access.OneWayMode)))
	}
	return b.String()
}

// meaning is what a mode means here: as it is, as it would be, or as it was.
func (r modeReport) meaning(m access.Mode) string {
	now, behind := m == r.Mode, m == access.ModeConfigMap || r.Mode == access.ModeAPI
	for _, row := range []struct {
		fits bool
		text string
	}{
		{now && m == access.ModeConfigMap, "only aws-auth lets in: " + r.mapped() + "; the cluster's creator is an administrator that no list shows"},
		{now && m == access.ModeBoth, count(r.Entries, "entry", "entries") + " and aws-auth let in, and an entry wins; in aws-auth " + r.mapped()},
		{now, count(r.Entries, "entry lets", "entries let") + " in, and nothing else; aws-auth is not read any more"},
		{behind && m == access.ModeConfigMap, "only aws-auth lets in; there is no way back here"},
		{behind, "entries and aws-auth let in; there is no way back here"},
		{m == access.ModeBoth, "entries will count too, and win over aws-auth, where " + r.mapped() + " go on; EKS makes its creator's administration an entry; there is no way back"},
	} {
		if row.fits {
			return row.text
		}
	}
	return "only entries will let in; in aws-auth " + r.mapped() + ", " + r.left() + "; there is no way back"
}

func (r modeReport) mapped() string {
	if r.Unread != "" {
		return "nobody knows how many mappings (" + r.Unread + ")"
	}
	return count(r.Mappings, "mapping", "mappings") + " in force"
}

// left names whom the end of aws-auth would lock out.
func (r modeReport) left() string {
	var parts []string
	if len(r.WithoutEntry) > 0 {
		parts = append(parts, fmt.Sprintf("%d without an entry: %s", len(r.WithoutEntry), strings.Join(r.WithoutEntry, ", ")))
	}
	if len(r.Nodes) > 0 {
		parts = append(parts, fmt.Sprintf("%d of nodes without an entry for nodes: %s", len(r.Nodes), strings.Join(r.Nodes, ", ")))
	}
	switch {
	case r.Unread != "":
		return "nor who has no entry"
	case len(parts) == 0:
		parts = append(parts, "all of them with an entry")
	}
	if len(r.Dead) > 0 {
		parts = append(parts, "stale entries, whose role or user was deleted or recreated: "+strings.Join(r.Dead, ", "))
	}
	if len(r.Doubtful) > 0 {
		parts = append(parts, "not checked, since IAM tells nothing of their role or user: entries of "+strings.Join(r.Doubtful, ", "))
	}
	return strings.Join(parts, "; ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
