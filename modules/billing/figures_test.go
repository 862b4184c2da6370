package billing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// booked returns a world whose March is random, rated, and reconciles.
func booked(t *testing.T, seed uint64) (*world, TreeBooks) {
	t.Helper()
	w := newWorld(t)
	w.randomMonth(rand.New(rand.NewPCG(seed, 1))) //nolint:gosec // a repeatable month, no secret
	for _, who := range []string{"dist", "north", "south", "acme", "bolt", "cargo", "direct"} {
		w.recalc("dist", who)
	}
	rec, err := w.s.Reconcile(w.as("dist"), march)
	if err != nil || !rec.OK {
		t.Fatalf("reconcile: %v %+v", err, rec)
	}
	w.drain()
	return w, rec.Trees[0]
}

// figures returns March as slug sees it.
func (w *world) figures(slug string) MonthFigures {
	w.t.Helper()
	got, err := w.s.Figures(w.as(slug), march)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(got) != 1 {
		w.t.Fatalf("%d months for %s, want one: %+v", len(got), slug, got)
	}
	return got[0]
}

// said writes an edge's books, so that two of them can be compared.
func said(seller, buyer string, cost, price, margin decimal.Decimal) string {
	return fmt.Sprintf("%s → %s cost %s price %s margin %s", seller, buyer, money.Plain(cost), money.Plain(price), money.Plain(margin))
}

// Every tier's figures are what Reconcile prints, to the digit: of the edges
// that it may see, and of no other.
func TestFigures_AreReconciled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w, tree := booked(t, seed)
			sees := map[string][]string{
				"dist": {"dist", "north", "south"}, "north": {"north"}, "south": {"south"}, "acme": nil, "direct": nil,
			}
			for who, sellers := range sees {
				var want, got []string
				price := map[string]decimal.Decimal{}
				for _, e := range tree.Edges {
					price[e.Buyer] = price[e.Buyer].Add(e.Price)
					if slices.Contains(sellers, e.Seller) {
						want = append(want, said(e.Seller, e.Buyer, e.Cost, e.Price, e.Margin))
					}
				}
				figures, err := w.s.Figures(w.as(who), march)
				if err != nil {
					t.Fatal(err)
				}
				spend := decimal.Zero
				for _, m := range figures {
					for _, e := range m.Edges {
						got = append(got, said(e.Seller.Slug, e.Buyer.Slug, e.Cost, e.Price, e.Margin))
					}
					spend = spend.Add(m.Spend())
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("edges of %s (-reconciled +figures):\n%s", who, diff)
				}
				if !spend.Equal(price[who]) {
					t.Errorf("%s was charged %s, but reads %s", who, price[who], spend)
				}
			}
		})
	}
}

// What a reseller owns itself is the provider's cost, not its supplier's.
func TestFigures_Flow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.account("north", "2", "acme", usageLine{service: "DNS", billed: "7"})
	w.account("dist", "3", "north", usageLine{service: "DNS", billed: "10"})
	w.account("dist", "4", "", usageLine{service: "DNS", billed: "1000"})
	w.recalc("dist", "acme")
	w.recalc("dist", "north")
	w.drain()
	flow := func(who string) (out []string) {
		for _, l := range w.figures(who).Flow {
			out = append(out, fmt.Sprintf("%s %s → %s %s: %s", l.From.Kind, l.From.Party.Slug, l.To.Kind, l.To.Party.Slug, money.Plain(l.Amount)))
		}
		return out
	}
	want := []string{
		"provider  → tenant dist: 110",
		"provider  → tenant north: 7",
		"tenant dist → tenant north: 99.5", // 90 + 9.50
		"tenant north → tenant acme: 107.2",
		"own_use north",
	}
	want[4] = "tenant north → own_use north: 9.5"
	if diff := cmp.Diff(want, flow("dist")); diff != "" {
		t.Errorf("of the distributor:\n%s", diff)
	}
	want[0], want = "supplier dist → tenant north: 99.5", slices.Delete(want, 2, 3)
	if diff := cmp.Diff(want, flow("north")); diff != "" {
		t.Errorf("of the reseller:\n%s", diff)
	}
	if got := flow("acme"); got != nil {
		t.Errorf("a customer sees a flow: %v", got)
	}
}

