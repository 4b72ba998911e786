package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// account is what the sandbox's AWS knows. Its exported fields are kept in the state file.
type account struct {
	ID         string                `json:"id"`
	Region     string                `json:"region"`
	Principals map[string]*principal `json:"principals"` // by principalKey
	Clusters   map[string]*cluster   `json:"clusters"`
	Trail      []event               `json:"trail"` // oldest first

	file      string        // where save writes; "" nowhere
	lag       time.Duration // Options.Propagation
	trouble   string        // Options.UpdateError
	keys      map[string]*key
	profiles  map[string]*key
	endpoints map[string]endpoint // by cluster
}

// principal is an IAM role or user. EKS and tokens know it by ID: a role that is made anew under
// the same name is another principal.
type principal struct {
	Kind    string    `json:"kind"` // role or user
	Path    string    `json:"path"`
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Allow   []string  `json:"allow,omitempty"` // actions, with wildcards
}

// principalKey finds a principal as IAM does: names are unique whatever their case and path.
func principalKey(kind, name string) string { return kind + "/" + strings.ToLower(name) }

func (a *account) add(p *principal) { a.Principals[principalKey(p.Kind, p.Name)] = p }

func (a *account) arn(p *principal) string {
	return "arn:aws:iam::" + a.ID + ":" + p.Kind + p.Path + p.Name
}

// principal finds by full ARN; one without its path, or in another case, names nobody.
func (a *account) principal(arn string) (*principal, bool) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(arn, "arn:aws:iam::"+a.ID+":"), "/")
	p, ok := a.Principals[principalKey(kind, rest[strings.LastIndex(rest, "/")+1:])]
	if !ok || a.arn(p) != arn {
		return nil, false
	}
	return p, true
}

type cluster struct {
	Name    string             `json:"name"`
	Created time.Time          `json:"created"`
	Creator string             `json:"creator"` // ARN
	Mode    string             `json:"mode"`
	Tags    map[string]string  `json:"tags"`
	AWSAuth map[string]string  `json:"awsAuth"`           // data of the ConfigMap; nil: there is none
	Frame   object             `json:"frame,omitempty"`   // the rest of that object, once somebody wrote it
	Written int                `json:"written,omitempty"` // how often the cluster's objects were written
	Deleted int                `json:"deleted,omitempty"` // the version at which one was deleted last
	Entries map[string]history `json:"entries"`           // by principal ARN
	Updates []*update          `json:"updates,omitempty"`

	Bindings   []binding            `json:"bindings"`
	Roles      []object             `json:"roles,omitempty"` // those that somebody made
	NodeGroups map[string]nodeGroup `json:"nodeGroups,omitempty"`
}

// entry is one access entry: what the API shows of it, and what it keeps to itself.
type entry struct {
	shownEntry
	PrincipalID string        `json:"principalId"`
	Request     string        `json:"request,omitempty"` // digest of the call that made it, its token included
	Policies    []association `json:"policies,omitempty"`
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

type association struct {
	PolicyARN    string      `json:"policyArn"`
	AccessScope  accessScope `json:"accessScope"`
	AssociatedAt epoch       `json:"associatedAt"`
	ModifiedAt   epoch       `json:"modifiedAt"`
}

type accessScope struct {
	Type       string   `json:"type"`
	Namespaces []string `json:"namespaces"`
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

// history holds an entry's versions, oldest first: the last is what writes work on, while reads and
// authorization see the last one that is older than the propagation delay. A nil entry is a deleted one.
type history []version

type version struct {
	Since time.Time `json:"since"`
	Entry *entry    `json:"entry"`
}

func (h history) now() *entry {
	if len(h) == 0 {
		return nil
	}
	return h[len(h)-1].Entry
}

func (h history) seen(at time.Time) *entry {
	if i := h.visible(at); i >= 0 {
		return h[i].Entry
	}
	return nil
}

func (h history) visible(at time.Time) int {
	for i := len(h) - 1; i >= 0; i-- {
		if !h[i].Since.After(at) {
			return i
		}
	}
	return -1
}

// put makes e the entry of arn, nil for none. Versions are never changed in place.
func (a *account) put(c *cluster, arn string, e *entry, at time.Time) {
	h := append(c.Entries[arn], version{at, e})
	h = h[max(0, h.visible(at.Add(-a.lag))):]
	if c.Entries[arn] = h; len(h) == 1 && e == nil {
		delete(c.Entries, arn)
	}
}

// count tells how many entries the cluster has, those not yet visible included.
func (c *cluster) count() (n int) {
	for _, h := range c.Entries {
		if h.now() != nil {
			n++
		}
	}
	return n
}

// openAccount reads the state file, or seeds an account where there is none yet.
func openAccount(o Options) (*account, error) {
	now := moment(o)
	a := seeded(now)
	for _, cl := range a.Clusters {
		if cl.AWSAuth != nil && o.AWSAuth != nil {
			cl.AWSAuth = maps.Clone(o.AWSAuth)
		}
	}
	data, err := os.ReadFile(o.State)
	switch {
	case o.State == "" || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		a = &account{}
		if err := json.Unmarshal(data, a); err != nil {
			return nil, fmt.Errorf("state %s: %w", o.State, err)
		}
		for _, cl := range a.Clusters {
			if cl.Bindings == nil { // kept by a version that had the same in every cluster
				cl.Bindings = slices.Clone(seedBindings)
			}
		}
	}
	a.file, a.lag, a.trouble = o.State, o.Propagation, o.UpdateError
	a.keys, a.profiles = map[string]*key{}, map[string]*key{}
	a.endpoints = map[string]endpoint{}
	a.fill(a.Clusters["demo"], o.Entries, now)
	a.issueKeys(now)
	return a, nil
}

// moment is the time in the resolution of the wire, so that what is kept equals what was answered.
func moment(o Options) time.Time { return o.Now().UTC().Truncate(time.Millisecond) }

// save replaces the state file in one step: whoever is killed here leaves the old account or the new one.
func (a *account) save() error {
	if a.file == "" {
		return nil
	}
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(a.file), filepath.Base(a.file)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), a.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// digest makes ids that are the same in every run.
func digest(of ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return sum[:]
}

// uniqueID is an IAM id such as AROA… or AIDA….
func uniqueID(prefix string, of ...string) string {
	return prefix + base32.StdEncoding.EncodeToString(digest(of...))[:17]
}

func uuid(of ...string) string {
	h := hex.EncodeToString(digest(of...))
	return strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:32]}, "-")
}
