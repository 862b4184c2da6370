package reports

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	view "tierbook/views/reports"
	"tierbook/views/ui"
)

// sees is what the reader may follow.
type sees struct{ runs, usage, imports, assign, contracts, tenants, customers bool }

// monthText is a month as a title has it: «October 2026».
func monthText(m period.Month) string { return m.Start().Format("January 2006") }

func presentPicker(h Home, in HomeInput) view.Picker {
	p := view.Picker{}
	if in.ByBuyer {
		p.By = "buyer"
	}
	months := h.Months
	if !slices.Contains(months, h.Month) {
		months = append([]period.Month{h.Month}, months...)
	}
	for _, m := range months {
		p.Options = append(p.Options, ui.Option{Value: m.String(), Text: monthText(m), Selected: m == h.Month})
	}
	return p
}

func presentHome(h Home, in HomeInput, s sees) view.Home {
	out := view.Home{Month: h.Month}
	if len(h.Months) == 0 && h.Newest.IsZero() {
		out.Steps = presentSteps(s, h.Tenant.Tier)
		return out
	}
	for _, f := range h.Now {
		section := view.Section{Currency: f.Currency, HasMore: len(h.Now) > 1}
		section.Groups = presentGroups(f, of(h.Before, f.Currency), h.Tenant.Tier)
		section.Flow, section.Flows = presentFlow(f)
		if f.Unlisted > 0 || len(f.Flow) > maxFlows {
			section.All = ui.Link{Text: "All invoices of " + monthText(f.Month), URL: routes.With(routes.Invoices, "month", f.Month.String())}
		}
		section.Trend = presentTrend(h, in, f.Currency)
		out.Sections = append(out.Sections, section)
	}
	out.IsEmpty = len(h.Now) == 0
	out.IsGood = h.IsGood() && h.SeesMoney && h.SeesUsage
	out.IsReconciled = out.IsGood && h.Books != nil
	out.Attention = presentAttention(h, s)
	return out
}

// presentGroups shows each tier's figures with their change.
func presentGroups(now, before Figures, acting scope.Tier) []view.Group {
	var out []view.Group
	for _, t := range now.Tiers {
		prior, known := before.tier(t.Tier)
		title := tiersText(t.Tier)
		if t.Tier == acting {
			title = "Your own business"
		}
		group := view.Group{Title: title, Figures: presentAmounts(t, prior, known, now)}
		if t.Tier == scope.Reseller && acting == scope.Distributor && slices.ContainsFunc(now.Flow, isOwnUse) {
			group.Note = "What resellers use themselves is not in these figures: they pay for it, and sell it to nobody."
		}
		out = append(out, group)
	}
	return out
}

// isOwnUse reports whether f ends with a reseller, who sells it to nobody.
func isOwnUse(f Flow) bool { return f.To.Kind == NodeOwnUse && f.To.Party.Tier == scope.Reseller }

func tiersText(t scope.Tier) string {
	switch t {
	case scope.Distributor:
		return "Distributor"
	case scope.Reseller:
		return "Resellers together"
	}
	return "Customers together"
}

func presentAmounts(now TierFigures, before Amounts, known bool, f Figures) []ui.Figure {
	c, m := f.Currency, f.Month
	figure := func(label, kind string, now, before decimal.Decimal, more string) ui.Figure {
		note := more
		if known {
			note = join(more, changeText(now, before, m.Add(-1)))
		}
		return ui.Figure{Label: label, Kind: kind, Amount: now, Money: c, Note: note}
	}
	share := ui.FormatPercent(now.Margin, now.Price)
	if share != "" {
		share += " of price"
	}
	fees := ""
	if !now.Fees.IsZero() {
		fees = ui.FormatAmount(now.Fees, c) + " of it fees and rounding"
	}
	return []ui.Figure{
		figure("Cost", "cost", now.Cost, before.Cost, fees),
		figure("Price", "price", now.Price, before.Price, ""),
		figure("Margin", "margin", now.Margin, before.Margin, share),
	}
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

// changeText compares an amount with an earlier one: «+8.0 % on 2026-09».
func changeText(now, before decimal.Decimal, earlier period.Month) string {
	difference := now.Sub(before)
	switch {
	case before.IsZero():
		return ""
	case difference.IsZero():
		return "as in " + earlier.String()
	}
	percent := ui.FormatPercent(difference, before.Abs())
	if difference.IsPositive() {
		percent = "+" + percent
	}
	return percent + " on " + earlier.String()
}

// maxFlows is how many flows the table behind the picture lists one by one.
const maxFlows = 200

// presentFlow draws the larger flows and lists all of them, or, where they are
// too many for a page, what it draws.
func presentFlow(f Figures) (ui.Chart, []view.Flow) {
	shown, others := fewer(f.Flow)
	others[scope.Customer] += f.Unlisted
	names := namesOf(f.Flow, others)
	chart := ui.Chart{ID: "flow-" + string(f.Currency), Kind: "sankey", Currency: f.Currency, Title: flowTitle(f)}
	seen := map[string]bool{}
	node := func(n Node) string {
		name := names(n)
		if !seen[name] {
			seen[name] = true
			chart.Nodes = append(chart.Nodes, ui.Node{Name: name, Tier: tierOf(n)})
		}
		return name
	}
	for _, l := range shown {
		if l.Amount.IsPositive() { // a credit has no width
			chart.Links = append(chart.Links, ui.Flow{From: node(l.From), To: node(l.To), Value: l.Amount})
		}
	}
	listed := shown
	if len(f.Flow) <= maxFlows {
		listed, names = f.Flow, namesOf(f.Flow, map[scope.Tier]int{scope.Customer: f.Unlisted})
	}
	rows := make([]view.Flow, len(listed))
	for i, l := range listed {
		rows[i] = view.Flow{From: names(l.From), To: names(l.To), Amount: l.Amount}
	}
	return chart, rows
}

func flowTitle(f Figures) string {
	if len(f.Tiers) == 0 || f.Tiers[0].Price.IsZero() {
		return "Where the money goes"
	}
	sum := f.Tiers[0] // the reader's own, with the fees it pays
	return fmt.Sprintf("Of %s %s sold, %s remain with you", ui.FormatAmount(sum.Price, f.Currency), f.Currency, ui.FormatPercent(sum.Margin, sum.Price))
}

// tierOf gives nodes of one place the same colour.
func tierOf(n Node) string {
	switch n.Kind {
	case NodeProvider, NodeSupplier:
		return string(n.Kind)
	case NodeOwnUse:
		return "own use"
	}
	return n.Party.Tier.String()
}

// namesOf returns how nodes are called: two tenants of one name by their slugs
// too.
func namesOf(flows []Flow, others map[scope.Tier]int) func(Node) string {
	owners := map[string]id.Tenant{}
	doubled := map[string]bool{}
	for _, f := range flows {
		for _, n := range []Node{f.From, f.To} {
			if o, known := owners[n.Party.Name]; known && o != n.Party.ID {
				doubled[n.Party.Name] = true
			}
			owners[n.Party.Name] = n.Party.ID
		}
	}
	return func(n Node) string {
		name := n.Party.Name
		if doubled[name] {
			name += " (" + n.Party.Slug + ")"
		}
		switch n.Kind {
		case NodeProvider:
			return "Cloud providers"
		case NodeOwnUse:
			return name + ", own use"
		case NodeOthers:
			return ui.FormatCounted(int64(others[n.Party.Tier]), "other "+n.Party.Tier.String(), "other "+n.Party.Tier.String()+"s")
		case NodeSupplier:
			return name + " (supplier)"
		}
		return name
	}
}
