package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/rules"
)

// lineInputs is what a line run reads: the assignee that was asked for and
// those that share moved accounts with it.
type lineInputs struct {
	run       Run
	assignees []assigneeInputs
}

// assigneeInputs is what rating one assignee's month needs.
type assigneeInputs struct {
	assignee id.Tenant
	chain    []Tenant // from the distributor down to the assignee; empty: it was not in the tree in that month
	acting   int      // the acting tenant's place in chain
	before   []publishedRow
	sales    []saleInputs // one per owner
}

// saleInputs is one owner's lines on their way down to the assignee.
type saleInputs struct {
	chain     []Tenant // the owner first, the assignee last
	above     int      // how many tenants of chain are above the acting tenant
	selection Selection
	base      *ContractVersion // nil: none
	edges     []EdgeTerms      // from the owner down
	// isParted says that the owner was not above the assignee in the billing
	// month: these are late lines, of a month in which it was. No edge leads
	// from the one to the other any more, so no contract covers them.
	isParted bool
}

// buyer returns whom the tenant at place i of the sale's chain sells to; zero
// at its end.
func (sale *saleInputs) buyer(i int) id.Tenant { return buyerOf(sale.chain, i) }

func buyerOf(chain []Tenant, i int) id.Tenant {
	if i+1 < len(chain) {
		return chain[i+1].ID
	}
	return id.Tenant{}
}

// bearers returns the tenants whose rows a run replaces: the acting tenant and
// those below it, and for a distributor everybody who ever was in the chain.
func (in *assigneeInputs) bearers() []id.Tenant {
	var out []id.Tenant
	for _, t := range in.chain[min(in.acting, len(in.chain)):] {
		out = append(out, t.ID)
	}
	for i := range in.sales {
		for _, t := range in.sales[i].chain[in.sales[i].above:] {
			out = append(out, t.ID)
		}
	}
	if in.acting == 0 {
		for _, p := range in.before {
			out = append(out, p.BearerID)
		}
	}
	slices.SortFunc(out, id.Tenant.Compare)
	return slices.Compact(out)
}

// locks returns the keys of all assignees' months.
func (in *lineInputs) locks() []db.LockKey {
	out := make([]db.LockKey, len(in.assignees))
	for i, a := range in.assignees {
		out[i] = lineKey(a.assignee, in.run)
	}
	return out
}

// inputReader reads the inputs of one run in one read transaction.
type inputReader struct {
	s       *Service
	run     Run
	records map[id.Run]record
}

// readInputs reads all that run r depends on, as of one moment.
//
// Errors: holdBack if the acting tenant's supplier has to publish first;
// NotFound if the assignee was not the acting tenant or below it.
func (s *Service) readInputs(ctx context.Context, r Run) (in lineInputs, err error) {
	reader := inputReader{s: s, run: r, records: map[id.Run]record{}}
	err = s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		in, err = reader.read(ctx)
		return err
	})
	return in, err
}

// read follows moved accounts from assignee to assignee until nobody new
// turns up.
func (r *inputReader) read(ctx context.Context) (lineInputs, error) {
	out := lineInputs{run: r.run}
	todo := []id.Tenant{r.run.Assignee}
	seen := map[id.Tenant]bool{r.run.Assignee: true}
	for len(todo) > 0 {
		a, ok, err := r.assignee(ctx, todo[0])
		if err != nil {
			return lineInputs{}, err
		}
		todo = todo[1:]
		if !ok {
			continue
		}
		others, err := r.sharers(ctx, &a)
		if err != nil {
			return lineInputs{}, err
		}
		for _, t := range others {
			if !seen[t] {
				seen[t], todo = true, append(todo, t)
			}
		}
		out.assignees = append(out.assignees, a)
	}
	slices.SortFunc(out.assignees, func(a, b assigneeInputs) int { return a.assignee.Compare(b.assignee) })
	return out, nil
}

