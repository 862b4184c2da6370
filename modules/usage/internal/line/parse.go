package line

import "fmt"

// ParseNumber reads a decimal exactly: 12.50, -7.0E-10, 5e-06, .5, +3. Spaces,
// separators and words are errors, an empty text too: what means NULL is for
// the format to say. Zeros at either end are not counted as digits.
//
// Errors: ErrTooManyDigits for a number that would need more than MaxDigits
// digits written out in full.
func ParseNumber(text []byte) (Number, error) {
	p := parser{}
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		p.neg = text[i] == '-'
		i++
	}
	seen, point := 0, false
	for ; i < len(text); i++ {
		c := text[i]
		if d := c - '0'; d <= 9 {
			seen++
			p.digit(d)
			if point {
				p.exponent--
			}
			continue
		}
		if c != '.' || point {
			break
		}
		point = true
	}
	if seen == 0 || i < len(text) && !p.readExponent(text[i:]) {
		return Number{}, fmt.Errorf("%q is not a number", text[:min(len(text), 80)])
	}
	return p.number()
}

// parser collects the significant digits of a number one by one.
type parser struct {
	value    u128
	digits   int // significant ones in value
	zeros    int // read after them, significant only if another digit follows
	exponent int
	neg      bool
}

func (p *parser) digit(d byte) {
	if d == 0 {
		if p.digits > 0 {
			p.zeros++
		}
		return
	}
	p.digits += p.zeros + 1
	if p.digits <= 19 {
		lo := p.value.lo
		for ; p.zeros > 0; p.zeros-- {
			lo *= 10
		}
		p.value.lo = lo*10 + uint64(d)
		return
	}
	if p.digits > MaxDigits {
		p.zeros = 0 // an error already; the value no longer counts
		return
	}
	for ; p.zeros > 0; p.zeros-- {
		p.value = p.value.times10plus(0)
	}
	p.value = p.value.times10plus(uint64(d))
}

// readExponent reads e-06.
func (p *parser) readExponent(text []byte) bool {
	if len(text) < 2 || text[0]|0x20 != 'e' {
		return false
	}
	text = text[1:]
	neg := text[0] == '-'
	if neg || text[0] == '+' {
		text = text[1:]
	}
	e := 0
	for _, c := range text {
		d := c - '0'
		if d > 9 {
			return false
		}
		e = min(e*10+int(d), 1<<24) // beyond that every number but 0 is too long
	}
	if neg {
		e = -e
	}
	p.exponent += e
	return len(text) > 0
}

func (p *parser) number() (Number, error) {
	e := p.exponent + p.zeros
	switch {
	case p.digits == 0:
		return Zero, nil
	case p.digits > MaxDigits || e < -MaxDigits || e > MaxDigits:
		return Number{}, ErrTooManyDigits
	case e < 0:
		return Number{hi: p.value.hi, lo: p.value.lo, scale: uint8(-e), neg: p.neg, valid: true}, nil
	}
	v, ok := p.value.timesPow10(e)
	if !ok {
		return Number{}, ErrTooManyDigits
	}
	return Number{hi: v.hi, lo: v.lo, neg: p.neg, valid: true}, nil
}
