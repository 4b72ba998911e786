package awsauth

import (
	"errors"
	"fmt"

	goyaml "sigs.k8s.io/yaml/goyaml.v2"

	"github.com/kubectl-access/kubectl-access/pkg/access"
)

// accounts reads mapAccounts. The authenticator decodes it without converting it to JSON, so a number keeps its digits,
// leading zeros too. It keeps what was decoded before an error.
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
			item = 0 // items with an error are missing, so the place is not known
		}
		r.add(account(item, a))
	}
	if err != nil {
		r.keys[key] = KeyPartial
	}
	for _, e := range each(err) {
		r.defects = append(r.defects, Defect{Key: key, Line: lineOf(e.Error()), Text: "an item is not an account and is ignored; write 12 digits in quotes: " + oneLine(e)})
	}
}

// each splits an error of the YAML parser into its single ones.
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

func account(item int, id string) access.Mapping {
	m := access.Mapping{Kind: access.MappedAccount, ARN: id, Item: item, State: access.InForce}
	if !access.IsAccount(id) {
		m.State, m.Reason = access.NeverMatches, noAccount(id)
	}
	return m
}

//go:noinline
func noAccount(id string) string {
	return fmt.Sprintf("%q is not an AWS account ID (12 digits), so no caller matches it; use the real account ID", id)
}