var errNotBelow = errs.New(errs.NotFound, "billing.assignee_not_found", "There is no such customer in that month.")

// assignee reads one assignee's month. ok is false for a sharer that the acting
// tenant does not stand above.
func (r *inputReader) assignee(ctx context.Context, t id.Tenant) (in assigneeInputs, ok bool, err error) {
	in = assigneeInputs{assignee: t}
	in.chain, err = r.s.tenants.Chain(ctx, r.run.Tree, t, r.run.Month)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return in, false, err
	}
	in.acting = slices.IndexFunc(in.chain, func(t Tenant) bool { return t.ID == r.run.Acting })
	switch {
	case len(in.chain) == 0 && r.run.Acting == r.run.Tree:
		in.acting = 0
	case in.acting < 0 && t == r.run.Assignee:
		return in, false, errNotBelow
	case in.acting < 0:
		return in, false, nil
	}
	if in.before, err = r.s.work.published(ctx, t, r.run.Month); err != nil {
		return in, false, err
	}
	selections, err := r.s.usage.Select(ctx, t, r.run.Month)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return in, false, err
	}
	if err := r.place(ctx, &in, selections); err != nil {
		return in, false, err
	}
	return in, true, r.takeSupplied(ctx, &in)
}

// place puts selections into the assignee's chain, with the contracts in force.
func (r *inputReader) place(ctx context.Context, in *assigneeInputs, selections []Selection) error {
	if len(selections) == 0 {
		return nil
	}
	edges := []Edge{{Seller: r.run.Tree}}
	for i := range len(in.chain) - 1 {
		edges = append(edges, Edge{Seller: in.chain[i].ID, Buyer: in.chain[i+1].ID})
	}
	terms, err := r.s.contracts.InForce(ctx, r.run.Month, edges...)
	if errors.As(err, new(*rules.Error)) { // which edge it is of is not said
		return &edgeError{seller: r.run.Tree, isMasked: in.acting > 0, err: err}
	}
	if err != nil {
		return err
	}
	for _, sel := range selections {
		owner := slices.IndexFunc(in.chain, func(t Tenant) bool { return t.ID == sel.Owner })
		if owner < 0 {
			if err := r.part(ctx, in, sel); err != nil {
				return err
			}
			continue
		}
		sale := saleInputs{chain: in.chain[owner:], above: max(0, in.acting-owner), selection: sel}
		if owner == 0 {
			sale.base = terms[edges[0]].Contract
		}
		for _, e := range edges[owner+1:] {
			sale.edges = append(sale.edges, terms[e])
		}
		in.sales = append(in.sales, sale)
	}
	// Owners from the top down.
	slices.SortStableFunc(in.sales, func(a, b saleInputs) int {
		return cmp.Or(cmp.Compare(len(b.chain), len(a.chain)), strings.Compare(a.chain[0].Slug, b.chain[0].Slug))
	})
	return nil
}

// part adds the late lines of an owner that is not above the assignee in the
// billing month: a line of an earlier month belongs to whom its account was
// assigned to then, wherever that tenant buys now. They are the owner's cost
// and nobody is charged, as where a contract is missing. They concern nobody
// who acts below the distributor.
//
// Errors: FailedPrecondition if lines of the billing month itself are among
// them: such an assignment is a mistake, not a move.
func (r *inputReader) part(ctx context.Context, in *assigneeInputs, sel Selection) error {
	for _, a := range sel.Accounts {
		if slices.Contains(a.ServiceMonths, r.run.Month) {
			return errs.Newf(errs.FailedPrecondition, "billing.not_below_owner",
				"Account %s is assigned to a tenant that was not below its owner in %s.", a.Account, r.run.Month)
		}
	}
	if r.run.Acting != r.run.Tree {
		return nil
	}
	sale := saleInputs{selection: sel, isParted: true}
	for _, t := range []id.Tenant{sel.Owner, in.assignee} {
		if len(sale.chain) > 0 && sale.chain[0].ID == t {
			continue // own use of a tenant that was not in the tree
		}
		tenant, err := r.s.tenants.Tenant(ctx, t)
		if err != nil {
			return err
		}
		sale.chain = append(sale.chain, tenant)
	}
	if len(sale.chain) > 1 {
		sale.edges = []EdgeTerms{{Missing: rules.MissingBlock}}
	}
	in.sales = append(in.sales, sale)
	return nil
}

