package export

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// curWriter gives lines the columns of a legacy Cost and Usage Report.
type curWriter struct {
	payer   *Payer
	cal     *calendar
	ids     *rand.Rand // of line item ids
	how     notation   // of amounts
	tags    int        // tag columns
	invoice string
	bill    []byte // payer account and billing period
}

func newCURWriter(in Month, p *Payer, cal *calendar) *curWriter {
	w := &curWriter{payer: p, cal: cal, ids: newRand(in.Seed, p.ID, in.Month.String(), "ids"), tags: len(curTags(in.Index)), how: fixed}
	if p.LegacyText {
		w.how = exponent
	}
	w.invoice = strconv.FormatInt(1_000_000_000+newRand(in.Seed, p.ID, in.Month.String(), "invoice").Int64N(1_000_000_000), 10)
	w.bill = []byte(p.ID + "," + cal.stamp(0) + "," + cal.stamp(cal.hours) + ",")
	return w
}

func (w *curWriter) header(index int) []byte {
	return []byte(strings.Join(curColumns(w.payer, curTags(index)), ",") + "\n")
}

// curType is the line item type of each kind.
var curType = [...]string{
	usage: "Usage", riCovered: "DiscountedUsage", riFee: "RIFee", riUpfront: "Fee",
	spCovered: "SavingsPlanCoveredUsage", spNegation: "SavingsPlanNegation", spFee: "SavingsPlanRecurringFee", spUpfront: "SavingsPlanUpfrontFee",
	support: "Fee", marketplace: "Usage", edp: "EdpDiscount", tax: "Tax", credit: "Credit", refund: "Refund",
	unused: "", rounding: "",
}

const amazon = `"Amazon Web Services, Inc.",`

// row appends the line as one CSV record.
func (w *curWriter) row(b []byte, l *line) []byte {
	it := l.s.item
	from, to := w.cal.stamp(l.from), w.cal.stamp(l.to)
	if l.kind == riFee {
		to = w.cal.endStamp(l.to)
	}
	b = w.identity(b, from, to)
	b = w.billing(b, l)
	b = append(b, l.s.account.ID...)
	b = append(b, ',')
	b = append(b, curType[l.kind]...)
	b = field(field(append(b, ','), from), to)
	b = w.product(b, l)
	b = w.amounts(b, l)
	b = quoted(b, w.description(l))
	if l.kind == tax {
		b = append(b, ",VAT,"...)
	} else {
		b = append(b, ",,"...)
	}
	b = w.net(b, l)
	if l.kind == marketplace {
		b = append(quoted(b, it.service), ',')
	} else {
		b = append(b, amazon...)
	}
	b = append(b, w.productColumns(l.s)...)
	b = w.pricing(b, l)
	b = w.reservation(b, l)
	b = w.savingsPlan(b, l)
	b = w.discount(b, l)
	return append(b, w.tagColumns(l.s)...)
}

// identity appends an id that is unique in the file, and the interval.
func (w *curWriter) identity(b []byte, from, to string) []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	for range 2 {
		for bits, n := w.ids.Uint64(), 0; n < 12; n++ {
			b = append(b, alphabet[bits&31])
			bits >>= 5
		}
	}
	b = append(b, ',')
	b = append(b, from...)
	b = append(b, '/')
	return field(b, to)
}

func (w *curWriter) billing(b []byte, l *line) []byte {
	b = field(b, w.invoice)
	b = append(b, amazon...)
	switch l.kind {
	case marketplace:
		b = append(b, "AWS Marketplace,Anniversary,"...)
	case riUpfront, spUpfront:
		b = append(b, "AWS,Purchase,"...)
	case refund:
		b = append(b, "AWS,Refund,"...)
	default:
		b = append(b, "AWS,Anniversary,"...)
	}
	return append(b, w.bill...)
}

