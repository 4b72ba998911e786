// Package migrate plans the way from the aws-auth ConfigMap to access entries. It is pure: facts and
// decisions go in, and for each line of aws-auth comes out what it becomes, what its principal may do
// before and after, every difference by name, and what only people can decide.
//
//	mappings, entries, RBAC, IAM ─► Facts ─┐
//	file or prompts ─► Choices ────────────┴─► Make ─► Plan ─► Edits, Bindings ─► the one road
//
// What would lose a right is never done by default: such a line stays in aws-auth, which goes on to
// count until the mode API.
package migrate