const (
	messageUnpublished = "Waiting: your supplier has not published this month yet."
	messageNewer       = "Waiting: your supplier has newer data for this month that it has not published."
)

// takeSupplied makes the edges above the acting tenant what the supplier has
// published: the run must have read the same lines, and the contract versions
// are the published run's, whatever has been saved since.
func (r *inputReader) takeSupplied(ctx context.Context, in *assigneeInputs) error {
	if in.acting == 0 {
		return nil
	}
	supplied, err := r.supplied(ctx, in)
	if err != nil {
		return err
	}
	var wanted []*saleInputs
	for i := range in.sales {
		if in.sales[i].above > 0 {
			wanted = append(wanted, &in.sales[i])
		}
	}
	switch {
	case len(wanted) == 0 && len(supplied) == 0:
		return nil
	case len(supplied) == 0:
		return &holdBack{messageUnpublished}
	case len(wanted) != len(supplied):
		return &holdBack{messageNewer}
	}
	for _, sale := range wanted {
		i := slices.IndexFunc(supplied, func(c chainRecord) bool { return c.Tenants[0] == sale.selection.Owner })
		if i < 0 || !supplied[i].hasRead(sale) {
			return &holdBack{messageNewer}
		}
		if err := r.pin(ctx, sale, supplied[i]); err != nil {
			return err
		}
	}
	return nil
}

// supplied returns what the run that speaks for the edge to the acting tenant
// read of owners above it.
func (r *inputReader) supplied(ctx context.Context, in *assigneeInputs) ([]chainRecord, error) {
	run := in.speaker(in.acting - 1)
	if run.IsZero() {
		return nil, nil
	}
	rec, err := r.record(ctx, run)
	if err != nil {
		return nil, err
	}
	return rec.chains(in.assignee, func(c chainRecord) bool { return slices.Index(c.Tenants, r.run.Acting) > 0 }), nil
}

// speaker returns the run that speaks for the edge below place i of the chain;
// zero: none.
func (in *assigneeInputs) speaker(i int) id.Run {
	edge := Edge{Seller: in.chain[i].ID, Buyer: in.chain[i+1].ID}
	for _, p := range in.before {
		if p.edge() == edge {
			return p.RunID
		}
	}
	return id.Run{}
}

// pin replaces the contracts above the acting tenant by the recorded versions.
func (r *inputReader) pin(ctx context.Context, sale *saleInputs, rec chainRecord) error {
	above := rec.Edges[:sale.above]
	var ids []id.Version
	for _, e := range append([]edgeRecord{{Contract: rec.Base}}, above...) {
		if e.Contract != nil {
			ids = append(ids, e.Contract.Version)
		}
	}
	var versions map[id.Version]ContractVersion
	if len(ids) > 0 {
		var err error
		if versions, err = r.s.contracts.Versions(ctx, ids...); err != nil {
			return fmt.Errorf("read the versions of a published run: %w", err)
		}
	}
	version := func(v *versionRecord) *ContractVersion {
		if v == nil {
			return nil
		}
		c := versions[v.Version]
		return &c
	}
	sale.base = version(rec.Base)
	for i, e := range above {
		sale.edges[i] = EdgeTerms{Contract: version(e.Contract), Missing: e.Missing, Currency: e.Currency}
	}
	return nil
}

// holding is an account in a service month: the unit of assignment.
type holding struct {
	account id.Account
	month   period.Month
}

