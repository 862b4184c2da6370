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
	"tierbook/app/kernel/money"
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
	Message    string
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
		edge := rules.Edge{Missing: e.Missing}
		if e.Contract != nil {
			edge.Contract = e.Contract.Pricing
		}
		chain.Edges = append(chain.Edges, edge)
	}
	scan := chain.NewScan(s.workers)
	if err := s.usage.Scan(ctx, sale.selection, chain.Need(), s.workers, scan.Add); err != nil {
		return rules.Outcome{}, fmt.Errorf("read the lines of %s: %w", in.chain[sale.owner].Slug, err)
	}
	out, err := scan.Finish()
	if err != nil {
		return rules.Outcome{}, in.blame(sale, err)
	}
	return out, nil
}

// blame finds the edge that a failure on a line belongs to. A failure that is
// no edge's, such as a currency that is in no contract, is told to everybody,
// unless a rule was at work: that was the owner's base contract.
func (in *assigneeInputs) blame(sale *saleInputs, err error) error {
	line, ok := errors.AsType[*rules.LineError](err)
	if !ok || line.Edge < 0 && line.Rule == "" {
		return err
	}
	place := sale.owner + max(line.Edge, 0)
	seller := in.chain[place]
	name := "the base contract of " + seller.Slug
	if line.Edge >= 0 {
		name = fmt.Sprintf("%s → %s", seller.Slug, in.chain[place+1].Slug)
		if c := sale.edges[line.Edge].Contract; c != nil {
			name += ", contract " + c.Name
		}
	}
	return &edgeError{
		seller: seller.ID, isMasked: place < in.acting, err: fmt.Errorf("%s: %w", name, err),
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
	findings []findingRow
	result   *resultText
}

func newBook(in *assigneeInputs) *book {
	return &book{in: in, accounts: map[[2]string]id.Account{}, result: newResultText(in.chain)}
}

// add takes one owner's outcome.
func (b *book) add(sale *saleInputs, o *rules.Outcome) error {
	for _, a := range sale.selection.Accounts {
		b.accounts[[2]string{a.Provider, a.Account}] = a.ID
	}
	b.charges, b.costs = slices.Grow(b.charges, len(o.Charges)), slices.Grow(b.costs, len(o.Costs))
	for i := range o.Charges {
		c := &o.Charges[i]
		g, err := b.grain(&c.Grain, string(o.Currency))
		if err != nil {
			return err
		}
		place := sale.owner + c.Edge
		row := chargeRow{
			GrainRow: g, SellerID: b.in.chain[place].ID, BuyerID: b.in.chain[place+1].ID,
			Rule: c.Rule, Label: c.Label, Quantity: c.Quantity, List: c.List, Amount: c.Amount,
		}
		b.result.charge(&row)
		if place >= b.in.acting {
			b.charges = append(b.charges, row)
		}
	}
	for i := range o.Costs {
		c := &o.Costs[i]
		g, err := b.grain(&c.Grain, string(o.Currency))
		if err != nil {
			return err
		}
		place := sale.owner + c.Bearer
		row := costRow{GrainRow: g, BearerID: b.in.chain[place].ID, SoldTo: b.in.buyer(place), Reason: c.Reason, Cost: c.Cost}
		if c.Bearer > 0 {
			row.Supplier = b.in.chain[place-1].ID
		}
		b.result.cost(&row)
		if place >= b.in.acting {
			b.costs = append(b.costs, row)
		}
	}
	for _, f := range o.Findings {
		if place := sale.owner + f.Edge; place >= b.in.acting {
			b.findings = append(b.findings, b.finding(place, f, string(o.Currency)))
		}
	}
	return nil
}

// buyer returns whom the tenant at place sells to; zero at the chain's end.
func (in *assigneeInputs) buyer(place int) id.Tenant {
	if place+1 < len(in.chain) {
		return in.chain[place+1].ID
	}
	return id.Tenant{}
}

func (b *book) grain(g *rules.Grain, currency string) (grainRow, error) {
	account, ok := b.accounts[[2]string{g.Provider, g.Account}]
	if !ok {
		return grainRow{}, errs.Newf(errs.Internal, "billing.unknown_account", "a scan returned account %s, which was not selected", g.Account)
	}
	return grainRow{
		AssigneeID: b.in.assignee, AccountID: account, Currency: currency,
		Payer: g.Payer, Provider: g.Provider, Account: g.Account, Service: g.Service, Sku: g.SKU, Region: g.Region,
		ChargeCategory: g.ChargeCategory, ChargeClass: g.ChargeClass, Marketplace: g.Marketplace,
		CommitmentRole: g.CommitmentRole, Unit: g.Unit, ServiceMonth: g.ServiceMonth,
	}, nil
}

func (b *book) finding(place int, f rules.Finding, currency string) findingRow {
	return findingRow{
		SellerID: b.in.chain[place].ID, BuyerID: b.in.buyer(place), AssigneeID: b.in.assignee,
		Code: f.Code, Blocking: f.Blocking, Rule: f.Rule, Lines: f.Lines, Currency: currency, Sum: f.Sum,
		Message: findingMessage(f, b.in.chain[place].Slug+" → "+b.in.chain[place+1].Slug, b.in.chain[len(b.in.chain)-1].Slug, money.Currency(currency)),
	}
}

// findingMessage says in a sentence what the finding is about: whose lines on
// which edge, how many, and their sum.
func findingMessage(f rules.Finding, edge, assignee string, currency money.Currency) string {
	lines, have := fmt.Sprintf("%d lines of %s", f.Lines, assignee), "have"
	if f.Lines == 1 {
		lines, have = "1 line of "+assignee, "has"
	}
	sum := inShort(f.Sum, currency) + " " + string(currency)
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
	out.charges, out.costs, out.findings = b.charges, b.costs, b.findings
	for place, t := range b.in.chain {
		buyer := b.in.buyer(place)
		results, lines := b.result.close(Edge{Seller: t.ID, Buyer: buyer}, b.in.assignee)
		switch {
		case place >= b.in.acting:
			out.results = append(out.results, results...)
			out.lines = append(out.lines, lines...)
		case place == b.in.acting-1:
			out.upstream = results
		}
	}
}
