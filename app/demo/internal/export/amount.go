package export

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/shopspring/decimal"
)

// unitScale is the number of decimals of quantities and prices: both are
// integers in units of 10^-10.
const unitScale = 10

// pow10 holds the powers of ten that fit an int64.
var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// product returns quantity × price with scale decimals, half away from zero.
// Both are in units of 10^-10. It panics where the result has over 63 bits:
// 92,233 at 14 decimals, far above any row.
func product(quantity, price int64, scale int) int64 {
	negative := (quantity < 0) != (price < 0)
	hi, lo := bits.Mul64(magnitude(quantity), magnitude(price))
	divisor := uint64(pow10[2*unitScale-scale])
	lo, carry := bits.Add64(lo, divisor/2, 0)
	quotient, _ := bits.Div64(hi+carry, lo, divisor)
	if quotient > math.MaxInt64 {
		panic("export: a row's amount has over 63 bits")
	}
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}

// share returns amount × percent / 100, half away from zero.
func share(amount, percent int64) int64 {
	hi, lo := bits.Mul64(magnitude(amount), magnitude(percent))
	lo, carry := bits.Add64(lo, 50, 0)
	quotient, _ := bits.Div64(hi+carry, lo, 100)
	if (amount < 0) != (percent < 0) {
		return -int64(quotient)
	}
	return int64(quotient)
}

// roundTo cuts amount, which has scale decimals, to digits decimals, half away
// from zero, without changing its scale.
func roundTo(amount int64, scale, digits int) int64 {
	unit := pow10[scale-digits]
	if amount < 0 {
		return -((-amount + unit/2) / unit * unit)
	}
	return (amount + unit/2) / unit * unit
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// units reads a literal of the catalogue, such as "0.0000166667". It panics on
// anything else: literals are ours.
func units(s string) int64 {
	d := decimal.RequireFromString(s).Shift(unitScale)
	if !d.IsInteger() {
		panic("export: more than ten decimals: " + s)
	}
	return d.IntPart()
}

// notation is how a provider writes numbers.
type notation uint8

const (
	plain    notation = iota // 0.0416, 1.5, 720
	fixed                    // 0.0416000000: all decimals of the scale
	exponent                 // 4.16E-4 below a thousandth, else plain
)

// appendNumber writes n, which has scale decimals, exactly.
func appendNumber(b []byte, n int64, scale int, how notation) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	if how == exponent && n != 0 && n < pow10[scale-3] {
		return appendExponent(b, n, scale)
	}
	whole, rest := n/pow10[scale], n%pow10[scale]
	b = strconv.AppendInt(b, whole, 10)
	if rest == 0 && how != fixed {
		return b
	}
	b = append(b, '.')
	start := len(b)
	for range scale {
		b = append(b, '0')
	}
	for i := len(b) - 1; rest > 0; i-- {
		b[i] = byte('0' + rest%10)
		rest /= 10
	}
	if how != fixed {
		for len(b) > start && b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}

// appendExponent writes n > 0 the way Java prints small doubles: 7.0E-10.
func appendExponent(b []byte, n int64, scale int) []byte {
	for n%10 == 0 {
		n, scale = n/10, scale-1
	}
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], n, 10)
	b = append(b, d[0], '.')
	if len(d) == 1 {
		b = append(b, '0')
	}
	b = append(b, d[1:]...)
	b = append(b, 'E', '-')
	return strconv.AppendInt(b, int64(scale-len(d)+1), 10)
}

// sum adds up integers of any number, exactly.
type sum struct {
	small int64
	large *big.Int
}

// add adds n; its magnitude is below 2^62.
func (s *sum) add(n int64) {
	s.small += n
	if s.small > 1<<61 || s.small < -(1<<61) {
		if s.large == nil {
			s.large = new(big.Int)
		}
		s.large.Add(s.large, big.NewInt(s.small))
		s.small = 0
	}
}

// decimal returns the sum of integers that have scale decimals.
func (s *sum) decimal(scale int) decimal.Decimal {
	total := big.NewInt(s.small)
	if s.large != nil {
		total.Add(total, s.large)
	}
	return decimal.NewFromBigInt(total, -int32(scale))
}
