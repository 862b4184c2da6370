package billing

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/rules"
)

// explainTime is how long reading lines again for an explanation may take.
const explainTime = 20 * time.Second

var (
	errExplainLong = errs.New(errs.FailedPrecondition, "billing.explain_long",
		"There are too many usage lines behind this amount to price them again now: choose a customer or an account.")
	errExplainDiffers = errs.New(errs.FailedPrecondition, "billing.explain_differs",
		"The usage lines do not add up to this amount any more: recalculate this month.")
	errExplainFailed = errs.New(errs.FailedPrecondition, "billing.explain_failed",
		"The usage lines behind this amount cannot be priced again at present.")
)

// chargePart adds up charges of an edge that agree in all that an explanation
// tells apart.
type chargePart struct {
	UsageGroup
	AssigneeID     id.Tenant
	Account        string
	Sku            string
	Region         string
	ChargeClass    string
	Marketplace    bool
	CommitmentRole string
	Rule           string // of charges with a label; empty: of the others
	List           decimal.Decimal
	IsUnlisted     bool // for some of it no list price was delivered
}

// UsageGroup is usageGroup under a name with which GORM reads embedded structs.
type UsageGroup = usageGroup

// usage explains a line of the document, or a part of one.
func (x *explainer) usage(ctx context.Context) error {
	var parts []chargePart
	err := x.s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		parts, err = x.s.web.chargeParts(ctx, x.edge, x.month, x.of.Service, x.of.Unit)
		return err
	})
	if err != nil {
		return err
	}
	around := slices.DeleteFunc(parts, func(p chargePart) bool { return !x.of.isOn(p) })
	parts = slices.DeleteFunc(slices.Clone(around), func(p chargePart) bool { return p.documentLabel() != x.of.Label })
	if len(parts) == 0 {
		return errInvoiceNotFound
	}
	if err := x.addParts(ctx, parts); err != nil {
		return err
	}
	if !x.out.IsSeller {
		return x.charged(ctx, parts, around)
	}
	sales, err := x.sales(ctx)
	if err != nil {
		return err
	}
	return x.trace(ctx, sales)
}

// isOn reports whether p is charged, under whatever label, on the usage of the
// amount.
func (a Amount) isOn(p chargePart) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return (a.Assignee.IsZero() || a.Assignee == p.AssigneeID) && is(a.Account, p.Account) && is(a.SKU, p.Sku) && is(a.Region, p.Region)
}

// maxParts is how many parts of an amount are listed.
const maxParts = 100

// addParts adds up the charges, and lists what they are for.
func (x *explainer) addParts(ctx context.Context, parts []chargePart) error {
	out := &x.out
	out.Unit, out.Quantity.Valid, out.List.Valid = x.of.Unit, x.of.Unit != "", true
	type key struct {
		assignee             id.Tenant
		account, sku, region string
	}
	byKey, ids := map[key]*ExplainedPart{}, []id.Tenant{}
	for _, p := range parts {
		out.Currency = money.Currency(p.Currency)
		out.Amount, out.Quantity.Decimal = out.Amount.Add(p.Amount), out.Quantity.Decimal.Add(p.Quantity)
		out.List.Decimal, out.List.Valid = out.List.Decimal.Add(p.List), out.List.Valid && !p.IsUnlisted
		k := key{p.AssigneeID, p.Account, p.Sku, p.Region}
		if byKey[k] == nil {
			byKey[k] = &ExplainedPart{Assignee: Party{ID: p.AssigneeID}, Account: p.Account, SKU: p.Sku, Region: p.Region}
			ids = append(ids, p.AssigneeID)
		}
		e := byKey[k]
		e.Amount, e.Quantity = e.Amount.Add(p.Amount), e.Quantity.Add(p.Quantity)
	}
	var known map[id.Tenant]Party
	err := x.s.web.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		known, err = x.s.parties(ctx, ids)
		return err
	})
	for _, e := range byKey {
		e.Assignee = party(known, e.Assignee.ID)
		out.Parts = append(out.Parts, *e)
	}
	slices.SortFunc(out.Parts, func(a, b ExplainedPart) int {
		return cmp.Or(b.Amount.Abs().Compare(a.Amount.Abs()), cmp.Compare(a.Assignee.Slug, b.Assignee.Slug),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Region, b.Region))
	})
	if len(out.Parts) > maxParts {
		out.Parts, out.More = out.Parts[:maxParts], len(out.Parts)-maxParts
	}
	return err
}

// explainedSale is one owner's lines on their way through the edge, as the
// published run read them.
type explainedSale struct {
	at        int // the edge's place in the chain
	selection Selection
	base      *ContractVersion
	terms     []EdgeTerms
}

