package utilities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
)

// Service answers what the utilities pages ask.
type Service struct {
	authz     *authz.Authz
	clock     clock.Clock
	runs      Runs
	tenants   Tenants
	accounts  Accounts
	contracts Contracts
}

// maxExplanation is the longest explanation, in bytes.
const maxExplanation = 500

// RecalculateInput is what the form asks for.
type RecalculateInput struct {
	Customer string // slug
	Months   []period.Month
	Reason   Reason
}

var errForm = errs.New(errs.Invalid, "utilities.recalculate", "Please complete the form.")

// Validate reports everything that is wrong with the input in itself.
func (in RecalculateInput) Validate() error {
	err := errForm
	if in.Customer == "" {
		err = err.WithField("customer", "Choose a customer.")
	}
	if len(in.Months) == 0 {
		err = err.WithField("period", "Choose at least one billing period.")
	}
	switch {
	case !isReason(in.Reason.Kind):
		err = err.WithField("reason", "Choose a reason.")
	case in.Reason.Kind == ReasonOther && in.Reason.Explanation == "":
		err = err.WithField("explanation", "Say in a few words what the reason is.")
	case len(in.Reason.Explanation) > maxExplanation:
		err = err.WithField("explanation", "Keep it to 500 characters.")
	}
	if len(err.Fields) > 0 {
		return err
	}
	return nil
}

// Recalculate asks for one recalculation for each month and returns the runs in
// the order of the months. It answers at once: workers carry them out.
//
// Needs billing.recalculate. Errors: Invalid for what Validate refuses and for
// months in which the customer has no accounts; a customer outside the scope is
// Invalid too, as one that does not exist.
func (s *Service) Recalculate(ctx context.Context, in RecalculateInput) (Tenant, []id.Run, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return Tenant{}, nil, err
	}
	in.Reason.Explanation = strings.TrimSpace(in.Reason.Explanation)
	if err := in.Validate(); err != nil {
		return Tenant{}, nil, err
	}
	customer, offered, err := s.offered(ctx, in.Customer)
	if err != nil {
		return Tenant{}, nil, err
	}
	months := slices.Compact(slices.SortedFunc(slices.Values(in.Months), period.Month.Compare))
	for _, m := range months {
		if !slices.ContainsFunc(offered, func(o Offer) bool { return o.Month == m }) {
			return customer, nil, errForm.WithField("period", fmt.Sprintf("%s has no accounts in %s.", customer.Name, m))
		}
	}
	out := make([]id.Run, 0, len(months))
	for _, m := range months {
		run, err := s.runs.Request(ctx, customer.ID, m, in.Reason.String())
		if err != nil {
			return customer, out, fmt.Errorf("recalculate %s in %s: %w", in.Customer, m, err)
		}
		out = append(out, run)
	}
	return customer, out, nil
}

// Offer is a month that can be recalculated.
type Offer struct {
	Month       period.Month
	HasContract bool // one is in force then
}

// maxOffered is how many months back the form goes.
const maxOffered = 36

// offered returns a customer by its slug with the months that can be
// recalculated, the newest first.
func (s *Service) offered(ctx context.Context, slug string) (Tenant, []Offer, error) {
	t, err := s.tenants.BySlug(ctx, slug)
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return Tenant{}, nil, errForm.WithField("customer", "There is no such customer.")
	case err != nil:
		return Tenant{}, nil, err
	}
	assigned, err := s.accounts.Assigned(ctx, t.ID)
	if err != nil {
		return t, nil, err
	}
	covered, err := s.contracts.Covered(ctx, t.ID)
	return t, s.offers(assigned[t.ID], covered[t.ID]), err
}

// offers returns the months that have begun and that a range of assigned
// contains, the newest first.
func (s *Service) offers(assigned, covered []period.Months) []Offer {
	var out []Offer
	newest := period.MonthOf(s.clock.Now())
	for n := range maxOffered {
		m := newest.Add(-n)
		if contains(assigned, m) {
			out = append(out, Offer{Month: m, HasContract: contains(covered, m)})
		}
	}
	return out
}

func contains(ranges []period.Months, m period.Month) bool {
	return slices.ContainsFunc(ranges, func(r period.Months) bool { return r.Contains(m) })
}

// Choice is what the form offers.
type Choice struct {
	Customers []Tenant // with accounts, by name; nil where there are too many to list
	Customer  Tenant   // chosen; zero: none, or it is not in scope
	Months    []Offer  // of the chosen customer, or of all
}

