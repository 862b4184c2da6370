// Package cell understands what stands in the cells of provider exports: words
// for nothing, instants of every shape that real files have, numbers with and
// without the decoration of spreadsheets, tags.
package cell

import (
	"bytes"
	"unicode/utf8"
)

// IsNull reports whether text stands for nothing: empty, \N, NULL or null.
func IsNull(text []byte) bool {
	switch len(text) {
	case 0:
		return true
	case 2:
		return text[0] == '\\' && text[1] == 'N'
	case 4:
		s := string(text)
		return s == "NULL" || s == "null" || s == "Null"
	}
	return false
}

// Trim cuts white space at both ends, and everything if only a word for
// nothing is left.
func Trim(text []byte) []byte {
	if n := len(text); n > 0 && (text[0] <= ' ' || text[n-1] <= ' ') {
		text = bytes.TrimSpace(text)
	}
	if IsNull(text) {
		return nil
	}
	return text
}

// IsClean reports whether text is UTF-8 without the byte 0, which databases do
// not store.
func IsClean(text []byte) bool { return utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 }

// Clean returns text with every byte that is no UTF-8, and every byte 0,
// replaced by U+FFFD.
func Clean(text []byte) []byte {
	text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	return bytes.ReplaceAll(text, []byte{0}, []byte("\uFFFD"))
}
