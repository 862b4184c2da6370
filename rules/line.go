package rules

import (
	"encoding/json"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
)

// at returns the text of line i.
func (c *DimColumn) at(i int) string {
	if c.IDs == nil {
		return c.Dict.Values[0]
	}
	return c.Dict.Values[c.IDs[i]]
}

// at returns the number of line i; 0 if it is NULL.
func (c *MeasureColumn) at(i int) (value decimal.Decimal, null bool) {
	switch {
	case c.Null != nil && c.Null[i]:
		return decimal.Decimal{}, true
	case c.Wide != nil:
		return decimal.NewFromBigInt(c.Wide[i], -c.Scale), false
	}
	return decimal.New(c.Ints[i], -c.Scale), false
}

// check refuses a batch that lacks what need asks for.
func (b *Batch) check(need Need) error {
	bad := func(what string) error {
		return errs.Newf(errs.Internal, "rules.bad_batch", "segment %d, row %d: column %s is missing or has another length", b.Segment, b.FirstRow, what)
	}
	for _, d := range need.Dims {
		c := b.Dims[d]
		if c.Dict == nil || c.IDs == nil && len(c.Dict.Values) != 1 || c.IDs != nil && len(c.IDs) != b.Rows {
			return bad(d.String())
		}
	}
	for _, m := range need.Measures {
		c := b.Measures[m]
		wide := c.Wide != nil
		if wide && len(c.Wide) != b.Rows || !wide && len(c.Ints) != b.Rows || c.Null != nil && len(c.Null) != b.Rows ||
			c.Scale < 0 || c.Scale >= maxMeasure || slices.ContainsFunc(c.Wide, tooWide) {
			return bad(m.String())
		}
	}
	return nil
}

// tooWide reports whether x may have more digits than a measure can have.
func tooWide(x *big.Int) bool { return x != nil && x.BitLen() > 128 }

// grainOf returns the grain of a line with the given dimensions.
func grainOf(dims *[NumDims]string) Grain {
	g := Grain{
		Payer: dims[DimPayer], Provider: dims[DimProvider], Account: dims[DimAccount], Service: dims[DimService],
		SKU: dims[DimSKU], Region: dims[DimRegion], ChargeCategory: dims[DimChargeCategory], ChargeClass: dims[DimChargeClass],
		Marketplace: dims[DimMarketplace] == "true", CommitmentRole: dims[DimCommitmentRole], Unit: dims[DimUnit],
		Currency: money.Currency(dims[DimCurrency]),
	}
	if month := dims[DimServiceMonth]; month != dims[DimPeriod] {
		g.ServiceMonth = month
	}
	return g
}

// dimValue returns a dimension as expressions read it.
func dimValue(d Dim, text string) any {
	if d == DimMarketplace {
		return text == "true"
	}
	return text
}

// parseTags reads a canonical JSON object of texts. A value of another type
// reads as its JSON.
func parseTags(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	tags := make(map[string]string, len(raw))
	for key, value := range raw {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		tags[key] = s
	}
	return tags, nil
}