// maxListed is how many customers a select lists; beyond it one is searched.
const maxListed = 300

// Choose returns what the form offers to who has chosen the customer with this
// slug, which may be empty.
//
// Needs billing.recalculate.
func (s *Service) Choose(ctx context.Context, slug string) (Choice, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return Choice{}, err
	}
	ids, all, err := s.accounts.Assignees(ctx, maxListed+1)
	if err != nil {
		return Choice{}, err
	}
	var out Choice
	if len(ids) <= maxListed {
		if out.Customers, err = s.customers(ctx, ids); err != nil {
			return Choice{}, err
		}
	}
	if slug == "" {
		out.Months = s.offers(all, all)
		return out, nil
	}
	out.Customer, out.Months, err = s.offered(ctx, slug)
	if errs.KindOf(err) == errs.Invalid {
		err = nil // said when the form is sent
	}
	return out, err
}

// customers returns those of tenants that are below the acting one or itself,
// by name.
func (s *Service) customers(ctx context.Context, tenants []id.Tenant) ([]Tenant, error) {
	if len(tenants) == 0 {
		return []Tenant{}, nil
	}
	found, err := s.tenants.ByID(ctx, tenants...)
	out := make([]Tenant, 0, len(found))
	for _, t := range found {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tenant) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Slug, b.Slug)) })
	return out, err
}

// Find returns tenants that a form may mean by text.
//
// Needs billing.recalculate.
func (s *Service) Find(ctx context.Context, text string) ([]Tenant, error) {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return nil, err
	}
	return s.tenants.Search(ctx, strings.TrimSpace(text), 20)
}

// QueueFilter chooses what the queue shows.
type QueueFilter struct {
	Status   string // open, or a State; empty: any
	Customer string // slug, or a part of a name; empty: any
	Month    period.Month
	Kind     Kind
	Rows     int // at most so many; 0: 50
}

const (
	queueRows    = 50
	maxQueueRows = 500
)

func (f QueueFilter) rows() int {
	if f.Rows <= 0 {
		return queueRows
	}
	return min(f.Rows, maxQueueRows)
}

func (f QueueFilter) states() []State {
	switch f.Status {
	case "":
		return nil
	case "open":
		return []State{StateRequested, StateWaiting, StateRunning}
	}
	return []State{State(f.Status)}
}

// Entry is a run with the names of those that it is about.
type Entry struct {
	Run
	CustomerTenant Tenant
	SellerTenant   Tenant // of fees and rounding
	ActorName      string
	Why            Reason
	Blocking       int // findings of it that keep invoices from being issued now
}

// Queue is the log as a page shows it.
type Queue struct {
	Entries []Entry
	IsOpen  bool // one of them has yet to end
	HasMore bool
	Now     time.Time
}

// Queue lists runs, the newest request first. A customer outside the scope has
// no runs.
//
// Needs billing.read_runs.
func (s *Service) Queue(ctx context.Context, f QueueFilter) (Queue, error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return Queue{}, err
	}
	out := Queue{Now: s.clock.Now()}
	in := RunFilter{Kind: f.Kind, Month: f.Month, States: f.states(), Limit: f.rows() + 1}
	if f.Customer != "" {
		meant, err := s.meant(ctx, f.Customer)
		if err != nil || len(meant) == 0 {
			return out, err
		}
		in.Customers = meant
	}
	runs, err := s.runs.List(ctx, in)
	if err != nil {
		return Queue{}, err
	}
	if out.HasMore = len(runs) > f.rows(); out.HasMore {
		runs = runs[:f.rows()]
	}
	out.IsOpen = slices.ContainsFunc(runs, func(r Run) bool { return r.State.IsOpen() })
	if out.Entries, err = s.entries(ctx, runs); err != nil {
		return Queue{}, err
	}
	return out, s.countFindings(ctx, out.Entries)
}

// countFindings fills in Blocking of complete runs.
func (s *Service) countFindings(ctx context.Context, entries []Entry) error {
	var complete []id.Run
	for _, e := range entries {
		if e.State == StateComplete {
			complete = append(complete, e.ID)
		}
	}
	counts, err := s.runs.CountFindings(ctx, complete...)
	for i, e := range entries {
		entries[i].Blocking = counts[e.ID]
	}
	return err
}

