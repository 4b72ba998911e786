package awsapi

import (
	"slices"
	"strconv"
	"time"
)

// Entry is one access entry: what the API shows of it, and what it keeps to itself.
type Entry struct {
	shownEntry
	PrincipalID string        `json:"principalId"`
	Request     string        `json:"request,omitempty"` // digest of the call that created it, its token included
	Policies    []Association `json:"policies,omitempty"`
}

type shownEntry struct {
	ClusterName      string            `json:"clusterName"`
	PrincipalARN     string            `json:"principalArn"`
	KubernetesGroups []string          `json:"kubernetesGroups"`
	AccessEntryARN   string            `json:"accessEntryArn"`
	CreatedAt        epoch             `json:"createdAt"`
	ModifiedAt       epoch             `json:"modifiedAt"`
	Tags             map[string]string `json:"tags"`
	Username         string            `json:"username"`
	Type             string            `json:"type"`
}

// Association is an access policy on an entry, and its scope.
type Association struct {
	PolicyARN    string      `json:"policyArn"`
	AccessScope  AccessScope `json:"accessScope"`
	AssociatedAt epoch       `json:"associatedAt"`
	ModifiedAt   epoch       `json:"modifiedAt"`
}

// AccessScope is the whole cluster, or some namespaces.
type AccessScope struct {
	Type       string   `json:"type"`
	Namespaces []string `json:"namespaces"`
}

// Grant is an association of an access policy by its name; without namespaces it holds in the whole cluster.
func Grant(policy string, namespaces ...string) Association {
	scope := AccessScope{Type: "cluster", Namespaces: []string{}}
	if len(namespaces) > 0 {
		scope = AccessScope{Type: "namespace", Namespaces: namespaces}
	}
	return Association{PolicyARN: PolicyPrefix + policy, AccessScope: scope}
}

// epoch is a time as rest-json writes it: a number of seconds.
type epoch struct{ time.Time }

func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', 3, 64), nil
}

func (e *epoch) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseFloat(string(data), 64)
	e.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return err
}

// History holds an entry's versions, oldest first: the last is what writes work on, while reads and authorization see
// the last one that is older than the propagation delay. A nil entry is a deleted one.
type History []version

type version struct {
	Since time.Time `json:"since"`
	Entry *Entry    `json:"entry"`
}

// Now is the entry as writes see it, nil where there is none.
func (h History) Now() *Entry {
	if len(h) == 0 {
		return nil
	}
	return h[len(h)-1].Entry
}

//go:noinline
func (h History) seen(at time.Time) *Entry {
	if i := h.visible(at); i >= 0 {
		return h[i].Entry
	}
	return nil
}

func (h History) visible(at time.Time) int {
	for i, v := range slices.Backward(h) {
		if !v.Since.After(at) {
			return i
		}
	}
	return -1
}

// put makes e the entry of arn, nil for none. Versions are never changed in place.
func (a *Account) put(c *Cluster, arn string, e *Entry, at time.Time) {
	h := append(c.Entries[arn], version{at, e})
	h = h[max(0, h.visible(at.Add(-a.Propagation))):]
	if c.Entries[arn] = h; len(h) == 1 && e == nil {
		delete(c.Entries, arn)
	}
}

// Enter gives a principal an access entry without a call, as if it had been created at that time. A principal that was
// created later has recreated the one that the entry is tied to.
func (a *Account) Enter(cl *Cluster, in EntryRequest, at time.Time, policies ...Association) {
	arn := in.PrincipalARN
	id, ok := a.identify(arn)
	if who, known := a.Principal(arn); !ok || known && who.Created.After(at) {
		id = UniqueID("AROA", arn, "once")
	}
	e := a.newEntry(cl, in, id, epoch{at}, UUID(cl.Name, arn))
	for _, p := range policies {
		p.AssociatedAt, p.ModifiedAt = epoch{at}, epoch{at}
		e.Policies = append(e.Policies, p)
	}
	a.put(cl, arn, e, at)
}

// Count is how many entries the cluster has, those not yet visible included.
func (cl *Cluster) Count() (n int) {
	for _, h := range cl.Entries {
		if h.Now() != nil {
			n++
		}
	}
	return n
}
