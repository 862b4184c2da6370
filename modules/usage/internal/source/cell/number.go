package cell

import (
	"bytes"
	"fmt"

	"tierbook/modules/usage/internal/line"
)

// Decorated says whether a number was written as a spreadsheet shows it.
type Decorated bool

// ParseNumber reads a decimal exactly; words for nothing are NULL. It also
// reads what spreadsheets make of money, «$10,000.00 » and «($3.50)», and says
// so. Without a currency sign a comma is an error, because it may be a decimal
// point.
//
// Errors: line.ErrTooManyDigits, or that text is no number.
func ParseNumber(text []byte) (line.Number, Decorated, error) {
	text = Trim(text)
	if len(text) == 0 {
		return line.Number{}, false, nil
	}
	if bytes.IndexByte(text, '$') < 0 {
		n, err := line.ParseNumber(text)
		return n, false, err
	}
	plain, ok := undecorate(text)
	if !ok {
		return line.Number{}, true, fmt.Errorf("%q is not a number", text[:min(len(text), 80)])
	}
	n, err := line.ParseNumber(plain)
	return n, true, err
}

// undecorate makes 10000.00 of $10,000.00 and -3.50 of ($3.50).
func undecorate(text []byte) (plain []byte, ok bool) {
	if n := len(text); n > 2 && text[0] == '(' && text[n-1] == ')' {
		plain, text = append(plain, '-'), bytes.TrimSpace(text[1:n-1])
	} else if text[0] == '-' {
		plain, text = append(plain, '-'), text[1:]
	}
	if len(text) < 2 || text[0] != '$' {
		return nil, false
	}
	integer, fraction, point := bytes.Cut(bytes.TrimSpace(text[1:]), []byte("."))
	groups := bytes.Split(integer, []byte(","))
	for i, g := range groups {
		if !isDigits(g) || len(g) == 0 || i > 0 && len(g) != 3 || len(groups) > 1 && len(g) > 3 {
			return nil, false
		}
		plain = append(plain, g...)
	}
	if point {
		plain = append(append(plain, '.'), fraction...)
	}
	return plain, true
}