// What sellers below charge on edges that are not listed is one node of the
// flow, and in the tiers' sums all the same.
func TestFigures_NotListed(t *testing.T) {
	t.Parallel()
	dist, north, acme := id.New[id.Tenant](), id.New[id.Tenant](), id.New[id.Tenant]()
	d := decimal.RequireFromString
	b := figuresBook{
		acting: scope.Scope{Tenant: dist, Tree: dist, Tier: scope.Distributor},
		parties: map[id.Tenant]Party{
			dist: {dist, "dist", "dist", scope.Distributor}, north: {north, "north", "north", scope.Reseller}, acme: {acme, "acme", "acme", scope.Customer},
		},
		listed: []listedRow{
			{Month: march, SellerID: dist, BuyerID: north, Currency: "USD", Price: d("90"), Cost: d("70")},
			{Month: march, SellerID: dist, BuyerID: north, Currency: "USD", Edges: 1},
			{Month: march, SellerID: north, BuyerID: acme, Currency: "USD", Price: d("120"), Cost: d("60")},
			{Month: march, SellerID: north, BuyerID: acme, Currency: "USD", Charged: d("1"), Edges: 1},
		},
		sellers: []edgeFigureRow{
			{Month: march, SellerID: dist, Currency: "USD", Price: d("90"), Cost: d("70")},
			{Month: march, SellerID: north, Currency: "USD", Price: d("200"), Cost: d("90"), Supplied: d("90")},
		},
		feesOf: []periodFigureRow{
			{Month: march, SellerID: north, Currency: "USD", Charged: d("5"), Edges: 41}, {Month: march, SellerID: dist, Currency: "USD", Edges: 1},
		},
	}
	got := b.figures()
	if len(got) != 1 || got[0].NotListed != 40 || len(got[0].Edges) != 2 {
		t.Fatalf("%+v", got)
	}
	others := got[0].Flow[len(got[0].Flow)-1]
	if others.From.Party.Slug != "north" || others.To != (FlowNode{FlowOthers, Party{Tier: scope.Customer}}) || others.Amount.String() != "84" {
		t.Errorf("%+v", others)
	}
	if tiers := got[0].Tiers; len(tiers) != 2 || tiers[1].Price.String() != "205" || tiers[1].Cost.String() != "90" {
		t.Errorf("%+v", tiers)
	}
}

// Tiers are what Summary prints.
func TestFigures_Tiers(t *testing.T) {
	t.Parallel()
	w, _ := booked(t, 1)
	for _, who := range []string{"dist", "north"} {
		want, err := w.s.Summary(w.as(who), march)
		if err != nil {
			t.Fatal(err)
		}
		text := func(list []TierSummary) (out []string) {
			for _, x := range list {
				out = append(out, fmt.Sprint(x.Tier, x.Currency, " ", money.Plain(x.Cost), " ", money.Plain(x.PeriodCost), " ", money.Plain(x.Price), " ", money.Plain(x.Margin)))
			}
			return out
		}
		if diff := cmp.Diff(text(want), text(w.figures(who).Tiers)); diff != "" {
			t.Errorf("%s (-summary +figures):\n%s", who, diff)
		}
	}
}

