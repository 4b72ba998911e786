package sandboxtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"slices"
)

// Hostile is a text that no terminal should be shown as it is, and no format should be made of.
const Hostile = "evil%s\x1b[31m\r\nline\u202e\u009b31m\x00"

// Emptied is how Spoil leaves an empty object of the whole answer, as if nothing were there.
const Emptied = 9

// Spoil drops one member of a JSON or XML text, at any depth, or gives it a value of another kind. The numbers choose
// which and how; every number chooses something.
func Spoil(text []byte, member, how uint) []byte {
	if how %= Emptied + 1; how == Emptied {
		return []byte("{}")
	}
	var root any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&root) != nil {
		return spoilXML(text, member, how)
	}
	var all []place
	gather(root, place{set: func(v any) { root = v }, drop: func() { root = nil }}, &all)
	chosen := all[member%uint(len(all))]
	if how == 0 {
		chosen.drop()
	} else {
		wrongs := [Emptied - 1]any{nil, Hostile, "", json.Number("-1e9"), true, []any{}, map[string]any{}, []any{nil, Hostile, map[string]any{}}}
		chosen.set(wrongs[how-1])
	}
	text, _ = json.Marshal(root)
	return text
}

// place is where a value stands.
type place struct {
	set  func(any)
	drop func()
}

// gather names every place of a value, always in the same order.
func gather(v any, here place, all *[]place) {
	*all = append(*all, here)
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			gather(v[key], place{func(n any) { v[key] = n }, func() { delete(v, key) }}, all)
		}
	case []any:
		for i, item := range v {
			gather(item, place{func(n any) { v[i] = n }, func() { here.set(slices.Delete(slices.Clone(v), i, i+1)) }}, all)
		}
	}
}

// xmlWrongs have no control characters but those that XML can carry.
var xmlWrongs = []string{"", "evil%s\u202e\u009b31m&#13;&#10;line", "-1e9", "true", "<member/>", "<member><Arn>x</Arn></member>"}

func spoilXML(text []byte, member, how uint) []byte {
	var spans [][4]int64 // of an element: its start, the start and end of what is in it, its end
	var open []int
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		before := decoder.InputOffset()
		token, err := decoder.Token()
		if err != nil {
			break
		}
		switch token.(type) {
		case xml.StartElement:
			open = append(open, len(spans))
			spans = append(spans, [4]int64{before, decoder.InputOffset()})
		case xml.EndElement:
			s := &spans[open[len(open)-1]]
			s[2], s[3] = before, decoder.InputOffset()
			open = open[:len(open)-1]
		}
	}
	if len(spans) == 0 || len(open) > 0 {
		return []byte(Hostile)
	}
	s := spans[member%uint(len(spans))]
	if how == 0 {
		return slices.Concat(text[:s[0]], text[s[3]:])
	}
	return slices.Concat(text[:s[1]], []byte(xmlWrongs[how%uint(len(xmlWrongs))]), text[s[2]:])
}
