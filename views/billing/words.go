package billing

import (
	"tierbook/app/kernel/money"
	"tierbook/views/ui"
)

func totalHead(l List) string {
	if l.Currency == "" {
		return "Total"
	}
	return "Total " + string(l.Currency)
}

func countText(n int) string { return ui.FormatCounted(int64(n), "invoice", "invoices") }

// partiesOf names an invoice: by both parties where sellers differ, else by the
// one that the reader is not.
func partiesOf(r Row, both bool) string {
	switch {
	case both:
		return r.Seller + " → " + r.Buyer
	case r.IsBought:
		return r.Seller
	}
	return r.Buyer
}

func columns(l List) int {
	if l.HasStates {
		return 5
	}
	return 4
}

func inCurrency(text string, c money.Currency) string {
	if c == "" {
		return text
	}
	return text + " " + string(c)
}

func publishedText(n int) string {
	return ui.FormatCounted(int64(n), "run has", "runs have") + " published something in this month since. Check again to be sure."
}

func moreText(n int) string {
	return ui.FormatCounted(int64(n), "smaller part is", "smaller parts are") + " not listed."
}
