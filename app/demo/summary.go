package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/platform/texttable"
)

// WriteSummary writes what was billed in the last month, edge by edge and tier
// by tier, and whether everything reconciles.
func (r Result) WriteSummary(w io.Writer) error {
	if len(r.Months) == 0 {
		return nil
	}
	last := r.Months[len(r.Months)-1]
	table := texttable.New(last.Month.String()+", "+last.Currency, "cost>", "price>", "margin>")
	edges := slices.SortedFunc(slices.Values(last.Edges), func(a, b EdgeTotal) int {
		return cmp.Or(strings.Compare(a.Seller, b.Seller), strings.Compare(a.Buyer, b.Buyer))
	})
	for _, e := range edges {
		table.Row(e.Seller+" → "+e.Buyer, shown(e.Cost), shown(e.Price), shown(e.Margin))
	}
	for _, t := range last.Tiers {
		table.Row("all of the "+t.Tier.String()+" tier", shown(t.Cost), shown(t.Price), shown(t.Margin))
		if !t.PeriodCost.IsZero() {
			table.Row("  of it fees and rounding paid", shown(t.PeriodCost), "", "")
		}
	}
	if _, err := table.WriteTo(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nimported %s = assigned %s + own use %s + unassigned %s, difference %s: %s\n",
		money.Plain(last.Imported), money.Plain(last.Assigned), money.Plain(last.OwnUse), money.Plain(last.Unassigned),
		money.Plain(last.Difference), r.verdict())
	return err
}

// shown writes an amount for people, to the cent; the tables it stands in are
// no documents.
func shown(d decimal.Decimal) string { return d.StringFixed(2) }

// verdict says which months reconcile.
func (r Result) verdict() string {
	var bad []string
	for _, m := range r.Months {
		if !m.OK {
			bad = append(bad, m.Month.String())
		}
	}
	if len(bad) > 0 {
		return "does not reconcile in " + strings.Join(bad, ", ")
	}
	text := fmt.Sprintf("reconciles to the digit, in all %d months", len(r.Months))
	if n := r.Months[len(r.Months)-1].Findings; n > 0 {
		text += fmt.Sprintf("; %d findings to look at", n)
	}
	return text
}