// product appends ProductCode to ResourceId.
func (w *curWriter) product(b []byte, l *line) []byte {
	it := l.s.item
	b = field(b, it.code)
	switch l.kind {
	case riFee:
		b = append(b, "HeavyUsage:"...)
		b = field(b, it.instance)
	case spFee, spUpfront:
		b = field(b, "ComputeSP:1yrPartialUpfront")
	case tax, credit, refund, riUpfront:
		b = append(b, ',')
	default:
		b = field(b, it.usageType)
	}
	b = field(b, it.operation)
	switch l.kind {
	case usage, riCovered, spCovered:
		if it.instance != "" {
			b = append(b, it.region.zone...)
		}
		b = append(b, ',')
		return append(quoted(b, l.s.resource), ',')
	case riFee, riUpfront, spFee, spUpfront, spNegation:
		b = append(b, ',')
		return field(b, l.commitment.id)
	}
	return append(b, ",,"...)
}

// amounts appends UsageAmount to BlendedCost.
func (w *curWriter) amounts(b []byte, l *line) []byte {
	quantity := l.quantity
	if l.kind >= edp {
		quantity = 0
	}
	b = append(appendNumber(b, quantity, unitScale, plain), ',')
	if l.s.item.instance != "" && quantity != 0 {
		b = append(b, "4,"...)
		b = append(appendNumber(b, quantity*4, unitScale, plain), ',')
	} else {
		b = append(b, "0,0,"...)
	}
	b = field(b, w.payer.Currency)
	for range 2 {
		b = append(appendNumber(b, l.price, unitScale, fixed), ',')
		b = append(appendNumber(b, l.billed, unitScale, w.how), ',')
	}
	return b
}

func (w *curWriter) description(l *line) string {
	switch {
	case l.text != "":
		return l.text
	case l.kind == riCovered:
		return "Linux/UNIX (Amazon VPC), " + l.s.item.instance + " reserved instance applied"
	case l.kind == riFee, l.kind == riUpfront:
		return "Reserved instance fee, " + l.commitment.name
	case l.kind == spFee, l.kind == spUpfront:
		return l.commitment.name
	case l.kind == spNegation:
		return "SavingsPlanNegation used by AccountId : " + l.s.account.ID + " and UsageSku : " + l.s.item.sku
	}
	return l.s.item.text
}

// discounted returns the negotiated discount of a line where it is delivered
// in columns; below 0, or 0.
func (w *curWriter) discounted(l *line) int64 {
	if w.payer.EDP != EDPColumns || l.kind != usage {
		return 0
	}
	return -share(l.billed, w.payer.Percent)
}

func (w *curWriter) net(b []byte, l *line) []byte {
	if w.payer.EDP != EDPColumns {
		return b
	}
	b = append(appendNumber(b, l.price-share(l.price, w.payer.Percent), unitScale, fixed), ',')
	return append(appendNumber(b, l.billed+w.discounted(l), unitScale, w.how), ',')
}

func (w *curWriter) discount(b []byte, l *line) []byte {
	if w.payer.EDP != EDPColumns {
		return b
	}
	for range 2 {
		b = append(appendNumber(b, w.discounted(l), unitScale, w.how), ',')
	}
	return b
}

// pricing appends the columns of the price list.
func (w *curWriter) pricing(b []byte, l *line) []byte {
	it := l.s.item
	switch l.kind {
	case riCovered, riFee:
		b = append(b, "1yr,standard,Partial Upfront,"...)
	default:
		b = append(b, ",,,"...)
	}
	b = field(b, it.priceID)
	b = field(b, w.payer.Currency)
	switch l.kind {
	case usage, riCovered, spCovered, marketplace:
		b = append(appendNumber(b, l.list, unitScale, w.how), ',')
		b = append(appendNumber(b, l.listPrice, unitScale, fixed), ',')
	case riFee:
		b = append(b, "0.0000000000,,"...)
	default:
		b = append(b, ",,"...)
	}
	if l.kind == riCovered || l.kind == riFee {
		b = append(b, "Reserved,"...)
	} else {
		b = append(b, "OnDemand,"...)
	}
	if l.kind >= edp {
		return append(b, ',')
	}
	return field(b, it.unit)
}

// noReservation stands in all reservation columns of other rows: AWS writes
// zeros, not nothing.
const noReservation = "0.0000000000,0.0000000000,0.0000000000,,,,,0.0000000000,,,,,,,0.0000000000,0,0,0.0000000000,0,"