// A recalculation replaces the sums; a second one changes nothing.
func TestTotals_AreWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"}, usageLine{service: "DNS", billed: "3", category: "Tax"})
	w.account("dist", "2", "bolt", usageLine{service: "DNS", billed: "10"})
	for _, step := range []func(){
		func() { w.recalc("dist", "acme"); w.recalc("dist", "bolt") },
		func() {
			w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("double", "", "price * 2")}})
			w.recalc("north", "acme")
		},
		func() { w.assign("1", "cargo"); w.recalc("dist", "acme") },
		func() { w.assign("2", ""); w.recalc("dist", "bolt") },
	} {
		step()
		w.drain()
		sums := func(table, price, cost, where string) []string {
			return w.query(`
				SELECT format('%s %s', trim_scale(coalesce(sum(`+price+`), 0)), trim_scale(coalesce(sum(`+cost+`), 0))) FROM `+table+` x WHERE `+where+` x.month = ?`, march)
		}
		const speaks = `EXISTS (SELECT FROM billing_published p WHERE p.run_id = x.run_id AND p.assignee_id = x.assignee_id AND p.month = x.month AND `
		charged := w.query(`SELECT trim_scale(coalesce(sum(amount), 0))::text FROM billing_charges x WHERE `+speaks+`p.bearer_id = x.seller_id AND p.sold_to = x.buyer_id) AND month = ?`, march)
		borne := w.query(`SELECT trim_scale(coalesce(sum(cost), 0))::text FROM billing_charge_costs x WHERE `+speaks+`p.bearer_id = x.bearer_id AND p.sold_to IS NOT DISTINCT FROM x.sold_to) AND month = ?`, march)
		want := []string{charged[0] + " " + borne[0]}
		for _, table := range []string{"billing_edge_totals", "billing_service_totals", "billing_bearer_totals"} {
			if diff := cmp.Diff(want, sums(table, "price", "cost", "")); diff != "" {
				t.Errorf("%s (-published +sums):\n%s", table, diff)
			}
		}
		const edge = `format('%s %s %s', seller_id, buyer_id, trim_scale(`
		if diff := cmp.Diff(w.query(`
			SELECT format('%s %s %s', bearer_id, sold_to, trim_scale(sum(price))) FROM billing_edge_totals
			WHERE sold_to IS NOT NULL GROUP BY bearer_id, sold_to HAVING sum(price) <> 0 ORDER BY 1`),
			w.query(`SELECT `+edge+`lines)) FROM billing_period_published x WHERE lines <> 0 ORDER BY 1`)); diff != "" {
			t.Errorf("lines of documents (-added up +kept):\n%s", diff)
		}
		const document = `format('%s %s %s %s %s', seller_id, currency, `
		if diff := cmp.Diff(w.query(`
			SELECT `+document+`count(*), trim_scale(sum(fees + rounding)), trim_scale(sum(round(lines + fees, 2))))
			FROM billing_period_published GROUP BY seller_id, currency ORDER BY 1`),
			w.query(`SELECT `+document+`documents, trim_scale(charged), trim_scale(total)) FROM billing_seller_totals ORDER BY 1`)); diff != "" {
			t.Errorf("documents by seller (-added up +kept):\n%s", diff)
		}
		const sold = `format('%s %s %s %s %s', bearer_id, sold_to, `
		if diff := cmp.Diff(w.query(`
			SELECT `+sold+`count(*), trim_scale(sum(price)), trim_scale(sum(cost)))
			FROM billing_edge_totals WHERE sold_to IS NOT NULL GROUP BY bearer_id, sold_to ORDER BY 1`),
			w.query(`SELECT `+sold+`entries, trim_scale(price), trim_scale(cost)) FROM billing_edges ORDER BY 1`)); diff != "" {
			t.Errorf("edges (-added up +kept):\n%s", diff)
		}
		const resold = `format('%s %s %s %s %s %s', bearer_id, sold_to, service, `
		if diff := cmp.Diff(w.query(`
			SELECT `+resold+`count(*), trim_scale(sum(price)), trim_scale(sum(cost)))
			FROM billing_service_totals WHERE sold_to <> assignee_id GROUP BY bearer_id, sold_to, service ORDER BY 1`),
			w.query(`SELECT `+resold+`entries, trim_scale(price), trim_scale(cost)) FROM billing_resold_services ORDER BY 1`)); diff != "" {
			t.Errorf("by service, of who sells on (-added up +kept):\n%s", diff)
		}
		const line = `format('%s %s %s %s %s %s %s %s', seller_id, buyer_id, label, charge_category, service, unit, `
		if diff := cmp.Diff(w.query(`
			SELECT `+line+`count(*), trim_scale(sum(quantity)) || ' ' || trim_scale(sum(amount))) FROM billing_charges x
			WHERE buyer_id <> assignee_id AND `+speaks+`p.bearer_id = x.seller_id AND p.sold_to = x.buyer_id)
			GROUP BY seller_id, buyer_id, label, service_month, charge_category, service, unit ORDER BY 1`),
			w.query(`SELECT `+line+`entries, trim_scale(quantity) || ' ' || trim_scale(amount)) FROM billing_resold_lines ORDER BY 1`)); diff != "" {
			t.Errorf("lines of documents of who sells on (-added up +kept):\n%s", diff)
		}
		if diff := cmp.Diff(w.query(appliedInRecords), w.query(`
			SELECT format('%s %s %s %s %s', seller_id, buyer_id, assignee_id, version_id, terms_hash) FROM billing_applied ORDER BY 1`)); diff != "" {
			t.Errorf("terms that were applied (-recorded +kept):\n%s", diff)
		}
		const row = `format('%s %s %s %s %s %s', bearer_id, service, `
		byService := w.query(`
			SELECT ` + row + `sold_to IS NOT NULL, count(*), trim_scale(sum(price)), trim_scale(sum(supplied)))
			FROM billing_service_totals GROUP BY bearer_id, service, sold_to IS NOT NULL ORDER BY 1`)
		if diff := cmp.Diff(byService, w.query(`
			SELECT `+row+`is_sold, entries, trim_scale(price), trim_scale(supplied)) FROM billing_bearer_totals ORDER BY 1`)); diff != "" {
			t.Errorf("by bearer and service (-added up +kept):\n%s", diff)
		}
	}
}

