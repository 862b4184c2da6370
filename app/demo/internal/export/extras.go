package export

import (
	"encoding/hex"
	"strconv"

	"github.com/shopspring/decimal"
)

// discounts emits the EDP discount as rows of its own, one for each account
// and service.
func (m *month) discounts() error {
	if m.payer.EDP != EDPRows {
		return nil
	}
	for _, sp := range m.services {
		if sp.billed == 0 {
			continue
		}
		if err := m.amount(edp, sp.s, -share(sp.billed, m.payer.Percent), "Enterprise Discount Program, "+strconv.FormatInt(m.payer.Percent, 10)+"% of "+sp.s.item.service); err != nil {
			return err
		}
	}
	return nil
}

var supportOffer = offer{
	service: "AWS Support (Business)", code: "AWSSupportBusiness", category: "Management and Governance", subcategory: "Support",
	family: "AWS Support", usageType: "Dollar", unit: "Dollar", prices: [3]string{"0", "0", "0"}, text: "10% of monthly AWS usage for the first $10K", when: once,
}

// supportFees emits ten percent of what supported accounts used.
func (m *month) supportFees() error {
	if m.payer.Provider != "aws" {
		return nil
	}
	for i := range m.payer.Accounts {
		a := &m.payer.Accounts[i]
		if !a.Supported {
			continue
		}
		var used int64
		for _, sp := range m.services {
			if sp.s.account == a {
				used += sp.billed
			}
		}
		if err := m.amount(support, m.other(a, &supportOffer), share(used, 10), ""); err != nil {
			return err
		}
	}
	return nil
}

var vendorOffer = offer{
	code: "a1q8m3xkw7t2v5", category: "Security", subcategory: "Threat Detection and Response", family: "Subscription",
	usageType: "SoftwareUsage:ProtectedHost", unit: "Hours", prices: [3]string{"0.085", "0.085", "0.085"},
	text: "$ per protected host and hour", when: always,
}

// vendors emits what accounts bought in the provider's marketplace: metered
// hosts day by day, and a subscription for the month.
func (m *month) vendors() error {
	for i := range m.payer.Accounts {
		a := &m.payer.Accounts[i]
		if a.Vendor == "" {
			continue
		}
		s := m.other(a, &vendorOffer)
		price := units(vendorOffer.prices[0])
		for from := 0; from < m.cal.hours; from += 24 {
			l := m.start(marketplace, s, span{from, from + 24, 24})
			l.quantity, l.price, l.listPrice = (60+m.rng.Int64N(40))*pow10[unitScale], price, price
			l.billed = product(l.quantity, price, m.scale)
			l.list, l.effective, l.contracted = l.billed, l.billed, l.billed
			if err := m.emit(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// taxPercent is the sales tax of the provider's own invoice.
const taxPercent = 6

// taxes emits tax per taxed account and service, rounded to cents as on the
// invoice.
func (m *month) taxes() error {
	for _, sp := range m.services {
		if !sp.s.account.Taxed {
			continue
		}
		cents := roundTo(share(sp.billed, taxPercent), m.scale, 2)
		if cents == 0 {
			continue
		}
		if err := m.amount(tax, sp.s, cents, "Tax for product code "+sp.s.item.code); err != nil {
			return err
		}
	}
	return nil
}

var noteOffer = map[string]*offer{
	"aws":   {service: ec2, code: "AmazonEC2", category: "Compute", subcategory: "Virtual Machines", family: "Credits", unit: "", prices: [3]string{"0", "0", "0"}, when: once},
	"azure": {service: "Virtual Machines", code: "Microsoft.Compute", category: "Compute", subcategory: "Virtual Machines", family: "Credits", prices: [3]string{"0", "0", "0"}, when: once},
	"gcp":   {service: "Compute Engine", code: "6F81-5844-456A", category: "Compute", subcategory: "Virtual Machines", family: "Credits", prices: [3]string{"0", "0", "0"}, when: once},
}

// notes emits the month's credits, and refunds of earlier months.
func (m *month) notes() error {
	for _, n := range m.payer.Notes {
		if n.Month != m.in.Index {
			continue
		}
		k := credit
		if n.Back > 0 {
			k = refund
		}
		cents := decimal.RequireFromString(n.Amount).Shift(int32(m.scale)).IntPart()
		s := m.other(&m.payer.Accounts[n.Account], noteOffer[m.payer.Provider])
		l := m.fill(m.start(k, s, m.back(n.Back)), cents, n.Text)
		if err := m.emit(l); err != nil {
			return err
		}
	}
	return nil
}

// back returns the span of the whole month n months ago.
func (m *month) back(n int) span {
	if n == 0 {
		return m.whole()
	}
	hours := func(months int) int { return int(m.cal.month.Add(months).Start().Sub(m.cal.start).Hours()) }
	return span{from: hours(-n), to: hours(1 - n)}
}

// adjustments emits Google's rounding of the invoice.
func (m *month) adjustments() error {
	if m.payer.Provider != "gcp" {
		return nil
	}
	s := m.other(&m.payer.Accounts[0], &offer{
		service: "Invoice", category: "Other", subcategory: "Other (Other)", family: "Rounding error", prices: [3]string{"0", "0", "0"}, when: once,
	})
	return m.amount(rounding, s, m.rng.Int64N(pow10[m.scale-2])-pow10[m.scale-2]/2, "Rounding error")
}

// amount emits a row over the whole month that is nothing but an amount.
func (m *month) amount(k kind, s *series, n int64, text string) error {
	return m.emit(m.fill(m.start(k, s, m.whole()), n, text))
}

// fill gives all four costs of l the same amount.
func (m *month) fill(l *line, n int64, text string) *line {
	l.billed, l.effective, l.list, l.contracted, l.text = n, n, n, n, text
	return l
}

// other returns a series outside of the fleet, for rows that nothing metered.
func (m *month) other(a *Account, o *offer) *series {
	it := newItem(m.payer.Provider, o, a.Region, 0)
	if o == &vendorOffer {
		named := *o
		named.service = a.Vendor
		it.offer = &named
	}
	return &series{account: a, item: it, when: o.when}
}

// uuidOf derives a version-4-shaped UUID from the seed and names.
func uuidOf(seed uint64, names ...string) string {
	rng := newRand(seed, names...)
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
