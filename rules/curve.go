package rules

import (
	"github.com/shopspring/decimal"
)

// curve is a part of an amount that is not affine, such as a rounding. Its
// value is computed for each tuple of measures; everything made of it by sums
// and factors follows from the sum of its values.
type curve struct {
	call func(args []any) (any, error)
	args []form
}

// curveTerm is a curve's part in a form: factor · value of the curve.
type curveTerm struct {
	curve  int // its index
	factor decimal.Decimal
}

// digits bounds a number's digits before and after the point.
type digits struct{ whole, places int }

// digitsFunc bounds the digits of a function's result by those of its
// arguments. A function without it is left to the machine.
type digitsFunc func(args []digits) digits

// widest is for functions that choose among their arguments, or round them.
func widest(args []digits) digits {
	var d digits
	for _, a := range args {
		d.whole, d.places = max(d.whole, a.whole), max(d.places, a.places)
	}
	return d
}

// curve adds a curve and returns the form that stands for its value; ok is
// false if that could overflow.
func (s *formScope) curve(c callable, args []form) (f form, ok bool) {
	if c.digits == nil {
		return form{}, false
	}
	sizes := make([]digits, len(args))
	for i := range args {
		sizes[i] = digits{args[i].whole, args[i].places}
	}
	size := c.digits(sizes)
	f = form{curves: []curveTerm{{len(s.curves), one}}, whole: size.whole, places: size.places}
	s.curves = append(s.curves, curve{c.call, args})
	return f, f.bounded()
}

// at returns the form's value on one line.
func (f *form) at(a *amounts, curves []decimal.Decimal) decimal.Decimal {
	out, empty := f.constant, f.constant.IsZero()
	add := func(factor, value decimal.Decimal) {
		if !factor.Equal(one) {
			value = value.Mul(factor)
		}
		if empty {
			out, empty = value, false
			return
		}
		out = out.Add(value)
	}
	for m := range f.coefficients {
		if !f.coefficients[m].IsZero() {
			add(f.coefficients[m], a.values[m])
		}
	}
	for _, c := range f.curves {
		add(c.factor, curves[c.curve])
	}
	return out
}

// bend computes the values of a plan's curves on one line; ok is false if one
// fails.
func (p *plan) bend(a *amounts, values []decimal.Decimal) (ok bool) {
	var buffer [4]any
	for i := range p.curves {
		c := &p.curves[i]
		args := buffer[:0]
		for j := range c.args {
			args = append(args, c.args[j].at(a, values))
		}
		value, err := c.call(args)
		if err != nil {
			return false
		}
		values[i] = asNumber(value)
	}
	return true
}