// appliedInRecords reads billing_applied from what runs say that they have read.
const appliedInRecords = `
	WITH applied AS (
		SELECT p.*, e.n, c.chain -> 'base' AS base, e.edge -> 'contract' AS contract
		FROM (SELECT DISTINCT tree_id, bearer_id, sold_to, assignee_id, run_id FROM billing_published WHERE sold_to IS NOT NULL) p
		JOIN billing_runs r ON r.id = p.run_id
		CROSS JOIN LATERAL jsonb_path_query(r.inputs, '$.chains[*]') AS c(chain)
		CROSS JOIN LATERAL jsonb_path_query(c.chain, '$.edges[*]') WITH ORDINALITY AS e(edge, n)
		WHERE (c.chain ->> 'assignee')::uuid = p.assignee_id AND c.chain -> 'parted' IS NULL
			AND (c.chain -> 'tenants' ->> (e.n::int - 1))::uuid = p.bearer_id
			AND (c.chain -> 'tenants' ->> e.n::int)::uuid = p.sold_to
	)
	SELECT format('%s %s %s %s %s', bearer_id, sold_to, assignee_id, contract ->> 'version', contract ->> 'terms_hash') FROM applied
	UNION
	SELECT format('%s %s %s %s %s', bearer_id, NULL, assignee_id, base ->> 'version', base ->> 'terms_hash') FROM applied WHERE n = 1 AND bearer_id = tree_id
	ORDER BY 1`

// The database rounds documents as the program does.
func TestMinorUnit_IsTheProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	codes := w.query(`
		SELECT c || ' ' || billing_minor_unit(c) FROM (
			SELECT chr(a) || chr(b) || chr(x) AS c FROM generate_series(65, 90) a, generate_series(65, 90) b, generate_series(65, 90) x) c`)
	for _, c := range codes {
		code, digits, _ := strings.Cut(c, " ")
		if want := strconv.Itoa(int(money.Currency(code).MinorUnit())); digits != want {
			t.Errorf("%s has %s decimals in the database, %s in the program", code, digits, want)
		}
	}
	if len(codes) != 26*26*26 {
		t.Fatalf("%d codes", len(codes))
	}
}

