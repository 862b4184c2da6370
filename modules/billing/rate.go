package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/rules"
)

// engineVersion names the computation: that of the rules and our own part.
// Equal inputs give equal results within one version.
const engineVersion = rules.EngineVersion + ".1"

// rated is the result of a line run before it is published.
type rated struct {
	in        lineInputs
	assignees []ratedAssignee
	fees      []periodInputs // to be computed, and thrown away, over what is published: see feesToTry
	lines     int64
	classes   int64
	tuples    int64
}

// ratedAssignee is the priced month of one assignee: the rows of the acting
// tenant and below, which are published, and the results of all places.
type ratedAssignee struct {
	in       *assigneeInputs
	charges  []chargeRow
	costs    []costRow
	findings []findingRow
	results  []resultRow // of the rows that are published, sorted as the result hash reads them
	upstream []resultRow // of the edge that the acting tenant buys on
	lines    []string    // canonical text of the rows that are published, sorted
}

// findingRow is a row of billing_findings without run, tree and month.
type findingRow struct {
	SellerID   id.Tenant
	BuyerID    id.Tenant
	AssigneeID id.Tenant
	Code       string
	Blocking   bool
	Rule       string
	Lines      int64
	Currency   string
	Sum        decimal.Decimal
	Message    Text
}

// rateLines computes a line run and returns how to publish it.
//
// Errors: needLocks if accounts have moved between assignees that are not
// locked; holdBack if the supplier has to publish first; edgeError if a
// contract cannot be applied to a line.
func (s *Service) rateLines(ctx context.Context, r Run, locked []db.LockKey) (publisher, error) {
	in, err := s.readInputs(ctx, r)
	if err != nil {
		return nil, err
	}
	keys := in.locks()
	if slices.ContainsFunc(keys, func(k db.LockKey) bool { return !slices.Contains(locked, k) }) {
		return nil, &needLocks{keys}
	}
	out := rated{in: in}
	for i := range in.assignees {
		a, err := s.rateAssignee(ctx, &out, &in.assignees[i])
		if err != nil {
			return nil, err
		}
		out.assignees = append(out.assignees, a)
	}
	if out.fees, err = s.feesToTry(ctx, r, &in); err != nil {
		return nil, err
	}
	// On its own: whoever creates partitions keeps others waiting until its end.
	err = s.work.db.InTx(ctx, func(ctx context.Context) error { return s.work.ensureMonth(ctx, r.Month) })
	return func(ctx context.Context, done *Run) (any, error) { return s.publishLines(ctx, done, &out) }, err
}

// rateAssignee prices one assignee's lines, owner by owner.
func (s *Service) rateAssignee(ctx context.Context, sum *rated, in *assigneeInputs) (ratedAssignee, error) {
	out := ratedAssignee{in: in}
	book := newBook(in)
	for i := range in.sales {
		sale := &in.sales[i]
		o, err := s.rateSale(ctx, in, sale)
		if err != nil {
			return ratedAssignee{}, err
		}
		if err := book.add(sale, &o); err != nil {
			return ratedAssignee{}, err
		}
		sum.lines, sum.classes, sum.tuples = sum.lines+o.Lines, sum.classes+o.Classes, sum.tuples+o.Tuples
	}
	book.close(&out)
	return out, s.checkUpstream(ctx, &out)
}

// rateSale prices one owner's lines on every edge down to the assignee.
func (s *Service) rateSale(ctx context.Context, in *assigneeInputs, sale *saleInputs) (rules.Outcome, error) {
	chain := rules.Chain{}
	if sale.base != nil {
		chain.Base = sale.base.Pricing
	}
	for _, e := range sale.edges {
		edge := rules.Edge{Missing: e.Missing, Currency: e.Currency}
		if e.Contract != nil {
			edge.Contract = e.Contract.Pricing
		}
		chain.Edges = append(chain.Edges, edge)
	}
	scan := chain.NewScan(s.workers)
	if err := s.usage.Scan(ctx, sale.selection, chain.Need(), s.workers, scan.Add); err != nil {
		return rules.Outcome{}, fmt.Errorf("read the lines of %s: %w", sale.chain[0].Slug, err)
	}
	out, err := scan.Finish()
	if err != nil {
		return rules.Outcome{}, in.blame(sale, err)
	}
	return out, nil
}

