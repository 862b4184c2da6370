package cell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tag is one tag.
type Tag struct {
	Key   string
	Value string
}

// AppendTags appends tags as a JSON object with sorted keys and no spaces;
// nothing if there are none. Keys must be distinct; tags gets sorted.
func AppendTags(dst []byte, tags []Tag) []byte {
	if len(tags) == 0 {
		return dst
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	dst = append(dst, '{')
	for i, t := range tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, t.Key)
		dst = append(dst, ':')
		dst = AppendString(dst, t.Value)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Only what must be escaped is.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// AppendTagsJSON reads tags as FOCUS writes them, a JSON object, and appends
// them in the form of AppendTags. Azure's JSON without the braces is read too.
// Values that are no text are kept as their JSON; null is an empty text. Of a
// key that comes twice, the last value counts.
//
// Errors: text that is no such object.
func AppendTagsJSON(dst, text []byte) ([]byte, error) {
	text = Trim(text)
	if len(text) == 0 || string(text) == "{}" {
		return dst, nil
	}
	if text[0] == '"' {
		text = append(append([]byte{'{'}, text...), '}')
	}
	tags, err := decodeTags(text)
	if err != nil {
		return dst, fmt.Errorf("%q are not tags", text[:min(len(text), 80)])
	}
	return AppendTags(dst, tags), nil
}

func decodeTags(text []byte) ([]Tag, error) {
	var object map[string]json.RawMessage
	if !utf8.Valid(text) {
		text = Clean(text)
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	tags := make([]Tag, 0, len(object))
	for key, raw := range object {
		t := Tag{Key: key}
		switch {
		case len(raw) > 0 && raw[0] == '"':
			if err := json.Unmarshal(raw, &t.Value); err != nil {
				return nil, err
			}
		case string(raw) == "null":
		default:
			var b bytes.Buffer
			if err := json.Compact(&b, raw); err != nil {
				return nil, err
			}
			t.Value = b.String()
		}
		t.Key, t.Value = noZero(t.Key), noZero(t.Value)
		tags = append(tags, t)
	}
	return tags, nil
}

func noZero(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }
