package export

import "fmt"

// Public one-year prices, as percent of the on-demand price.
const (
	reservedRecurring int64 = 31 // partial upfront
	reservedAmortised int64 = 31
	plannedRate       int64 = 72
	hoursPerYear      int64 = 8760
)

// commitments emits covered usage and the commitment's own rows.
func (m *month) commitments() error {
	var covered []*series
	for _, s := range m.fleet.series {
		if s.covered {
			covered = append(covered, s)
		}
	}
	if len(covered) == 0 {
		return nil
	}
	if m.payer.Commitment == SavingsPlan {
		return m.savingsPlan(covered)
	}
	return m.reservations(covered)
}

// reservations emits one reservation per instance type and region, for one
// instance more than runs.
func (m *month) reservations(covered []*series) error {
	for len(covered) > 0 {
		var group, rest []*series
		for _, s := range covered {
			if s.item.sku == covered[0].item.sku {
				group = append(group, s)
			} else {
				rest = append(rest, s)
			}
		}
		if err := m.reservation(group); err != nil {
			return err
		}
		covered = rest
	}
	return nil
}

// reservation emits the usage of group, all of one SKU, under a reservation of
// its own. The rows add up exactly: fee + amortised upfront payment =
// effective cost of the usage + unused.
func (m *month) reservation(group []*series) error {
	c := m.newReservation(group)
	var used int64 // instance hours, unitScale
	for _, s := range group {
		spent := m.spendingOf(s)
		var err error
		s.when.spans(m.cal, m.fleet.step, m.rng, func(at span) {
			if err != nil {
				return
			}
			l := m.start(riCovered, s, at)
			l.commitment, l.quantity, l.listPrice = c, m.quantity(s.item, at.hours), s.item.price
			l.list = product(l.quantity, s.item.price, m.scale)
			l.contracted = product(l.quantity, s.item.contracted, m.scale)
			l.upfront = product(l.quantity, c.amortised, m.scale)
			l.recurring = product(l.quantity, c.hourly, m.scale)
			l.effective = l.upfront + l.recurring
			used += l.quantity
			spent.list += l.list
			err = m.emit(l)
		})
		if err != nil {
			return err
		}
	}
	if m.in.Index == 0 && c.upfront != 0 {
		if err := m.upfront(riUpfront, c); err != nil {
			return err
		}
	}
	return m.reservationFee(c, used)
}

// newReservation returns the reservation that pays for group and one instance
// more.
func (m *month) newReservation(group []*series) *commitment {
	s := group[0]
	perInstance := s.item.perHour
	c := &commitment{holder: s, units: int64(len(group)+1) * perInstance / pow10[unitScale]}
	c.hourly = roundTo(share(s.item.price, reservedRecurring), unitScale, 4)
	if m.payer.Provider == "aws" {
		c.amortised = roundTo(share(s.item.price, reservedAmortised), unitScale, 4)
	}
	c.upfront = product(c.units*hoursPerYear*pow10[unitScale], c.amortised, m.scale)
	switch m.payer.Provider {
	case "aws":
		c.id = fmt.Sprintf("arn:aws:ec2:%s:%s:reserved-instances/%s", s.item.region.id, s.account.ID, uuidOf(m.in.Seed, "ri", s.item.sku))
	case "azure":
		c.id = "/providers/Microsoft.Capacity/reservationOrders/" + uuidOf(m.in.Seed, "order", s.item.sku)
	default:
		c.id = fmt.Sprintf("//compute.googleapis.com/projects/%s/regions/%s/commitments/cud-%s", s.account.ID, s.item.region.id, uuidOf(m.in.Seed, "cud", s.item.sku)[:8])
	}
	c.name = fmt.Sprintf("%s, %s, 1 year", s.item.family, s.item.region.name)
	return c
}

// reservationFee emits the fee of the month and what of it went unused.
func (m *month) reservationFee(c *commitment, used int64) error {
	total := c.units * int64(m.cal.hours) * pow10[unitScale]
	l := m.start(riFee, c.holder, m.whole())
	l.commitment, l.quantity, l.price = c, total, c.hourly
	l.recurring, l.upfront = product(total, c.hourly, m.scale), product(total, c.amortised, m.scale)
	l.unused = total - used
	l.unusedUpfront, l.unusedRecurring = product(l.unused, c.amortised, m.scale), product(l.unused, c.hourly, m.scale)
	l.billed = l.recurring
	if m.payer.Layout == CUR {
		l.effective = l.unusedUpfront + l.unusedRecurring
		return m.emit(l)
	}
	l.list, l.contracted = l.billed, l.billed
	unusedHours, effective := l.unused, l.unusedUpfront+l.unusedRecurring
	if err := m.emit(l); err != nil {
		return err
	}
	l = m.start(unused, c.holder, m.whole())
	l.commitment, l.quantity, l.listPrice = c, unusedHours, c.holder.item.price
	l.effective = effective
	l.list = product(l.quantity, l.listPrice, m.scale)
	l.contracted = product(l.quantity, c.holder.item.contracted, m.scale)
	return m.emit(l)
}

