// Package access is the core: who is let into an EKS cluster, and how that changes.
//
// A verb does not call AWS. It is an Edit, which turns what is into what should be:
//
//	Snapshot ─► Edit ─► Snapshot
//	    └────── Diff ──────┘
//	             │
//	           Plan ─► Risks ─► Steps ─► Apply ─► Results
//
// The words: an Entry lets one Principal in; a Grant is one access policy on an entry
// and its Scope; the Mode says which sources the cluster reads; a Mapping is one line of
// the aws-auth ConfigMap. The package does no input or output; Cluster is its only door.
package access
