package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/fleet"
	"github.com/kubectl-access/kubectl-access/pkg/login"
	"github.com/kubectl-access/kubectl-access/pkg/printer"
)

// outcome says on stderr what could not be read and why, and returns what was.
func (env *Env) outcome(all []*part) (sheets []*printer.Sheet, unread []printer.Unread, failed error) {
	found := slices.ContainsFunc(all, func(p *part) bool { return !fleet.Left(p.err) && !p.sheet.Empty() })
	var lines, warnings, causes together
	var codes []error
	for _, p := range all {
		if fleet.Left(p.err) { // the rest of it may still be written
			p = &part{Member: p.Member, env: p.env, err: cmp.Or(reason(p.err), fleet.ErrSilent), sheet: &printer.Sheet{}}
		}
		for _, text := range p.lines {
			lines.add(text, p, nil)
		}
		for _, text := range p.warnings {
			warnings.add(text, p, nil)
		}
		bad := p.failures()
		if found && len(bad) > 0 && !slices.ContainsFunc(bad, func(err error) bool { return !absent(err) }) {
			for _, err := range bad { // it is somewhere else
				warnings.add(err.Error(), p, nil)
			}
			continue
		}
		for _, err := range bad {
			text := err.Error()
			if common := reason(err); common != nil {
				text, err = common.Error(), common
			}
			causes.add(text, p, err)
		}
		if p.err != nil {
			codes = append(codes, p.err)
		}
		why := slices.IndexFunc(bad, func(err error) bool { return !absent(err) })
		if p.err != nil && why >= 0 && p.sheet.Empty() {
			unread = append(unread, printer.Unread{Context: p.Name, Reason: printer.Clean(bad[why].Error())})
			continue
		}
		sheets = append(sheets, p.sheet)
	}
	for _, l := range lines {
		env.say(env.IO.ErrOut, printer.CleanLines(l.names()+": "+l.text)+"\n")
	}
	for _, w := range warnings {
		env.warn("%s: %s", w.names(), w.text)
	}
	causes.print(env)
	return sheets, unread, worst(codes)
}

// failures are what went wrong.
func (p *part) failures() []error {
	if p.err != nil && !errors.Is(p.err, errFailed) && !errors.Is(p.err, errDiffers) {
		return append(p.errs, p.err)
	}
	return p.errs
}

// reason is what is wrong. What is wrong with a login does not depend on the call that found it.
func reason(err error) error {
	for _, common := range []error{login.ErrExpired, login.ErrInvalid, login.ErrMissing, login.ErrUnreachable} {
		if errors.Is(err, common) {
			return common
		}
	}
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return nil
}

// absent reports whether an error says that something is not there, and no more.
func absent(err error) bool {
	return errors.Is(err, access.ErrNotFound) && !errors.Is(err, access.ErrNoCluster) || errors.Is(err, access.ErrNoPrincipal)
}

// together are texts with the clusters that they are about.
type together []said

type said struct {
	text string
	err  error
	of   []*part
}

func (t *together) add(text string, p *part, err error) {
	own := func(s *said) bool { // a login that has expired is that of a profile
		return errors.Is(err, login.ErrExpired) && s.of[0].Target.Profile != p.Target.Profile
	}
	for i := range *t {
		if s := &(*t)[i]; s.text == text && !own(s) {
			s.of = append(s.of, p)
			return
		}
	}
	*t = append(*t, said{text, err, []*part{p}})
}

func (s said) names() string {
	var names []string
	for _, p := range s.of {
		if name := printer.Clean(p.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// print names each cluster with its error, and below those of one remedy the remedy.
func (t together) print(env *Env) {
	remedies := map[string][]said{}
	var order []string
	for _, s := range t {
		r := outcomeOf(s.err).hint
		if errors.Is(s.err, login.ErrExpired) {
			r += s.of[0].Target.Profile // each has a login of its own
		}
		if remedies[r] == nil {
			order = append(order, r)
		}
		remedies[r] = append(remedies[r], s)
	}
	color := printer.Colorful(env.IO.ErrOut)
	for _, r := range order {
		for _, s := range remedies[r] {
			env.say(env.IO.ErrOut, color.Bad("error:")+" "+printer.CleanLines(s.names()+": "+s.text)+"\n")
		}
		if text := remedies[r][0].remedy(); text != "" {
			env.say(env.IO.ErrOut, "  "+printer.Clean(text)+"\n")
		}
	}
}

// remedy is what to do about an error.
func (s said) remedy() string {
	p := s.of[0]
	text := p.env.advice(s.err)
	if profile := p.Target.Profile; profile != "" && errors.Is(s.err, login.ErrExpired) {
		text = strings.Replace(text, "aws sso login", "aws sso login --profile "+profile, 1)
	}
	return text
}

// worst is the error of a command about several clusters, of which everything was printed: that of all failures if they have one
// exit code, else that something was not done.
func worst(all []error) error {
	if len(all) == 0 {
		return nil
	}
	first := outcomeOf(all[0])
	for _, err := range all {
		if outcomeOf(err).code != first.code {
			return errFailed
		}
	}
	if first.is == nil {
		return errFailed
	}
	return fmt.Errorf("%w%w", errFailed, first.is)
}
