package awsauth

import (
	"errors"
	"fmt"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// accounts reads mapAccounts. The authenticator decodes it without the detour over JSON, so that
// a number keeps its digits as they are written, leading zeros too. It keeps what was decoded
// before an error.
func (r *reader) accounts(key, text string) {
	var accounts []string
	err := goyaml.Unmarshal([]byte(text), &accounts)
	if err != nil && len(accounts) == 0 && !isList(text) {
		r.invalid(key, err)
		return
	}
	if len(accounts) == 0 {
		r.keys[key] = KeyNothing
	}
	for i, a := range accounts {
		item := i + 1
		if err != nil {
			item = 0 // what is left out does not count, so the place is not known
		}
		r.add(accountLine(key, item, a))
	}
	if err != nil {
		r.keys[key] = KeyPartial
	}
	for _, e := range each(err) {
		r.defects = append(r.defects, Defect{Key: key, Line: lineOf(e.Error()), Text: "an item is no account and not read; write twelve digits in quotes: " + oneLine(e)})
	}
}

// each are the single errors of the YAML parser.
func each(err error) []error {
	var several *goyaml.TypeError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &several):
		return []error{err}
	}
	var all []error
	for _, text := range several.Errors {
		all = append(all, errors.New(text))
	}
	return all
}

func isList(text string) bool {
	var doc any
	if goyaml.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	_, ok := doc.([]any)
	return ok
}

func accountLine(key string, item int, id string) line {
	m := access.Mapping{Kind: access.MappedAccount, ARN: id, State: access.InForce}
	if !access.IsAccount(id) {
		m.State = access.NeverMatches
		m.Reason = fmt.Sprintf("an AWS account has twelve digits, %q has not, so no caller comes from it; write the real account", id)
	}
	return line{Mapping: m, key: key, item: item}
}
