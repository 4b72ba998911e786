package change

import (
	"context"
	"fmt"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/edit"
	"github.com/kubectl-access/kubectl-access/pkg/journal"
)

// Grant is the request that grants what an entry holds, which may not be complete before the request is prepared. With keep a
// new entry carries what the principal's mapping gives, too.
func Grant(who []access.Principal, want *access.Entry, keep bool) Request {
	return Request{
		Kind: journal.Grant, Who: who, Names: true,
		Edit: func(p access.Principal) access.Edit {
			e := *want
			e.Principal = p
			if keep {
				return edit.Keep(e)
			}
			return edit.Grant(e)
		},
		Check: func(_ context.Context, before access.Snapshot) Checked {
			notes := access.Notes(access.NoteTypo, "", before.Typos(*want)...)
			if at := want.Tags[access.ExpiresTag]; at != "" {
				notes = append(notes, access.Notes(access.NoteExpiry, "", fmt.Sprintf("--for only adds an expiry tag (%s); access is not removed automatically", at))...)
			}
			return Checked{Notes: notes}
		},
	}
}