// upfront emits what a commitment cost when it was bought.
func (m *month) upfront(k kind, c *commitment) error {
	l := m.start(k, c.holder, m.whole())
	l.commitment, l.quantity, l.billed = c, pow10[unitScale], c.upfront
	if k == riUpfront || m.payer.Layout == FOCUS {
		l.list, l.contracted = c.upfront, c.upfront
	}
	return m.emit(l)
}

// savingsPlan emits covered usage, one negation for all usage of one account
// and usage type in a step, and the plan's own rows.
func (m *month) savingsPlan(covered []*series) error {
	c := m.newPlan(covered)
	m.spUsed = make([]int64, m.cal.hours/m.fleet.step)
	for len(covered) > 0 {
		var group, rest []*series
		for _, s := range covered {
			if s.account == covered[0].account && s.item.sku == covered[0].item.sku {
				group = append(group, s)
			} else {
				rest = append(rest, s)
			}
		}
		if err := m.underPlan(c, group); err != nil {
			return err
		}
		covered = rest
	}
	if m.in.Index == 0 {
		if err := m.upfront(spUpfront, c); err != nil {
			return err
		}
	}
	return m.planFees(c)
}

// newPlan returns a plan that is a twentieth larger than what it covers.
func (m *month) newPlan(covered []*series) *commitment {
	var rate int64
	for _, s := range covered {
		rate += plannedPrice(s.item)
	}
	total := roundTo(rate+rate/20, unitScale, 3)
	c := &commitment{holder: covered[0], hourly: roundTo(total/2, unitScale, 3)}
	c.amortised = total - c.hourly
	c.upfront = product(hoursPerYear*pow10[unitScale], c.amortised, m.scale)
	c.id = fmt.Sprintf("arn:aws:savingsplans::%s:savingsplan/%s", c.holder.account.ID, uuidOf(m.in.Seed, "sp", m.payer.ID))
	c.name = "Compute Savings Plan, partial upfront, 1 year"
	return c
}

func plannedPrice(it *item) int64 { return roundTo(share(it.price, plannedRate), unitScale, 4) }

// underPlan emits the usage of group, all of one account and SKU, and takes it
// off the bill again.
func (m *month) underPlan(c *commitment, group []*series) error {
	for from := 0; from < m.cal.hours; from += m.fleet.step {
		at := span{from, from + m.fleet.step, m.fleet.step}
		var billed, hours int64
		for _, s := range group {
			l := m.start(spCovered, s, at)
			l.commitment, l.quantity, l.price, l.listPrice = c, m.quantity(s.item, at.hours), s.item.price, s.item.price
			l.list = product(l.quantity, s.item.price, m.scale)
			l.billed, l.contracted = l.list, l.list
			l.effective = product(l.quantity, plannedPrice(s.item), m.scale)
			billed, hours = billed+l.billed, hours+l.quantity
			if m.payer.Layout == FOCUS {
				l.billed = 0 // FOCUS has no negation: it delivers the net
			}
			m.spUsed[from/m.fleet.step] += l.effective
			if err := m.emit(l); err != nil {
				return err
			}
		}
		if m.payer.Layout == FOCUS {
			continue
		}
		l := m.start(spNegation, group[0], at)
		l.commitment, l.quantity, l.price, l.billed = c, hours, -group[0].item.price, -billed
		if err := m.emit(l); err != nil {
			return err
		}
	}
	return nil
}

// planFees emits the commitment of each step with what of it was used.
func (m *month) planFees(c *commitment) error {
	for i, used := range m.spUsed {
		from := i * m.fleet.step
		l := m.start(spFee, c.holder, span{from, from + m.fleet.step, m.fleet.step})
		l.commitment, l.quantity, l.price = c, int64(m.fleet.step)*pow10[unitScale], c.hourly
		l.recurring, l.upfront = product(l.quantity, c.hourly, m.scale), product(l.quantity, c.amortised, m.scale)
		l.committed, l.used = l.recurring+l.upfront, used
		l.billed, l.effective = l.recurring, l.committed-l.used
		if m.payer.Layout == FOCUS {
			if err := m.planFeeApart(l); err != nil {
				return err
			}
			continue
		}
		if err := m.emit(l); err != nil {
			return err
		}
	}
	return nil
}

// planFeeApart emits a plan's commitment the way FOCUS does: the purchase, and
// what went unused as a row of its own.
func (m *month) planFeeApart(l *line) error {
	c, at, left := l.commitment, span{l.from, l.to, l.to - l.from}, l.effective
	l.effective, l.list, l.contracted = 0, l.billed, l.billed
	if err := m.emit(l); err != nil {
		return err
	}
	l = m.start(unused, c.holder, at)
	l.commitment, l.quantity, l.listPrice = c, left, pow10[unitScale]
	l.effective, l.list, l.contracted = left, left, left
	return m.emit(l)
}
