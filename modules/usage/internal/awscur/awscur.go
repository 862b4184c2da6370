// Package awscur turns rows of AWS's legacy Cost and Usage Report into usage
// lines in FOCUS terms.
//
// Every line item type is kept, unknown ones as money. What the types become:
//
//	line item type            ChargeCategory  role      quantity  list             contracted       effective
//	Usage                     Usage           none      amount    on demand        unblended        unblended
//	DiscountedUsage           Usage           covered   amount    on demand        on demand        reservation/EffectiveCost
//	SavingsPlanCoveredUsage   Usage           covered   amount    on demand        unblended        SavingsPlanEffectiveCost
//	SavingsPlanNegation       Usage           negation  0         0                0                0
//	SavingsPlanRecurringFee   Purchase        fee       0         0                0                commitment − used
//	SavingsPlanUpfrontFee     Purchase        fee       0         0                0                0
//	RIFee                     Purchase        fee       0         0                0                unused upfront + unused recurring
//	Fee                       Purchase        none      amount    unblended        unblended        unblended
//	Fee of a commitment       Purchase        fee       0         unblended        unblended        0
//	Tax                       Tax             none      0         unblended        unblended        unblended
//	Credit                    Credit          none      0         unblended        unblended        unblended
//	Refund                    Adjustment      none      0         unblended        unblended        unblended
//	Refund of a plan's fee    Adjustment      none      0         unblended        unblended        0 if paid upfront
//	…Discount                 Adjustment      none      0         unblended        unblended        unblended
//	any other                 Adjustment      none      amount    unblended        unblended        unblended
//
// Billed is always UnblendedCost. «On demand» is publicOnDemandCost, NULL where
// it is missing, and so is an effective cost whose columns are. The provider's
// usage amount stays in x_usage_amount on all rows. A discount is an
// adjustment, as FOCUS calls what fits no other category: it is neither
// granted credit nor usage. A refund is ChargeClass Correction if what it
// refunds lies before the billing month.
//
// Tags: resourceTags/user:env is tags["env"]; AWS's own keep their prefix, as
// in tags["aws:createdBy"].
package awscur

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/cell"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/source/table"
)

// Slots of the columns that are read; those of tags follow.
const (
	payer = iota
	payerName
	account
	accountName
	currency
	billStart
	billEnd
	invoice
	invoicer
	billingEntity
	legalEntity
	itemType
	usageStart
	usageEnd
	interval
	product
	productName
	usageType
	operation
	zone
	resource
	description
	usageAmount
	unblended
	unblendedRate
	netUnblended
	onDemandCost
	onDemandRate
	unit
	regionCode
	region
	location
	sku
	rateCode
	reservation
	reservationEffective
	unusedUpfront
	unusedRecurring
	plan
	planEffective
	planCommitment
	planUsed
	numSlots
)

// names of the columns, by slot, the first that a file has.
var names = [numSlots][]string{
	payer:                {"bill/PayerAccountId"},
	payerName:            {"bill/PayerAccountName"},
	account:              {"lineItem/UsageAccountId"},
	accountName:          {"lineItem/UsageAccountName"},
	currency:             {"lineItem/CurrencyCode"},
	billStart:            {"bill/BillingPeriodStartDate"},
	billEnd:              {"bill/BillingPeriodEndDate"},
	invoice:              {"bill/InvoiceId"},
	invoicer:             {"bill/InvoicingEntity"},
	billingEntity:        {"bill/BillingEntity"},
	legalEntity:          {"lineItem/LegalEntity"},
	itemType:             {"lineItem/LineItemType"},
	usageStart:           {"lineItem/UsageStartDate"},
	usageEnd:             {"lineItem/UsageEndDate"},
	interval:             {"identity/TimeInterval"},
	product:              {"lineItem/ProductCode"},
	productName:          {"product/ProductName"},
	usageType:            {"lineItem/UsageType"},
	operation:            {"lineItem/Operation"},
	zone:                 {"lineItem/AvailabilityZone"},
	resource:             {"lineItem/ResourceId"},
	description:          {"lineItem/LineItemDescription"},
	usageAmount:          {"lineItem/UsageAmount"},
	unblended:            {"lineItem/UnblendedCost"},
	unblendedRate:        {"lineItem/UnblendedRate"},
	netUnblended:         {"lineItem/NetUnblendedCost"},
	onDemandCost:         {"pricing/publicOnDemandCost"},
	onDemandRate:         {"pricing/publicOnDemandRate"},
	unit:                 {"pricing/unit"},
	regionCode:           {"product/regionCode"},
	region:               {"product/region"},
	location:             {"product/location"},
	sku:                  {"product/sku"},
	rateCode:             {"pricing/RateCode", "pricing/RateId"},
	reservation:          {"reservation/ReservationARN"},
	reservationEffective: {"reservation/EffectiveCost"},
	unusedUpfront:        {"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"},
	unusedRecurring:      {"reservation/UnusedRecurringFee"},
	plan:                 {"savingsPlan/SavingsPlanARN"},
	planEffective:        {"savingsPlan/SavingsPlanEffectiveCost"},
	planCommitment:       {"savingsPlan/TotalCommitmentToDate"},
	planUsed:             {"savingsPlan/UsedCommitment"},
}

