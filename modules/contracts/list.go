package contracts

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// State says where a contract stands in time.
type State string

// The states of a contract.
const (
	StateActive    State = "active"    // in force this month
	StateScheduled State = "scheduled" // its first month lies ahead
	StateExpired   State = "expired"   // its last month has passed
)

// StateIn returns where c stands in month m.
func (c Contract) StateIn(m period.Month) State {
	switch {
	case m.Before(c.Months.From):
		return StateScheduled
	case c.Months.Contains(m):
		return StateActive
	}
	return StateExpired
}

// Filter selects contracts. Its zero value selects all.
type Filter struct {
	Seller string // slug, or a name that only one has
	Buyer  string // the same
	State  State
	Text   string // part of the name of contract, seller or buyer
	Sort   string // "name", "from", "changed"; "": by seller and buyer, oldest tenants first
	Offset int
	Limit  int // at most 500; 0: 100
}

// Listed is a contract with what a table shows of it.
type Listed struct {
	Contract
	Seller   Tenant
	Buyer    Tenant // zero for a base contract
	State    State  // in the current month
	Versions int    // how many were saved
	Newest   Version
}

// Listing is a page of contracts.
type Listing struct {
	Contracts []Listed
	More      bool   // there are others behind the last one
	Seller    Tenant // that the filter names; zero: none, or nobody is called that
	Buyer     Tenant // the same
}

const (
	pageOfContracts = 100
	mostContracts   = 500
)

// List returns the contracts whose seller is the acting tenant or below it,
// base contracts included. Newest holds no terms. A filter that names a tenant
// outside the scope selects nothing, like one that does not exist.
//
// Needs contracts.read.
func (s *Service) List(ctx context.Context, f Filter) (Listing, error) {
	if f.Limit <= 0 {
		f.Limit = pageOfContracts
	}
	f.Limit, f.Offset = min(f.Limit, mostContracts), max(f.Offset, 0)
	return read(ctx, s, PermRead, func(ctx context.Context) (Listing, error) {
		var out Listing
		q, ok, err := s.listQuery(ctx, f, &out)
		if err != nil || !ok {
			return out, err
		}
		found, err := s.store.list(ctx, q)
		if err != nil {
			return Listing{}, err
		}
		out.More = len(found) > f.Limit
		out.Contracts, err = s.named(ctx, found[:min(len(found), f.Limit)])
		return out, err
	})
}

// listQuery finds the tenants that f names and notes them in out; ok is false
// if one is not there.
func (s *Service) listQuery(ctx context.Context, f Filter, out *Listing) (q listQuery, ok bool, err error) {
	q = listQuery{Filter: f, month: s.thisMonth()}
	for _, party := range []struct {
		name string
		into *Tenant
	}{{f.Seller, &out.Seller}, {f.Buyer, &out.Buyer}} {
		if party.name == "" {
			continue
		}
		*party.into, err = s.tenantNamed(ctx, party.name)
		if errs.KindOf(err) == errs.NotFound {
			return q, false, nil
		}
		if err != nil {
			return q, false, err
		}
	}
	q.seller, q.buyer = out.Seller.ID, out.Buyer.ID
	if f.Seller != "" && q.seller == q.buyer {
		return q, false, nil
	}
	if strings.TrimSpace(f.Text) != "" {
		q.tenants, err = s.directory.Called(ctx, f.Text)
	}
	return q, true, err
}

// named adds who the parties are and drops contracts whose seller the scope
// does not see.
func (s *Service) named(ctx context.Context, found []listedRow) ([]Listed, error) {
	var ids []id.Tenant
	for _, r := range found {
		ids = append(ids, r.C.SellerID, r.C.BuyerID)
	}
	slices.SortFunc(ids, id.Tenant.Compare)
	parties, err := s.tenants.ByID(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	var out []Listed
	for _, r := range found {
		seller, ok := parties[r.C.SellerID]
		if !ok {
			continue
		}
		l := r.listed()
		l.Seller, l.Buyer, l.State = seller, parties[r.C.BuyerID], l.StateIn(s.thisMonth())
		out = append(out, l)
	}
	return out, nil
}

func (s *Service) thisMonth() period.Month { return period.MonthOf(s.clock.Now()) }

// Detail is everything about one contract.
type Detail struct {
	Shown
	Seller   Tenant
	Buyer    Tenant         // zero for a base contract
	Kind     rules.EdgeKind // what the rules of a new version may read
	State    State
	InForce  int        // number of the version in force this month; 0: none
	Others   []Contract // of the same edge, latest first
	Notes    []rules.Note
	SavedBy  map[string]string // names of who saved versions, by Version.SavedBy
	LastSeen time.Time         // when this was read
}

// Get returns a contract with everything that was saved of it.
//
// Needs contracts.read. Errors: ErrNotFound for an unknown contract and for
// one whose seller is neither the acting tenant nor below it: its buyer does
// not see it either.
func (s *Service) Get(ctx context.Context, c id.Contract) (Detail, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (Detail, error) {
		found, err := s.store.contract(ctx, c)
		if err != nil {
			return Detail{}, err
		}
		return s.detail(ctx, found)
	})
}