// blame finds the edge that a failure on a line belongs to. One that is no
// edge's is the owner's base contract's.
func (in *assigneeInputs) blame(sale *saleInputs, err error) error {
	line, ok := errors.AsType[*rules.LineError](err)
	if !ok {
		return err
	}
	place := max(line.Edge, 0)
	seller := sale.chain[place]
	name := "the base contract of " + mark(seller.Slug)
	if line.Edge >= 0 {
		name = mark(seller.Slug) + " → " + mark(sale.chain[place+1].Slug)
		if c := sale.edges[line.Edge].Contract; c != nil {
			name += ", contract " + c.Name
		}
	}
	return &edgeError{
		seller: seller.ID, isMasked: place < sale.above, err: fmt.Errorf("%s: %w", name, err),
		detail: map[string]any{
			"rule": line.Rule, "field": line.Field, "line": line.Line, "column": line.Column,
			"segment": line.Segment, "row": line.Row, "account": line.Account, "assignee": in.assignee,
		},
	}
}

const messageOutdated = "Waiting: your supplier has to recalculate this month first."

// checkUpstream compares what the acting tenant is charged with what its
// supplier has published: the same inputs must have given the same amounts.
func (s *Service) checkUpstream(ctx context.Context, a *ratedAssignee) error {
	if a.in.acting == 0 {
		return nil
	}
	run := a.in.speaker(a.in.acting - 1)
	if run.IsZero() {
		return nil
	}
	edge := Edge{Seller: a.in.chain[a.in.acting-1].ID, Buyer: a.in.chain[a.in.acting].ID}
	return s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		stored, err := s.work.results(ctx, run)
		if err != nil {
			return err
		}
		stored = slices.DeleteFunc(stored, func(x resultRow) bool { return x.edge() != edge || x.AssigneeID != a.in.assignee })
		same := func(x, y resultRow) bool { return x.Currency == y.Currency && x.Hash == y.Hash }
		if !slices.EqualFunc(sortResults(stored), sortResults(a.upstream), same) {
			return &holdBack{messageOutdated}
		}
		return nil
	})
}

// since returns how long it is since t, in seconds with milliseconds.
func (s *Service) since(t time.Time) decimal.Decimal {
	return decimal.New(s.clock.Now().Sub(t).Milliseconds(), -3)
}

// book turns outcomes into rows.
type book struct {
	in       *assigneeInputs
	accounts map[[2]string]id.Account
	charges  []chargeRow
	costs    []costRow
	found    []edgeFound
	result   *resultText
}

// edgeFound is what was found on an edge in the lines of all its owners.
type edgeFound struct {
	seller, buyer Tenant
	isParted      bool
	rules.Finding
}

func newBook(in *assigneeInputs) *book {
	tenants := in.chain
	for i := range in.sales {
		tenants = append(slices.Clip(tenants), in.sales[i].chain...)
	}
	return &book{in: in, accounts: map[[2]string]id.Account{}, result: newResultText(tenants)}
}

// add takes one owner's outcome.
func (b *book) add(sale *saleInputs, o *rules.Outcome) error {
	for _, a := range sale.selection.Accounts {
		b.accounts[[2]string{a.Provider, a.Account}] = a.ID
	}
	b.charges, b.costs = slices.Grow(b.charges, len(o.Charges)), slices.Grow(b.costs, len(o.Costs))
	for i := range o.Charges {
		c := &o.Charges[i]
		g, err := b.grain(&c.Grain)
		if err != nil {
			return err
		}
		row := chargeRow{
			GrainRow: g, SellerID: sale.chain[c.Edge].ID, BuyerID: sale.buyer(c.Edge),
			Rule: c.Rule, Label: c.Label, Quantity: c.Quantity, List: c.List, Amount: c.Amount,
		}
		b.result.charge(&row)
		if c.Edge >= sale.above {
			b.charges = append(b.charges, row)
		}
	}
	for i := range o.Costs {
		c := &o.Costs[i]
		g, err := b.grain(&c.Grain)
		if err != nil {
			return err
		}
		row := costRow{GrainRow: g, BearerID: sale.chain[c.Bearer].ID, SoldTo: sale.buyer(c.Bearer), Reason: c.Reason, Cost: c.Cost}
		if c.Bearer > 0 {
			row.Supplier = sale.chain[c.Bearer-1].ID
		}
		b.result.cost(&row)
		if c.Bearer >= sale.above {
			b.costs = append(b.costs, row)
		}
	}
	for _, f := range o.Findings {
		if f.Edge >= sale.above {
			b.find(edgeFound{sale.chain[f.Edge], sale.chain[f.Edge+1], sale.isParted, f})
		}
	}
	return nil
}

