package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// periodInputs is what a period run knows before it reads charges.
type periodInputs struct {
	run       Run
	edge      Edge
	tenants   map[id.Tenant]Tenant
	contract  *ContractVersion // nil: none in force
	customers []id.Tenant      // who counts as a customer of the contract also without usage
	dependent []Edge           // the buyer's edges whose fees read what this run charges
}

// periodRecord is what a period run has read, as the log keeps it.
type periodRecord struct {
	Contract *versionRecord `json:"contract"` // null: none in force
	Results  []string       `json:"results"`  // hashes of the line results
	FeesPaid string         `json:"fees_paid"`
}

// ratePeriod computes r's edge and month: the fees of the contract in force
// over the published line charges of all assignees at or below the buyer, and
// the rounding of the net to the currency's minor unit.
//
// It is due for every edge with a contract in force, usage or not, and for
// every edge with published charges: lines that were passed through without a
// contract bear no fees, but their net is rounded as on every document. An edge
// with neither loses its publication.
func (s *Service) ratePeriod(ctx context.Context, r Run) (publisher, error) {
	in, err := s.readPeriodInputs(ctx, r)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, run *Run) (any, error) { return s.publishPeriod(ctx, run, in) }, nil
}

func (s *Service) readPeriodInputs(ctx context.Context, r Run) (periodInputs, error) {
	terms, err := s.readTerms(ctx, r.Month)
	return terms.inputs(r), err
}

// monthTerms is who there is and what is agreed in a month.
type monthTerms struct {
	tenants   map[id.Tenant]Tenant
	contracts []ContractVersion
}

func (s *Service) readTerms(ctx context.Context, month period.Month) (monthTerms, error) {
	out := monthTerms{tenants: map[id.Tenant]Tenant{}}
	tenants, err := s.tenants.Tenants(ctx)
	if err != nil {
		return out, err
	}
	for _, t := range tenants {
		out.tenants[t.ID] = t
	}
	out.contracts, err = s.contracts.ForMonth(ctx, month)
	return out, err
}

// inputs returns what the period run r is about.
func (m monthTerms) inputs(r Run) periodInputs {
	in := periodInputs{run: r, edge: Edge{Seller: r.Seller, Buyer: r.Buyer}, tenants: m.tenants}
	for i, c := range m.contracts {
		switch {
		case c.Edge == in.edge:
			in.contract = &m.contracts[i]
		case c.Seller == in.edge.Buyer && !c.Buyer.IsZero() && c.Pricing.ReadsPeriodCost():
			in.dependent = append(in.dependent, c.Edge)
		}
	}
	slices.SortFunc(in.dependent, func(a, b Edge) int { return a.Buyer.Compare(b.Buyer) })
	in.customers = in.contracted(m.contracts)
	return in
}

// contracted returns the customers at or below the buyer that somebody in its
// branch has a contract in force with.
func (in *periodInputs) contracted(contracts []ContractVersion) []id.Tenant {
	buyers := map[id.Tenant][]id.Tenant{}
	for _, c := range contracts {
		if !c.Buyer.IsZero() {
			buyers[c.Seller] = append(buyers[c.Seller], c.Buyer)
		}
	}
	var out []id.Tenant
	seen := map[id.Tenant]bool{}
	for todo := []id.Tenant{in.edge.Buyer}; len(todo) > 0; todo = todo[1:] {
		t := todo[0]
		if seen[t] {
			continue
		}
		seen[t] = true
		if in.tenants[t].Tier == scope.Customer {
			out = append(out, t)
		}
		todo = append(todo, buyers[t]...)
	}
	return out
}

func (in *periodInputs) slug(t id.Tenant) string { return in.tenants[t].Slug }

// mark names t in what becomes a Text.
func (in *periodInputs) mark(t id.Tenant) string { return mark(in.slug(t)) }