func TestByService_EachTierItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("markup", "", "price * 1.10"), fee("Care", "5")}})
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"}, usageLine{service: "DNS", billed: "10"})
	w.account("dist", "2", "bolt", usageLine{service: "Compute", billed: "1000"})
	w.recalc("dist", "acme")
	w.recalc("dist", "bolt")
	tests := []struct {
		who, of string
		spend   bool
		want    []string
	}{
		{"acme", "acme", true, []string{"Compute 0 99 0", "DNS 0 10.45 0", "fee 0 5 0"}},
		{"north", "acme", false, []string{"Compute 90 99 9", "DNS 9.5 10.45 0.95", "fee 0 5 5"}},
		{"dist", "acme", false, []string{"Compute 100 90 -10", "DNS 10 9.5 -0.5"}},
		{"dist", "north", false, []string{"Compute 1100 990 -110", "DNS 10 9.5 -0.5"}},
		{"north", "north", true, []string{"Compute 0 990 0", "DNS 0 9.5 0"}},
		{"dist", "dist", false, []string{"Compute 1100 990 -110", "DNS 10 9.5 -0.5"}},
	}
	for _, tt := range tests {
		got, err := w.s.ByService(w.as(tt.who), w.id(tt.of), march)
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, r := range got.Rows {
			name := r.Service
			if r.IsFee {
				name = "fee"
			}
			if r.IsFee && r.Price.Abs().LessThan(decimal.RequireFromString("0.01")) {
				continue // rounding
			}
			if r.IsFee {
				r.Price, r.Margin = r.Price.Round(2), r.Margin.Round(2)
			}
			rows = append(rows, fmt.Sprintf("%s %s %s %s", name, money.Plain(r.Cost), money.Plain(r.Price), money.Plain(r.Margin)))
		}
		if diff := cmp.Diff(tt.want, rows); diff != "" || got.IsSpend != tt.spend {
			t.Errorf("%s looks at %s: spend %v\n%s", tt.who, tt.of, got.IsSpend, diff)
		}
	}
	for _, pair := range [][2]string{{"acme", "north"}, {"acme", "bolt"}, {"north", "cargo"}, {"south", "acme"}, {"north", "dist"}} {
		if _, err := w.s.ByService(w.as(pair[0]), w.id(pair[1]), march); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s looks at %s: %v", pair[0], pair[1], err)
		}
	}
}

// The list says what each document says, and every tier lists its own.
func TestDocuments_AreInvoices(t *testing.T) {
	t.Parallel()
	w, tree := booked(t, 2)
	sees := map[string]func(e EdgeBooks) bool{
		"dist":  func(EdgeBooks) bool { return true },
		"north": func(e EdgeBooks) bool { return e.Seller == "north" || e.Buyer == "north" },
		"acme":  func(e EdgeBooks) bool { return e.Buyer == "acme" },
		"cargo": func(e EdgeBooks) bool { return e.Buyer == "cargo" },
	}
	for who, visible := range sees {
		got, err := w.s.Documents(w.as(who), DocumentFilter{Month: march})
		if err != nil {
			t.Fatal(err)
		}
		listed, sum := map[string]bool{}, decimal.Zero
		for _, d := range got.List {
			listed[d.SellerParty.Slug+" "+d.BuyerParty.Slug] = true
			inv, err := w.s.Invoice(w.as(who), d.Edge, march)
			if err != nil {
				t.Fatal(err)
			}
			if !inv.Total.Equal(d.Total) || inv.Currency != d.Currency {
				t.Errorf("%s: %s → %s is %s in the list, %s on the invoice", who, d.SellerParty.Slug, d.BuyerParty.Slug, d.Total, inv.Total)
			}
			if n := len(blocking(inv.Findings)); n != d.Findings || d.IsBought && (d.State != DocumentReady || !d.Contract.IsZero()) {
				t.Errorf("%s: %s → %s has %d findings in the list and %d on the invoice; %+v", who, d.SellerParty.Slug, d.BuyerParty.Slug, d.Findings, n, d)
			}
			sum = sum.Add(d.Total)
		}
		for _, e := range tree.Edges {
			if want := visible(e) && w.hasDocument(e); listed[e.Seller+" "+e.Buyer] != want {
				t.Errorf("%s lists %s → %s: %v, want %v", who, e.Seller, e.Buyer, !want, want)
			}
		}
		if got.Count != len(got.List) || len(got.Sums) != 1 || !got.Sums[0].Amount.Equal(sum) {
			t.Errorf("%s: %d of %d, foot %v, want %s", who, len(got.List), got.Count, got.Sums, sum)
		}
	}
}

