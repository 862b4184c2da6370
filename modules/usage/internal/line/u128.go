package line

import "math/bits"

// u128 is an unsigned integer of 128 bits; MaxDigits digits fit in 127.
type u128 struct{ hi, lo uint64 }

// pow10 holds 10^0 to 10^38.
var pow10 = func() (p [MaxDigits + 1]u128) {
	p[0] = u128{lo: 1}
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1].times10plus(0)
	}
	return p
}()

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (a u128) plus(b u128) u128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return u128{hi, lo}
}

func (a u128) minus(b u128) u128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return u128{hi, lo}
}

// complement returns -a in two's complement.
func (a u128) complement() u128 { return u128{}.minus(a) }

func (a u128) times10plus(d uint64) u128 {
	carry, lo := bits.Mul64(a.lo, 10)
	lo, c := bits.Add64(lo, d, 0)
	return u128{hi: a.hi*10 + carry + c, lo: lo}
}

// timesPow10 returns a × 10^n; ok is false if n is negative or the product has
// more than MaxDigits digits.
func (a u128) timesPow10(n int) (u128, bool) {
	switch {
	case n == 0 || a == u128{}:
		return a, n >= 0
	case n < 0 || n > MaxDigits:
		return u128{}, false
	case !a.less(pow10[MaxDigits-n]):
		return u128{}, false
	}
	p := pow10[n]
	hi, lo := bits.Mul64(a.lo, p.lo)
	return u128{hi: hi + a.hi*p.lo + a.lo*p.hi, lo: lo}, true
}

func (a u128) divMod10() (q u128, d uint64) {
	if a.hi == 0 {
		return u128{lo: a.lo / 10}, a.lo % 10
	}
	hi, r := a.hi/10, a.hi%10
	lo, d := bits.Div64(r, a.lo, 10)
	return u128{hi, lo}, d
}

// digits returns how many decimal digits a has; 0 for 0.
func (a u128) digits() int {
	n := 64 - bits.LeadingZeros64(a.lo)
	if a.hi != 0 {
		n = 128 - bits.LeadingZeros64(a.hi)
	}
	n = n * 1233 >> 12 // log10(2), never too much for up to 128 bits
	if n <= MaxDigits && !a.less(pow10[n]) {
		n++
	}
	return n
}

// bytes returns how many bytes a needs; 0 for 0.
func (a u128) bytes() int {
	if a.hi != 0 {
		return 16 - bits.LeadingZeros64(a.hi)/8
	}
	return 8 - bits.LeadingZeros64(a.lo)/8
}