// required columns: without one of them no row can be read.
var required = []int{payer, currency, billStart, itemType, usageStart, unblended}

// Is reports whether a file with this header is a legacy CUR.
func Is(header []string) bool {
	h := rows.NewHeader(header)
	return h.Has("lineItem/UnblendedCost") && h.Has("lineItem/LineItemType") && h.Has("bill/PayerAccountId")
}

// Mapper reads rows of one file.
type Mapper struct {
	cells *rows.Cells
	tags  []tag // by key
	net   map[string]decimal.Decimal

	list  []cell.Tag
	start cell.Instant // of an interval
	end   cell.Instant
}

// tag is a column of tags.
type tag struct {
	key  string
	slot int
}

// New returns a mapper for files with this header. It fails on a header
// without the columns that every row needs, naming them.
func New(header []string) (*Mapper, error) {
	h := rows.NewHeader(header)
	columns, labels := make([]int, numSlots), make([]string, numSlots)
	for slot, spellings := range names {
		columns[slot], labels[slot] = h.Find(spellings...), spellings[0]
	}
	var missing []string
	for _, slot := range required {
		if columns[slot] < 0 {
			missing = append(missing, names[slot][0])
		}
	}
	if columns[usageStart] < 0 && columns[interval] >= 0 {
		missing = remove(missing, names[usageStart][0])
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not a Cost and Usage Report: no column %s", strings.Join(missing, ", "))
	}
	m := &Mapper{net: make(map[string]decimal.Decimal)}
	for i, name := range header {
		if key, ok := tagKey(name); ok {
			m.tags = append(m.tags, tag{key: key, slot: len(columns)})
			columns, labels = append(columns, i), append(labels, name)
		}
	}
	m.tags = distinct(m.tags)
	m.cells = rows.NewCells(h, columns, labels)
	return m, nil
}

