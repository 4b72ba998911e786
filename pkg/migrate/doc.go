// Package migrate plans the migration from aws-auth mappings to access entries. It is pure: from facts and decisions it makes,
// for each mapping, what it becomes, what its principal may do before and after, every difference by name, and what only
// people can decide.
//
//	mappings, entries, RBAC, IAM ─► Facts ─┐
//	file or prompts ─► Choices ────────────┴─► Make ─► Plan ─► Create, Follow ─► the change engine ─► Prove ─► Removable
//
// What would lose a right is never done by default: such a mapping stays in aws-auth and is active until mode API.
package migrate
