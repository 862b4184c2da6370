package billing

import (
	"cmp"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	view "tierbook/views/billing"
	"tierbook/views/ui"
)

func presentChecks(month period.Month, months []CheckedMonth, newest, complete Check) view.Reconciliation {
	out := view.Reconciliation{
		Month: month, Asked: !newest.ID.IsZero(), IsOpen: newest.State.IsOpen(), Step: newest.Step, Since: newest.RequestedAt,
	}
	for _, m := range months {
		out.Months = append(out.Months, presentHealth(m, m.Month == month))
	}
	if newest.State == CheckFailed {
		out.Failure = newest.Error
	}
	if out.IsOpen {
		out.Poll = routes.ReconciliationOf(month)
	}
	if !complete.ID.IsZero() {
		r := presentResult(month, complete)
		out.Result = &r
	}
	return out
}

func presentHealth(m CheckedMonth, current bool) view.HealthMonth {
	out := view.HealthMonth{Month: m.Month, URL: routes.ReconciliationOf(m.Month), Current: current, Tone: ui.ToneMuted, Text: "not checked yet"}
	switch {
	case m.IsOpen:
		out.Tone, out.Text = ui.ToneRun, "being checked"
	case m.IsChecked && !m.OK:
		out.Tone, out.Text = ui.ToneError, "does not reconcile"
	case m.IsChecked && m.IsStale:
		out.Tone, out.Text = ui.ToneWarn, "reconciled; something was published since"
	case m.IsChecked:
		out.Tone, out.Text = ui.ToneOK, "reconciles"
	}
	return out
}

func presentResult(month period.Month, c Check) view.Result {
	contracts := ui.Link{Text: "Open contracts", URL: routes.Contracts}
	out := view.Result{OK: c.OK, IsNothing: c.Result.Nothing, At: c.FinishedAt, By: c.Actor, Published: c.PublishedSince}
	for _, t := range c.Result.Trees {
		b := view.Books{
			Currency: t.Currency, Imported: t.Imported, Assigned: t.Assigned, OwnUse: t.OwnUse, Unassigned: t.Unassigned,
			Difference: t.Difference, Findings: presentFindings(t.Findings, contracts), Notices: presentFindings(t.Notices, contracts),
			MoreEdges: t.MoreEdges, MoreFindings: t.MoreFindings, MoreNotices: t.MoreNotices,
			All: ui.Link{Text: "All invoices of " + month.String(), URL: routes.With(routes.Invoices, "month", month.String())},
		}
		for i := range b.Findings {
			b.Findings[i].Tone = ui.ToneError // these make the books wrong
		}
		for _, e := range t.Edges {
			b.Edges = append(b.Edges, view.Edge{
				Seller: cmp.Or(e.SellerName, e.Seller), Buyer: cmp.Or(e.BuyerName, e.Buyer), URL: routes.Invoice(month, e.Seller, e.Buyer),
				Charges: e.SellerCharges, Costs: e.BuyerCosts, Cost: e.Cost, Price: e.Price, Margin: e.Margin,
			})
		}
		out.Books = append(out.Books, b)
	}
	return out
}
