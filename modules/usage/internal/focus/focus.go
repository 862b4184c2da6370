// Package focus turns rows of FOCUS 1.0 to 1.3 exports into usage lines.
//
// Columns are kept as delivered. What is added:
//
//	x_provider         key of ServiceProviderName (1.3), else of ProviderName
//	x_marketplace      PublisherName is not one of the provider's own
//	x_commitment_role  covered, unused by CommitmentDiscountStatus; fee for a
//	                   Purchase with a CommitmentDiscountId; else none
//	x_usage_amount     PricingQuantity as delivered
//	PricingQuantity    0 on Tax, Credit, Adjustment, commitment fees and unused
//	                   commitments, which consume nothing
//
// An x_LineItemType is not taken over: what rules make of a line item type is
// how a CUR writes its costs, and FOCUS writes them otherwise.
//
// Rows that break the specification are read where their meaning is clear, and
// counted.
package focus

import (
	"fmt"
	"strings"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/cell"
	"tierbook/modules/usage/internal/source/rows"
	"tierbook/modules/usage/internal/source/table"
)

// Slots of columns that need more than copying; those in copied follow.
const (
	provider = iota
	publisher
	payer
	account
	currency
	billStart
	billEnd
	chargeStart
	chargeEnd
	category
	class
	frequency
	status
	commitment
	zone
	tags
	consumed
	contractedPrice
	listPrice
	billed
	effective
	list
	contracted
	quantity
	numOwn
)

var own = [numOwn][]string{
	provider:        {"ServiceProviderName", "ProviderName"},
	publisher:       {"PublisherName"},
	payer:           {"BillingAccountId"},
	account:         {"SubAccountId"},
	currency:        {"BillingCurrency"},
	billStart:       {"BillingPeriodStart"},
	billEnd:         {"BillingPeriodEnd"},
	chargeStart:     {"ChargePeriodStart"},
	chargeEnd:       {"ChargePeriodEnd"},
	category:        {"ChargeCategory"},
	class:           {"ChargeClass"},
	frequency:       {"ChargeFrequency"},
	status:          {"CommitmentDiscountStatus"},
	commitment:      {"CommitmentDiscountId"},
	zone:            {"AvailabilityZone"},
	tags:            {"Tags"},
	consumed:        {"ConsumedQuantity"},
	contractedPrice: {"ContractedUnitPrice"},
	listPrice:       {"ListUnitPrice"},
	billed:          {"BilledCost"},
	effective:       {"EffectiveCost"},
	list:            {"ListCost"},
	contracted:      {"ContractedCost"},
	quantity:        {"PricingQuantity"},
}

// copied are the columns that are taken as they are.
var copied = []struct {
	column line.Column
	name   string
}{
	{line.InvoiceIssuerName, "InvoiceIssuerName"},
	{line.BillingAccountName, "BillingAccountName"},
	{line.SubAccountName, "SubAccountName"},
	{line.ChargeDescription, "ChargeDescription"},
	{line.CommitmentDiscountCategory, "CommitmentDiscountCategory"},
	{line.CommitmentDiscountName, "CommitmentDiscountName"},
	{line.CommitmentDiscountType, "CommitmentDiscountType"},
	{line.ConsumedUnit, "ConsumedUnit"},
	{line.PricingCategory, "PricingCategory"},
	{line.PricingUnit, "PricingUnit"},
	{line.RegionId, "RegionId"},
	{line.RegionName, "RegionName"},
	{line.ResourceId, "ResourceId"},
	{line.ResourceName, "ResourceName"},
	{line.ResourceType, "ResourceType"},
	{line.ServiceCategory, "ServiceCategory"},
	{line.ServiceName, "ServiceName"},
	{line.SkuId, "SkuId"},
	{line.SkuPriceId, "SkuPriceId"},
	{line.InvoiceId, "InvoiceId"},
	{line.XUsageType, "x_UsageType"},
	{line.XOperation, "x_Operation"},
}

// required columns: without one of them no row can be read.
var required = []int{provider, payer, currency, billStart, chargeStart, category, billed}

// Is reports whether a file with this header is FOCUS.
func Is(header []string) bool {
	h := rows.NewHeader(header)
	return h.Has("BilledCost") && h.Has("ChargeCategory") && h.Has("ChargePeriodStart")
}

// Mapper reads rows of one file.
type Mapper struct {
	cells     *rows.Cells
	providers *Providers

	found Provider // of the row before
	name  []byte
}

