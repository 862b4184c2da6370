package synthetic

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/spill"
)

// The delivery that all lines belong to.
const (
	provider = "aws"
	payer    = "210987654321"
	accounts = 8
)

var month = period.NewMonth(2026, time.March)

// generator fills lines, resource after resource and hour after hour.
type generator struct {
	rand  *rand.Rand
	line  line.Line
	hours []hour
	left  int
	add   func(*line.Line) error
}

// hour is one hour of the month as text.
type hour struct{ start, end, date []byte }

func newGenerator(lines int, seed uint64, add func(*line.Line) error) *generator {
	g := &generator{rand: rand.New(rand.NewPCG(seed, 1)), left: lines, add: add}
	for t := month.Start(); t.Before(month.End()); t = t.Add(time.Hour) {
		g.hours = append(g.hours, hour{
			start: line.AppendInstant(nil, t),
			end:   line.AppendInstant(nil, t.Add(time.Hour)),
			date:  t.AppendFormat(nil, time.DateOnly),
		})
	}
	g.set(map[line.Column]string{
		line.ProviderName: "AWS", line.PublisherName: "AWS", line.InvoiceIssuerName: "Amazon Web Services, Inc.",
		line.BillingAccountId: payer, line.BillingCurrency: "USD",
		line.BillingPeriodStart: month.Start().Format(line.InstantLayout), line.BillingPeriodEnd: month.End().Format(line.InstantLayout),
		line.InvoiceId: "EUINCH26-301544", line.XProvider: provider,
		line.XMarketplace: "false", line.XPeriod: month.String(), line.XServiceMonth: month.String(),
	})
	return g
}

func (g *generator) set(values map[line.Column]string) {
	for c, v := range values {
		g.line.Set(c, v)
	}
}

