// Package release tests what a release is made of: the archives, the krew manifest, the licences of what is
// linked, and the workflows.
package release
