package awsapi

import (
	"maps"
)

// tagged is a resource whose tags may be read and replaced.
type tagged struct {
	tags map[string]string
	set  func(map[string]string)
}

// findTagged looks for the resource of a tag call. Readers see an entry's tags as late as the entry itself.
func (a *Account) findTagged(c *Call, change bool) (tagged, error) {
	arn, at := c.PathValue("resourceArn"), c.At
	if !change {
		at = c.At.Add(-a.Propagation)
	}
	for _, cl := range a.Clusters {
		if a.ClusterARN(cl) == arn {
			return tagged{cl.Tags, func(t map[string]string) { cl.Tags = t }}, nil
		}
		for _, h := range cl.Entries {
			if e := h.seen(at); e != nil && e.AccessEntryARN == arn {
				return a.taggedEntry(c, cl, e, change)
			}
		}
	}
	// UNVERIFIED (eks-access.md §3.1): the text.
	return tagged{}, &refusal{status: 404, code: "NotFoundException", message: "The specified resource could not be found: " + arn}
}

func (a *Account) taggedEntry(c *Call, cl *Cluster, was *Entry, change bool) (tagged, error) {
	if change && splitARN(was.PrincipalARN).serviceLinked() {
		return tagged{}, badRequest("%s", errServiceLinked.message)
	}
	return tagged{was.Tags, func(t map[string]string) {
		e := *was
		e.Tags = t
		a.put(cl, e.PrincipalARN, &e, c.At)
	}}, nil
}

func (a *Account) tagResource(c *Call) (any, error) {
	var in struct {
		Tags map[string]string `json:"tags"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	resource, err := a.findTagged(c, true)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags, badRequest); err != nil { // AWS's own tags on the resource are none of the caller's
		return nil, err
	}
	tags := maps.Clone(resource.tags)
	maps.Copy(tags, in.Tags)
	if len(tags) > mostTags {
		return nil, badRequest(tooManyTags)
	}
	resource.set(tags)
	return struct{}{}, nil
}

func (a *Account) untagResource(c *Call) (any, error) {
	resource, err := a.findTagged(c, true)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(resource.tags)
	for _, name := range c.URL.Query()["tagKeys"] {
		delete(tags, name)
	}
	resource.set(tags)
	return struct{}{}, nil
}

func (a *Account) listTagsForResource(c *Call) (any, error) {
	resource, err := a.findTagged(c, false)
	if err != nil {
		return nil, err
	}
	return map[string]any{"tags": resource.tags}, nil
}
