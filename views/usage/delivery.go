package usage

import (
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/views/ui"
)

// WithdrawPath is what follows a delivery's address to withdraw it.
const WithdrawPath = "/withdraw"

func withdrawURL(p DeliveryPage) string { return p.URL + WithdrawPath }

// waits reports whether rows that could not be read count against the month.
func (p DeliveryPage) waits() bool {
	return slices.ContainsFunc(p.Quarantine, func(q Quarantined) bool { return q.Noted.IsZero() })
}

func rowsOf(sums []Sum) (n int64) {
	for _, s := range sums {
		n += s.Rows
	}
	return n
}

// figures are the numbers at the head of a delivery's page.
func figures(p DeliveryPage) []ui.Figure {
	var out []ui.Figure
	for _, s := range p.Sums {
		out = append(out,
			ui.Figure{Label: "Billed", Amount: s.Billed, Money: s.Currency},
			ui.Figure{Label: "Effective", Amount: s.Effective, Money: s.Currency},
			ui.Figure{Label: "List", Amount: s.List, Money: s.Currency})
	}
	return append(out, ui.Figure{Label: "Rows", Amount: decimal.NewFromInt(p.Rows)})
}