// sales returns what the runs that speak for the edge have read.
func (x *explainer) sales(ctx context.Context) (out []explainedSale, err error) {
	ctx, err = x.aside(ctx)
	if err != nil {
		return nil, err
	}
	err = x.s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		out = nil
		speakers, err := x.s.work.speakers(ctx, x.edge, x.month)
		if err != nil {
			return err
		}
		for _, p := range speakers {
			if !x.of.Assignee.IsZero() && x.of.Assignee != p.AssigneeID {
				continue
			}
			rec, err := x.s.work.recordOf(ctx, p.RunID)
			if err != nil {
				return err
			}
			for _, c := range rec.chains(p.AssigneeID, x.passes) {
				sale, err := x.sale(ctx, c)
				if err != nil {
					return err
				}
				out = append(out, sale)
			}
		}
		return nil
	})
	return out, err
}

// passes reports whether c passes the edge, with the account that is asked for.
func (x *explainer) passes(c chainRecord) bool {
	at := slices.Index(c.Tenants, x.edge.Seller)
	return at >= 0 && at+1 < len(c.Tenants) && c.Tenants[at+1] == x.edge.Buyer &&
		(x.of.Account == "" || slices.ContainsFunc(c.Accounts, func(a SelectedAccount) bool { return a.Account == x.of.Account }))
}

// sale reads the contract versions of a recorded chain, as far down as the
// edge.
func (x *explainer) sale(ctx context.Context, c chainRecord) (explainedSale, error) {
	out := explainedSale{
		at: slices.Index(c.Tenants, x.edge.Seller),
		selection: Selection{
			Owner: c.Tenants[0], Assignee: c.Assignee, Accounts: c.Accounts, Contents: c.Contents, Rows: c.Rows, Handle: c.Lines,
		},
	}
	var ids []id.Version
	recorded := append([]edgeRecord{{Contract: c.Base}}, c.Edges[:out.at+1]...)
	for _, e := range recorded {
		if e.Contract != nil {
			ids = append(ids, e.Contract.Version)
		}
	}
	versions := map[id.Version]ContractVersion{}
	if len(ids) > 0 {
		var err error
		if versions, err = x.versions(ctx, ids...); err != nil {
			return explainedSale{}, err
		}
	}
	for _, e := range recorded {
		terms := EdgeTerms{Missing: e.Missing, Currency: e.Currency}
		if e.Contract != nil {
			v := versions[e.Contract.Version]
			terms.Contract = &v
		}
		out.terms = append(out.terms, terms)
	}
	out.base, out.terms = out.terms[0].Contract, out.terms[1:]
	return out, nil
}

// versions reads contract versions, of edges above as well. Errors:
// errExplainFailed if one of them cannot be compiled any more.
func (x *explainer) versions(ctx context.Context, versions ...id.Version) (map[id.Version]ContractVersion, error) {
	found, err := x.s.contracts.Versions(ctx, versions...)
	if errors.As(err, new(*rules.Error)) {
		err = x.mask(ctx, err)
	}
	return found, err
}

// chain returns what the engine needs of the sale.
func (e *explainedSale) chain() rules.Chain {
	var c rules.Chain
	if e.base != nil {
		c.Base = e.base.Pricing
	}
	for _, t := range e.terms {
		edge := rules.Edge{Missing: t.Missing, Currency: t.Currency}
		if t.Contract != nil {
			edge.Contract = t.Contract.Pricing
		}
		c.Edges = append(c.Edges, edge)
	}
	return c
}

