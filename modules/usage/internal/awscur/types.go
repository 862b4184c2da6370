package awscur

import (
	"bytes"
	"slices"
	"strings"

	"tierbook/modules/usage/internal/line"
)

// kind is what a line item type means.
type kind struct {
	category, frequency, pricing, role []byte

	consumes   bool // has a quantity
	list       source
	contracted source
	effective  source
}

// source says where a measure comes from.
type source uint8

const (
	fromUnblended source = iota
	fromOnDemand
	fromReservation    // reservation/EffectiveCost
	fromPlan           // savingsPlan/SavingsPlanEffectiveCost
	fromUnusedReserved // what of a reservation's fees was not used
	fromUnusedPlan     // what of a plan's commitment was not used
	zero
)

var (
	usage, purchase, tax, credit, adjustment = []byte("Usage"), []byte("Purchase"), []byte("Tax"), []byte("Credit"), []byte("Adjustment")
	usageBased, recurring, oneTime           = []byte("Usage-Based"), []byte("Recurring"), []byte("One-Time")
	standard, dynamic, committed             = []byte("Standard"), []byte("Dynamic"), []byte("Committed")
	none, covered, fee, negation             = []byte("none"), []byte("covered"), []byte("fee"), []byte("negation")
	used, correction                         = []byte("Used"), []byte("Correction")
	byUsage, bySpend                         = []byte("Usage"), []byte("Spend")
	reservedInstance, savingsPlan            = []byte("Reserved Instance"), []byte("Savings Plan")
)

var kinds = map[string]kind{
	"Usage": {
		category: usage, frequency: usageBased, pricing: standard, role: none, consumes: true,
		list: fromOnDemand,
	},
	"DiscountedUsage": {
		category: usage, frequency: usageBased, pricing: committed, role: covered, consumes: true,
		list: fromOnDemand, contracted: fromOnDemand, effective: fromReservation,
	},
	"SavingsPlanCoveredUsage": {
		category: usage, frequency: usageBased, pricing: committed, role: covered, consumes: true,
		list: fromOnDemand, effective: fromPlan,
	},
	"SavingsPlanNegation": {
		category: usage, frequency: usageBased, pricing: committed, role: negation,
		list: zero, contracted: zero, effective: zero,
	},
	"SavingsPlanRecurringFee": {
		category: purchase, frequency: recurring, role: fee,
		list: zero, contracted: zero, effective: fromUnusedPlan,
	},
	"SavingsPlanUpfrontFee": {
		category: purchase, frequency: oneTime, role: fee,
		list: zero, contracted: zero, effective: zero,
	},
	"RIFee": {
		category: purchase, frequency: recurring, role: fee,
		list: zero, contracted: zero, effective: fromUnusedReserved,
	},
	"Fee":    {category: purchase, role: none, consumes: true},
	"Tax":    {category: tax, role: none},
	"Credit": {category: credit, role: none},
	"Refund": {category: adjustment, role: none},
}

var (
	discountKind = kind{category: adjustment, role: none}
	unknownKind  = kind{category: adjustment, role: none, consumes: true}
)

// kindOf returns what a row's type means; rows of a commitment have a
// reservation's or plan's identifier.
func kindOf(itemType string, ofCommitment, upfrontPlan bool) kind {
	k, known := kinds[itemType]
	switch {
	case !known && strings.HasSuffix(itemType, "Discount"):
		return discountKind
	case !known:
		return unknownKind
	case itemType == "Fee" && ofCommitment:
		k.role, k.frequency, k.consumes, k.effective = fee, oneTime, false, zero
	case itemType == "Refund" && upfrontPlan:
		k.effective = zero
	}
	return k
}