func (w *world) hasDocument(e EdgeBooks) bool {
	w.t.Helper()
	return w.query(`SELECT count(*)::text FROM billing_period_published WHERE seller_id = ? AND buyer_id = ?`, w.id(e.Seller), w.id(e.Buyer))[0] == "1"
}

func TestDocuments_FiltersAndPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.account("dist", "2", "cargo", usageLine{service: "Compute", billed: "50"})
	w.account("dist", "3", "direct", usageLine{service: "Free", billed: "5", list: "0"})
	for _, who := range []string{"acme", "cargo", "direct"} {
		w.recalc("dist", who)
	}
	w.drain()
	seen := func(who string, f DocumentFilter) string {
		got, err := w.s.Documents(w.as(who), f)
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprintf("%d/%d of %d:", got.Page, got.Pages, got.Count)
		for _, d := range got.List {
			out += " " + d.SellerParty.Slug + "→" + d.BuyerParty.Slug
		}
		return out
	}
	tests := []struct {
		f    DocumentFilter
		want string
	}{
		{DocumentFilter{}, "1/1 of 5: dist→direct dist→north dist→south north→acme south→cargo"},
		{DocumentFilter{Size: 2, Page: 2}, "2/3 of 5: dist→south north→acme"},
		{DocumentFilter{Seller: w.id("north")}, "1/1 of 1: north→acme"},
		{DocumentFilter{Buyer: w.id("north")}, "1/1 of 1: dist→north"},
		{DocumentFilter{Party: w.id("north")}, "1/1 of 2: dist→north north→acme"},
		{DocumentFilter{Tier: scope.Distributor}, "1/1 of 3: dist→direct dist→north dist→south"},
		{DocumentFilter{Tier: scope.Reseller}, "1/1 of 2: north→acme south→cargo"},
		{DocumentFilter{State: DocumentBlocked}, "1/1 of 1: dist→direct"},
		{DocumentFilter{State: DocumentReady}, "1/1 of 4: dist→north dist→south north→acme south→cargo"},
		{DocumentFilter{Text: "CARG"}, "1/1 of 1: south→cargo"},
		{DocumentFilter{Text: "nort"}, "1/1 of 2: dist→north north→acme"},
		{DocumentFilter{Text: "t"}, "1/1 of 5: dist→direct dist→north dist→south north→acme south→cargo"},
		{DocumentFilter{Text: "nort", Tier: scope.Reseller}, "1/1 of 1: north→acme"},
		{DocumentFilter{Text: "nort", Party: w.id("acme")}, "1/1 of 1: north→acme"},
		{DocumentFilter{Text: "o", State: DocumentBlocked}, "1/1 of 0:"},
		{DocumentFilter{Text: "dir", State: DocumentBlocked}, "1/1 of 1: dist→direct"},
		{DocumentFilter{Text: "%"}, "1/1 of 0:"},
		{DocumentFilter{Month: march.Add(1)}, "1/1 of 0:"},
	}
	for _, tt := range tests {
		if got := seen("dist", tt.f); got != tt.want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.f, got, tt.want)
		}
	}
	// A supplier is found by what its documents say of it.
	for _, tt := range []struct{ who, text, want string }{
		{"north", "dist", "1/1 of 1: dist→north"},
		{"north", "NORTH", "1/1 of 2: dist→north north→acme"},
		{"north", "acm", "1/1 of 1: north→acme"},
		{"north", "carg", "1/1 of 0:"},
		{"acme", "north", "1/1 of 1: north→acme"},
		{"acme", "dist", "1/1 of 0:"},
	} {
		if got := seen(tt.who, DocumentFilter{Text: tt.text}); got != tt.want {
			t.Errorf("%s looks for %s:\n got %s\nwant %s", tt.who, tt.text, got, tt.want)
		}
	}
}

