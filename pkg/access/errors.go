package access

import (
	"errors"
	"fmt"
)

// What may go wrong at a cluster, as far as the rest of the program may test for it.
var (
	ErrNotFound  = errors.New("not found")
	ErrNoCluster = fmt.Errorf("%w", ErrNotFound) // the cluster itself
	ErrExists    = errors.New("already exists")
	// ErrNoPrincipal says that EKS does not know the role or user of an entry.
	ErrNoPrincipal = errors.New("no such role or user")
	ErrForbidden   = errors.New("access denied")
	ErrPassRole    = fmt.Errorf("%w", ErrForbidden) // iam:PassRole, which entries for nodes need
	ErrRBAC        = fmt.Errorf("%w", ErrForbidden) // by the RBAC of the cluster
	// ErrUnauthorized says that the cluster does not know the caller.
	ErrUnauthorized = errors.New("the cluster does not accept the credentials (Unauthorized)")
	ErrMode         = errors.New("the cluster does not read access entries")
	ErrThrottled    = errors.New("throttled")
	// ErrChanged says that the cluster is no longer in the state that the plan was made from.
	ErrChanged = errors.New("the entry changed in the meantime")
	// ErrOverwritten is an ErrChanged of a step that was carried out: another change set something else at the same time.
	ErrOverwritten = fmt.Errorf("%w", ErrChanged)
	// ErrUnknown says that a call was sent and no answer came: it may have been carried out.
	ErrUnknown = errors.New("no answer")
	// ErrNotSent says that a step was not sent because what it replaces could not be read.
	ErrNotSent = errors.New("not sent")
	// ErrSkipped marks a step that was not tried because an earlier one failed.
	ErrSkipped = errors.New("not tried")
	// ErrRule is wrapped by refusals of what EKS would refuse.
	ErrRule = errors.New("EKS would refuse this")
	// ErrNoServer says that the cluster's API server could not be asked.
	ErrNoServer = errors.New("the cluster could not be asked")
	// ErrRefused is wrapped by everything that this program refuses to do.
	ErrRefused = errors.New("refused")
)

// MayBeDone reports whether a step with this error was carried out, or may have been.
func MayBeDone(err error) bool {
	return err == nil || errors.Is(err, ErrUnknown) || errors.Is(err, ErrOverwritten)
}
