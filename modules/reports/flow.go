package reports

import (
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// largest is how many tenants of a tier a picture of the flow shows.
var largest = map[scope.Tier]int{scope.Distributor: 4, scope.Reseller: 8, scope.Customer: 14}

// fewer puts the tenants with the smallest amounts of each tier together, so
// that a picture of the flow can be read, and adds up the flows between the
// same nodes. Others stand for their tier: their party has no id and is named
// by how many they are.
func fewer(flows []Flow) (out []Flow, others map[scope.Tier]int) {
	keep, others := ranked(flows)
	place := func(n Node) Node {
		if n.Kind != NodeTenant && n.Kind != NodeOwnUse || keep[n.Party.ID] {
			return n
		}
		return Node{Kind: NodeOthers, Party: Party{Tier: n.Party.Tier}}
	}
	at := map[[2]Node]int{}
	for _, f := range flows {
		k := [2]Node{place(f.From), place(f.To)}
		if k[0] == k[1] {
			continue // what small tenants use themselves ends in the same node
		}
		i, known := at[k]
		if !known {
			i = len(out)
			at[k], out = i, append(out, Flow{From: k[0], To: k[1]})
		}
		out[i].Amount = out[i].Amount.Add(f.Amount)
	}
	return out, others
}

// ranked returns the tenants to show, and how many of each tier are left.
func ranked(flows []Flow) (keep map[id.Tenant]bool, others map[scope.Tier]int) {
	through := map[id.Tenant]decimal.Decimal{}
	byTier := map[scope.Tier][]id.Tenant{}
	see := func(p Party, amount decimal.Decimal) {
		if _, known := through[p.ID]; !known {
			byTier[p.Tier] = append(byTier[p.Tier], p.ID)
		}
		through[p.ID] = through[p.ID].Add(amount.Abs())
	}
	for _, f := range flows {
		if f.From.Kind == NodeTenant {
			see(f.From.Party, decimal.Zero)
		}
		if f.To.Kind == NodeTenant {
			see(f.To.Party, f.Amount)
		}
	}
	keep, others = map[id.Tenant]bool{}, map[scope.Tier]int{}
	for tier, list := range byTier {
		slices.SortStableFunc(list, func(a, b id.Tenant) int { return through[b].Cmp(through[a]) })
		n := len(list)
		if room := largest[tier]; n > room+1 {
			n = room
			others[tier] = len(list) - n
		}
		for _, t := range list[:n] {
			keep[t] = true
		}
	}
	return keep, others
}
