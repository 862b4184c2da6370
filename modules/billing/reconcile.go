package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Reconciliation says whether a month's books agree with what was imported and
// with each other.
type Reconciliation struct {
	// OK holds if every difference is 0, both sides of every edge are equal,
	// stored results are what was published, every edge has its fees and
	// rounding, and no quarantined row is left unacknowledged.
	OK bool
	// Nothing holds if nothing was imported, rated or charged in that month: OK
	// says little then. It is not part of the JSON.
	Nothing bool
	Trees   []TreeBooks // by distributor and currency
}

// TreeBooks is one distributor's month in one currency.
type TreeBooks struct {
	Distributor     string // slug
	Currency        money.Currency
	Imported        decimal.Decimal // BilledCost re-added from the current segments
	Assigned        decimal.Decimal // the owners' cost rows for customers
	OwnUse          decimal.Decimal // the owners' cost rows for own use
	Unassigned      decimal.Decimal // BilledCost of accounts that nobody answers for, from the segments
	Difference      decimal.Decimal // Imported − Assigned − OwnUse − Unassigned
	RowsQuarantined int64           // of the tree, whatever the currency: rows that nobody has acknowledged
	Edges           []EdgeBooks     // by seller and buyer
	Findings        []Finding       // of the comparison: a blocking one makes the whole not OK
	Notices         []Finding       // what runs found, and what is out of date: whether blocking or not, the books are right

	// How many more edges, findings and notices there were: a stored check keeps
	// what differs and the largest of many.
	MoreEdges, MoreFindings, MoreNotices int
}

// AllFindings returns the findings of the comparison and then the notices.
func (t TreeBooks) AllFindings() []Finding {
	return slices.Concat(t.Findings, t.Notices)
}

// EdgeBooks is one edge's month in one currency.
type EdgeBooks struct {
	Seller, Buyer string          // slugs
	SellerName    string          // empty in what was stored before names were
	BuyerName     string          // likewise
	SellerCharges decimal.Decimal // line and period charges with rounding, before tax
	BuyerCosts    decimal.Decimal // the buyer's cost rows with this supplier, and its period costs
	Cost          decimal.Decimal // the seller's cost rows sold to this buyer
	Price         decimal.Decimal // SellerCharges
	Margin        decimal.Decimal // Price − Cost
}

type edgeJSON struct {
	Seller        string `json:"seller"`
	Buyer         string `json:"buyer"`
	SellerCharges plain  `json:"seller_charges"`
	BuyerCosts    plain  `json:"buyer_costs"`
	Cost          plain  `json:"cost"`
	Price         plain  `json:"price"`
	Margin        plain  `json:"margin"`
}

type treeJSON struct {
	Distributor     string     `json:"distributor"`
	Currency        string     `json:"currency"`
	Imported        plain      `json:"imported"`
	Assigned        plain      `json:"assigned"`
	OwnUse          plain      `json:"own_use"`
	Unassigned      plain      `json:"unassigned"`
	Difference      plain      `json:"difference"`
	RowsQuarantined int64      `json:"rows_quarantined"`
	Edges           []edgeJSON `json:"edges"`
	Findings        []Finding  `json:"findings"`
}

// MarshalJSON writes {"ok","trees"} with amounts as plain decimal strings. A
// tree's findings and notices are one list there.
func (r Reconciliation) MarshalJSON() ([]byte, error) {
	trees := make([]treeJSON, 0, len(r.Trees))
	for _, t := range r.Trees {
		trees = append(trees, t.json())
	}
	return json.Marshal(struct {
		OK    bool       `json:"ok"`
		Trees []treeJSON `json:"trees"`
	}{r.OK, trees})
}

func (t TreeBooks) json() treeJSON {
	out := treeJSON{
		Distributor: t.Distributor, Currency: string(t.Currency),
		Imported: plain(t.Imported), Assigned: plain(t.Assigned), OwnUse: plain(t.OwnUse),
		Unassigned: plain(t.Unassigned), Difference: plain(t.Difference), RowsQuarantined: t.RowsQuarantined,
		Edges: make([]edgeJSON, 0, len(t.Edges)), Findings: append([]Finding{}, t.AllFindings()...),
	}
	for _, e := range t.Edges {
		out.Edges = append(out.Edges, edgeJSON{
			Seller: e.Seller, Buyer: e.Buyer, SellerCharges: plain(e.SellerCharges), BuyerCosts: plain(e.BuyerCosts),
			Cost: plain(e.Cost), Price: plain(e.Price), Margin: plain(e.Margin),
		})
	}
	return out
}

