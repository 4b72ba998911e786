package awsapi

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// Digest makes IDs that are the same in every run.
func Digest(of ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return sum[:]
}

// UniqueID is an IAM ID such as AROA… or AIDA….
func UniqueID(prefix string, of ...string) string {
	return prefix + base32.StdEncoding.EncodeToString(Digest(of...))[:17]
}

func idPrefix(kind string) string {
	if kind == "user" {
		return "AIDA"
	}
	return "AROA"
}

// UUID derives a UUID, which is the same in every run.
func UUID(of ...string) string {
	h := hex.EncodeToString(Digest(of...))
	return strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:32]}, "-")
}
