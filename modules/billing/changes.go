package billing

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// RunChanges is what a completed run changed, tier by tier.
type RunChanges struct {
	Run   Run
	Edges []EdgeChange // top down; those whose seller the scope sees
}

// EdgeChange compares what was published on an edge before the run with what
// the run published there: the lines of one assignee, or the fees of the edge.
type EdgeChange struct {
	Seller, Buyer Party
	Assignee      Party
	Currency      money.Currency
	Run           id.Run          // the line run, or the period run that it caused
	Previous      id.Run          // zero: nothing was published before
	IsFees        bool            // fees and rounding; else line charges
	Before, After decimal.Decimal // what the seller charges
	CostBefore    decimal.Decimal // what the lines cost the seller; 0 for fees
	CostAfter     decimal.Decimal
	// HasDetail holds if both runs still have their charges. Only the published
	// and the previous run keep theirs; of older ones the totals are left.
	HasDetail bool
	Services  []Change // by service, what changed most first; none for fees
	Rules     []Change // by rule, «(the basis)» where none matched, or by fee; what changed most first
}

// Difference is After − Before.
func (e EdgeChange) Difference() decimal.Decimal { return e.After.Sub(e.Before) }

// Change is one amount before and after.
type Change struct {
	Name          string
	Before, After decimal.Decimal
}

// Difference is After − Before.
func (c Change) Difference() decimal.Decimal { return c.After.Sub(c.Before) }

// Changes returns what a completed run changed on each edge whose seller the
// scope sees: lines, and the fees that were computed again after them; of a
// period run its fees. A run that computed what was published already has edges
// whose difference is 0. It may be called inside a read transaction of the web
// role.
//
// Needs billing.read_runs. Errors: NotFound for a run that the scope may not
// see; FailedPrecondition for one that has not completed.
func (s *Service) Changes(ctx context.Context, run id.Run) (RunChanges, error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return RunChanges{}, err
	}
	var out RunChanges
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		r, err := s.web.getRun(ctx, run)
		if err != nil {
			return err
		}
		if r.State != StateComplete {
			return errNotComplete
		}
		out = RunChanges{Run: r}
		places := []placeChange{}
		if r.Kind == RunLine {
			if places, err = s.linePlaces(ctx, r); err != nil {
				return err
			}
		}
		fees, err := s.feePlaces(ctx, r, places)
		if err != nil {
			return err
		}
		out.Edges, err = s.nameChanges(ctx, append(places, fees...))
		return err
	})
	return out, err
}

var errNotComplete = errs.New(errs.FailedPrecondition, "billing.run_not_complete", "This run has not completed: it has changed nothing.")

// placeChange is an EdgeChange without names.
type placeChange struct {
	placeKey
	EdgeChange
}

// placeKey names what a run publishes at once, in one currency.
type placeKey struct {
	Edge
	assignee id.Tenant
	currency string
}

// linePlaces compares the line results of r with those of the runs before it.
func (s *Service) linePlaces(ctx context.Context, r Run) ([]placeChange, error) {
	now, before, err := s.web.resultsAround(ctx, r)
	if err != nil {
		return nil, err
	}
	byPlace := map[placeKey]*placeChange{}
	at := func(x resultRow) *placeChange {
		k := placeKey{x.edge(), x.AssigneeID, x.Currency}
		if byPlace[k] == nil {
			byPlace[k] = &placeChange{placeKey: k, EdgeChange: EdgeChange{Currency: money.Currency(x.Currency), Run: r.ID, HasDetail: true}}
		}
		return byPlace[k]
	}
	for _, x := range now {
		c := at(x)
		c.After, c.CostAfter = x.Amount, x.Cost
	}
	for _, x := range before {
		c := at(x)
		c.Before, c.CostBefore, c.Previous = x.Amount, x.Cost, x.RunID
	}
	var out []placeChange
	for k, c := range byPlace {
		if k.currency == "" {
			continue // there was nothing to say
		}
		if err := s.addDetail(ctx, r, c, now, before); err != nil {
			return nil, err
		}
		out = append(out, *c)
	}
	return out, nil
}

