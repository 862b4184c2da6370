package contracts

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/rules"
)

// report gathers what a preview says from the passes of all owners. It takes
// numbers of the draft's edge only.
type report struct {
	draft draft
	limit int
	out   Preview
	rows  map[rowKey]PreviewRow
}

type rowKey struct{ service, rule string }

func newReport(d draft, limit int) *report {
	return &report{draft: d, limit: limit, rows: map[rowKey]PreviewRow{}, out: Preview{
		Currency: d.Terms.Currency,
		After:    PreviewTotal{Contract: d.Name},
	}}
}

// add finishes a pass. A failure of what is in force on the draft's own edge
// is kept for the reader; any other comes back.
func (r *report) add(p *pass) error {
	after, err := p.scanAfter.Finish()
	if err != nil {
		return err
	}
	before, err := p.scanBefore.Finish()
	if e, ok := errors.AsType[*rules.LineError](err); ok && p.isOwn(e) {
		r.out.BeforeError = err.Error()
	} else if err != nil {
		return err
	}
	if c := p.standing.InForce; c != nil {
		r.out.Before.Contract, r.out.Before.Version = c.Name, c.Version.Number
	}
	r.total(&r.out.Before, before, p.edge, func(row *PreviewRow) *decimal.NullDecimal { return &row.Before })
	r.total(&r.out.After, after, p.edge, func(row *PreviewRow) *decimal.NullDecimal { return &row.After })
	for _, f := range after.Findings {
		if f.Edge == p.edge {
			r.out.Findings = append(r.out.Findings, f)
		}
	}
	lines, err := p.sample.lines(p, r.out.BeforeError == "")
	r.out.Lines = append(r.out.Lines, lines...)
	return err
}

// total adds the edge's charges and its seller's costs, and the charges to the
// column of the rows.
func (r *report) total(t *PreviewTotal, o rules.Outcome, edge int, column func(*PreviewRow) *decimal.NullDecimal) {
	for _, c := range o.Costs {
		if c.Bearer == edge && c.Currency == r.out.Currency { // lines in others are not sold here
			t.Cost = t.Cost.Add(c.Cost)
		}
	}
	for _, c := range o.Charges {
		if c.Edge != edge {
			continue
		}
		t.Price = t.Price.Add(c.Amount)
		key := rowKey{c.Service, c.Rule}
		row := r.rows[key]
		row.Service, row.Rule = c.Service, c.Rule
		at := column(&row)
		*at = decimal.NewNullDecimal(at.Decimal.Add(c.Amount))
		r.rows[key] = row
	}
}

func (r *report) preview() Preview {
	for _, row := range r.rows {
		r.out.Rows = append(r.out.Rows, row)
	}
	slices.SortFunc(r.out.Rows, func(a, b PreviewRow) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortStableFunc(r.out.Lines, func(a, b PreviewLine) int { return b.change().Cmp(a.change()) })
	r.out.Lines = r.out.Lines[:min(len(r.out.Lines), r.limit)]
	return r.out
}

// change is by how much the price of a line differs; not sold counts as 0.
func (l PreviewLine) change() decimal.Decimal {
	return l.PriceAfter.Decimal.Sub(l.PriceBefore.Decimal).Abs()
}

// priced is what the draft's edge makes of one line.
type priced struct {
	exists   bool // not excluded or blocked above: known on this edge at all
	price    decimal.NullDecimal
	rule     string
	cost     decimal.Decimal
	quantity decimal.Decimal
	list     decimal.NullDecimal
}

func pricedOf(o rules.Outcome, edge int) priced {
	var out priced
	for _, c := range o.Costs {
		if c.Bearer == edge {
			out.exists, out.cost, out.rule = true, out.cost.Add(c.Cost), c.Reason
		}
	}
	var names []string
	for _, c := range o.Charges {
		if c.Edge != edge {
			continue
		}
		out.price = decimal.NewNullDecimal(out.price.Decimal.Add(c.Amount))
		out.quantity = out.quantity.Add(c.Quantity)
		if c.List.Valid {
			out.list = decimal.NewNullDecimal(out.list.Decimal.Add(c.List.Decimal))
		}
		if c.Rule != "" {
			names = append(names, c.Rule)
		}
	}
	if len(names) > 0 {
		out.rule = strings.Join(names, " + ")
	}
	return out
}

// shownDims are the texts of a line that a preview shows: rules of every edge
// may read them.
var shownDims = []rules.Dim{
	rules.DimDate, rules.DimProvider, rules.DimPayer, rules.DimAccount, rules.DimService, rules.DimSKU, rules.DimRegion,
	rules.DimUsageType, rules.DimOperation, rules.DimLineItemType, rules.DimChargeCategory, rules.DimChargeClass,
	rules.DimChargeDescription, rules.DimResource, rules.DimCommitmentRole, rules.DimUnit, rules.DimTags,
}

var shownNeed = rules.Need{
	Dims:     slices.Sorted(slices.Values(shownDims)),
	Measures: []rules.Measure{rules.MeasureContracted, rules.MeasureBilled, rules.MeasureEffective},
}

// union returns the columns of both.
func union(a, b rules.Need) rules.Need {
	return rules.Need{
		Dims:     slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Dims, b.Dims)))),
		Measures: slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Measures, b.Measures)))),
	}
}

// shown returns the fields of a line, those without a value left out. What the
// provider billed is shown only to a seller whose rules may read it.
func shown(b *rules.Batch, first bool, line priced) []PreviewField {
	var out []PreviewField
	add := func(name, value string) {
		if value != "" {
			out = append(out, PreviewField{Name: name, Value: value})
		}
	}
	for _, d := range shownDims {
		if dict := b.Dims[d].Dict; dict != nil {
			add(d.String(), dict.Values[0])
		}
	}
	add("quantity", money.Plain(line.quantity))
	if line.list.Valid {
		add("list", money.Plain(line.list.Decimal))
	}
	if first {
		for _, m := range shownNeed.Measures {
			if v, ok := measure(b.Measures[m], 0); ok {
				add(m.String(), money.Plain(v))
			}
		}
	}
	add("cost", money.Plain(line.cost))
	return out
}

// measure returns a line's value; ok is false where it is NULL.
func measure(c rules.MeasureColumn, row int) (decimal.Decimal, bool) {
	switch {
	case c.Null != nil && c.Null[row]:
		return decimal.Decimal{}, false
	case c.Wide != nil:
		return decimal.NewFromBigInt(c.Wide[row], -c.Scale), true
	case c.Ints != nil:
		return decimal.New(c.Ints[row], -c.Scale), true
	}
	return decimal.Decimal{}, false
}