func (w *curWriter) reservation(b []byte, l *line) []byte {
	c := l.commitment
	number := func(n int64) { b = append(appendNumber(b, n, unitScale, w.how), ',') }
	count := func(n int64) { b = append(strconv.AppendInt(b, n, 10), ',') }
	switch l.kind {
	case riCovered:
		number(l.upfront)
		number(0)
		number(l.effective)
		b = append(b, ",,,,"...)
		number(l.recurring)
		b = field(b, c.id)
		return append(b, ",,,,,0.0000000000,0,0,0.0000000000,0,"...)
	case riFee, riUpfront:
		number(0)
		number(l.upfront)
		number(0)
		b = field(field(b, "2027-11-30T23:59:59.000Z"), "Original")
		count(4 * int64(w.cal.hours))
		count(c.units)
		number(0)
		b = field(b, c.id)
		b = field(field(b, "2024-12-01T00:00:00.000Z"), "1141706146")
		count(4 * c.units * int64(w.cal.hours))
		count(c.units * int64(w.cal.hours))
		count(int64(w.cal.hours))
		number(l.unusedUpfront)
		b = append(appendNumber(b, 4*l.unused, unitScale, plain), ',')
		b = append(appendNumber(b, l.unused, unitScale, plain), ',')
		number(l.unusedRecurring)
		number(c.upfront)
		return b
	}
	return append(b, noReservation...)
}

const noSavingsPlan = "0.0,,0.0,0.0,0.0,0.0,0.0,,,,"

func (w *curWriter) savingsPlan(b []byte, l *line) []byte {
	if w.payer.Commitment != SavingsPlan {
		return b
	}
	c := l.commitment
	number := func(n int64) { b = append(appendNumber(b, n, unitScale, w.how), ',') }
	switch l.kind {
	case spCovered:
		b = append(b, "0.0,"...)
		b = field(b, c.id)
		number(plannedPrice(l.s.item))
		b = append(b, "0.0,"...)
		number(l.effective)
		b = append(b, "0.0,0.0,"...)
	case spNegation:
		b = append(b, "0.0,"...)
		b = field(b, c.id)
		b = append(b, "0.0,0.0,0.0,0.0,0.0,"...)
	case spFee, spUpfront:
		number(l.committed)
		b = field(b, c.id)
		b = append(b, "0.0,"...)
		number(l.used)
		b = append(b, "0.0,"...)
		number(l.upfront)
		number(l.recurring)
	default:
		return append(b, noSavingsPlan...)
	}
	return append(b, "ComputeSavingsPlans,Partial Upfront,1yr,"...)
}

// productColumns returns the product/… columns, which a series has alike on
// each row.
func (w *curWriter) productColumns(s *series) []byte {
	if s.columns.product != nil {
		return s.columns.product
	}
	it := s.item
	system := ""
	if it.instance != "" && it.code == "AmazonEC2" {
		system = "Linux"
	}
	var b []byte
	for _, v := range []string{
		it.service, it.instance, it.region.name, "AWS Region", it.memory, system, it.family, it.region.id, it.code, it.service, it.sku, it.usageType, it.vcpu,
	} {
		b = append(quoted(b, v), ',')
	}
	s.columns.product = b
	return b
}

// tagColumns returns the tag columns and ends the record.
func (w *curWriter) tagColumns(s *series) []byte {
	if s.columns.tags != nil {
		return s.columns.tags
	}
	values := []string{"", "", "", "", ""}
	if s.name != "" {
		values = []string{s.name, s.account.CostCenter, s.account.Environment, s.team, s.item.family}
	}
	var b []byte
	for i, v := range values[:w.tags] {
		if i > 0 {
			b = append(b, ',')
		}
		b = quoted(b, v)
	}
	s.columns.tags = append(b, '\n')
	return s.columns.tags
}

// field appends v, which needs no quotes, and a comma.
func field(b []byte, v string) []byte { return append(append(b, v...), ',') }

// quoted appends v, in quotes where CSV needs them.
func quoted(b []byte, v string) []byte {
	if !strings.ContainsAny(v, ",\"\n") {
		return append(b, v...)
	}
	b = append(b, '"')
	for i := range len(v) {
		if v[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, v[i])
	}
	return append(b, '"')
}
