package rules

import (
	"errors"
	"math/big"

	"github.com/shopspring/decimal"
)

// Numbers are exact decimals of bounded size. Each operation gives the exact
// result or an error; only division and the functions named for it round.

const (
	maxDigits      = 1000 // of a coefficient, and of an exponent either way: beyond is an overflow
	maxMeasure     = 39   // digits of a stored measure (those of 128 bits), and more than its scale
	divisionDigits = 34   // significant digits of a quotient that is not exact
	maxPower       = 64
	maxPlaces      = 38
)

var (
	errOverflow = errors.New("the number has too many digits")
	errDivision = errors.New("division by zero")
	errPower    = errors.New("an exponent must be a whole number from 0 to 64")
	errPlaces   = errors.New("places must be a whole number from -38 to 38")
)

var (
	one     = decimal.NewFromInt(1)
	bigTwo  = big.NewInt(2)
	bigFive = big.NewInt(5)
	bigTen  = big.NewInt(10)
)

// bounded returns d, or errOverflow if it has grown too large to go on with.
func bounded(d decimal.Decimal) (decimal.Decimal, error) {
	if e := d.Exponent(); e < -maxDigits || e > maxDigits || d.NumDigits() > maxDigits {
		return decimal.Decimal{}, errOverflow
	}
	return d, nil
}

func add(a, b decimal.Decimal) (decimal.Decimal, error) { return bounded(a.Add(b)) }

func subtract(a, b decimal.Decimal) (decimal.Decimal, error) { return bounded(a.Sub(b)) }

func multiply(a, b decimal.Decimal) (decimal.Decimal, error) { return bounded(a.Mul(b)) }

// divide returns a/b, exactly where the reduced divisor has no prime factors
// but 2 and 5, else with 34 significant digits, half even.
func divide(a, b decimal.Decimal) (decimal.Decimal, error) {
	if b.IsZero() {
		return decimal.Decimal{}, errDivision
	}
	if a.IsZero() {
		return decimal.Decimal{}, nil
	}
	numerator, divisor := a.Coefficient(), b.Coefficient()
	if divisor.Sign() < 0 {
		numerator.Neg(numerator)
		divisor.Neg(divisor)
	}
	if g := new(big.Int).GCD(nil, nil, new(big.Int).Abs(numerator), divisor); g.BitLen() > 1 {
		numerator.Quo(numerator, g)
		divisor.Quo(divisor, g)
	}
	exponent := a.Exponent() - b.Exponent()
	if shift, ok := terminates(divisor); ok {
		q := numerator.Mul(numerator, pow10(shift))
		return bounded(decimal.NewFromBigInt(q.Quo(q, divisor), exponent-int32(shift)))
	}
	q, shift := quotient(numerator, divisor)
	return bounded(decimal.NewFromBigInt(q, exponent-int32(shift)))
}

// terminates reports whether 1/n (n > 0) is a finite decimal, and with how many
// places.
func terminates(n *big.Int) (places int, ok bool) {
	rest := new(big.Int).Set(n)
	count := func(prime *big.Int) (times int) {
		q, r := new(big.Int), new(big.Int)
		for {
			if q.QuoRem(rest, prime, r); r.Sign() != 0 {
				return times
			}
			rest.Set(q)
			times++
		}
	}
	places = max(count(bigTwo), count(bigFive))
	return places, rest.IsInt64() && rest.Int64() == 1
}

// hasReciprocal reports whether every number divided by d is exact.
func hasReciprocal(d decimal.Decimal) bool {
	if d.IsZero() {
		return false
	}
	_, ok := terminates(d.Abs().Coefficient())
	return ok
}

// quotient returns n/d · 10^shift rounded half even to divisionDigits digits.
func quotient(n, d *big.Int) (q *big.Int, shift int) {
	digits := func(x *big.Int) int { return decimal.NewFromBigInt(x, 0).NumDigits() }
	shift = divisionDigits - digits(n) + digits(d)
	for {
		num, den := new(big.Int).Set(n), new(big.Int).Set(d)
		if shift >= 0 {
			num.Mul(num, pow10(shift))
		} else {
			den.Mul(den, pow10(-shift))
		}
		q, r := new(big.Int).QuoRem(num, den, new(big.Int))
		if digits(q) > divisionDigits {
			shift--
			continue
		}
		switch twice := r.Abs(r).Lsh(r, 1).Cmp(den); {
		case twice > 0, twice == 0 && q.Bit(0) == 1:
			q.Add(q, big.NewInt(int64(num.Sign())))
		}
		return q, shift
	}
}

// remainder returns a - b·trunc(a/b): it has the sign of a.
func remainder(a, b decimal.Decimal) (decimal.Decimal, error) {
	if b.IsZero() {
		return decimal.Decimal{}, errDivision
	}
	return bounded(a.Mod(b))
}

func power(a, b decimal.Decimal) (decimal.Decimal, error) {
	if !b.IsInteger() || b.IsNegative() || b.GreaterThan(decimal.NewFromInt(maxPower)) {
		return decimal.Decimal{}, errPower
	}
	out := decimal.NewFromInt(1)
	for range b.IntPart() {
		var err error
		if out, err = multiply(out, a); err != nil {
			return decimal.Decimal{}, err
		}
	}
	return out, nil
}

// places reads a number of decimals.
func places(d decimal.Decimal) (int32, error) {
	if !d.IsInteger() || d.Abs().GreaterThan(decimal.NewFromInt(maxPlaces)) {
		return 0, errPlaces
	}
	return int32(d.IntPart()), nil
}

func pow10(n int) *big.Int { return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil) }
