// Package line holds one usage line in FOCUS terms: its columns, its exact
// numbers, and its canonical bytes, which are the order of lines, what is
// spilled to disk, and what content hashes cover.
package line

// Line is one usage line as delivered. Empty text is NULL: there is no
// difference between the two anywhere.
//
// Text may alias the buffer of whoever filled the line and is then good until
// the next one. A Line is meant to be reused; Reset empties it.
type Line struct {
	Text     [NumColumns][]byte
	Measures [NumMeasures]Number
}

// Reset makes every column NULL.
func (l *Line) Reset() { *l = Line{} }

// Set makes text column c hold s.
func (l *Line) Set(c Column, s string) { l.Text[c] = []byte(s) }
