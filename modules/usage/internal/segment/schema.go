package segment

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/encoding"

	"tierbook/modules/usage/internal/line"
)

// codec compresses pages. Dictionary indexes and deltas are mostly short runs
// already, so that a light codec is enough and reading stays fast.
var codec compress.Codec = &snappy.Codec{}

// The precisions of measures: what an int64 holds, and what needs more.
const (
	narrowPrecision = 18
	widePrecision   = line.MaxDigits
	wideBytes       = 16
)

// shape is how the measures of one file are stored.
type shape [line.NumMeasures]decimalShape

type decimalShape struct {
	scale int
	wide  bool // 16 bytes, not 8
}

// shapeOf returns the shape for measures of so many digits before and after
// the point; ok is false if they do not fit together.
func shapeOf(integer, fraction [line.NumMeasures]int) (s shape, ok bool) {
	for i := range s {
		digits := integer[i] + fraction[i]
		if digits > line.MaxDigits {
			return shape{}, false
		}
		s[i] = decimalShape{scale: fraction[i], wide: digits > narrowPrecision}
	}
	return s, true
}

// schema returns the file's schema. Every column is optional.
func (s shape) schema() *parquet.Schema {
	group := parquet.Group{}
	for c := range line.Column(line.NumColumns) {
		node, enc := textNode(c)
		group[c.String()] = column(node, enc)
	}
	for m := range line.Measure(line.NumMeasures) {
		if s[m].wide {
			wide := parquet.Decimal(s[m].scale, widePrecision, parquet.FixedLenByteArrayType(wideBytes))
			group[m.String()] = column(wide, &parquet.Plain)
			continue
		}
		narrow := parquet.Decimal(s[m].scale, narrowPrecision, parquet.Int64Type)
		group[m.String()] = column(narrow, &parquet.DeltaBinaryPacked)
	}
	return parquet.NewSchema("usage", group)
}

func column(node parquet.Node, enc encoding.Encoding) parquet.Node {
	return parquet.Optional(parquet.Compressed(parquet.Encoded(node, enc), codec))
}

// textNode returns how a text column is stored: in a dictionary, unless its
// values seldom repeat.
func textNode(c line.Column) (parquet.Node, encoding.Encoding) {
	switch {
	case c.IsInstant():
		return parquet.Timestamp(parquet.Millisecond), &parquet.RLEDictionary
	case c == line.ConsumedQuantity:
		return parquet.String(), &parquet.Plain
	}
	return parquet.String(), &parquet.RLEDictionary
}
