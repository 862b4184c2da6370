package reports

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	view "tierbook/views/reports"
	"tierbook/views/ui"
)

// feesText is what fees and rounding, which belong to no service, are called.
const feesText = "Fees and rounding"

// presentTrend shows what was sold, or spent, over time in one currency.
func presentTrend(h Home, in HomeInput, c money.Currency) view.Trend {
	t := view.Trend{What: "Service", Spend: h.Tenant.Tier == scope.Customer}
	for _, s := range h.Services {
		if s.Currency == c && !in.ByBuyer {
			t.Rows = append(t.Rows, view.TrendRow{Month: s.Month, Name: nameOf(s), Cost: s.Cost, Price: s.Price, Margin: s.Margin})
		}
	}
	if in.ByBuyer {
		t.What = "Buyer"
		for _, s := range h.ByBuyer {
			if s.Currency == c {
				t.Rows = append(t.Rows, view.TrendRow{Month: s.Month, Name: cmp.Or(s.Name, "All others"), Cost: s.Cost, Price: s.Price, Margin: s.Margin})
			}
		}
	}
	if !t.Spend {
		month := h.Month.String()
		t.Choice = []ui.Tab{
			{Text: "By service", URL: routes.With(routes.Home, "month", month), Current: !in.ByBuyer},
			{Text: "By buyer", URL: routes.With(routes.Home, "month", month, "by", "buyer"), Current: in.ByBuyer},
		}
	}
	t.Chart = stacked("trend-"+string(c), t.Rows, c)
	t.Chart.Title = trendTitle(t, h.Month)
	return t
}

func nameOf(s ServiceMonth) string {
	switch {
	case s.IsFee:
		return feesText
	case s.Service == "":
		return "(no service)"
	}
	return s.Service
}

// stacked draws the prices of rows, which are sorted by month: every month from
// the first to the last, the largest series first.
func stacked(chartID string, rows []view.TrendRow, c money.Currency) ui.Chart {
	chart := ui.Chart{ID: chartID, Kind: "stacked", Currency: c}
	at := map[period.Month]int{}
	if len(rows) > 0 {
		for m := rows[0].Month; !rows[len(rows)-1].Month.Before(m); m = m.Add(1) {
			at[m] = len(chart.Labels)
			chart.Labels = append(chart.Labels, m.String())
		}
	}
	index := map[string]int{}
	for _, r := range rows {
		i, known := index[r.Name]
		if !known {
			i = len(chart.Series)
			index[r.Name] = i
			chart.Series = append(chart.Series, ui.Series{Name: r.Name, Values: make([]decimal.Decimal, len(chart.Labels))})
		}
		v := &chart.Series[i].Values[at[r.Month]]
		*v = v.Add(r.Price)
	}
	slices.SortStableFunc(chart.Series, func(a, b ui.Series) int { return sum(b.Values).Cmp(sum(a.Values)) })
	return chart
}

func sum(values []decimal.Decimal) decimal.Decimal {
	out := decimal.Zero
	for _, v := range values {
		out = out.Add(v)
	}
	return out
}

// inMonth adds up the prices of a month.
func inMonth(rows []view.TrendRow, m period.Month) decimal.Decimal {
	out := decimal.Zero
	for _, r := range rows {
		if r.Month == m {
			out = out.Add(r.Price)
		}
	}
	return out
}

// trendTitle says the finding.
func trendTitle(t view.Trend, m period.Month) string {
	now, before := inMonth(t.Rows, m), inMonth(t.Rows, m.Add(-1))
	what := "sales"
	if t.Spend {
		what = "spend"
	}
	out := monthText(m) + " " + what + ": " + ui.FormatAmount(now, t.Chart.Currency) + " " + string(t.Chart.Currency)
	return join(out, changeText(now, before, m.Add(-1)))
}

// presentSpend is the start page of a customer.
func presentSpend(h Home) view.Spend {
	out := view.Spend{Month: h.Month, IsEmpty: len(h.Services) == 0 && len(h.Invoices) == 0}
	for _, c := range currencies(h.Services) {
		t := presentTrend(h, HomeInput{}, c)
		now, before := inMonth(t.Rows, h.Month), inMonth(t.Rows, h.Month.Add(-1))
		out.Trends = append(out.Trends, t)
		out.Figures = append(out.Figures, ui.Figure{
			Label: "Spend in " + monthText(h.Month), Kind: "price", Amount: now, Money: c, Note: changeText(now, before, h.Month.Add(-1)),
		})
	}
	for _, i := range h.Invoices {
		out.Invoices = append(out.Invoices, view.Invoice{
			Month: i.Month, Seller: i.Seller.Name, URL: routes.Invoice(i.Month, i.Seller.Slug, i.Buyer.Slug), Currency: i.Currency, Total: i.Total,
		})
	}
	return out
}
