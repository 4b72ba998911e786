package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// Question is a decision that people must make.
type Question struct {
	ID      string   `json:"id"`
	Text    string   `json:"question"`
	Options []Option `json:"options"`
	Default string   `json:"default"` // never loses a right
	Answer  string   `json:"answer"`  // as decided, or the default
	Decided bool     `json:"decided"`
}

// Option is one answer. One that ends in a colon takes a value, for which Asks is the prompt.
type Option struct {
	Answer string `json:"answer"`
	Means  string `json:"means"`
	Asks   string `json:"-"`
}

// Unfit is an answer that is not possible.
type Unfit struct {
	Question
	Given, Why string
}

func (u Unfit) Error() string {
	options := make([]string, len(u.Options))
	for i, o := range u.Options {
		options[i] = o.Answer
	}
	return fmt.Sprintf("decision %s: %q: %s; the options are %s", u.ID, u.Given, u.Why, strings.Join(options, ", "))
}

// The answers.
const (
	leave     = "leave"
	drop      = "drop"
	standard  = "default"
	makeEntry = "entry"
	remove    = "remove"
	rename    = "rename:"
	policy    = "policy:"
	named     = "name:"
	arns      = "arns:"
	itemIs    = "item:"
)

// leaveIt is an option of every question about a mapping.
func leaveIt() Option { return Option{Answer: leave, Means: "leave the mapping in aws-auth"} }

// ask returns the answer, split into the option and its value.
func (p *planner) ask(q Question) (choice, value string) {
	p.current.asked = append(p.current.asked, q.ID)
	if i := slices.IndexFunc(p.questions, func(o Question) bool { return o.ID == q.ID }); i >= 0 {
		return split(p.questions[i].Answer)
	}
	q.Answer, q.Decided = q.Default, false
	if answer, ok := p.Answers[q.ID]; ok {
		if q.Fits(answer) {
			q.Answer, q.Decided = answer, true
		} else {
			p.refuse(q, answer, "not an option")
		}
	}
	p.questions = append(p.questions, q)
	return split(q.Answer)
}

// refuse records why an answer is not possible.
func (p *planner) refuse(q Question, answer, why string) {
	p.refused = append(p.refused, Unfit{q, answer, why})
}

// Option is the one that is chosen by its number, from 1 on, or by its name, with or without the colon.
func (q Question) Option(chosen string) (Option, bool) {
	for i, o := range q.Options {
		if chosen != "" && (chosen == strconv.Itoa(i+1) || chosen == o.Answer || chosen+":" == o.Answer) {
			return o, true
		}
	}
	return Option{}, false
}

// Fits reports whether an answer is one of the options.
func (q Question) Fits(answer string) bool {
	return slices.ContainsFunc(q.Options, func(o Option) bool {
		rest, ok := strings.CutPrefix(answer, o.Answer)
		return ok && (strings.HasSuffix(o.Answer, ":") && strings.TrimSpace(rest) != "" || rest == "")
	}) && !strings.HasSuffix(answer, ":")
}

func split(answer string) (choice, value string) {
	if i := strings.IndexByte(answer, ':'); i >= 0 {
		return answer[:i+1], strings.TrimSpace(answer[i+1:])
	}
	return answer, ""
}

// chance asks which of several mappings of one user is meant, where it is random which of them the authenticator matches:
// mappings of mapUsers whose ARNs differ only in letter case (eks-access.md §6.3).
func (p *planner) chance(l *Mapping) bool {
	if l.Kind != access.MappedUser || l.State != access.InForce {
		return true
	}
	q := Question{ID: "user/" + strings.ToLower(l.ARN), Text: "several mappings have this user in different letter case, and it is random which one matches. Which one is meant?", Default: leave}
	for _, m := range p.Mappings {
		if m.Kind == access.MappedUser && m.State == access.InForce && strings.EqualFold(m.ARN, l.ARN) {
			q.Options = append(q.Options, Option{Answer: fmt.Sprintf("%s%d", itemIs, m.Item), Means: fmt.Sprintf("%s: username %s, groups %s", m.Place(), m.Username, strings.Join(m.Groups, ", "))})
		}
	}
	if len(q.Options) < 2 {
		return true
	}
	q.Options = append(q.Options, leaveIt())
	switch _, value := p.ask(q); {
	case value == fmt.Sprint(l.Item):
		l.differs(DiffUsername, "another mapping of the same user in other letter case may have matched until now")
		return true
	case value != "":
		l.Outcome, l.Why = Nothing, "another mapping of the same user was chosen"
		return false
	}
	return l.stay("another mapping has the same user in other letter case; decide which one is meant: %s", q.ID)
}
