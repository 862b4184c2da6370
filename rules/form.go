package rules

import (
	"slices"

	"github.com/shopspring/decimal"
)

// form is an amount that is affine in the stored measures of a line, and in
// values of curves: constant + Σ coefficient · measure + Σ factor · curve. Its
// sum over lines follows from theirs.
type form struct {
	constant     decimal.Decimal
	coefficients [NumMeasures]decimal.Decimal
	curves       []curveTerm

	// On no line has the amount, or anything it was computed from, more digits
	// before and after the point: within bounds it cannot overflow.
	whole, places int
}

func constantForm(d decimal.Decimal) form {
	places := max(0, -int(d.Exponent()))
	return form{constant: d, whole: max(1, d.NumDigits()+int(d.Exponent())), places: places}
}

func measureForm(m Measure) form {
	f := form{whole: maxMeasure, places: maxMeasure}
	f.coefficients[m] = one
	return f
}

func (f *form) isConstant() bool {
	if len(f.curves) > 0 {
		return false
	}
	for m := range f.coefficients {
		if !f.coefficients[m].IsZero() {
			return false
		}
	}
	return true
}

// measures returns those with a coefficient.
func (f *form) measures() (set measureSet) {
	for m := range f.coefficients {
		if !f.coefficients[m].IsZero() {
			set.add(Measure(m))
		}
	}
	return set
}

func (f *form) bounded() bool { return f.whole+f.places < maxDigits }

func (f form) add(o form) form {
	f.constant = f.constant.Add(o.constant)
	for m := range f.coefficients {
		if !o.coefficients[m].IsZero() {
			f.coefficients[m] = f.coefficients[m].Add(o.coefficients[m])
		}
	}
	f.curves = slices.Concat(f.curves, o.curves)
	f.whole, f.places = max(f.whole, o.whole)+1, max(f.places, o.places)
	return f
}

// times multiplies f by a constant form.
func (f form) times(k form) form {
	f.constant = f.constant.Mul(k.constant)
	for m := range f.coefficients {
		if !f.coefficients[m].IsZero() {
			f.coefficients[m] = f.coefficients[m].Mul(k.constant)
		}
	}
	f.curves = slices.Clone(f.curves)
	for i := range f.curves {
		f.curves[i].factor = f.curves[i].factor.Mul(k.constant)
	}
	f.whole, f.places = f.whole+k.whole, f.places+k.places
	return f
}

func (f form) negate() form { return f.times(constantForm(one.Neg())) }

// sum returns the form's sum over lines.
func (f *form) sum(t *totals) decimal.Decimal {
	var out decimal.Decimal
	if !f.constant.IsZero() {
		out = f.constant.Mul(decimal.NewFromInt(t.lines))
	}
	for m := range f.coefficients {
		if k := &f.coefficients[m]; !k.IsZero() {
			out = out.Add(k.Mul(t.measures[m]))
		}
	}
	for _, c := range f.curves {
		out = out.Add(c.factor.Mul(t.curves[c.curve]))
	}
	return out
}

// isZero tells whether the form is 0 on lines of which it is known which
// measures are 0 (zero) and that all others among tested are not.
func (f *form) isZero(zero, tested measureSet) truth {
	if len(f.curves) > 0 {
		return unknown
	}
	left := 0
	for m := range f.coefficients {
		switch {
		case f.coefficients[m].IsZero(), zero.has(Measure(m)):
		case !tested.has(Measure(m)):
			return unknown
		default:
			left++
		}
	}
	switch {
	case left == 0 && f.constant.IsZero():
		return yes
	case left == 0, left == 1 && f.constant.IsZero():
		return no
	}
	return unknown
}

// measureSet is a set of measures.
type measureSet uint8

const allMeasures measureSet = 1<<NumMeasures - 1

func (s measureSet) has(m Measure) bool { return s&(1<<m) != 0 }

func (s *measureSet) add(m Measure) { *s |= 1 << m }