// New returns a mapper for files with this header. It fails on a header
// without the columns that every row needs, naming them.
func New(header []string, providers []Provider) (*Mapper, error) {
	h := rows.NewHeader(header)
	columns, labels := make([]int, 0, numOwn+len(copied)), make([]string, 0, numOwn+len(copied))
	for _, spellings := range own {
		columns, labels = append(columns, h.Find(spellings...)), append(labels, spellings[len(spellings)-1])
	}
	var missing []string
	for _, slot := range required {
		if columns[slot] < 0 {
			missing = append(missing, labels[slot])
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not a FOCUS export: no column %s", strings.Join(missing, ", "))
	}
	for _, c := range copied {
		columns, labels = append(columns, h.Find(c.name)), append(labels, c.name)
	}
	m := &Mapper{cells: rows.NewCells(h, columns, labels), providers: NewProviders(providers)}
	m.checkHeader(header)
	return m, nil
}

// Columns returns the columns that Map reads, by slot.
func (m *Mapper) Columns() []int { return m.cells.Columns }

// Notes returns what was odd so far.
func (m *Mapper) Notes() rows.Notes { return m.cells.Notes }

// Map fills l from a row.
func (m *Mapper) Map(b *table.Batch, row int, l *line.Line) *rows.Fault {
	c := m.cells
	l.Reset()
	if c.Start(b, row) {
		m.identity(l)
		m.periods(l)
		m.charge(l)
		m.measures(l)
	}
	if c.Fault != nil {
		m.whose(b, row)
		return c.Fault
	}
	m.check(l)
	return nil
}

// whose adds to the fault what can be known of a row that cannot be read.
func (m *Mapper) whose(b *table.Batch, row int) {
	if m.cells.Header.CheckWidth(b, row) != nil {
		return
	}
	f := m.cells.Fault
	if i, _, err := cell.ParseInstant(cell.Trim(b.Cell(row, billStart))); err == nil {
		f.Period = rows.Month(&i)
	} else {
		f.Period = period.Month{}
	}
	if id := cell.Trim(b.Cell(row, payer)); cell.IsClean(id) {
		f.Payer = string(id)
	}
	if name := cell.Trim(b.Cell(row, provider)); len(name) > 0 && cell.IsClean(name) {
		f.Provider = m.providers.Find(name).Key
	}
}

func (m *Mapper) identity(l *line.Line) {
	c, t := m.cells, &l.Text
	t[line.ProviderName] = c.Need(provider)
	t[line.PublisherName] = c.Text(publisher)
	t[line.BillingAccountId] = c.Need(payer)
	t[line.SubAccountId] = c.Key(account)
	t[line.XAccount] = t[line.SubAccountId]
	if len(t[line.XAccount]) == 0 {
		t[line.XAccount] = t[line.BillingAccountId]
	}
	t[line.BillingCurrency] = c.Need(currency)
	for i, own := range copied {
		t[own.column] = c.Text(numOwn + i)
	}
	if m.name == nil || string(m.name) != string(t[line.ProviderName]) {
		m.found = m.providers.Find(t[line.ProviderName])
		m.name = append(m.name[:0], t[line.ProviderName]...)
	}
	t[line.XProvider] = []byte(m.found.Key)
	t[line.XMarketplace] = no
	if !m.found.IsOwn(t[line.PublisherName]) {
		t[line.XMarketplace] = yes
	}
}

var yes, no = []byte("true"), []byte("false")

func (m *Mapper) periods(l *line.Line) {
	c := m.cells
	starts, ends := c.NeedInstant(billStart), c.Instant(billEnd)
	from, to := c.NeedInstant(chargeStart), c.Instant(chargeEnd)
	if c.Fault == nil {
		rows.Periods(l, starts, ends, from, to)
	}
}

var none, covered, unused, fee = []byte("none"), []byte("covered"), []byte("unused"), []byte("fee")

func (m *Mapper) charge(l *line.Line) {
	c, t := m.cells, &l.Text
	t[line.ChargeCategory] = c.Need(category)
	t[line.ChargeClass] = c.Text(class)
	t[line.ChargeFrequency] = c.Text(frequency)
	t[line.CommitmentDiscountId] = c.Text(commitment)
	t[line.CommitmentDiscountStatus] = c.Text(status)
	t[line.AvailabilityZone] = c.Text(zone)
	t[line.Tags] = c.Tags(tags)
	t[line.ConsumedQuantity] = c.Decimal(consumed)
	t[line.ContractedUnitPrice] = c.Decimal(contractedPrice)
	t[line.ListUnitPrice] = c.Decimal(listPrice)
	t[line.XCommitmentRole] = role(t[line.ChargeCategory], t[line.CommitmentDiscountId], t[line.CommitmentDiscountStatus])
}

func role(category, commitment, status []byte) []byte {
	switch {
	case string(category) == "Purchase" && len(commitment) > 0:
		return fee
	case strings.EqualFold(string(status), "Used"):
		return covered
	case strings.EqualFold(string(status), "Unused"):
		return unused
	}
	return none
}

func (m *Mapper) measures(l *line.Line) {
	c, v := m.cells, &l.Measures
	v[line.BilledCost] = c.NeedNumber(billed)
	v[line.EffectiveCost] = c.Number(effective)
	v[line.ListCost] = c.Number(list)
	v[line.ContractedCost] = c.Number(contracted)
	v[line.XUsageAmount] = c.Number(quantity)
	v[line.PricingQuantity] = line.Zero
	if consumes(l) {
		v[line.PricingQuantity] = v[line.XUsageAmount]
	}
}

func consumes(l *line.Line) bool {
	switch string(l.Text[line.ChargeCategory]) {
	case "Tax", "Credit", "Adjustment":
		return false
	}
	role := string(l.Text[line.XCommitmentRole])
	return role == "none" || role == "covered"
}
