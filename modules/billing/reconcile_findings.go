package billing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// isNothing reports whether nothing was imported, rated or charged. A contract
// in force has a rounding of 0 also then.
func (b books) isNothing() bool {
	return len(b.imported.Sums) == 0 && len(b.costs) == 0 && len(b.charges) == 0 && len(b.rated) == 0 &&
		!slices.ContainsFunc(b.fees, func(f edgeSum) bool { return !f.Amount.IsZero() })
}

// shareKey names an owner's account in one currency.
type shareKey struct {
	owner    id.Tenant
	account  id.Account
	currency money.Currency
}

// share is what one assignee has of an account: by the assignments, and in the
// published rows.
type share struct {
	assigned, booked   decimal.Decimal
	lines              int64
	isAssigned, isRate bool
}

func (s share) off() decimal.Decimal { return s.assigned.Sub(s.booked) }

// shares compares, per account, what the assignments of today say with what is
// published. The zero assignee has what is unassigned.
func (b books) shares() (byAccount map[shareKey]map[id.Tenant]*share, names map[id.Account]ImportedSum) {
	byAccount, names = map[shareKey]map[id.Tenant]*share{}, map[id.Account]ImportedSum{}
	at := func(k shareKey, t id.Tenant) *share {
		if byAccount[k] == nil {
			byAccount[k] = map[id.Tenant]*share{}
		}
		if byAccount[k][t] == nil {
			byAccount[k][t] = &share{}
		}
		return byAccount[k][t]
	}
	for _, s := range b.imported.Sums {
		names[s.AccountID] = s
		x := at(shareKey{s.Owner, s.AccountID, s.Currency}, s.Assignee)
		x.assigned, x.lines, x.isAssigned = x.assigned.Add(s.Billed), x.lines+s.Rows, true
		x.isRate = b.rated[ratedKey{s.Owner, s.Assignee, s.AccountID}]
	}
	for _, c := range b.costs {
		if _, ok := names[c.AccountID]; ok && c.Supplier.IsZero() {
			x := at(shareKey{c.Bearer, c.AccountID, c.Currency}, c.Assignee)
			x.booked, x.isRate = x.booked.Add(c.Cost), true
		}
	}
	return byAccount, names
}

// addMisassigned names assigned lines that no published run has rated, and
// accounts that are billed to another tenant than the one they are assigned to.
// The money of the former shows in the difference of their payer account, so
// that those findings explain and do not decide; the latter adds up, and is
// wrong all the same.
func (b books) addMisassigned(tree func(money.Currency) *TreeBooks) {
	byAccount, names := b.shares()
	keys := slices.SortedFunc(maps.Keys(byAccount), func(x, y shareKey) int {
		return cmp.Or(cmp.Compare(b.slug(x.owner), b.slug(y.owner)), cmp.Compare(names[x.account].Account, names[y.account].Account),
			cmp.Compare(x.currency, y.currency), x.account.Compare(y.account))
	})
	for _, k := range keys {
		t := tree(k.currency)
		t.Findings = append(t.Findings, b.misassigned(names[k.account], k.currency, byAccount[k])...)
	}
}

