package awsapi

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	dateLayout = "20060102T150405Z"
	clockSkew  = 5 * time.Minute
)

// signature is what a request says about who signed it, and how.
type signature struct {
	key, scope, region, service string
	date                        time.Time
	headers                     []string // signed ones, lower case
	value                       string
	token                       string
	presigned                   bool
	expires                     time.Duration // of a presigned request
}

// readSignature finds the signature in the Authorization header or, presigned, in the query.
func readSignature(r *http.Request) (signature, error) {
	query := r.URL.Query()
	fields := map[string]string{}
	g := signature{presigned: query.Has("X-Amz-Signature")}
	date := r.Header.Get("X-Amz-Date")
	if g.presigned {
		for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
			fields[name] = query.Get("X-Amz-" + name)
		}
		date, g.token = query.Get("X-Amz-Date"), query.Get("X-Amz-Security-Token")
		seconds, err := strconv.Atoi(cmp.Or(query.Get("X-Amz-Expires"), "900"))
		if err != nil || seconds < 0 || query.Get("X-Amz-Algorithm") != algorithm {
			return g, authErr(incomplete, "Request is missing a valid X-Amz-Expires or X-Amz-Algorithm")
		}
		g.expires = time.Duration(seconds) * time.Second
	} else {
		scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if scheme != algorithm {
			return g, authErr(missingToken, "Missing Authentication Token")
		}
		for field := range strings.SplitSeq(rest, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			fields[name] = value
		}
		g.token = r.Header.Get("X-Amz-Security-Token")
	}
	return g.parse(fields, date)
}

func (g signature) parse(fields map[string]string, date string) (signature, error) {
	parts := strings.Split(fields["Credential"], "/")
	at, err := time.Parse(dateLayout, date)
	if err != nil || len(parts) != 5 || parts[4] != "aws4_request" || fields["Signature"] == "" || parts[1] != date[:8] {
		return g, authErr(incomplete, "Credential, SignedHeaders, Signature and a date of the form "+dateLayout+" are required")
	}
	g.key, g.region, g.service, g.date = parts[0], parts[2], parts[3], at
	g.scope = strings.Join(parts[1:], "/")
	g.headers = strings.Split(fields["SignedHeaders"], ";")
	g.value = fields["Signature"]
	if !slices.Contains(g.headers, "host") {
		return g, authErr(mismatch, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return g, nil
}

// checkTime refuses what was signed too long ago, or with a clock that runs ahead.
func (g signature) checkTime(now time.Time) error {
	signed, at := g.date.Format(dateLayout), now.UTC().Format(dateLayout)
	switch {
	case g.date.After(now.Add(clockSkew)):
		limit := now.UTC().Add(clockSkew).Format(dateLayout)
		return authErr(mismatch, "Signature not yet current: "+signed+" is still later than "+limit+" ("+at+" + 5 min.)")
	case g.presigned && now.After(g.date.Add(g.expires)):
		return authErr(expiredRequest, "Request has expired.")
	case !g.presigned && g.date.Before(now.Add(-clockSkew)):
		limit := now.UTC().Add(-clockSkew).Format(dateLayout)
		return authErr(mismatch, "Signature expired: "+signed+" is now earlier than "+limit+" ("+at+" - 5 min.)")
	}
	return nil
}

// matches recomputes the signature over the request as it arrived.
func (g signature) matches(r *http.Request, body []byte, secret string) bool {
	text := strings.Join([]string{algorithm, g.date.Format(dateLayout), g.scope, hexSum([]byte(g.canonical(r, body)))}, "\n")
	k := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(g.scope, "/") {
		k = mac(k, part)
	}
	given, err := hex.DecodeString(g.value)
	return err == nil && hmac.Equal(given, mac(k, text))
}

func (g signature) canonical(r *http.Request, body []byte) string {
	var b strings.Builder
	// The path is encoded as it was sent and then once more, as every service but S3 requires.
	b.WriteString(r.Method + "\n" + strings.ReplaceAll(escape(r.URL.EscapedPath()), "%2F", "/") + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range g.headers {
		b.WriteString(name + ":" + signedHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(g.headers, ";") + "\n" + hexSum(body))
	return b.String()
}

// signedHeader also knows the two headers that net/http removes from the request's header.
func signedHeader(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	var trimmed []string
	for _, v := range values {
		trimmed = append(trimmed, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(trimmed, ",")
}

func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name == "" || name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, reescape(name)+"="+reescape(value))
	}
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, valueA, _ := strings.Cut(a, "=")
		nameB, valueB, _ := strings.Cut(b, "=")
		if nameA != nameB {
			return strings.Compare(nameA, nameB)
		}
		return strings.Compare(valueA, valueB)
	})
	return strings.Join(pairs, "&")
}

func reescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		s = plain
	}
	return escape(s)
}

// escape is AWS's percent-encoding: everything but letters, digits and -._~, in upper-case hex.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
