// Package access is the core: who has access to an EKS cluster, and how that changes.
//
// A command does not call AWS. It is an Edit, a function from the current state to the desired state:
//
//	Snapshot ─► Edit ─► Snapshot
//	    └────── Diff ──────┘
//	             │
//	           Plan ─► Risks ─► Steps ─► Apply ─► Results
//
// An Entry gives access to one Principal; a Grant is one access policy on an entry, with its Scope; the Mode says which
// sources the cluster reads; a Mapping is one item of the aws-auth ConfigMap. The package does no input or output; it calls
// the outside through the interface Cluster only.
package access
