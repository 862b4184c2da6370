package export

import (
	"encoding/json"
	"strings"
)

// focusColumns are the columns of FOCUS 1.2, in the order of the files; Azure
// and AWS add some of their own.
var focusColumns = []string{
	"ProviderName", "PublisherName", "InvoiceIssuerName", "InvoiceId", "BillingAccountId", "BillingAccountName", "BillingAccountType",
	"SubAccountId", "SubAccountName", "SubAccountType", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
	"ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "BilledCost", "EffectiveCost", "ListCost", "ContractedCost",
	"ListUnitPrice", "ContractedUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "PricingCurrency",
	"PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "BillingCurrency",
	"ConsumedQuantity", "ConsumedUnit", "ServiceName", "ServiceCategory", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
	"SkuPriceDetails", "ResourceId", "ResourceName", "ResourceType", "RegionId", "RegionName", "AvailabilityZone",
	"CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountCategory", "CommitmentDiscountType", "CommitmentDiscountStatus",
	"CommitmentDiscountQuantity", "CommitmentDiscountUnit", "CapacityReservationId", "CapacityReservationStatus", "Tags",
}

// cloud is how a provider names itself and its accounts in FOCUS.
type cloud struct {
	provider, publisher, issuer, accountType, subAccountType, reservation string
}

var clouds = map[string]cloud{
	"aws":   {"AWS", "Amazon Web Services, Inc.", "Amazon Web Services, Inc.", "BillingAccount", "Account", "Reserved"},
	"azure": {"Microsoft Azure", "Microsoft", "Microsoft Azure", "Microsoft Customer Agreement", "Subscription", "Reservation"},
	"gcp":   {"Google Cloud", "Google", "Google Cloud", "Billing Account", "Project", "Committed Use Discount"},
}

// focusWriter gives lines the columns of FOCUS 1.2.
type focusWriter struct {
	payer  *Payer
	cal    *calendar
	cloud  cloud
	how    notation
	scale  int
	period string // BillingPeriodStart and -End
	issued string // InvoiceIssuerName to BillingAccountType
}

func newFOCUSWriter(in Month, p *Payer, cal *calendar) *focusWriter {
	w := &focusWriter{payer: p, cal: cal, cloud: clouds[p.Provider], scale: amountScale(p), how: plain}
	if p.LegacyText {
		w.how = exponent
	}
	w.period = cal.stamp(0) + "," + cal.stamp(cal.hours) + ","
	var b []byte
	for _, v := range []string{w.cloud.issuer, "INV-" + in.Month.String() + "-" + uuidOf(in.Seed, "invoice", p.ID)[:6], p.ID, p.Name, w.cloud.accountType} {
		b = append(quoted(b, v), ',')
	}
	w.issued = string(b)
	return w
}

func (w *focusWriter) header(int) []byte {
	cols := strings.Join(focusColumns, ",")
	switch w.payer.Provider {
	case "azure":
		cols += ",x_ResourceGroupName"
	case "aws":
		cols += ",x_ServiceCode,x_UsageType,x_Operation"
	}
	return []byte(cols + "\n")
}

// row appends the line as one CSV record; kinds that FOCUS has no row for
// append nothing.
func (w *focusWriter) row(b []byte, l *line) []byte {
	category, frequency := focusCategory(l.kind)
	b = append(b, w.head(l)...)
	b = field(field(append(b, w.period...), w.cal.stamp(l.from)), w.cal.stamp(l.to))
	b = field(b, category)
	if l.kind == refund {
		b = append(b, "Correction"...)
	}
	b = append(quoted(append(b, ','), w.description(l)), ',')
	b = field(b, frequency)
	b = w.costs(b, l)
	b = w.prices(b, l)
	b = append(b, w.product(l)...)
	b = w.commitment(b, l)
	return append(b, w.tags(l.s)...)
}

// focusCategory returns ChargeCategory and ChargeFrequency.
func focusCategory(k kind) (category, frequency string) {
	switch k {
	case riFee, spFee, support:
		return "Purchase", "Recurring"
	case riUpfront, spUpfront:
		return "Purchase", "One-Time"
	case tax:
		return "Tax", "One-Time"
	case credit:
		return "Credit", "One-Time"
	case edp, rounding, refund:
		return "Adjustment", "One-Time"
	}
	return "Usage", "Usage-Based"
}

// head returns ProviderName to SubAccountType.
func (w *focusWriter) head(l *line) []byte {
	s := l.s
	if s.columns.head != nil {
		return s.columns.head
	}
	publisher := w.cloud.publisher
	if l.kind == marketplace {
		publisher = s.item.service
	}
	b := append(quoted(field(nil, w.cloud.provider), publisher), ',')
	b = append(b, w.issued...)
	b = append(quoted(field(b, s.account.ID), s.account.Name), ',')
	s.columns.head = field(b, w.cloud.subAccountType)
	return s.columns.head
}