// misassigned returns the findings of one account.
func (b books) misassigned(account ImportedSum, c money.Currency, shares map[id.Tenant]*share) []Finding {
	name := fmt.Sprintf("Account %s (%s)", account.Account, account.Provider)
	var open, gone, holders, shifted []string
	var unrated []Finding
	sum, total := decimal.Zero, decimal.Zero
	for _, t := range slices.SortedFunc(maps.Keys(shares), func(x, y id.Tenant) int { return cmp.Compare(b.slug(x), b.slug(y)) }) {
		x := shares[t]
		total = total.Add(x.off())
		if x.off().IsPositive() {
			sum = sum.Add(x.off())
		}
		switch {
		case t.IsZero():
		case x.isAssigned && !x.isRate:
			open, holders = append(open, mark(b.slug(t))), append(holders, mark(b.slug(t)))
			f := finding("unrated", c, x.assigned, "%s is assigned to %s but not rated: recalculate %s for %s.", name, mark(b.slug(t)), mark(b.slug(t)), b.month)
			f.Blocking, f.Assignee, f.Lines = false, t, x.lines
			unrated = append(unrated, f)
		case !x.isAssigned:
			gone = append(gone, mark(b.slug(t)))
		default:
			holders = append(holders, mark(b.slug(t)))
			if !x.off().IsZero() {
				shifted = append(shifted, mark(b.slug(t)))
			}
		}
	}
	switch {
	case len(gone) > 0:
		to := "nobody"
		if len(holders) > 0 {
			to = strings.Join(holders, " and ")
		}
		return []Finding{finding("reassigned", c, sum, "%s is assigned to %s, but %s is billed for it: recalculate %s for %s.",
			name, to, strings.Join(gone, " and "), strings.Join(slices.Concat(open, gone, shifted), " and "), b.month)}
	case len(shifted) > 0 && total.IsZero():
		return []Finding{finding("reassigned", c, sum, "Late lines of %s are assigned to another tenant than the one that is billed for them: recalculate %s for %s.",
			name, strings.Join(slices.Concat(open, shifted), " and "), b.month)}
	}
	return unrated
}

// home returns the currency in which an edge charges; where it does not, the
// first one in which it has books. Empty: none.
func (b books) home() map[Edge]money.Currency {
	out := map[Edge]money.Currency{}
	for k := range b.edges() {
		if c, ok := out[k.Edge]; !ok || k.currency < c {
			out[k.Edge] = k.currency
		}
	}
	for _, c := range slices.Concat(b.charges, b.fees) {
		out[c.Edge] = c.Currency
	}
	return out
}

// addNotices adds what published runs found, what is out of date, and runs that
// failed.
func (b books) addNotices(tree func(money.Currency) *TreeBooks) {
	home := b.home()
	for _, f := range slices.Concat(b.found, b.outdated) {
		t := tree(cmp.Or(f.finding.Currency, home[f.edge]))
		t.Notices = append(t.Notices, f.finding)
	}
	for _, r := range b.failed {
		f := finding("failed_run", "", decimal.Zero, "The last recalculation of %s failed (Job %s): %s", mark(b.slug(r.Assignee)), r.ID, string(r.Error))
		f.Blocking, f.Assignee, f.Run = false, r.Assignee, r.ID
		t := tree("")
		t.Notices = append(t.Notices, f)
	}
}

// addCommon adds the findings that need not belong to a currency.
func (b books) addCommon(tree func(money.Currency) *TreeBooks) {
	add := func(c money.Currency, f Finding) {
		t := tree(c)
		t.Findings = append(t.Findings, f)
	}
	for _, f := range b.broken {
		if f.Currency != "" {
			add(f.Currency, f)
		}
	}
	for _, p := range b.imported.Problems {
		add("", finding(p.Code, "", decimal.Zero, "%s", p.Message))
	}
	for _, f := range b.broken {
		if f.Currency == "" {
			add("", f)
		}
	}
	home := b.home()
	for _, r := range b.unsettled {
		edge := Edge{Seller: r.Seller, Buyer: r.Buyer}
		name := mark(b.slug(r.Seller)) + " → " + mark(b.slug(r.Buyer))
		if r.State == StateFailed {
			add(home[edge], finding("period", "", decimal.Zero, "The fees of %s could not be computed: %s", name, string(r.Error)))
			continue
		}
		add(home[edge], finding("period", "", decimal.Zero, "The fees of %s are being computed: try again.", name))
	}
	switch n := b.imported.Quarantined; {
	case n == 1:
		add("", finding("quarantine", "", decimal.Zero, "1 row could not be read and nobody has acknowledged it."))
	case n > 1:
		add("", finding("quarantine", "", decimal.Zero, "%d rows could not be read and nobody has acknowledged them.", n))
	}
}
