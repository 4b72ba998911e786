package cmd

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/change"
)

// agreed is the proposal that somebody said yes to, where a yes is needed. Whoever is asked may take their time: what is
// carried out is made of what is then, and where that is another change than the one that was shown, it is shown, judged and
// asked for in its turn.
func (v view) agreed(ctx context.Context, p change.Proposal) (change.Proposal, error) {
	for {
		if err := p.Refused(v.run.Accept); err != nil || v.f.yes || !p.Asks(v.run.Request) {
			return p, err
		}
		if err := v.confirm(ctx); err != nil {
			return p, err
		}
		now, same, err := v.run.Again(ctx, p)
		if err != nil {
			return p, err
		}
		if same {
			return now, now.Refused(v.run.Accept)
		}
		v.env.warn("the cluster has changed meanwhile; this is what would be done now")
		p = now
		v.announce(p)
	}
}

// confirm asks. Nobody to ask is a no.
func (v view) confirm(ctx context.Context) error {
	if !terminal(v.env.IO.In) {
		return fmt.Errorf("%w: confirmation is required but stdin is not a terminal; use --yes", access.ErrRefused)
	}
	v.run.Release()
	answer, err := v.env.prompt(ctx, "Do this? [y/N]: ")
	if answer = strings.ToLower(answer); err == nil && answer != "y" && answer != "yes" {
		err = errCancelled
	}
	return err
}

// prompt puts a question on the terminal and reads the line that answers it. The end of the input is a no.
func (env *Env) prompt(ctx context.Context, question string) (string, error) {
	fmt.Fprint(env.IO.ErrOut, question)
	answer := make(chan string, 1)
	go func() { // a read cannot be cancelled; the program ends without it
		defer close(answer)
		if line, err := bufio.NewReader(env.IO.In).ReadString('\n'); line != "" || err == nil {
			answer <- strings.TrimSpace(line)
		}
	}()
	select {
	case <-ctx.Done():
	case line, ok := <-answer:
		if ok {
			return line, nil
		}
	}
	fmt.Fprintln(env.IO.ErrOut)
	return "", errCancelled
}