// sharers returns the tenants with whom the assignee has exchanged accounts
// since it was published: who has now what was its, and under whom is still
// published what is its now. Owners above the acting tenant don't count: what
// they have assigned is not the acting tenant's to publish.
func (r *inputReader) sharers(ctx context.Context, in *assigneeInputs) ([]id.Tenant, error) {
	now, then := map[holding]bool{}, map[holding]bool{}
	for _, sale := range in.sales {
		if sale.above == 0 {
			addHoldings(now, sale.selection.Accounts)
		}
	}
	if err := r.heldBefore(ctx, in.before, in.assignee, then); err != nil {
		return nil, err
	}
	gone, err := r.takers(ctx, then, now)
	if err != nil {
		return nil, err
	}
	come, err := r.leavers(ctx, now, then)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(append(gone, come...), func(t id.Tenant) bool { return t == in.assignee })
	slices.SortFunc(out, id.Tenant.Compare)
	return slices.Compact(out), nil
}

func addHoldings(set map[holding]bool, accounts []SelectedAccount) {
	for _, a := range accounts {
		for _, m := range a.ServiceMonths {
			set[holding{a.ID, m}] = true
		}
	}
}

// heldBefore adds what the runs that speak for assignee's chains have read,
// but for owners above the acting tenant.
func (r *inputReader) heldBefore(ctx context.Context, rows []publishedRow, assignee id.Tenant, set map[holding]bool) error {
	for _, p := range rows {
		rec, err := r.record(ctx, p.RunID)
		if err != nil {
			return err
		}
		own := func(c chainRecord) bool {
			return c.Tenants[0] == p.BearerID && slices.Index(c.Tenants, r.run.Acting) <= 0
		}
		for _, c := range rec.chains(assignee, own) {
			addHoldings(set, c.Accounts)
		}
	}
	return nil
}

// takers returns who answers now for what is in then and not in now.
func (r *inputReader) takers(ctx context.Context, then, now map[holding]bool) ([]id.Tenant, error) {
	byMonth := map[period.Month][]id.Account{}
	for h := range then {
		if !now[h] {
			byMonth[h.month] = append(byMonth[h.month], h.account)
		}
	}
	var out []id.Tenant
	for month, accounts := range byMonth {
		holders, err := r.s.usage.Holders(ctx, month, accounts...)
		if err != nil {
			return nil, err
		}
		for _, t := range holders {
			out = append(out, t)
		}
	}
	return out, nil
}

// leavers returns under whom is published what is in now and not in then.
func (r *inputReader) leavers(ctx context.Context, now, then map[holding]bool) ([]id.Tenant, error) {
	var accounts []id.Account
	for h := range now {
		if !then[h] {
			accounts = append(accounts, h.account)
		}
	}
	if len(accounts) == 0 {
		return nil, nil
	}
	candidates, err := r.s.work.publishedUnder(ctx, accounts, r.run.Month)
	if err != nil {
		return nil, err
	}
	var out []id.Tenant
	for _, t := range candidates {
		rows, err := r.s.work.published(ctx, t, r.run.Month)
		if err != nil {
			return nil, err
		}
		theirs := map[holding]bool{}
		if err := r.heldBefore(ctx, rows, t, theirs); err != nil {
			return nil, err
		}
		for h := range theirs {
			if now[h] && !then[h] {
				out = append(out, t)
				break
			}
		}
	}
	return out, nil
}

func (r *inputReader) record(ctx context.Context, run id.Run) (record, error) {
	if rec, ok := r.records[run]; ok {
		return rec, nil
	}
	rec, err := r.s.work.recordOf(ctx, run)
	if err == nil {
		r.records[run] = rec
	}
	return rec, err
}

// handleJSON returns the usage module's own record of a selection.
func handleJSON(sel Selection) (json.RawMessage, error) {
	b, err := json.Marshal(sel.Handle)
	if err != nil {
		return nil, fmt.Errorf("record what was read: %w", err)
	}
	return b, nil
}