// publishPeriod computes and writes in's month in the transaction that ends
// run.
func (s *Service) publishPeriod(ctx context.Context, run *Run, in periodInputs) (any, error) {
	before, published, err := s.work.periodPublication(ctx, in.edge, run.Month)
	if err != nil {
		return nil, err
	}
	var old []periodRow
	if published {
		if old, err = s.work.periodRows(ctx, before.RunID); err != nil {
			return nil, err
		}
	}
	rows, rec, err := s.computePeriod(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.contract != nil {
		run.Contract = in.contract.Contract
	}
	run.Charges, run.Seconds = int64(len(rows)), s.since(run.StartedAt)
	run.InputHash = in.hash(rec)
	run.ResultHash = in.resultHash(rows)
	if len(rows) == 0 {
		err = s.work.withdrawPeriod(ctx, in.edge, run.Month)
	} else {
		err = s.writePeriod(ctx, *run, in, rows)
	}
	if err != nil {
		return nil, err
	}
	if slices.Equal(in.feeLines(old), in.feeLines(rows)) {
		return rec, nil
	}
	return rec, s.enqueuePeriodRuns(ctx, *run, in.dependent)
}

func (s *Service) writePeriod(ctx context.Context, run Run, in periodInputs, rows []periodRow) error {
	if err := s.work.insertPeriod(ctx, run, rows); err != nil {
		return err
	}
	found, err := s.incompleteAbove(ctx, in)
	if err != nil {
		return err
	}
	if err := s.work.copyFindings(ctx, run, found); err != nil {
		return err
	}
	seller, buyer := in.tenants[in.edge.Seller], in.tenants[in.edge.Buyer]
	publication := periodPublication{
		ContractID: run.Contract, Seller: seller.Slug, Buyer: buyer.Slug, SellerName: seller.Name, BuyerName: buyer.Name,
	}
	publication.add(rows)
	return s.work.switchPeriod(ctx, run, publication)
}

// incompleteAbove returns a finding for each assignee some of whose lines never
// reached this edge, because no contract covers them on an edge above. Whose
// fault it is, and how much, is not the seller's to know; that its document
// can't be issued yet is.
func (s *Service) incompleteAbove(ctx context.Context, in periodInputs) ([]findingRow, error) {
	blocked, err := s.work.blockedLines(ctx, in.edge, in.run.Month)
	if err != nil {
		return nil, err
	}
	var out []findingRow
	for _, b := range blocked {
		if in.tenants[b.SellerID].Tier >= in.tenants[in.edge.Seller].Tier {
			continue
		}
		out = append(out, findingRow{
			SellerID: in.edge.Seller, BuyerID: in.edge.Buyer, AssigneeID: b.AssigneeID,
			Code: "supplier_incomplete", Blocking: true,
			Message: Text(fmt.Sprintf("%s → %s: the supplier of %s does not charge all of this month's usage of %s yet.",
				in.mark(in.edge.Seller), in.mark(in.edge.Buyer), in.mark(in.edge.Seller), in.mark(b.AssigneeID))),
		})
	}
	return out, nil
}

// computePeriod returns the period charges of in's edge in order, the rounding
// last; none if there is neither a contract nor a charge. The rounding is there
// also where it is 0.
func (s *Service) computePeriod(ctx context.Context, in periodInputs) ([]periodRow, periodRecord, error) {
	rec := periodRecord{Results: []string{}}
	totals, err := s.work.edgeTotals(ctx, in.edge, in.run.Month)
	if err != nil {
		return nil, rec, err
	}
	currency, err := in.currency(totals)
	if err != nil || currency == "" {
		return nil, rec, err
	}
	if rec.Results, err = s.work.edgeResults(ctx, in.edge, in.run.Month); err != nil {
		return nil, rec, err
	}
	net := decimal.Zero
	for _, t := range totals {
		net = net.Add(t.Amount)
	}
	var rows []periodRow
	if in.contract != nil {
		rec.Contract = recordVersion(in.contract)
		if rows, rec.FeesPaid, err = s.computeFees(ctx, in, currency); err != nil {
			return nil, rec, err
		}
	}
	for _, r := range rows {
		net = net.Add(r.Amount)
	}
	rows = append(rows, periodRow{
		Ordinal: len(rows) + 1, Stage: "rounding", Rule: roundingRule, Label: "Rounding", Currency: string(currency),
		Amount: net.Round(currency.MinorUnit()).Sub(net),
	})
	return rows, rec, nil
}

// currency returns the one currency of the edge; empty if there is nothing to
// compute. Errors: FailedPrecondition where charges come in several.
func (in *periodInputs) currency(totals []edgeSum) (money.Currency, error) {
	var out money.Currency
	if in.contract != nil {
		out = in.contract.Currency
	}
	for _, t := range totals {
		if out == "" {
			out = t.Currency
		}
		if t.Currency != out {
			return "", errs.Newf(errs.FailedPrecondition, "billing.currencies",
				"%s charges %s in %s and in %s: an edge has one currency.",
				in.mark(in.edge.Seller), in.mark(in.edge.Buyer), out, t.Currency)
		}
	}
	return out, nil
}

// computeFees evaluates the contract's fee rules and returns them with what the
// seller itself was charged in fees.
func (s *Service) computeFees(ctx context.Context, in periodInputs, currency money.Currency) ([]periodRow, string, error) {
	if !in.contract.Pricing.HasFees() {
		return nil, "", nil
	}
	feeIn := rules.FeeInput{Month: in.run.Month}
	var err error
	if feeIn.PeriodCost, err = s.periodCost(ctx, in, currency); err != nil {
		return nil, "", err
	}
	if err := s.readFeeCharges(ctx, in, in.contract.Pricing.Terms().Covers, &feeIn); err != nil {
		return nil, "", err
	}
	fees, err := in.contract.Pricing.Fees(feeIn)
	if err != nil {
		return nil, "", &edgeError{
			seller: in.edge.Seller,
			err:    fmt.Errorf("%s → %s, contract %s: %w", in.mark(in.edge.Seller), in.mark(in.edge.Buyer), in.contract.Name, err),
		}
	}
	bySlug := map[string]id.Tenant{}
	for _, t := range in.tenants {
		bySlug[t.Slug] = t.ID
	}
	rows := make([]periodRow, len(fees))
	for i, f := range fees {
		rows[i] = periodRow{
			Ordinal: i + 1, Stage: "fee", Rule: f.Rule, Label: cmp.Or(f.Label, f.Rule), Currency: string(currency),
			AssigneeID: bySlug[f.Customer], Account: f.Account, Base: f.Base, Rate: f.Rate, Amount: f.Amount,
		}
	}
	return rows, money.Plain(feeIn.PeriodCost), nil
}

// feesToTry returns what the fees read that a line run can prove before it
// publishes: those of the contracts that it was rated with. There are none
// while other recalculations of the month are open, which will change what the
// fees are taken on, none of contracts that read what the period runs above
// have yet to charge, and none in a month to come.
func (s *Service) feesToTry(ctx context.Context, r Run, in *lineInputs) ([]periodInputs, error) {
	edges := in.feeEdges()
	if len(edges) == 0 || s.isToCome(r.Month) {
		return nil, nil
	}
	var isOnly bool
	err := s.work.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		isOnly, err = s.work.isOnlyLineRun(ctx, r)
		return err
	})
	if err != nil || !isOnly {
		return nil, err
	}
	terms, err := s.readTerms(ctx, r.Month)
	if err != nil {
		return nil, err
	}
	var out []periodInputs
	for _, e := range edges {
		fees := terms.inputs(Run{Month: r.Month, Seller: e.Seller, Buyer: e.Buyer})
		if c := fees.contract; c != nil && c.Pricing.HasFees() && !c.Pricing.ReadsPeriodCost() {
			out = append(out, fees)
		}
	}
	return out, nil
}

