package export

import (
	"context"
	"math/rand/v2"
)

// month makes the rows of one payer's month, one after the other.
type month struct {
	ctx   context.Context
	in    Month
	fleet *fleet
	payer *Payer
	cal   *calendar
	rng   *rand.Rand
	scale int // decimals of amounts
	emit  func(*line) error

	row      line
	services []*spending // by account and service, in order of appearance
	spUsed   []int64     // effective cost under the savings plan, by step
}

// spending is what one account used of one service.
type spending struct {
	s      *series // any of them: stands for account and service
	billed int64
	list   int64
}

// amountScale is the number of decimals of a provider's amounts.
func amountScale(p *Payer) int {
	if p.Provider == "aws" {
		return 10
	}
	return 14
}

// rows emits all rows of the month.
func (m *month) rows() error {
	for _, part := range []func() error{m.metered, m.commitments, m.discounts, m.supportFees, m.vendors, m.taxes, m.notes, m.adjustments} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// metered emits what the fleet used.
func (m *month) metered() error {
	for i, s := range m.fleet.series {
		if s.covered {
			continue
		}
		if i%256 == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		spent := m.spendingOf(s)
		var err error
		s.when.spans(m.cal, m.fleet.step, m.rng, func(at span) {
			if err == nil {
				err = m.use(s, spent, at)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// use emits what s used in one span, at the contracted price.
func (m *month) use(s *series, spent *spending, at span) error {
	q := m.quantity(s.item, at.hours)
	l := m.start(usage, s, at)
	l.quantity, l.price, l.listPrice = q, s.item.contracted, s.item.price
	l.list = product(q, s.item.price, m.scale)
	l.billed = product(q, s.item.contracted, m.scale)
	l.effective, l.contracted = l.billed, l.billed
	spent.billed += l.billed
	spent.list += l.list
	return m.emit(l)
}

// start clears the row and fills in what each has.
func (m *month) start(k kind, s *series, at span) *line {
	m.row = line{kind: k, s: s, from: at.from, to: at.to}
	return &m.row
}

// quantity draws how much of it is used in hours: exactly the hours where an
// instance is billed, else a metered amount that grows by two percent a month.
func (m *month) quantity(it *item, hours int) int64 {
	one := pow10[unitScale]
	if it.offer.perHour == "" || it.perHour%one == 0 && it.perHour < 100*one {
		return it.perHour * int64(hours)
	}
	grown := it.perHour + it.perHour/50*int64(m.in.Index)
	q := grown/1024*(512+m.rng.Int64N(1024))*int64(hours) + m.rng.Int64N(grown/64+1)
	switch {
	case it.perHour >= 500*one: // requests and seconds are counted
		return q / one * one
	case m.payer.Provider != "aws": // prices × quantities stay within 14 decimals
		return q / 1_000_000 * 1_000_000
	}
	return q
}

// spendingOf returns the sums of s's account and service.
func (m *month) spendingOf(s *series) *spending {
	for i := len(m.services) - 1; i >= 0; i-- {
		if sp := m.services[i]; sp.s.account == s.account && sp.s.item.service == s.item.service {
			return sp
		}
	}
	sp := &spending{s: s}
	m.services = append(m.services, sp)
	return sp
}

// whole is the span of the whole month.
func (m *month) whole() span { return span{0, m.cal.hours, m.cal.hours} }
