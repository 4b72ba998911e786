package export

import (
	"strings"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/manifest"
)

// name names the entries as list -o yaml does. Where a role or user was recreated with another path, two entries of one
// cluster would have one name: then both get the digest of their ARN.
func (x *Export) name() {
	of := map[string]int{}
	for _, e := range x.Entries {
		e.Name = manifest.Name(*e.Of, *x.Cluster)
		of[e.Name]++
	}
	for _, e := range x.Entries {
		if of[e.Name] > 1 {
			e.Name = e.distinct(e.Name, "-")
		}
	}
}

// distinct puts the digest of the ARN behind a name that another entry could have too, unless it is there.
func (e *Entry) distinct(name, separator string) string {
	digest := manifest.Digest(e.Of.Principal)
	if strings.HasSuffix(name, digest) {
		return name
	}
	return name + separator + digest
}

// label is the name in the alphabet of Terraform: letters, digits and _, a digit not first. Only a dot makes it ambiguous.
func (e *Entry) label() string {
	label := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, e.Name)
	if strings.Contains(e.Name, ".") {
		label = e.distinct(label, "_")
	}
	if label[0] <= '9' {
		return "_" + label
	}
	return label
}

// logicalID is the name in the alphabet of CloudFormation: letters and digits. A separator becomes a capital; before a digit,
// or beside another separator, that is not possible, and the name would be ambiguous.
func (e *Entry) logicalID() string {
	var b strings.Builder
	begins, lossy := true, false
	for i, c := range []byte(e.Name) {
		switch letter := c >= 'a' && c <= 'z'; {
		case c == '-' || c == '.':
			lossy = lossy || c == '.' || begins
			begins = true
		case begins && letter:
			b.WriteByte(c - 'a' + 'A')
			begins = false
		default:
			lossy = lossy || begins && i > 0
			b.WriteByte(c)
			begins = false
		}
	}
	if lossy {
		return e.distinct(b.String(), "")
	}
	return b.String()
}

// policyWord is a policy as the last word of a name. It has no separator, so that the names of two entries and their policies
// never meet.
func policyWord(p access.Policy) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, p.Short())
}