// addDetail compares the charges themselves, where both runs have kept them.
func (s *Service) addDetail(ctx context.Context, r Run, c *placeChange, now, before []resultRow) error {
	rows, err := s.web.chargesByRule(ctx, r.Month, c.placeKey, r.ID, c.Previous)
	if err != nil {
		return err
	}
	services, byRule, stored := map[string]*Change{}, map[string]*Change{}, map[id.Run]int64{}
	add := func(into map[string]*Change, name string, x ruleSum) {
		if into[name] == nil {
			into[name] = &Change{Name: name}
		}
		if x.RunID == r.ID {
			into[name].After = into[name].After.Add(x.Amount)
		} else {
			into[name].Before = into[name].Before.Add(x.Amount)
		}
	}
	for _, x := range rows {
		stored[x.RunID] += x.Charges
		add(services, x.Service, x)
		add(byRule, cmp.Or(x.Rule, basisRule), x)
	}
	for _, x := range slices.Concat(now, before) {
		if (placeKey{x.edge(), x.AssigneeID, x.Currency}) == c.placeKey && stored[x.RunID] != x.Charges {
			c.HasDetail = false
			return nil
		}
	}
	c.Services, c.Rules = sortedChanges(services), sortedChanges(byRule)
	return nil
}

// basisRule stands in the place of a rule's name where none matched. No rule
// can have this name.
const basisRule = "(the basis)"

// sortedChanges returns what changed most first.
func sortedChanges(m map[string]*Change) []Change {
	out := make([]Change, 0, len(m))
	for _, c := range m {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(b.Difference().Abs().Compare(a.Difference().Abs()), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// feePlaces compares the fees that were computed again after r was published.
func (s *Service) feePlaces(ctx context.Context, r Run, lines []placeChange) ([]placeChange, error) {
	edges := []Edge{{Seller: r.Seller, Buyer: r.Buyer}}
	if r.Kind == RunLine {
		edges = nil
		for _, c := range lines {
			if !slices.Contains(edges, c.Edge) {
				edges = append(edges, c.Edge)
			}
		}
	}
	var out []placeChange
	for _, e := range edges {
		c, ok, err := s.feePlace(ctx, r, e)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// feePlace compares the first period run of an edge that started after r was
// published, or r itself, with the one before it. ok is false where there is
// none, or its charges are gone.
func (s *Service) feePlace(ctx context.Context, r Run, e Edge) (c placeChange, ok bool, err error) {
	runs, err := s.web.periodRunsAround(ctx, r, e)
	if err != nil || len(runs) == 0 {
		return placeChange{}, false, err
	}
	now := runs[0]
	c = placeChange{placeKey: placeKey{Edge: e}, EdgeChange: EdgeChange{Run: now.ID, IsFees: true, HasDetail: true}}
	byRule := map[string]*Change{}
	for i, run := range runs {
		rows, err := s.web.periodRows(ctx, run.ID)
		if err != nil {
			return placeChange{}, false, err
		}
		if int64(len(rows)) != run.Charges {
			return placeChange{}, false, nil
		}
		if i > 0 {
			c.Previous = run.ID
		}
		c.addFees(byRule, rows, i == 0)
	}
	c.Rules = sortedChanges(byRule)
	return c, true, nil
}

func (c *placeChange) addFees(byRule map[string]*Change, rows []periodRow, isNow bool) {
	for _, p := range rows {
		c.Currency = money.Currency(p.Currency)
		name := p.Label
		if byRule[name] == nil {
			byRule[name] = &Change{Name: name}
		}
		if isNow {
			c.After, byRule[name].After = c.After.Add(p.Amount), byRule[name].After.Add(p.Amount)
		} else {
			c.Before, byRule[name].Before = c.Before.Add(p.Amount), byRule[name].Before.Add(p.Amount)
		}
	}
}

// nameChanges says who is who, and sorts top down.
func (s *Service) nameChanges(ctx context.Context, places []placeChange) ([]EdgeChange, error) {
	ids := make([]id.Tenant, 0, 3*len(places))
	for _, c := range places {
		ids = append(ids, c.Edge.Seller, c.Edge.Buyer, c.assignee)
	}
	known, err := s.parties(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]EdgeChange, 0, len(places))
	for _, c := range places {
		e := c.EdgeChange
		e.Seller, e.Buyer = party(known, c.Edge.Seller), party(known, c.Edge.Buyer)
		if !c.assignee.IsZero() {
			e.Assignee = party(known, c.assignee)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b EdgeChange) int {
		fees := map[bool]int{true: 1}
		return cmp.Or(int(a.Seller.Tier)-int(b.Seller.Tier), cmp.Compare(a.Seller.Slug, b.Seller.Slug),
			cmp.Compare(a.Buyer.Slug, b.Buyer.Slug), fees[a.IsFees]-fees[b.IsFees],
			cmp.Compare(a.Assignee.Slug, b.Assignee.Slug), cmp.Compare(a.Currency, b.Currency))
	})
	return out, nil
}