// feeEdges returns the edges at or below the acting tenant whose contract
// charges fees, once each.
func (in *lineInputs) feeEdges() []Edge {
	var out []Edge
	for i := range in.assignees {
		for j := range in.assignees[i].sales {
			sale := &in.assignees[i].sales[j]
			for place := sale.above; place < len(sale.edges); place++ {
				c := sale.edges[place].Contract
				if c != nil && c.Pricing.HasFees() && !slices.Contains(out, c.Edge) {
					out = append(out, c.Edge)
				}
			}
		}
	}
	return out
}

// periodCost returns what the seller was charged in fees by its own supplier.
func (s *Service) periodCost(ctx context.Context, in periodInputs, currency money.Currency) (decimal.Decimal, error) {
	paid, err := s.work.feesPaid(ctx, in.edge.Seller, in.run.Month)
	if err != nil {
		return decimal.Zero, err
	}
	out := decimal.Zero
	for _, p := range paid {
		switch {
		case p.Currency == currency:
			out = out.Add(p.Amount)
		case !p.Amount.IsZero() && in.contract.Pricing.ReadsPeriodCost():
			return decimal.Zero, errs.Newf(errs.FailedPrecondition, "billing.currencies",
				"period_cost is in %s, but the contract %q is in %s.", p.Currency, in.contract.Name, currency)
		}
	}
	return out, nil
}

