package contracts

import (
	"slices"
	"strconv"

	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	view "tierbook/views/contracts"
	"tierbook/views/ui"
)

// mostChoices is how many tenants a select offers; with more of them the text
// field finds them.
const mostChoices = 200

func (f Filter) url(change func(*Filter)) string {
	change(&f)
	offset := ""
	if f.Offset > 0 {
		offset = strconv.Itoa(f.Offset)
	}
	return routes.With(routes.Contracts, "q", f.Text, "state", string(f.State), "seller", f.Seller, "buyer", f.Buyer, "sort", f.Sort, "offset", offset)
}

func presentIndex(f Filter, list Listing, parties []Tenant, may sees) view.Index {
	out := view.Index{
		Action: routes.Contracts, Text: f.Text, Sort: f.Sort, Rows: presentRows(list.Contracts, may),
		States:  choices(string(f.State), "", "any", "active", "active", "scheduled", "scheduled", "expired", "expired"),
		SortURL: map[string]string{},
	}
	if len(parties) <= mostChoices {
		isSeller := func(t Tenant) bool { return t.Tier != scope.Customer }
		out.Sellers = partyOptions(parties, f.Seller, "any", isSeller)
		out.Buyers = partyOptions(parties, f.Buyer, "any", func(t Tenant) bool { return t.Tier != scope.Distributor })
	}
	for _, by := range []string{"name", "from", "changed"} {
		out.SortURL[by] = f.url(func(f *Filter) { f.Sort, f.Offset = by, 0 })
	}
	chip := func(name, value string, without func(*Filter)) {
		if value != "" {
			out.Chips = append(out.Chips, ui.Chip{Text: name + ": " + value, URL: f.url(func(f *Filter) { f.Offset = 0; without(f) })})
		}
	}
	chip("Name", f.Text, func(f *Filter) { f.Text = "" })
	chip("State", string(f.State), func(f *Filter) { f.State = "" })
	chip("Seller", nameOf(parties, f.Seller), func(f *Filter) { f.Seller = "" })
	chip("Buyer", nameOf(parties, f.Buyer), func(f *Filter) { f.Buyer = "" })
	if list.More {
		out.Next = f.url(func(f *Filter) { f.Offset += len(list.Contracts) })
	}
	if may.write {
		out.NewURL = routes.ContractNew
	}
	return out
}

func nameOf(parties []Tenant, slug string) string {
	i := slices.IndexFunc(parties, func(t Tenant) bool { return t.Slug == slug })
	if slug == "" || i < 0 {
		return slug
	}
	return parties[i].Name
}

func partyOptions(parties []Tenant, now, any string, keep func(Tenant) bool) []ui.Option {
	pairs := []string{"", any}
	for _, t := range parties {
		if keep(t) {
			pairs = append(pairs, t.Slug, t.Name)
		}
	}
	if len(pairs) <= 2 {
		return nil
	}
	return choices(now, pairs...)
}