func (s *Service) detail(ctx context.Context, c Contract) (Detail, error) {
	shown, err := s.Show(ctx, c.Edge.Seller, c.Edge.Buyer)
	if err != nil {
		return Detail{}, err
	}
	parties, err := s.tenants.ByID(ctx, []id.Tenant{c.Edge.Seller, c.Edge.Buyer})
	if err != nil {
		return Detail{}, err
	}
	kind, err := s.kindOf(ctx, c.Edge.Buyer.IsZero(), c.Edge.Seller, c.Tree)
	if err != nil {
		return Detail{}, err
	}
	out := Detail{
		Seller: parties[c.Edge.Seller], Buyer: parties[c.Edge.Buyer], Kind: kind,
		State: c.StateIn(s.thisMonth()), LastSeen: s.clock.Now(),
	}
	for _, one := range shown {
		if one.Contract.ID == c.ID {
			out.Shown = one
		} else {
			out.Others = append(out.Others, one.Contract)
		}
	}
	if out.State == StateActive {
		out.InForce = inForceOf(out.Versions, s.thisMonth())
	}
	newest := InForce{Contract: c, Version: out.Versions[0]}
	if err := s.compiled(&newest); err == nil { // one that no longer compiles is shown without notes
		out.Notes = newest.Compiled.Notes()
	}
	out.SavedBy, err = s.savers(ctx, out.Versions)
	return out, err
}

// inForceOf returns the number of the version in force in m; versions are
// newest first.
func inForceOf(versions []Version, m period.Month) int {
	for _, v := range versions {
		if !m.Before(v.From) {
			return v.Number
		}
	}
	return 0
}

// savers returns the names of those who saved versions: of users as far as the
// scope may know them, of the system's parts always.
func (s *Service) savers(ctx context.Context, versions []Version) (map[string]string, error) {
	out := map[string]string{}
	users := map[string]id.User{}
	for _, v := range versions {
		text, isUser := strings.CutPrefix(v.SavedBy, "user:")
		if u, err := id.Parse[id.User](text); isUser && err == nil {
			users[v.SavedBy] = u
			out[v.SavedBy] = "a user"
			continue
		}
		out[v.SavedBy] = strings.TrimPrefix(v.SavedBy, "cli:")
	}
	if len(users) == 0 {
		return out, nil
	}
	asked := make([]id.User, 0, len(users))
	for _, u := range users {
		asked = append(asked, u)
	}
	names, err := s.directory.People(ctx, asked)
	for saved, u := range users {
		out[saved] = cmp.Or(names[u], out[saved])
	}
	sc, inScope := scope.From(ctx)
	if inScope == nil && out[sc.Actor.String()] != "" {
		out[sc.Actor.String()] = "you"
	}
	return out, err
}

// Found is a contract that a search has found.
type Found struct {
	ID     id.Contract
	Name   string
	Seller string // names
	Buyer  string // "" for a base contract
	Months period.Months
}

// Search returns contracts in whose name, or the name of a party, text occurs.
// It finds nothing, without an error, where the scope may not read contracts.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Found, error) {
	if !s.authz.Can(ctx, PermRead) || strings.TrimSpace(text) == "" {
		return nil, nil
	}
	list, err := s.List(ctx, Filter{Text: text, Limit: limit, Sort: "name"})
	if err != nil {
		return nil, err
	}
	var out []Found
	for _, l := range list.Contracts {
		out = append(out, Found{ID: l.ID, Name: l.Name, Seller: l.Seller.Name, Buyer: l.Buyer.Name, Months: l.Months})
	}
	return out, nil
}

// Party is a tenant that a new contract may be made with.
type Party struct {
	Tenant
	HasContract bool // one is in force with it this month
}

// Buyers returns the first limit tenants that the acting one sells to directly
// this month and in whose name or slug text occurs, for a new contract, by
// name.
//
// Needs contracts.write.
func (s *Service) Buyers(ctx context.Context, text string, limit int) ([]Party, error) {
	return read(ctx, s, PermWrite, func(ctx context.Context) ([]Party, error) {
		sc, err := scope.From(ctx)
		if err != nil {
			return nil, err
		}
		list, err := s.directory.Choose(ctx, Choice{Month: s.thisMonth(), Direct: true, Text: text}, limit)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		ids := make([]id.Tenant, len(list))
		for i, t := range list {
			ids[i] = t.ID
		}
		standing, err := s.store.inForce(ctx, s.thisMonth(), []id.Tenant{sc.Tenant}, ids...)
		if err != nil {
			return nil, err
		}
		out := make([]Party, len(list))
		for i, t := range list {
			out[i] = Party{t, slices.ContainsFunc(standing, func(c InForce) bool { return c.Edge.Buyer == t.ID })}
		}
		slices.SortFunc(out, func(a, b Party) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID)) })
		return out, nil
	})
}
