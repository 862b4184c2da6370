package line

import (
	"errors"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// MaxDigits is how many decimal digits a Number may have, before and after the
// point together: what fits in a Parquet DECIMAL.
const MaxDigits = 38

// ErrTooManyDigits says that a number does not fit in MaxDigits.
var ErrTooManyDigits = errors.New("the number has more than 38 digits")

// Number is an exact decimal of at most MaxDigits digits, or NULL, which the
// zero Number is. It is always canonical: no trailing zeros after the point and
// no negative zero, so that == compares by value.
type Number struct {
	hi, lo uint64 // magnitude of the unscaled value
	scale  uint8  // digits after the point
	neg    bool
	valid  bool
}

// Zero is the number 0, not NULL.
var Zero = Number{valid: true}

// NewNumber returns unscaled × 10^-scale; scale is 0 to 38.
func NewNumber(unscaled int64, scale int) (Number, error) {
	n := u128{lo: magnitude(unscaled)}
	return canonical(n, scale, unscaled < 0)
}

// FromDecimal returns d exactly. Errors: ErrTooManyDigits.
func FromDecimal(d decimal.Decimal) (Number, error) {
	return FromBig(d.Coefficient(), -int(d.Exponent()))
}

// FromBig returns unscaled × 10^-scale; a negative scale multiplies.
// Errors: ErrTooManyDigits.
func FromBig(unscaled *big.Int, scale int) (Number, error) {
	if unscaled.Sign() == 0 {
		return Zero, nil
	}
	text := unscaled.String()
	if scale > 1<<20 || scale < -1<<20 || len(text) > 1<<20 {
		return Number{}, ErrTooManyDigits
	}
	p := parser{exponent: -scale}
	for i := range len(text) {
		if text[i] == '-' {
			p.neg = true
			continue
		}
		p.digit(text[i] - '0')
	}
	return p.number()
}

// FromInt128 returns the two's complement value of hi and lo × 10^-scale, the
// form in which files hold wide decimals. Errors: ErrTooManyDigits.
func FromInt128(hi int64, lo uint64, scale int) (Number, error) {
	n := u128{hi: uint64(hi), lo: lo}
	if hi < 0 {
		n = n.complement()
	}
	return canonical(n, scale, hi < 0)
}

// IsNull reports whether n is NULL.
func (n Number) IsNull() bool { return !n.valid }

// IsZero reports whether n is 0; NULL is not.
func (n Number) IsZero() bool { return n.valid && n.hi == 0 && n.lo == 0 }

// Sign returns -1, 0 or 1; 0 for NULL.
func (n Number) Sign() int {
	switch {
	case n.hi == 0 && n.lo == 0:
		return 0
	case n.neg:
		return -1
	}
	return 1
}

// Digits returns how many digits n has before and after the point, without
// leading and trailing zeros: 0 and 3 for 0.001.
func (n Number) Digits() (integer, fraction int) {
	return max(n.magnitude().digits()-int(n.scale), 0), int(n.scale)
}

// Neg returns -n; NULL stays NULL.
func (n Number) Neg() Number {
	if n.Sign() != 0 {
		n.neg = !n.neg
	}
	return n
}

// Add returns n + o, exactly; NULL if either is. Errors: ErrTooManyDigits.
func (n Number) Add(o Number) (Number, error) {
	if !n.valid || !o.valid {
		return Number{}, nil
	}
	scale := max(n.scale, o.scale)
	a, okA := n.magnitude().timesPow10(int(scale - n.scale))
	b, okB := o.magnitude().timesPow10(int(scale - o.scale))
	if !okA || !okB {
		return Number{}, ErrTooManyDigits
	}
	if n.neg == o.neg {
		return canonical(a.plus(b), int(scale), n.neg)
	}
	if a.less(b) {
		return canonical(b.minus(a), int(scale), o.neg)
	}
	return canonical(a.minus(b), int(scale), n.neg)
}

// Sub returns n - o, exactly; NULL if either is. Errors: ErrTooManyDigits.
func (n Number) Sub(o Number) (Number, error) { return n.Add(o.Neg()) }

// Int128 returns n × 10^scale in two's complement; ok is false if that is no
// integer or has more than MaxDigits digits. NULL gives 0.
func (n Number) Int128(scale int) (hi int64, lo uint64, ok bool) {
	m, ok := n.magnitude().timesPow10(scale - int(n.scale))
	if !ok {
		return 0, 0, false
	}
	if n.neg {
		m = m.complement()
	}
	return int64(m.hi), m.lo, true
}

// Int64 is Int128 for values that fit in an int64.
func (n Number) Int64(scale int) (v int64, ok bool) {
	shift := scale - int(n.scale)
	if n.hi == 0 && uint(shift) < uint(len(pow10)) {
		if hi, lo := bits.Mul64(n.lo, pow10[shift].lo); hi == 0 && pow10[shift].hi == 0 && lo < 1<<63 {
			if n.neg {
				return -int64(lo), true
			}
			return int64(lo), true
		}
	}
	return 0, n.lo == 0 && n.hi == 0 && shift >= 0
}

// Decimal returns n as a decimal; 0 for NULL.
func (n Number) Decimal() decimal.Decimal {
	if n.hi == 0 && n.lo < 1<<63 {
		v := int64(n.lo)
		if n.neg {
			v = -v
		}
		return decimal.New(v, -int32(n.scale))
	}
	b := new(big.Int).SetUint64(n.hi)
	b.Or(b.Lsh(b, 64), new(big.Int).SetUint64(n.lo))
	if n.neg {
		b.Neg(b)
	}
	return decimal.NewFromBigInt(b, -int32(n.scale))
}

// Append appends n as plain text without exponent and trailing zeros, nothing
// for NULL.
func (n Number) Append(dst []byte) []byte {
	if !n.valid {
		return dst
	}
	var buf [2 * MaxDigits]byte
	i := len(buf)
	rest := n.magnitude()
	for digits := 0; rest != (u128{}) || digits <= int(n.scale); digits++ {
		if digits == int(n.scale) && digits > 0 {
			i--
			buf[i] = '.'
		}
		var d uint64
		rest, d = rest.divMod10()
		i--
		buf[i] = byte('0' + d)
	}
	if n.neg {
		i--
		buf[i] = '-'
	}
	return append(dst, buf[i:]...)
}

// String returns what Append appends.
func (n Number) String() string { return string(n.Append(nil)) }

func (n Number) magnitude() u128 { return u128{hi: n.hi, lo: n.lo} }

// canonical strips trailing zeros and checks the number of digits.
func canonical(m u128, scale int, neg bool) (Number, error) {
	if m == (u128{}) {
		return Zero, nil
	}
	for scale > 0 {
		q, d := m.divMod10()
		if d != 0 {
			break
		}
		m, scale = q, scale-1
	}
	if scale < 0 || scale > MaxDigits || !m.less(pow10[MaxDigits]) {
		return Number{}, ErrTooManyDigits
	}
	return Number{hi: m.hi, lo: m.lo, scale: uint8(scale), neg: neg, valid: true}, nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