// find adds f to what was found of its kind on its edge.
func (b *book) find(f edgeFound) {
	i := slices.IndexFunc(b.found, func(o edgeFound) bool {
		return o.seller.ID == f.seller.ID && o.buyer.ID == f.buyer.ID && o.isParted == f.isParted &&
			o.Code == f.Code && o.Rule == f.Rule && o.Measure == f.Measure && o.Currency == f.Currency
	})
	if i < 0 {
		b.found = append(b.found, f)
		return
	}
	b.found[i].Lines += f.Lines
	b.found[i].Sum = b.found[i].Sum.Add(f.Sum)
}

func (b *book) grain(g *rules.Grain) (grainRow, error) {
	account, ok := b.accounts[[2]string{g.Provider, g.Account}]
	if !ok {
		return grainRow{}, errs.Newf(errs.Internal, "billing.unknown_account", "a scan returned account %s, which was not selected", g.Account)
	}
	return grainRow{
		AssigneeID: b.in.assignee, AccountID: account, Currency: string(g.Currency),
		Payer: g.Payer, Provider: g.Provider, Account: g.Account, Service: g.Service, Sku: g.SKU, Region: g.Region,
		ChargeCategory: g.ChargeCategory, ChargeClass: g.ChargeClass, Marketplace: g.Marketplace,
		CommitmentRole: g.CommitmentRole, Unit: g.Unit, ServiceMonth: g.ServiceMonth,
	}, nil
}

func (b *book) findings() []findingRow {
	var out []findingRow
	for _, f := range b.found {
		out = append(out, findingRow{
			SellerID: f.seller.ID, BuyerID: f.buyer.ID, AssigneeID: b.in.assignee,
			Code: f.Code, Blocking: f.Blocking, Rule: f.Rule, Lines: f.Lines, Currency: string(f.Currency), Sum: f.Sum,
			Message: Text(f.message(mark(b.result.slugs[b.in.assignee]))),
		})
	}
	return out
}

// message says in a sentence what the finding is about: whose lines on which
// edge, how many, and their sum. Tenants are marked, assignee as well.
func (f edgeFound) message(assignee string) string {
	seller := mark(f.seller.Slug)
	edge := seller + " → " + mark(f.buyer.Slug)
	lines, have := fmt.Sprintf("%d lines of %s", f.Lines, assignee), "have"
	if f.Lines == 1 {
		lines, have = "1 line of "+assignee, "has"
	}
	sum := inShort(f.Sum, f.Currency) + " " + string(f.Currency)
	if f.isParted {
		return fmt.Sprintf("%s for earlier months %s no seller any more: %s is not above it this month, and bears a cost of %s.",
			lines, have, seller, sum)
	}
	switch f.Code {
	case rules.FindingNoContract:
		return fmt.Sprintf("%s %s no contract on %s: not charged there or further down, at a cost of %s.", lines, have, edge, sum)
	case rules.FindingPassThrough:
		return fmt.Sprintf("%s %s no contract on %s: charged at the cost of %s.", lines, have, edge, sum)
	case rules.FindingNullMeasure:
		return fmt.Sprintf("%s on %s came without %s: the cost of %s stood in for it.", lines, edge, f.Measure, sum)
	case rules.FindingZeroBasis:
		return fmt.Sprintf("%s on %s %s a cost of %s, but the basis %s is 0 and no price rule matches.", lines, edge, have, sum, f.Measure)
	}
	return fmt.Sprintf("%s on %s: %s, %s.", lines, edge, f.Code, sum)
}

// close hands over what is published, with its results. Places where nothing
// was sold have a result too: that there is nothing.
func (b *book) close(out *ratedAssignee) {
	out.charges, out.costs, out.findings = b.charges, b.costs, b.findings()
	publish := func(edge Edge) {
		results, lines := b.result.close(edge, b.in.assignee)
		out.results = append(out.results, results...)
		out.lines = append(out.lines, lines...)
	}
	for place, t := range b.in.chain {
		edge := Edge{Seller: t.ID, Buyer: buyerOf(b.in.chain, place)}
		switch {
		case place >= b.in.acting:
			publish(edge)
		case place == b.in.acting-1:
			out.upstream, _ = b.result.close(edge, b.in.assignee)
		}
	}
	for i := range b.in.sales {
		if sale := &b.in.sales[i]; sale.isParted {
			publish(Edge{Seller: sale.chain[0].ID, Buyer: sale.buyer(0)})
		}
	}
}