// readFeeCharges fills in the charges and costs that the contract covers.
// Lines that were passed through because it does not cover them bear no fees.
func (s *Service) readFeeCharges(ctx context.Context, in periodInputs, covers rules.Covers, out *rules.FeeInput) error {
	assignees, err := s.work.edgeAssignees(ctx, in.edge, in.run.Month)
	if err != nil {
		return err
	}
	for _, t := range append(assignees, in.customers...) {
		out.Customers = append(out.Customers, in.slug(t))
	}
	slices.Sort(out.Customers)
	out.Customers = slices.Compact(out.Customers)
	charges, err := s.work.edgeCharges(ctx, in.edge, in.run.Month)
	if err != nil {
		return err
	}
	for _, c := range charges {
		if covers.Has(c.Provider, c.Payer) {
			out.Charges = append(out.Charges, rules.FeeCharge{
				Customer: in.slug(c.AssigneeID), Grain: c.grain(), Rule: c.Rule, Quantity: c.Quantity, Amount: c.Amount, List: c.List,
			})
		}
	}
	costs, err := s.work.edgeCosts(ctx, in.edge, in.run.Month)
	if err != nil {
		return err
	}
	for _, c := range costs {
		if covers.Has(c.Provider, c.Payer) {
			out.Costs = append(out.Costs, rules.FeeCost{Customer: in.slug(c.AssigneeID), Grain: c.grain(), Cost: c.Cost})
		}
	}
	return nil
}

// hash returns the SHA-256 over what was read, as text without ids or times.
func (in *periodInputs) hash(rec periodRecord) string {
	var customers []string
	for _, t := range in.customers {
		customers = append(customers, in.slug(t))
	}
	slices.Sort(customers)
	lines := []string{
		fields("engine", engineVersion),
		fields("month", in.run.Month.String()),
		fields("edge", in.slug(in.edge.Seller), in.slug(in.edge.Buyer)),
		fields("terms", termsHash(in.contract)),
		fields("customers", strings.Join(customers, " ")),
		fields("fees paid", rec.FeesPaid),
	}
	for _, h := range rec.Results {
		lines = append(lines, fields("result", h))
	}
	return hashLines(lines)
}

// resultHash returns the SHA-256 over rows as canonical text.
func (in *periodInputs) resultHash(rows []periodRow) string {
	return periodHash(in.tenants, in.edge, in.run.Month, rows)
}

// periodHash returns the SHA-256 over the period charges of an edge's month,
// as text without ids or times. Their order counts: it is the contract's.
func periodHash(tenants map[id.Tenant]Tenant, edge Edge, month period.Month, rows []periodRow) string {
	seller, buyer := tenants[edge.Seller].Slug, tenants[edge.Buyer].Slug
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = fields("period", seller, buyer, month.String(), strconv.Itoa(r.Ordinal), r.text(tenants))
	}
	return hashLines(lines)
}

// text returns r as one line of a canonical text, without its place.
func (r periodRow) text(tenants map[id.Tenant]Tenant) string {
	base := ""
	if r.Base.Valid {
		base = money.Plain(r.Base.Decimal)
	}
	return fields(r.Stage, r.Rule, r.Label, r.Currency, tenants[r.AssigneeID].Slug, r.Account, base, r.Rate, money.Plain(r.Amount))
}

// feeLines returns the fees among rows as text, to see whether they changed.
func (in *periodInputs) feeLines(rows []periodRow) []string {
	var out []string
	for _, r := range rows {
		if r.Stage == "fee" {
			out = append(out, fields(r.Rule, r.Currency, money.Plain(r.Amount)))
		}
	}
	return out
}
