package iam

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-access/kubectl-access/pkg/access"
	"github.com/kubectl-access/kubectl-access/pkg/login"
)

// places are where IAM is, one for each partition, and the region of its signatures (AWS SDK partition data; the test compares
// them with the SDK's client).
var places = [][3]string{
	{"aws", "iam.amazonaws.com", "us-east-1"},
	{"aws-cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
	{"aws-us-gov", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
	{"aws-iso", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
	{"aws-iso-b", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
	{"aws-iso-e", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"},
	{"aws-iso-f", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"},
	{"aws-eusc", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
}

// place is where IAM is for a region.
func place(region string, fips bool) (host, signed string) {
	partition := access.PartitionOf(region)
	i := slices.IndexFunc(places, func(p [3]string) bool { return p[0] == partition })
	at := places[max(0, i)]
	if fips && partition == "aws" {
		return "iam-fips.amazonaws.com", at[2]
	}
	return at[1], at[2]
}

// element is a part of an answer of IAM, which is XML.
type element struct {
	name, text string
	parts      []*element
}

// at is the element at a path; one without content where it is not there.
//
//go:noinline
func (e *element) at(path ...string) *element {
	for _, name := range path {
		next := &element{}
		for _, p := range e.parts {
			if p.name == name {
				next = p
				break
			}
		}
		e = next
	}
	return e
}

// parse reads an answer.
func parse(data []byte) (*element, error) {
	top := &element{}
	open := []*element{top}
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		last := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			next := &element{name: t.Name.Local}
			last.parts, open = append(last.parts, next), append(open, next)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(t)
		}
		if err == io.EOF { //nolint:errorlint // the decoder's own
			return top, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// refusal is the code and the message of an error answer.
func refusal(_ http.Header, data []byte) (code, message string) {
	top, err := parse(data)
	if err != nil {
		return "", ""
	}
	e := top.at("ErrorResponse", "Error")
	return e.at("Code").text, e.at("Message").text
}

// version is that of IAM's API.
const version = "2010-05-08"

// ask calls an operation and returns its result.
func (c *Client) ask(ctx context.Context, operation string, params url.Values) (*element, error) {
	params.Set("Action", operation)
	params.Set("Version", version)
	data, err := c.api.Call(ctx, operation, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, []byte(params.Encode()))
	if err != nil {
		return nil, explain(err)
	}
	top, err := parse(data)
	if err != nil || len(top.parts) == 0 {
		return nil, fmt.Errorf("%w: IAM answered %s with something else than XML", login.ErrIncomplete, operation)
	}
	return top.parts[0].at(operation + "Result"), nil
}

// about calls an operation about one thing.
func (c *Client) about(ctx context.Context, operation, parameter, name string) (*element, error) {
	return c.ask(ctx, operation, url.Values{parameter: {name}})
}

// time is that of an element; zero for none.
func (e *element) time() time.Time {
	t, _ := time.Parse(time.RFC3339, strings.TrimSpace(e.text))
	return t
}

// madeOf is a role or user of an answer.
func madeOf(e *element) made {
	return made{access.Principal(e.at("Arn").text), e.at("CreateDate").time()}
}
