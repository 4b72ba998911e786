// Command answers is the side of the plugin in the end-to-end tests of who-can: it answers many questions at once, where the
// plugin itself answers one. Its input and output are lines of JSON.
//
//	answers questions   of the kubeconfig's cluster, read once: {"Words":["get","pods"],"Namespace":"dev"} → answer
//	answers worlds      of invented clusters: world → one list of names for each request. The namespace * asks where they can: NAME@NAMESPACE
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/cluster"
	"github.com/kubectl-access/kubectl-access/pkg/kubeconfig"
	"github.com/kubectl-access/kubectl-access/pkg/rights"
)

func main() {
	run := map[string]func(*json.Decoder, *json.Encoder) error{"questions": questions, "worlds": worlds}[append(os.Args, "")[1]]
	if run == nil {
		log.Fatal("usage: answers questions|worlds")
	}
	out := bufio.NewWriter(os.Stdout)
	err := run(json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(out))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		log.Fatal(err)
	}
}

// answer is who can do something: the ARNs of principals, else their names.
type answer struct {
	Request  rights.Request
	Can      []string          // with a name of system:authenticated, everybody
	Sessions map[string]string // by principal: the only session that can
	Limited  map[string][]string
	Notes    map[string]string // of the limited
	Footnote string
	Unknown  []string
	Missing  []rights.Missing
}

func questions(in *json.Decoder, out *json.Encoder) error {
	var flags kubeconfig.Flags
	target, err := flags.Target()
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := cluster.Open(ctx, cluster.Settings{Flags: &flags, Target: target, Now: time.Now})
	if err != nil {
		return err
	}
	x, types, err := c.Rights(ctx)
	if err != nil {
		return err
	}
	for {
		var asked rights.Asked
		if err := in.Decode(&asked); err != nil {
			return err
		}
		q, err := rights.Ask(asked, types)
		if err != nil {
			return fmt.Errorf("%v: %w", asked.Words, err)
		}
		if err := out.Encode(answerOf(x.WhoCan(q))); err != nil {
			return err
		}
	}
}

func answerOf(a rights.Answer) answer {
	name := func(r rights.Row) string {
		if r.Identity.Principal != "" {
			return string(r.Identity.Principal)
		}
		return r.Identity.Name
	}
	one := answer{Request: a.Question.Request, Sessions: map[string]string{}, Limited: map[string][]string{}, Notes: map[string]string{}, Footnote: a.Question.Footnote(), Missing: a.Missing}
	for _, r := range a.Rows {
		switch {
		case r.Can():
			one.Can = append(one.Can, name(r))
		case r.Session != "":
			one.Sessions[name(r)] = r.Session
		default:
			one.Limited[name(r)], one.Notes[name(r)] = r.Only, r.Note
		}
	}
	for _, r := range a.Unknown {
		one.Unknown = append(one.Unknown, name(r))
	}
	return one
}

// world is an invented cluster and what is asked about it.
type world struct {
	Roles    []access.Role
	Bindings []access.Binding
	Entries  []access.Entry
	Requests []rights.Request
}

func worlds(in *json.Decoder, out *json.Encoder) error {
	for {
		var w world
		if err := in.Decode(&w); err != nil {
			return err
		}
		x := rights.New(access.Snapshot{
			Cluster: access.Info{ARN: "arn:aws:eks:us-west-2:111122223333:cluster/w", Mode: access.ModeAPI}, Entries: w.Entries,
			RBAC: &access.RBAC{Bindings: w.Bindings, Roles: w.Roles},
		})
		all := [][]string{}
		for _, r := range w.Requests {
			q := rights.Question{Request: r, Anywhere: r.Namespace == "*"}
			if q.Anywhere {
				q.Namespace = ""
			}
			names := []string{}
			for _, row := range x.WhoCan(q).Rows {
				switch {
				case !row.Can():
				case row.Where == nil:
					names = append(names, row.Identity.Name)
				default:
					for _, ns := range row.Where {
						names = append(names, row.Identity.Name+"@"+ns)
					}
				}
			}
			all = append(all, names)
		}
		if err := out.Encode(all); err != nil {
			return err
		}
	}
}
