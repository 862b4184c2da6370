package rules

import (
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// maxParsed is the most characters of a whole number that surely fits into the
// parser's 64 bits.
const maxParsed = 18

// parseable returns source with a small number of the same length in the place
// of each one that the parser might find too large for its own types. All
// places stay the same, and the checker reads literals from the source itself.
func parseable(source string) string {
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return source // the parser says what is wrong
	}
	var text []rune
	for _, t := range tokens {
		if t.Kind != lexer.Number || !isLarge(t.Value) {
			continue
		}
		if text == nil {
			text = []rune(source)
		}
		copy(text[t.From:t.To], []rune("1."+strings.Repeat("0", t.To-t.From-2)))
	}
	if text == nil {
		return source
	}
	return string(text)
}

// isLarge reports whether a decimal literal might be out of the range of 64
// bits, or have an exponent that is.
func isLarge(literal string) bool {
	if len(literal) > 1 && literal[0] == '0' && strings.ContainsAny(literal[1:2], "xXbBoO") {
		return false
	}
	return len(literal) > maxParsed || len(literal) > 2 && strings.ContainsAny(literal, "eE")
}