// money fills in what depends on the row's type.
func (m *Mapper) money(l *line.Line) {
	c, t := m.cells, &l.Text
	ri, sp := c.Text(reservation), c.Text(plan)
	itemType := t[line.XLineItemType]
	// A refund of a plan's one-time fee bears the plan's product, not that of
	// what the plan covered.
	upfrontPlan := len(sp) > 0 && bytes.HasSuffix(c.Raw(product), []byte("SavingsPlans")) && isOneTime(t[line.ChargeDescription])
	k := kindOf(string(itemType), len(ri)+len(sp) > 0, upfrontPlan)

	t[line.ChargeCategory], t[line.ChargeFrequency] = k.category, k.frequency
	t[line.PricingCategory], t[line.XCommitmentRole] = k.pricing, k.role
	if string(itemType) == "Usage" && bytes.Contains(t[line.XUsageType], []byte("SpotUsage")) {
		t[line.PricingCategory] = dynamic
	}
	if string(itemType) == "Refund" && !slices.Equal(t[line.XServiceMonth], t[line.XPeriod]) {
		t[line.ChargeClass] = correction
	}
	commitment(l, k, ri, sp)
	m.measures(l, k)
}

// isOneTime reports whether a description is about a fee paid at once.
func isOneTime(description []byte) bool {
	d := strings.ToLower(string(description))
	return strings.Contains(d, "upfront") || strings.Contains(d, "one-time") || strings.Contains(d, "one time")
}

func commitment(l *line.Line, k kind, ri, sp []byte) {
	t := &l.Text
	switch {
	case len(sp) > 0:
		t[line.CommitmentDiscountId], t[line.CommitmentDiscountType], t[line.CommitmentDiscountCategory] = sp, savingsPlan, bySpend
	case len(ri) > 0:
		t[line.CommitmentDiscountId], t[line.CommitmentDiscountType], t[line.CommitmentDiscountCategory] = ri, reservedInstance, byUsage
	}
	if string(k.role) == "covered" {
		t[line.CommitmentDiscountStatus] = used
	}
}

func (m *Mapper) measures(l *line.Line, k kind) {
	c, v := m.cells, &l.Measures
	v[line.BilledCost] = c.NeedNumber(unblended)
	v[line.XUsageAmount] = c.Number(usageAmount)
	v[line.PricingQuantity] = line.Zero
	if k.consumes {
		v[line.PricingQuantity] = v[line.XUsageAmount]
	}
	if string(k.category) == "Usage" && k.consumes {
		l.Text[line.ConsumedQuantity] = c.Keep(v[line.XUsageAmount].Append)
		l.Text[line.ConsumedUnit] = l.Text[line.PricingUnit]
		if k.contracted == fromUnblended {
			l.Text[line.ContractedUnitPrice] = c.Decimal(unblendedRate)
		}
	}
	v[line.ListCost] = m.measure(l, k.list)
	v[line.ContractedCost] = m.measure(l, k.contracted)
	v[line.EffectiveCost] = m.measure(l, k.effective)
	m.discount(l)
}

func (m *Mapper) measure(l *line.Line, s source) line.Number {
	c := m.cells
	switch s {
	case fromUnblended:
		return l.Measures[line.BilledCost]
	case fromOnDemand:
		return c.Number(onDemandCost)
	case fromReservation:
		return c.Number(reservationEffective)
	case fromPlan:
		return c.Number(planEffective)
	case fromUnusedReserved:
		return m.plus(unusedUpfront, c.Number(unusedUpfront), c.Number(unusedRecurring))
	case fromUnusedPlan:
		if commitment := c.Number(planCommitment); !commitment.IsNull() {
			return m.plus(planCommitment, commitment, c.Number(planUsed).Neg())
		}
		return line.Number{}
	case zero:
	}
	return line.Zero
}

// plus adds two numbers; one that is missing counts as 0, both missing make the
// sum missing.
func (m *Mapper) plus(slot int, a, b line.Number) line.Number {
	switch {
	case a.IsNull():
		return b
	case b.IsNull():
		return a
	}
	sum, err := a.Add(b)
	if err != nil {
		m.cells.Fail(slot, "the sum has more than 38 digits")
	}
	return sum
}
