package usage

import (
	"context"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/routes"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

func (m *Module) presentDeliveries(ctx context.Context, page DeliveryPage, choices Choices, query map[string]string) (view.Deliveries, error) {
	p := view.Deliveries{Filter: filterOf(query, choices, routes.Deliveries), Total: page.Total, HasOwners: len(choices.Owners) > 1}
	var list []id.Tenant
	for _, d := range page.Deliveries {
		list = append(list, d.Owner)
	}
	names, err := m.namesOf(ctx, list...)
	if err != nil {
		return p, err
	}
	currencies := map[money.Currency]bool{}
	for _, d := range page.Deliveries {
		row := deliveryRowOf(d, names)
		p.Rows = append(p.Rows, row)
		for _, s := range row.Sums {
			currencies[s.Currency] = true
			if d.Status == DeliveryCurrent {
				p.Totals = addSum(p.Totals, s)
			}
		}
	}
	p.Currency = only(currencies)
	if page.More {
		p.More = listURL(routes.Deliveries, query, "after", page.Deliveries[len(page.Deliveries)-1].ID.String())
	}
	if page.More || query["after"] != "" {
		p.Totals = nil // some of it is elsewhere
	}
	return p, nil
}

func deliveryRowOf(d Delivery, names map[id.Tenant]Tenant) view.Delivery {
	row := view.Delivery{
		URL: routes.Delivery(d.ID), Payer: d.Payer, Month: d.Month, Provider: d.Provider, Owner: names[d.Owner].Name,
		Status: statusText(d.Status), Tone: statusTone(d.Status), Rows: d.Rows, Quarantined: d.Quarantined, Imported: d.PublishedAt, By: d.By,
	}
	for _, s := range d.Sums {
		row.Sums = append(row.Sums, presentSum(s))
	}
	return row
}

func (m *Module) presentDelivery(ctx context.Context, d DeliveryDetail, quarantined []QuarantinedRow) (view.DeliveryPage, error) {
	names, err := m.namesOf(ctx, d.Owner)
	if err != nil {
		return view.DeliveryPage{}, err
	}
	p := view.DeliveryPage{
		Delivery: deliveryRowOf(d.Delivery, names), Source: d.Source, ImportURL: routes.Import(d.Import.String()),
		ManifestAt: d.ManifestAt, EndedAt: d.SupersededAt, Withdrawn: d.WithdrawnFor, Periods: presentPeriods(d.Periods),
		AccountAll: d.AccountAll, QuarantURL: routes.With(routes.Quarantine, "delivery", d.ID.String(), "all", "1"),
	}
	if d.Before != nil {
		p.Before, p.Changes = deliveryLink(*d.Before), changes(*d.Before, d.Delivery)
	}
	if d.After != nil {
		p.After = deliveryLink(*d.After)
	}
	for _, a := range d.Accounts {
		p.Accounts = append(p.Accounts, view.AccountLine{
			Number: a.Number, Name: a.Name, URL: routes.With(routes.Accounts, "text", a.Number), Currency: money.Currency(a.Currency),
			Rows: a.Rows, Was: a.RowsBefore, Billed: a.Billed, Before: a.Before,
		})
	}
	for _, s := range d.Segments {
		p.Segments = append(p.Segments, view.Segment{Ordinal: s.Ordinal, Rows: s.Rows, Size: ui.FormatBytes(s.Bytes), SHA256: s.SHA256})
	}
	for _, q := range quarantined {
		p.Quarantine = append(p.Quarantine, presentQuarantined(q, names))
	}
	return p, nil
}

func deliveryLink(d Delivery) *ui.Link {
	return &ui.Link{Text: "The delivery of " + d.PublishedAt.Format("2006-01-02 15:04"), URL: routes.Delivery(d.ID)}
}

// changes compares a delivery with the one before it: money first.
func changes(before, now Delivery) []view.Change {
	var out []view.Change
	add := func(name, currency string, was, is decimal.Decimal) {
		out = append(out, view.Change{Name: name, Currency: money.Currency(currency), Before: was, After: is})
	}
	was := map[string]Sum{}
	for _, s := range before.Sums {
		was[s.Currency] = s
	}
	for _, s := range now.Sums {
		b := was[s.Currency]
		delete(was, s.Currency)
		add("Billed", s.Currency, b.Billed, s.Billed)
		add("Effective", s.Currency, b.Effective, s.Effective)
		add("List", s.Currency, b.List, s.List)
	}
	for _, s := range before.Sums {
		if b, gone := was[s.Currency]; gone {
			add("Billed", s.Currency, b.Billed, decimal.Zero)
		}
	}
	add("Rows", "", decimal.NewFromInt(before.Rows), decimal.NewFromInt(now.Rows))
	if before.Quarantined+now.Quarantined > 0 {
		add("Quarantined rows", "", decimal.NewFromInt(before.Quarantined), decimal.NewFromInt(now.Quarantined))
	}
	return out
}