// trace prices the lines again and adds up their steps.
func (x *explainer) trace(ctx context.Context, sales []explainedSale) error {
	ctx, err := x.aside(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	sum := traceSum{contracts: map[id.Version]*ContractVersion{}, sentences: map[*rules.Rule]string{}}
	for _, sale := range sales {
		tracer := sale.chain().NewTracer(sale.at, x.s.workers, x.selects())
		err := x.s.usage.Scan(limited, sale.selection, tracer.Need(), x.s.workers, tracer.Add)
		switch {
		case limited.Err() != nil && ctx.Err() == nil:
			return errExplainLong
		case err != nil:
			return x.mask(ctx, err)
		}
		sum.add(&sale, tracer.Finish())
	}
	if !sum.amount.Equal(x.out.Amount) {
		x.s.log.ErrorContext(ctx, "an explanation does not add up", "seller", x.edge.Seller, "buyer", x.edge.Buyer,
			"month", x.month, "charges", x.out.Amount, "steps", sum.amount)
		return errExplainDiffers
	}
	sum.tell(&x.out)
	return nil
}

// mask keeps what went wrong, which may be about an edge above, in the log.
func (x *explainer) mask(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x.s.log.WarnContext(ctx, "an explanation failed", "seller", x.edge.Seller, "buyer", x.edge.Buyer, "month", x.month, "error", err)
	return errExplainFailed
}

// selects returns the lines and charges of the amount.
func (x *explainer) selects() rules.TraceSelect {
	dims := map[rules.Dim]string{
		rules.DimService: x.of.Service, rules.DimUnit: x.of.Unit, rules.DimCurrency: string(x.out.Currency),
	}
	for d, text := range map[rules.Dim]string{rules.DimAccount: x.of.Account, rules.DimSKU: x.of.SKU, rules.DimRegion: x.of.Region} {
		if text != "" {
			dims[d] = text
		}
	}
	return rules.TraceSelect{Dims: dims, Charge: func(c rules.Charge) bool {
		return usageGroup{Label: c.Label, ServiceMonth: c.ServiceMonth, ChargeCategory: c.ChargeCategory}.documentLabel() == x.of.Label
	}}
}

// traceSum adds up the traces of several owners' and assignees' lines.
type traceSum struct {
	lines     int64
	amount    decimal.Decimal
	steps     []rules.TraceStep
	left      []rules.TraceLeft
	contracts map[id.Version]*ContractVersion
	sentences map[*rules.Rule]string
}

// say keeps a rule's words.
func (t *traceSum) say(contract *ContractVersion, r *rules.Rule) {
	if contract != nil && r != nil {
		t.sentences[r] = contract.Pricing.Sentence(r.Name)
	}
}

func (t *traceSum) add(sale *explainedSale, tr rules.Trace) {
	contract := sale.terms[sale.at].Contract
	if tr.Lines > 0 {
		version := id.Version{}
		if contract != nil {
			version = contract.Version
		}
		t.contracts[version] = contract
	}
	t.lines, t.amount = t.lines+tr.Lines, t.amount.Add(tr.Amount)
	for _, s := range tr.Steps {
		t.say(contract, s.Rule)
		i := slices.IndexFunc(t.steps, func(o rules.TraceStep) bool {
			return o.Kind == s.Kind && o.Rank == s.Rank && o.Basis == s.Basis && sameRule(o.Rule, s.Rule)
		})
		if i < 0 {
			t.steps = append(t.steps, s)
			continue
		}
		o := &t.steps[i]
		o.Lines, o.Before, o.After = o.Lines+s.Lines, o.Before.Add(s.Before), o.After.Add(s.After)
	}
	for _, l := range tr.Left {
		if l.IsBase {
			t.say(sale.base, l.Rule)
		} else {
			t.say(contract, l.Rule)
		}
		i := slices.IndexFunc(t.left, func(o rules.TraceLeft) bool {
			return o.IsBase == l.IsBase && o.Currency == l.Currency && sameRule(o.Rule, l.Rule)
		})
		if i < 0 {
			t.left = append(t.left, l)
			continue
		}
		t.left[i].Lines, t.left[i].Cost = t.left[i].Lines+l.Lines, t.left[i].Cost.Add(l.Cost)
	}
}

func sameRule(a, b *rules.Rule) bool { return a == b || a != nil && b != nil && *a == *b }

// tell writes the sums into an explanation.
func (t *traceSum) tell(out *Explanation) {
	slices.SortStableFunc(t.steps, func(a, b rules.TraceStep) int { return cmp.Or(int(a.Kind-b.Kind), a.Rank-b.Rank) })
	slices.SortStableFunc(t.left, func(a, b rules.TraceLeft) int { return b.Cost.Compare(a.Cost) })
	out.Lines = t.lines
	if len(t.contracts) == 1 {
		for _, c := range t.contracts {
			out.Contract = c
		}
	}
	kinds := map[rules.TraceKind]StepKind{
		rules.TraceBasis: StepBasis, rules.TracePass: StepPass, rules.TracePrice: StepPrice,
		rules.TraceAdjust: StepAdjust, rules.TraceSeparate: StepSeparate,
	}
	total := decimal.Zero
	for _, s := range t.steps {
		total = total.Add(s.After.Sub(s.Before))
		out.Steps = append(out.Steps, ExplainedStep{
			Kind: kinds[s.Kind], Basis: string(s.Basis), Rule: s.Rule, Sentence: t.sentences[s.Rule], Lines: s.Lines, Before: s.Before, After: s.After, Total: total,
		})
	}
	for _, l := range t.left {
		out.Left = append(out.Left, ExplainedLines{Rule: l.Rule, IsBase: l.IsBase, Sentence: t.sentences[l.Rule], Lines: l.Lines, Cost: l.Cost})
	}
}