// distinct sorts tags by key and keeps the first column of each.
func distinct(tags []tag) []tag {
	slices.SortStableFunc(tags, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	return slices.CompactFunc(tags, func(a, b tag) bool { return a.key == b.key })
}

func remove(from []string, s string) []string {
	var out []string
	for _, x := range from {
		if x != s {
			out = append(out, x)
		}
	}
	return out
}

// tagKey returns the key of a column of tags: resourceTags/user:env,
// resource_tags_user_env.
func tagKey(column string) (key string, ok bool) {
	for _, p := range []struct{ prefix, user, aws string }{
		{"resourcetags/", "user:", "aws:"},
		{"resource_tags_", "user_", "aws_"},
	} {
		if len(column) <= len(p.prefix) || !strings.EqualFold(column[:len(p.prefix)], p.prefix) {
			continue
		}
		key = column[len(p.prefix):]
		if user, ok := strings.CutPrefix(key, p.user); ok {
			return user, user != ""
		}
		if own, ok := strings.CutPrefix(key, p.aws); ok {
			return "aws:" + own, own != ""
		}
		return key, true
	}
	return "", false
}

// Columns returns the columns that Map reads, by slot.
func (m *Mapper) Columns() []int { return m.cells.Columns }

// Notes returns what was odd so far.
func (m *Mapper) Notes() rows.Notes { return m.cells.Notes }

// ColumnDiscounts returns what NetUnblendedCost takes off UnblendedCost, by
// currency. It is in no measure.
func (m *Mapper) ColumnDiscounts() map[string]decimal.Decimal { return m.net }

// Map fills l from a row.
func (m *Mapper) Map(b *table.Batch, row int, l *line.Line) *rows.Fault {
	c := m.cells
	l.Reset()
	if c.Start(b, row) {
		m.identity(l)
		m.periods(l)
		m.service(l)
		m.money(l)
	}
	if c.Fault != nil {
		c.Fault.Provider = "aws"
		c.Fault.Payer, c.Fault.Period = m.whose(b, row)
	}
	return c.Fault
}

// whose says what can be known of a row that cannot be read.
func (m *Mapper) whose(b *table.Batch, row int) (string, period.Month) {
	if m.cells.Header.CheckWidth(b, row) != nil {
		return "", period.Month{}
	}
	var month period.Month
	if i, _, err := cell.ParseInstant(cell.Trim(b.Cell(row, billStart))); err == nil {
		month = rows.Month(&i)
	}
	id := cell.Trim(b.Cell(row, payer))
	if !cell.IsClean(id) {
		id = nil
	}
	return string(id), month
}

func (m *Mapper) identity(l *line.Line) {
	c, t := m.cells, &l.Text
	t[line.ProviderName], t[line.XProvider] = awsName, awsKey
	t[line.BillingAccountId] = c.Need(payer)
	t[line.BillingAccountName] = c.Text(payerName)
	t[line.SubAccountId] = c.Key(account)
	t[line.SubAccountName] = c.Text(accountName)
	t[line.XAccount] = t[line.SubAccountId]
	if len(t[line.XAccount]) == 0 {
		t[line.XAccount] = t[line.BillingAccountId]
	}
	t[line.BillingCurrency] = c.Need(currency)
	t[line.InvoiceId] = c.Text(invoice)
	t[line.InvoiceIssuerName] = c.Text(invoicer)
	t[line.PublisherName] = c.Text(legalEntity)
	t[line.XMarketplace] = no
	if string(c.Raw(billingEntity)) == "AWS Marketplace" {
		t[line.XMarketplace] = yes
	}
}

var awsName, awsKey, yes, no = []byte("AWS"), []byte("aws"), []byte("true"), []byte("false")

func (m *Mapper) periods(l *line.Line) {
	c := m.cells
	starts, ends := c.NeedInstant(billStart), c.Instant(billEnd)
	from, to := c.Instant(usageStart), c.Instant(usageEnd)
	if from == nil {
		from, to = m.interval()
	}
	if from == nil {
		c.Fail(usageStart, "the value is missing")
	}
	if c.Fault == nil {
		rows.Periods(l, starts, ends, from, to)
	}
}

// interval reads identity/TimeInterval, 2018-11-01T00:00:00Z/2018-11-01T01:00:00Z.
func (m *Mapper) interval() (from, to *cell.Instant) {
	a, b, ok := strings.Cut(string(m.cells.Raw(interval)), "/")
	if !ok {
		return nil, nil
	}
	var errA, errB error
	m.start, _, errA = cell.ParseInstant([]byte(a))
	m.end, _, errB = cell.ParseInstant([]byte(b))
	if errA != nil || errB != nil {
		m.cells.Fail(interval, "not an interval")
		return nil, nil
	}
	return &m.start, &m.end
}

func (m *Mapper) service(l *line.Line) {
	c, t := m.cells, &l.Text
	t[line.ServiceName] = c.Text(productName)
	if len(t[line.ServiceName]) == 0 {
		t[line.ServiceName] = c.Text(product)
	}
	t[line.RegionId] = c.Text(regionCode)
	if len(t[line.RegionId]) == 0 {
		t[line.RegionId] = c.Text(region)
	}
	t[line.RegionName] = c.Text(location)
	t[line.AvailabilityZone] = c.Text(zone)
	t[line.ResourceId] = c.Text(resource)
	t[line.SkuId] = c.Text(sku)
	t[line.SkuPriceId] = c.Text(rateCode)
	t[line.PricingUnit] = c.Text(unit)
	t[line.ListUnitPrice] = c.Decimal(onDemandRate)
	t[line.ChargeDescription] = c.Text(description)
	t[line.XUsageType] = c.Text(usageType)
	t[line.XOperation] = c.Text(operation)
	t[line.XLineItemType] = c.Text(itemType)
	if len(m.tags) > 0 {
		t[line.Tags] = m.tagText()
	}
}

func (m *Mapper) tagText() []byte {
	m.list = m.list[:0]
	for _, t := range m.tags {
		if v := m.cells.Text(t.slot); len(v) > 0 {
			m.list = append(m.list, cell.Tag{Key: t.key, Value: string(v)})
		}
	}
	if len(m.list) == 0 {
		return nil
	}
	return m.cells.Keep(func(dst []byte) []byte { return cell.AppendTags(dst, m.list) })
}

// discount notes what only the net column takes off.
func (m *Mapper) discount(l *line.Line) {
	net := m.cells.Number(netUnblended)
	if net.IsNull() || m.cells.Fault != nil {
		return
	}
	off, err := l.Measures[line.BilledCost].Sub(net)
	if err != nil || off.IsZero() {
		return
	}
	in := string(l.Text[line.BillingCurrency])
	m.net[in] = m.net[in].Add(off.Decimal())
}

// DiscountWarning says in a sentence what ColumnDiscounts found in one
// currency.
func DiscountWarning(currency string, sum decimal.Decimal) string {
	return fmt.Sprintf("Discounts of %s stand only in the column lineItem/NetUnblendedCost; billed amounts are without them.",
		money.New(sum, money.Currency(currency)))
}

// IsCUR2 reports whether a file with this header is a CUR 2.0 export, which
// keeps product attributes and tags in columns of JSON.
func IsCUR2(header []string) bool {
	h := rows.NewHeader(header)
	return h.Has("line_item_unblended_cost") && h.Has("product") && h.Has("resource_tags")
}
