package contracts

import (
	"cmp"
	"slices"
	"strconv"

	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	view "tierbook/views/contracts"
	"tierbook/views/ui"
)

func (f Filter) url(change func(*Filter)) string {
	change(&f)
	offset := ""
	if f.Offset > 0 {
		offset = strconv.Itoa(f.Offset)
	}
	return routes.With(routes.Contracts, "q", f.Text, "state", string(f.State), "seller", f.Seller, "buyer", f.Buyer, "sort", f.Sort, "offset", offset)
}

// isEdge reports whether f asks for all contracts of a seller with a buyer and
// hides none of them.
func (f Filter) isEdge() bool {
	return f.Seller != "" && f.Buyer != "" && f == Filter{Seller: f.Seller, Buyer: f.Buyer, Sort: f.Sort}
}

func presentIndex(f Filter, list Listing, parties []Tenant, may sees) view.Index {
	out := view.Index{
		Action: routes.Contracts, Text: f.Text, Sort: f.Sort, Rows: presentRows(list.Contracts, may),
		States:  choices(string(f.State), "", "any", "active", "active", "scheduled", "scheduled", "expired", "expired"),
		SortURL: map[string]string{},
	}
	sellers := sellersOf(parties)
	isSearched := len(parties) > ui.FewTenants
	out.Buyers = partyField(buyersAmong(parties), f.Buyer, isSearched, "buyer")
	// Sellers come before customers: among the first parties there are all of
	// them, or nobody else.
	out.Sellers = partyField(sellers, f.Seller, isSearched && len(sellers) == len(parties), "seller")
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
	chip("Seller", cmp.Or(list.Seller.Name, f.Seller), func(f *Filter) { f.Seller = "" })
	chip("Buyer", cmp.Or(list.Buyer.Name, f.Buyer), func(f *Filter) { f.Buyer = "" })
	if list.More {
		out.Next = f.url(func(f *Filter) { f.Offset += len(list.Contracts) })
	}
	if may.write {
		out.NewURL = routes.ContractNew
	}
	return out
}

// sellersOf and buyersAmong return who of parties may be a contract's seller,
// and who its buyer.
func sellersOf(parties []Tenant) []Tenant {
	return slices.DeleteFunc(slices.Clone(parties), func(t Tenant) bool { return t.Tier == scope.Customer })
}

func buyersAmong(parties []Tenant) []Tenant {
	return slices.DeleteFunc(slices.Clone(parties), func(t Tenant) bool { return t.Tier == scope.Distributor })
}

// partyField offers parties as a choice, or, where they are only some of all,
// asks for one that has to be found.
func partyField(parties []Tenant, now string, isSearched bool, name string) ui.TenantField {
	if isSearched {
		return ui.TenantField{Value: now, Find: routes.With(routes.Contracts, "find", name)}
	}
	if len(parties) == 0 {
		return ui.TenantField{}
	}
	pairs := []string{"", "any"}
	for _, t := range parties {
		pairs = append(pairs, t.Slug, t.Name)
	}
	return ui.TenantField{Value: now, Options: choices(now, pairs...)}
}

func tenantOptions(list []Tenant) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, t := range list {
		out[i] = ui.Option{Value: t.Slug, Text: t.Name}
	}
	return out
}