func TestAttention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "direct", usageLine{service: "Free", billed: "5", list: "0"}, usageLine{service: "Other", billed: "7", list: "0"})
	w.recalc("dist", "direct")
	w.account("dist", "2", "acme", usageLine{service: "Compute", billed: "5", currency: "EUR"})
	failed := w.request("dist", "acme")
	w.drain()
	waiting := w.request("north", "bolt")
	got, err := w.s.Attention(w.as("dist"), march)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 1 || got.Blocked != 1 {
		t.Fatalf("%+v", got)
	}
	f := got.Findings[0]
	if f.Code != rules.FindingZeroBasis || f.Lines != 2 || f.Sum.String() != "12 USD" || f.Buyer.Slug != "direct" {
		t.Errorf("%+v", f)
	}
	if len(got.Failed) != 1 || got.Failed[0].ID != failed || got.Waiting+got.Running != 1 {
		t.Errorf("failed %v, waiting %d, running %d", got.Failed, got.Waiting, got.Running)
	}
	_ = waiting
	for _, who := range []string{"north", "acme", "direct"} {
		other, err := w.s.Attention(w.as(who), march)
		if err != nil {
			t.Fatal(err)
		}
		if len(other.Findings) != 0 || len(other.Failed) != 0 || other.Blocked != 0 {
			t.Errorf("%s reads %+v", who, other)
		}
	}
}

func TestFace_NeedsPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as("north", "nobody")
	for name, call := range map[string]func() error{
		"Figures":       func() error { _, err := w.s.Figures(ctx, march); return err },
		"Months":        func() error { _, err := w.s.Months(ctx); return err },
		"ByService":     func() error { _, err := w.s.ByService(ctx, w.id("acme"), march); return err },
		"Documents":     func() error { _, err := w.s.Documents(ctx, DocumentFilter{}); return err },
		"Attention":     func() error { _, err := w.s.Attention(ctx, march); return err },
		"Changes":       func() error { _, err := w.s.Changes(ctx, id.New[id.Run]()); return err },
		"CheckNow":      func() error { _, err := w.s.CheckNow(ctx, march); return err },
		"LastCheck":     func() error { _, _, _, err := w.s.LastCheck(ctx, march); return err },
		"CheckedMonths": func() error { _, err := w.s.CheckedMonths(ctx, 12); return err },
		"Explain": func() error {
			_, err := w.s.Explain(ctx, w.edge("north", "acme"), march, Amount{IsUsage: true})
			return err
		},
	} {
		if err := call(); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	for who, want := range map[string][]period.Month{"dist": {march}, "north": {march}, "acme": {march}, "cargo": {}} {
		got, err := w.s.Months(w.as(who))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v", who, got, err)
		}
	}
}

// Between the lines of a recalculation and its fees, and where these cannot be
// computed, the list says what the invoice says.
func TestDocuments_BeforeFees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{price("thrice", "", "price * 3.3333")}})
	w.carryOut(w.request("north", "acme"))
	for _, who := range []string{"north", "acme"} {
		got, err := w.s.Documents(w.as(who), DocumentFilter{Buyer: w.id("acme")})
		if err != nil || len(got.List) != 1 {
			t.Fatal(err, got)
		}
		inv, err := w.s.Invoice(w.as(who), w.edge("north", "acme"), march)
		if err != nil {
			t.Fatal(err)
		}
		if d := got.List[0]; !d.Total.Equal(inv.Total) || inv.Total.String() != "300" || !got.Sums[0].Amount.Equal(inv.Total) {
			t.Errorf("%s: the list says %s, the invoice %s", who, d.Total, inv.Total)
		}
		if want := map[string]DocumentState{"north": DocumentComputing, "acme": DocumentReady}[who]; got.List[0].State != want {
			t.Errorf("%s: %s", who, got.List[0].State)
		}
	}
}