// run generates the lines: a month of hourly ones per resource, and for each
// account the charges of the month that belong to no resource.
func (g *generator) run() error {
	monthly := max(g.left/20000, 1)
	for range monthly {
		if err := g.monthlyCharge(); err != nil {
			return err
		}
	}
	for g.left > 0 {
		if err := g.resource(); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) emit() error {
	if g.left == 0 {
		return nil
	}
	g.left--
	return g.add(&g.line)
}

func (g *generator) account() {
	// The first accounts are larger than the later ones.
	n := min(g.rand.IntN(accounts), g.rand.IntN(accounts))
	id := fmt.Sprintf("%012d", 112233440000+int64(n)*7919)
	g.set(map[line.Column]string{line.SubAccountId: id, line.XAccount: id, line.SubAccountName: fmt.Sprintf("workload-%d", n+1)})
}

// resource generates one resource's hours.
func (g *generator) resource() error {
	// Two thirds of the lines repeat one quantity, a third are metered.
	metered := g.rand.IntN(3) == 0
	p := &products[pick(g.rand, len(products), func(i int) int {
		if products[i].metered != metered {
			return 0
		}
		return products[i].weight
	})]
	r := &regions[pick(g.rand, len(regions), func(i int) int { return regions[i].weight })]
	g.account()
	price := p.price * r.percent / 100
	g.describe(p, r, price)
	discounted := g.commitment(p)
	from, to := 0, len(g.hours)
	if g.rand.IntN(4) == 0 { // did not run all month
		from = g.rand.IntN(len(g.hours))
		to = from + 1 + g.rand.IntN(len(g.hours)-from)
	}
	quantity := p.quantity * int64(1+g.rand.IntN(4)*g.rand.IntN(2))
	if p.unit == "Hrs" {
		quantity = p.quantity
	}
	for _, h := range g.hours[from:to] {
		if p.metered {
			quantity = 1 + g.rand.Int64N(2*p.quantity)
		}
		g.hour(h)
		g.amounts(quantity, price, discounted)
		if err := g.emit(); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) hour(h hour) {
	g.line.Text[line.ChargePeriodStart], g.line.Text[line.ChargePeriodEnd] = h.start, h.end
	g.line.Text[line.XDate] = h.date
}

// describe sets what a resource's lines have in common.
func (g *generator) describe(p *product, r *region, price int64) {
	id := fmt.Sprintf("%016x", g.rand.Uint64())
	resource := "bucket-" + id
	if p.arn != "" {
		resource = fmt.Sprintf("arn:aws:%s:%s:%s:%s%s", "service", r.id, g.line.Text[line.SubAccountId], p.arn, id)
	}
	sku := skuOf(p, r)
	g.set(map[line.Column]string{
		line.ServiceName: p.service, line.ServiceCategory: p.category, line.ResourceType: p.family,
		line.RegionId: r.id, line.RegionName: r.name, line.AvailabilityZone: r.id + string(rune('a'+g.rand.IntN(3))),
		line.SkuId: sku, line.SkuPriceId: sku + ".JRTCKXETXF.6YS6EN2CT7",
		line.XUsageType: r.prefix + p.usageType, line.XOperation: p.operation, line.XLineItemType: "Usage",
		line.ChargeCategory: "Usage", line.ChargeFrequency: "Usage-Based", line.ChargeClass: "",
		line.ChargeDescription: fmt.Sprintf("$%s per %s of %s in %s", number(price), p.unit, p.usageType, r.name),
		line.PricingCategory:   "Standard", line.PricingUnit: p.unit, line.ConsumedUnit: p.unit,
		line.ListUnitPrice: number(price).String(), line.ContractedUnitPrice: number(price).String(),
		line.ResourceId: resource, line.XCommitmentRole: "none",
		line.Tags: fmt.Sprintf(`{"cost_centre":%q,"env":%q}`,
			costCentres[g.rand.IntN(len(costCentres))], environments[g.rand.IntN(len(environments))]),
	})
	if g.rand.IntN(12) == 0 {
		g.line.Set(line.Tags, "")
	}
}

// skuOf returns the provider's code for a product in a region, always the same.
func skuOf(p *product, r *region) string {
	h := uint64(14695981039346656037)
	for _, c := range []byte(p.usageType + p.operation + r.id) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	const letters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	sku := make([]byte, 16)
	for i := range sku {
		sku[i] = letters[h%uint64(len(letters))]
		h = h*6364136223846793005 + 1442695040888963407
		h ^= h >> 29
	}
	return string(sku)
}

// commitment covers some instances by a Savings Plan; it returns the share of
// the list price, in percent, at which the line is effective.
func (g *generator) commitment(p *product) int64 {
	covered := p.family == "Instance" && p.unit == "Hrs" && g.rand.IntN(3) == 0
	values := map[line.Column]string{
		line.CommitmentDiscountCategory: "", line.CommitmentDiscountType: "", line.CommitmentDiscountStatus: "", line.CommitmentDiscountId: "",
	}
	share := int64(100)
	if covered {
		share = 72
		values = map[line.Column]string{
			line.CommitmentDiscountCategory: "Spend", line.CommitmentDiscountType: "Compute Savings Plan", line.CommitmentDiscountStatus: "Used",
			line.CommitmentDiscountId: fmt.Sprintf("arn:aws:savingsplans::%s:savingsplan/5f1c-%d", payer, g.rand.IntN(4)),
			line.XLineItemType:        "SavingsPlanCoveredUsage", line.XCommitmentRole: "covered", line.PricingCategory: "Committed",
		}
	}
	g.set(values)
	return share
}

// amounts sets the measures, at ten digits after the point like a real CUR.
func (g *generator) amounts(quantity, price, share int64) {
	list := times(quantity, price)
	effective := list / 100 * share
	g.line.Measures = [line.NumMeasures]line.Number{
		line.BilledCost: number(list), line.EffectiveCost: number(effective), line.ListCost: number(list),
		line.ContractedCost: number(list), line.PricingQuantity: number(quantity), line.XUsageAmount: number(quantity),
	}
	g.line.Text[line.ConsumedQuantity] = number(quantity).Append(g.line.Text[line.ConsumedQuantity][:0])
}

// monthlyCharge generates a charge of the whole month: tax, a credit, a refund
// or a fee.
func (g *generator) monthlyCharge() error {
	kinds := []struct{ item, category, class, description string }{
		{"Tax", "Tax", "", "VAT on AWS services"},
		{"Credit", "Credit", "", "Promotional credit"},
		{"Refund", "Usage", "Correction", "Correction of data transfer"},
		{"Fee", "Purchase", "", "Support, business"},
	}
	k := kinds[g.rand.IntN(len(kinds))]
	g.account()
	p, r := &products[g.rand.IntN(len(products))], &regions[g.rand.IntN(len(regions))]
	g.describe(p, r, p.price)
	g.set(map[line.Column]string{
		line.XLineItemType: k.item, line.ChargeCategory: k.category, line.ChargeClass: k.class, line.ChargeDescription: k.description,
		line.ChargeFrequency: "One-Time", line.ResourceId: "", line.Tags: "", line.XUsageType: "", line.XOperation: "",
		line.SkuId: "", line.SkuPriceId: "", line.ListUnitPrice: "", line.ContractedUnitPrice: "", line.PricingUnit: "", line.ConsumedUnit: "",
	})
	g.hour(g.hours[0])
	g.line.Text[line.ChargePeriodEnd] = g.line.Text[line.BillingPeriodEnd]
	amount := g.rand.Int64N(50 * unit)
	if k.item == "Credit" || k.item == "Refund" {
		amount = -amount
	}
	g.amounts(0, 0, 100)
	for _, m := range []line.Measure{line.BilledCost, line.EffectiveCost, line.ListCost, line.ContractedCost} {
		g.line.Measures[m] = number(amount)
	}
	return g.emit()
}

// number returns v × 10^-10.
func number(v int64) line.Number {
	n, err := line.NewNumber(v, 10)
	if err != nil {
		return line.Zero // cannot be: every int64 has fewer digits
	}
	return n
}

// times multiplies two numbers of ten digits after the point and cuts the
// product to as many.
func times(a, b int64) int64 {
	v := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return v.Quo(v, big.NewInt(unit)).Int64()
}

func key() spill.Key { return spill.Key{Provider: provider, Payer: payer, Month: month} }