// Join puts the trees of several distributors' reconciliations together.
func Join(parts ...Reconciliation) Reconciliation {
	out := Reconciliation{OK: true, Nothing: true}
	for _, p := range parts {
		out.OK, out.Nothing = out.OK && p.OK, out.Nothing && p.Nothing
		out.Trees = append(out.Trees, p.Trees...)
	}
	sortTrees(out.Trees)
	return out
}

func sortTrees(trees []TreeBooks) {
	slices.SortStableFunc(trees, func(a, b TreeBooks) int {
		return cmp.Or(cmp.Compare(a.Distributor, b.Distributor), cmp.Compare(a.Currency, b.Currency))
	})
}

var errReconcileScope = errs.New(errs.Forbidden, "billing.reconcile_distributor",
	"Only a distributor reconciles: imported money is known at the top of a tree.")

// Reconcile compares what was imported for month in the acting distributor's
// tree with what was charged on every edge, from numbers that were computed
// apart: segments are read and added up again, charges are held against costs,
// stored results against their hashes.
//
// It asks for period runs that a contract in force lacks, and waits for runs
// under way until none has ended for a minute; what is not done then is a
// finding. A month that has not begun has no period runs: none are asked for.
//
// What the published runs found, results of contract versions that are no
// longer in force, and failed recalculations are notices: they do not make the
// books wrong. A finding or notice that belongs to no currency stands once,
// with its edge's first currency if it is about an edge that has books, else in
// the first entry of the distributor.
//
// Needs billing.reconcile. Errors: Forbidden for who is no distributor.
func (s *Service) Reconcile(ctx context.Context, month period.Month) (Reconciliation, error) {
	if err := s.authz.Need(ctx, PermReconcile); err != nil {
		return Reconciliation{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Reconciliation{}, err
	}
	if sc.Tier != scope.Distributor {
		return Reconciliation{}, errReconcileScope
	}
	if err := s.settle(ctx, month); err != nil {
		return Reconciliation{}, err
	}
	b, err := s.readBooks(ctx, sc.Tree, month)
	if err != nil {
		return Reconciliation{}, err
	}
	return b.reconcile(), nil
}

// readBooks gathers both sides of everything that is compared.
func (s *Service) readBooks(ctx context.Context, tree id.Tenant, month period.Month) (books, error) {
	b := books{tree: tree, month: month, isToCome: s.isToCome(month), tenants: map[id.Tenant]Tenant{}}
	var err error
	if b.imported, err = s.recount.Imported(ctx, month); err != nil {
		return books{}, err
	}
	tenants, err := s.tenants.Tenants(ctx)
	if err != nil {
		return books{}, err
	}
	for _, t := range tenants {
		b.tenants[t.ID] = t
	}
	if b.broken, err = s.verify(ctx, b); err != nil {
		return books{}, err
	}
	if err = s.work.db.ReadTx(ctx, func(ctx context.Context) error { return s.work.readBooks(ctx, &b) }); err != nil {
		return books{}, err
	}
	b.outdated, err = s.outdated(ctx, month, b.used, b.slug)
	return b, err
}

// books is one tree's month: what was imported, and what was published.
type books struct {
	tree      id.Tenant
	month     period.Month
	isToCome  bool // month has not begun: it has no period runs
	tenants   map[id.Tenant]Tenant
	imported  Imported
	costs     []costSum // published cost rows
	charges   []edgeSum // published line charges
	fees      []edgeSum // published period charges, rounding included
	feeCosts  []edgeSum // published period costs: the buyer's side of fees
	rated     map[ratedKey]bool
	periods   map[Edge]bool // edges with a published period run
	broken    []Finding     // stored results that are not what was published
	unsettled []Run         // period runs that are under way still, or whose last attempt failed
	found     []edgeFinding // what published runs found
	used      []usedTerms   // contract versions that published runs have applied
	outdated  []edgeFinding // where these are not the ones in force
	failed    []Run         // line runs that failed after what is published
}

// costSum adds up published cost rows. Supplier is zero for the owner of the
// payer account, SoldTo at the end of a chain.
type costSum struct {
	Bearer, Supplier, SoldTo, Assignee id.Tenant
	Provider, Payer, Account           string
	AccountID                          id.Account
	Currency                           money.Currency
	Cost                               decimal.Decimal
}

// edgeSum adds up published rows of one edge.
type edgeSum struct {
	Edge
	Currency money.Currency
	Amount   decimal.Decimal
}

// ratedKey names lines whose owner has a published result.
type ratedKey struct {
	owner, assignee id.Tenant
	account         id.Account
}

// payerKey names a payer account as its provider bills it, in one currency.
type payerKey struct {
	owner           id.Tenant
	provider, payer string
	currency        money.Currency
}

// payerBooks is what was imported for a payer account and where it went.
type payerBooks struct{ imported, assigned, ownUse, unassigned decimal.Decimal }

func (p payerBooks) difference() decimal.Decimal {
	return p.imported.Sub(p.assigned).Sub(p.ownUse).Sub(p.unassigned)
}

func (b books) reconcile() Reconciliation {
	byCurrency := map[money.Currency]*TreeBooks{}
	tree := func(c money.Currency) *TreeBooks {
		if known := slices.Sorted(maps.Keys(byCurrency)); c == "" && len(known) > 0 {
			c = known[0] // see Reconcile
		}
		t, ok := byCurrency[c]
		if !ok {
			t = &TreeBooks{Distributor: b.slug(b.tree), Currency: c, RowsQuarantined: b.imported.Quarantined}
			byCurrency[c] = t
		}
		return t
	}
	b.addPayers(tree)
	b.addMisassigned(tree)
	b.addEdges(tree)
	b.addNotices(tree)
	b.addCommon(tree)
	out := Reconciliation{OK: true, Nothing: b.isNothing()}
	for _, c := range slices.Sorted(maps.Keys(byCurrency)) {
		t := byCurrency[c]
		out.OK = out.OK && len(blocking(t.Findings)) == 0
		out.Trees = append(out.Trees, *t)
	}
	return out
}

func (b books) slug(t id.Tenant) string {
	if known, ok := b.tenants[t]; ok {
		return known.Slug
	}
	return t.String()
}

// addPayers compares invariant 1 per payer account and adds it up per tree.
func (b books) addPayers(tree func(money.Currency) *TreeBooks) {
	payers := b.payers()
	keys := slices.SortedFunc(maps.Keys(payers), func(x, y payerKey) int {
		return cmp.Or(cmp.Compare(b.slug(x.owner), b.slug(y.owner)), cmp.Compare(x.provider, y.provider),
			cmp.Compare(x.payer, y.payer), cmp.Compare(x.currency, y.currency))
	})
	for _, k := range keys {
		p, t := payers[k], tree(k.currency)
		t.Imported = t.Imported.Add(p.imported)
		t.Assigned = t.Assigned.Add(p.assigned)
		t.OwnUse = t.OwnUse.Add(p.ownUse)
		t.Unassigned = t.Unassigned.Add(p.unassigned)
		t.Difference = t.Difference.Add(p.difference())
		if d := p.difference(); !d.IsZero() {
			t.Findings = append(t.Findings, finding("difference", k.currency, d,
				"Payer account %s (%s) of %s: %s imported, but %s in the books.",
				k.payer, k.provider, mark(b.slug(k.owner)), money.Plain(p.imported), money.Plain(p.imported.Sub(d))))
		}
	}
}

func (b books) payers() map[payerKey]payerBooks {
	out := map[payerKey]payerBooks{}
	for _, s := range b.imported.Sums {
		k := payerKey{s.Owner, s.Provider, s.Payer, s.Currency}
		p := out[k]
		p.imported = p.imported.Add(s.Billed)
		if s.Assignee.IsZero() {
			p.unassigned = p.unassigned.Add(s.Billed)
		}
		out[k] = p
	}
	for _, c := range b.costs {
		if !c.Supplier.IsZero() {
			continue // not the owner's
		}
		k := payerKey{c.Bearer, c.Provider, c.Payer, c.Currency}
		p := out[k]
		if b.tenants[c.Assignee].Tier == scope.Customer {
			p.assigned = p.assigned.Add(c.Cost)
		} else {
			p.ownUse = p.ownUse.Add(c.Cost)
		}
		out[k] = p
	}
	return out
}

// addEdges compares invariant 2 edge by edge.
func (b books) addEdges(tree func(money.Currency) *TreeBooks) {
	edges := b.edges()
	keys := slices.SortedFunc(maps.Keys(edges), func(x, y edgeKey) int {
		return cmp.Or(cmp.Compare(b.slug(x.Seller), b.slug(y.Seller)), cmp.Compare(b.slug(x.Buyer), b.slug(y.Buyer)),
			cmp.Compare(x.currency, y.currency))
	})
	for _, k := range keys {
		e, t := edges[k], tree(k.currency)
		e.Price = e.SellerCharges
		e.Margin = e.Price.Sub(e.Cost)
		t.Edges = append(t.Edges, *e)
		if d := e.SellerCharges.Sub(e.BuyerCosts); !d.IsZero() {
			t.Findings = append(t.Findings, finding("edge", k.currency, d,
				"%s charges %s %s, but %s books %s as its cost.",
				mark(e.Seller), mark(e.Buyer), money.Plain(e.SellerCharges), mark(e.Buyer), money.Plain(e.BuyerCosts)))
		}
		if b.isToCome {
			continue
		}
		if d := e.SellerCharges.Sub(e.SellerCharges.Round(k.currency.MinorUnit())); !d.IsZero() || (b.isCharged(k) && !b.periods[k.Edge]) {
			t.Findings = append(t.Findings, finding("period", k.currency, d,
				"The fees and rounding of %s → %s do not belong to its published charges: recalculate it.", mark(e.Seller), mark(e.Buyer)))
		}
	}
}

func (b books) isCharged(k edgeKey) bool {
	return slices.ContainsFunc(b.charges, func(c edgeSum) bool { return c.Edge == k.Edge && c.Currency == k.currency })
}

type edgeKey struct {
	Edge
	currency money.Currency
}

func (b books) edges() map[edgeKey]*EdgeBooks {
	out := map[edgeKey]*EdgeBooks{}
	at := func(seller, buyer id.Tenant, c money.Currency) *EdgeBooks {
		k := edgeKey{Edge{Seller: seller, Buyer: buyer}, c}
		e, ok := out[k]
		if !ok {
			e = &EdgeBooks{
				Seller: b.slug(seller), SellerName: b.tenants[seller].Name,
				Buyer: b.slug(buyer), BuyerName: b.tenants[buyer].Name,
			}
			out[k] = e
		}
		return e
	}
	for _, sums := range [][]edgeSum{b.charges, b.fees} {
		for _, c := range sums {
			e := at(c.Seller, c.Buyer, c.Currency)
			e.SellerCharges = e.SellerCharges.Add(c.Amount)
		}
	}
	for _, c := range b.feeCosts {
		e := at(c.Seller, c.Buyer, c.Currency)
		e.BuyerCosts = e.BuyerCosts.Add(c.Amount)
	}
	for _, c := range b.costs {
		if !c.Supplier.IsZero() {
			e := at(c.Supplier, c.Bearer, c.Currency)
			e.BuyerCosts = e.BuyerCosts.Add(c.Cost)
		}
		if !c.SoldTo.IsZero() {
			e := at(c.Bearer, c.SoldTo, c.Currency)
			e.Cost = e.Cost.Add(c.Cost)
		}
	}
	return out
}

// finding returns a blocking finding of a comparison, whose message marks
// tenants.
func finding(code string, c money.Currency, sum decimal.Decimal, format string, args ...any) Finding {
	return Finding{Code: code, Message: Text(fmt.Sprintf(format, args...)), Sum: sum, Currency: c, Blocking: true}
}
