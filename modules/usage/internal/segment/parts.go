package segment

import (
	"fmt"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
)

// sum adds up 128-bit integers in 192 bits, which no number of rows overflows.
type sum [3]uint64

func (s *sum) add(hi int64, lo uint64) {
	var carry uint64
	s[0], carry = bits.Add64(s[0], lo, 0)
	s[1], carry = bits.Add64(s[1], uint64(hi), carry)
	s[2], _ = bits.Add64(s[2], uint64(hi>>63), carry)
}

// decimal returns the sum × 10^-scale.
func (s *sum) decimal(scale int) decimal.Decimal {
	v := big.NewInt(int64(s[2]))
	for _, word := range [2]uint64{s[1], s[0]} {
		v.Lsh(v, 64)
		v.Or(v, new(big.Int).SetUint64(word))
	}
	return decimal.NewFromBigInt(v, -int32(scale))
}

// openPart is the part that rows are being added to.
type openPart struct {
	Part
	keys [partColumns]string
	sums [line.NumMeasures]sum
}

// partColumns is how many columns at the start of line.Order say which part a
// row belongs to.
const partColumns = 6

// has reports whether l belongs to the part.
func (p *openPart) has(l *line.Line) bool {
	for i, c := range order[:partColumns] {
		if p.keys[i] != string(l.Text[c]) {
			return false
		}
	}
	return true
}

func newPart(rowGroup int, l *line.Line) (*openPart, error) {
	months := [2]period.Month{}
	for i, c := range [2]line.Column{line.XPeriod, line.XServiceMonth} {
		m, err := period.ParseMonth(string(l.Text[c]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c, err)
		}
		months[i] = m
	}
	p := &openPart{Part: Part{
		RowGroup:     rowGroup,
		Account:      string(l.Text[line.XAccount]),
		Payer:        string(l.Text[line.BillingAccountId]),
		Currency:     string(l.Text[line.BillingCurrency]),
		Period:       months[0],
		ServiceMonth: months[1],
	}}
	for i, c := range order[:partColumns] {
		p.keys[i] = string(l.Text[c])
	}
	return p, nil
}

// close returns the part with its sums.
func (p *openPart) close(s shape) Part {
	part := p.Part
	for m, to := range map[line.Measure]*decimal.Decimal{
		line.BilledCost: &part.Billed, line.EffectiveCost: &part.Effective,
		line.ListCost: &part.List, line.ContractedCost: &part.Contracted,
	} {
		*to = p.sums[m].decimal(s[m].scale)
	}
	return part
}