// maxMeant is how many tenants a name may mean.
const maxMeant = 50

// meant returns the tenants that people mean by a slug, or by a part of a name.
func (s *Service) meant(ctx context.Context, text string) ([]id.Tenant, error) {
	t, err := s.tenants.BySlug(ctx, text)
	if err == nil {
		return []id.Tenant{t.ID}, nil
	}
	if errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	found, err := s.tenants.Search(ctx, text, maxMeant)
	out := make([]id.Tenant, len(found))
	for i, t := range found {
		out[i] = t.ID
	}
	return out, err
}

// entries names what runs are about, in two queries.
func (s *Service) entries(ctx context.Context, runs []Run) ([]Entry, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	var tenants []id.Tenant
	var users []id.User
	for _, r := range runs {
		tenants = append(tenants, r.Customer)
		if !r.Seller.IsZero() {
			tenants = append(tenants, r.Seller)
		}
		if u, ok := userOf(r.Actor); ok {
			users = append(users, u)
		}
	}
	known, err := s.tenants.ByID(ctx, tenants...)
	if err != nil {
		return nil, err
	}
	names, err := s.tenants.UserNames(ctx, users...)
	out := make([]Entry, len(runs))
	for i, r := range runs {
		out[i] = Entry{
			Run: r, CustomerTenant: known[r.Customer], SellerTenant: known[r.Seller],
			ActorName: actorName(r.Actor, names), Why: reasonOf(r.Reason),
		}
	}
	return out, err
}

func userOf(actor string) (id.User, bool) {
	text, ok := strings.CutPrefix(actor, "user:")
	if !ok {
		return id.User{}, false
	}
	u, err := id.Parse[id.User](text)
	return u, err == nil
}

// actorName is what people call an actor of the audit log. Users that the
// scope does not see work above it.
func actorName(actor string, names map[id.User]string) string {
	if u, ok := userOf(actor); ok {
		if name := names[u]; name != "" {
			return name
		}
		return "Your supplier"
	}
	if name, ok := strings.CutPrefix(actor, "cli:"); ok {
		return name + " (command line)"
	}
	if strings.HasPrefix(actor, "job:") {
		return "Tierbook"
	}
	return actor
}

// RunView is one run with all that its page shows.
type RunView struct {
	Entry
	Detail   string       // why it failed, for those who may know
	Findings []Finding    // of a completed run and the fees that it asked for
	Changes  []EdgeChange // of a completed recalculation
	Caused   []Entry      // fees and rounding that it asked for
	Now      time.Time
	CanAgain bool // the acting user may ask for the same again
}

// Run returns one run.
//
// Needs billing.read_runs. Errors: NotFound.
func (s *Service) Run(ctx context.Context, run id.Run) (RunView, error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return RunView{}, err
	}
	r, err := s.runs.Get(ctx, run)
	if err != nil {
		return RunView{}, err
	}
	entries, err := s.entries(ctx, []Run{r})
	if err != nil {
		return RunView{}, err
	}
	out := RunView{Entry: entries[0], Now: s.clock.Now(), CanAgain: r.Kind == KindRecalculation && s.authz.Can(ctx, PermRecalculate)}
	if r.State == StateFailed {
		out.Error, out.Detail, err = s.runs.Failure(ctx, run)
		return out, err
	}
	if r.State != StateComplete {
		return out, nil
	}
	about := []id.Run{run}
	if r.Kind == KindRecalculation {
		if out.Changes, err = s.runs.Changes(ctx, run); err != nil {
			return RunView{}, err
		}
		caused, err := s.runs.List(ctx, RunFilter{Kind: KindFees, Month: r.Month, Cause: run, Limit: maxQueueRows})
		if err != nil {
			return RunView{}, err
		}
		if out.Caused, err = s.entries(ctx, caused); err != nil {
			return RunView{}, err
		}
		for _, c := range caused {
			about = append(about, c.ID)
		}
	}
	out.Findings, err = s.runs.Findings(ctx, about...)
	return out, err
}

// Cancel withdraws a run that has not started.
//
// Needs billing.recalculate. Errors: NotFound; FailedPrecondition for one that
// has started or ended.
func (s *Service) Cancel(ctx context.Context, run id.Run) error {
	if err := s.authz.Need(ctx, PermRecalculate); err != nil {
		return err
	}
	return s.runs.Cancel(ctx, run)
}