func (w *focusWriter) description(l *line) string {
	switch {
	case l.text != "":
		return l.text
	case l.kind == riFee, l.kind == riUpfront, l.kind == spFee, l.kind == spUpfront:
		return l.commitment.name
	case l.kind == unused:
		return l.commitment.name + " unused"
	}
	return l.s.item.text
}

// costs appends BilledCost to ContractedCost.
func (w *focusWriter) costs(b []byte, l *line) []byte {
	for _, n := range [...]int64{l.billed, l.effective, l.list, l.contracted} {
		b = append(appendNumber(b, n, w.scale, w.how), ',')
	}
	return b
}

// prices appends ListUnitPrice to ConsumedUnit.
func (w *focusWriter) prices(b []byte, l *line) []byte {
	it := l.s.item
	var list, contracted []byte
	category, unit := "Standard", it.unit
	switch l.kind {
	case usage, marketplace:
		list, contracted = appendNumber(nil, l.listPrice, unitScale, plain), appendNumber(nil, l.price, unitScale, plain)
	case riCovered, spCovered, unused:
		price := it.contracted
		if l.kind == unused && w.payer.Commitment == SavingsPlan {
			price = l.listPrice
			unit = w.payer.Currency
		}
		list, contracted = appendNumber(nil, l.listPrice, unitScale, plain), appendNumber(nil, price, unitScale, plain)
		category = "Committed"
	case riFee, spFee:
		list = appendNumber(nil, l.price, unitScale, plain)
		contracted = list
	default:
		category, unit = "", ""
	}
	b = append(append(b, list...), ',')
	b = append(append(b, contracted...), ',')
	b = field(b, category)
	if category != "" {
		b = appendNumber(b, l.quantity, unitScale, plain)
	}
	b = field(field(append(b, ','), unit), w.payer.Currency)
	b = append(append(b, contracted...), ',')
	b = append(appendNumber(b, l.effective, w.scale, w.how), ',')
	b = append(append(b, list...), ',')
	b = field(b, w.payer.Currency)
	switch l.kind {
	case usage, riCovered, spCovered, marketplace:
		b = append(appendNumber(b, l.quantity, unitScale, plain), ',')
		b = field(b, unit)
	default:
		b = append(b, ",,"...)
	}
	return b
}

// product returns ServiceName to AvailabilityZone.
func (w *focusWriter) product(l *line) []byte {
	s := l.s
	if s.columns.product != nil {
		return s.columns.product
	}
	it := s.item
	zone, details, name := "", "", s.resource[strings.LastIndexByte(s.resource, '/')+1:]
	if it.instance != "" {
		zone = it.region.zone
		details = `{"InstanceType":"` + it.instance + `","CoreCount":` + it.vcpu + `,"MemorySize":` + strings.TrimSuffix(it.memory, " GiB") + `}`
	}
	var b []byte
	for _, v := range []string{
		it.service, it.category, it.subcategory, it.sku, it.family, it.priceID, details,
		s.resource, name, it.operation, it.region.id, it.region.name, zone,
	} {
		b = append(quoted(b, v), ',')
	}
	s.columns.product = b
	return b
}

// commitment appends CommitmentDiscountId to CapacityReservationStatus.
func (w *focusWriter) commitment(b []byte, l *line) []byte {
	if l.commitment == nil {
		return append(b, ",,,,,,,,,"...)
	}
	status, quantity := "", l.quantity
	switch l.kind {
	case riCovered, spCovered:
		status = "Used"
	case unused:
		status = "Unused"
	}
	b = append(quoted(b, l.commitment.id), ',')
	b = append(quoted(b, l.commitment.name), ',')
	category, name, unit := "Usage", w.cloud.reservation, "Hours"
	if w.payer.Commitment == SavingsPlan {
		category, name, unit = "Spend", "Savings Plan", w.payer.Currency
		if l.kind == spCovered {
			quantity = l.effective
		}
	}
	b = field(field(field(b, category), name), status)
	b = append(appendNumber(b, quantity, unitScale, plain), ',')
	return append(field(b, unit), ",,"...)
}

// tags returns Tags and what a provider adds, and ends the record.
func (w *focusWriter) tags(s *series) []byte {
	if s.columns.tags != nil {
		return s.columns.tags
	}
	var b []byte
	if s.name != "" {
		text, _ := json.Marshal(map[string]string{
			"Name": s.name, "cost-center": s.account.CostCenter, "environment": s.account.Environment, "team": s.team,
		})
		b = quoted(b, string(text))
	}
	switch w.payer.Provider {
	case "azure":
		b = append(append(b, ",rg-"...), s.team...)
	case "aws":
		b = append(append(b, ','), s.item.code...)
		b = append(append(b, ','), s.item.usageType...)
		b = append(append(b, ','), s.item.operation...)
	}
	s.columns.tags = append(b, '\n')
	return s.columns.tags
}
