package customers

import (
	"context"
	"slices"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
)

// Service answers what the Customers pages ask.
type Service struct {
	authz     *authz.Authz
	clock     clock.Clock
	tenants   Tenants
	money     Money
	contracts Contracts
	accounts  Accounts
}

// Status is how billing data of a tenant and all below it came through.
type Status int

// Statuses, the worst last.
const (
	StatusNone    Status = iota // no billing data in the month
	StatusSuccess               // everything came through
	StatusWarning               // findings keep documents from being issued
	StatusFailed                // something could not be computed
)

// ContractCount counts a tenant's contracts by where they stand in time.
type ContractCount struct {
	Active, Scheduled, Expired int
}

// IsZero reports whether there are none.
func (c ContractCount) IsZero() bool { return c == ContractCount{} }

// Row is a tenant with what the tree says of it.
type Row struct {
	Node
	Depth     int // 0 for the topmost row
	IsOpen    bool
	Hidden    int64 // children that the page leaves out
	Status    Status
	Contracts ContractCount
	Accounts  int64
	Figures   []Figures // by currency
}

// Tree is the page.
type Tree struct {
	Month    period.Month   // of the figures
	Months   []period.Month // that can be chosen
	Usual    period.Month   // the month where none is chosen
	Rows     []Row          // parents before their children
	HasMore  bool           // the topmost tenant has more children
	Open     []string       // slugs of the open tenants
	Matches  int64          // of a filter
	IsCapped bool           // the page shows not all of them

	SeesMoney     bool
	SeesContracts bool
	SeesAccounts  bool

	worst map[id.Tenant]Status // of tenants with troubles, and of everybody above them
}

// TreeFilter chooses what the tree shows.
type TreeFilter struct {
	Text   string
	Status *Status      // of billing data; nil: any, and for who may not see figures
	Month  period.Month // of the figures; zero: the last full month with documents
	Under  string       // slug of the topmost tenant; empty: the acting one
	Open   []string     // slugs of open tenants
	IsSet  bool         // Open was chosen; else the page decides
	Rows   int          // children of the topmost tenant; 0: 50
}

// isSearch reports whether tenants are looked for, wherever they stand.
func (f TreeFilter) isSearch() bool { return f.Text != "" || f.Status != nil }

const (
	treeRows    = 50
	maxTreeRows = 500
	branchRows  = 25  // children of an open tenant
	openUpTo    = 150 // so many rows are shown without anybody opening them
	maxMatches  = 200
	everybody   = 1 << 20
)

func (f TreeFilter) rows() int {
	if f.Rows <= 0 {
		return treeRows
	}
	return min(f.Rows, maxTreeRows)
}

// Tree returns the tenants below the acting one as f wants them, with their
// figures of a month. Parts that the actor may not read are empty.
//
// Needs customers.read. Errors: NotFound for a foreign or unknown topmost
// tenant.
func (s *Service) Tree(ctx context.Context, f TreeFilter) (Tree, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Tree{}, err
	}
	t, err := s.head(ctx, &f)
	if err != nil {
		return Tree{}, err
	}
	if f.isSearch() {
		t.Rows, t.Matches, err = s.search(ctx, f, t, maxMatches)
		t.IsCapped = t.Matches > maxMatches
	} else {
		err = s.openNodes(ctx, f, &t)
	}
	if err != nil {
		return Tree{}, err
	}
	return t, s.fill(ctx, &t)
}

// head returns the tree without rows: what is seen of it, of which month. A
// status is taken out of f where the actor sees no figures.
func (s *Service) head(ctx context.Context, f *TreeFilter) (Tree, error) {
	t := Tree{
		SeesMoney: s.authz.Can(ctx, permBilling), SeesContracts: s.authz.Can(ctx, permContracts), SeesAccounts: s.authz.Can(ctx, permUsage),
	}
	if !t.SeesMoney {
		f.Status = nil
	}
	var err error
	if t.Month, t.Months, err = s.month(ctx, f.Month, t.SeesMoney); err != nil {
		return Tree{}, err
	}
	t.Usual = s.usual(t.Months)
	if t.SeesMoney {
		t.worst, err = s.worst(ctx, t.Month)
	}
	return t, err
}

// now is the month that says who stands below whom.
func (s *Service) now() period.Month { return period.MonthOf(s.clock.Now()) }

// month returns the month of the figures: what was asked for, else the usual
// one; and those that have documents.
func (s *Service) month(ctx context.Context, want period.Month, seesMoney bool) (period.Month, []period.Month, error) {
	if !seesMoney {
		return s.usual(nil), nil, nil
	}
	months, err := s.money.Months(ctx)
	if err != nil || !want.IsZero() {
		return want, months, err
	}
	return s.usual(months), months, nil
}

// usual returns the last full month, or the newest before it among those that
// have documents.
func (s *Service) usual(months []period.Month) period.Month {
	full := s.now().Add(-1)
	for _, m := range months {
		if !full.Before(m) {
			return m
		}
	}
	return full
}

// search returns the first limit tenants that f looks for, among those above
// them, and how many there are.
func (s *Service) search(ctx context.Context, f TreeFilter, t Tree, limit int) ([]Row, int64, error) {
	match := Match{Text: f.Text, Limit: limit}
	if f.Status != nil {
		var err error
		if err = s.withStatus(ctx, *f.Status, t, &match); err != nil {
			return nil, 0, err
		}
	}
	found, all, err := s.tenants.Matching(ctx, s.now(), match)
	children := map[id.Tenant][]Node{}
	for _, n := range found {
		children[n.Parent] = append(children[n.Parent], n)
	}
	return grown(nil, children, id.Tenant{}, 0), all, err
}

// withStatus has match choose who has a status in t's month.
func (s *Service) withStatus(ctx context.Context, want Status, t Tree, match *Match) error {
	if want == StatusWarning || want == StatusFailed {
		match.Among = []id.Tenant{}
		for x, status := range t.worst {
			if status == want {
				match.Among = append(match.Among, x)
			}
		}
		return nil
	}
	list, err := s.money.Billed(ctx, t.Month)
	billed := make(map[id.Tenant]bool, len(list))
	for _, x := range list {
		billed[x] = true
	}
	match.Is = func(x id.Tenant) bool { return t.worst[x] == StatusNone && billed[x] == (want == StatusSuccess) }
	return err
}

// grown adds to rows the children of parent and everybody below them.
func grown(rows []Row, children map[id.Tenant][]Node, parent id.Tenant, depth int) []Row {
	for _, n := range children[parent] {
		rows = append(rows, Row{Node: n, Depth: depth, IsOpen: len(children[n.ID]) > 0})
		rows = grown(rows, children, n.ID, depth+1)
	}
	return rows
}

// openNodes fills in the topmost tenant, a page of its children, and the first
// children of those that are open.
func (s *Service) openNodes(ctx context.Context, f TreeFilter, t *Tree) error {
	top, err := s.top(ctx, f.Under)
	if err != nil {
		return err
	}
	children, err := s.tenants.Children(ctx, s.now(), []id.Tenant{top.ID}, 0, f.rows())
	if err != nil {
		return err
	}
	t.HasMore = int64(len(children)) < top.Children && f.rows() < maxTreeRows
	opened := open(children, f)
	below, err := s.tenants.Children(ctx, s.now(), opened, 0, branchRows)
	if err != nil {
		return err
	}
	byParent := map[id.Tenant][]Node{}
	for _, n := range below {
		byParent[n.Parent] = append(byParent[n.Parent], n)
	}
	t.Rows = append(t.Rows, Row{Node: top, IsOpen: true, Hidden: top.Children - int64(len(children))})
	for _, n := range children {
		row := Row{Node: n, Depth: 1, IsOpen: slices.Contains(opened, n.ID)}
		if row.IsOpen {
			row.Hidden = n.Children - int64(len(byParent[n.ID]))
			t.Open = append(t.Open, n.Slug)
		}
		t.Rows = append(t.Rows, row)
		for _, b := range byParent[n.ID] {
			t.Rows = append(t.Rows, Row{Node: b, Depth: 2})
		}
	}
	return nil
}

// top returns the topmost tenant of the page.
func (s *Service) top(ctx context.Context, slug string) (Node, error) {
	if slug == "" {
		return s.tenants.Node(ctx, s.now(), id.Tenant{})
	}
	t, err := s.tenants.BySlug(ctx, slug)
	if err != nil {
		return Node{}, err
	}
	return s.tenants.Node(ctx, s.now(), t.ID)
}

// open returns which children show their own: those that were chosen, or, in a
// small tree, all.
func open(children []Node, f TreeFilter) []id.Tenant {
	var out []id.Tenant
	rows := int64(len(children))
	for _, n := range children {
		if n.Children == 0 || f.IsSet && !slices.Contains(f.Open, n.Slug) {
			continue
		}
		if rows += min(n.Children, branchRows); !f.IsSet && rows > openUpTo {
			continue
		}
		out = append(out, n.ID)
	}
	return out
}

// fill adds to each row what other modules know of it, in one question each.
func (s *Service) fill(ctx context.Context, t *Tree) error {
	ids := make([]id.Tenant, len(t.Rows))
	for i, r := range t.Rows {
		ids[i] = r.ID
	}
	if len(ids) == 0 {
		return nil
	}
	if t.SeesMoney {
		if err := s.fillMoney(ctx, t, ids); err != nil {
			return err
		}
	}
	if t.SeesContracts {
		standing, err := s.contracts.Standing(ctx, ids...)
		if err != nil {
			return err
		}
		counts := map[id.Tenant]ContractCount{}
		for _, c := range standing {
			counts[c.Buyer] = counts[c.Buyer].add(c.Months, s.now())
		}
		for i := range t.Rows {
			t.Rows[i].Contracts = counts[t.Rows[i].ID]
		}
	}
	if t.SeesAccounts {
		counts, err := s.accounts.Counts(ctx, s.now(), ids...)
		if err != nil {
			return err
		}
		for i := range t.Rows {
			t.Rows[i].Accounts = counts[t.Rows[i].ID]
		}
	}
	return nil
}

func (c ContractCount) add(months period.Months, now period.Month) ContractCount {
	switch {
	case now.Before(months.From):
		c.Scheduled++
	case months.Contains(now):
		c.Active++
	default:
		c.Expired++
	}
	return c
}

// fillMoney adds figures and statuses.
func (s *Service) fillMoney(ctx context.Context, t *Tree, ids []id.Tenant) error {
	figures, err := s.money.Buying(ctx, t.Month, ids...)
	if err != nil {
		return err
	}
	byTenant := map[id.Tenant][]Figures{}
	for _, f := range figures {
		byTenant[f.Tenant] = append(byTenant[f.Tenant], f)
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		r.Figures, r.Status = byTenant[r.ID], t.worst[r.ID]
		if len(r.Figures) > 0 {
			r.Status = max(r.Status, StatusSuccess)
		}
	}
	return nil
}

// worst returns the statuses of tenants with troubles, and of everybody above
// them.
func (s *Service) worst(ctx context.Context, month period.Month) (map[id.Tenant]Status, error) {
	troubled, err := s.money.Troubled(ctx, month)
	if err != nil || len(troubled) == 0 {
		return nil, err
	}
	ids := make([]id.Tenant, len(troubled))
	for i, t := range troubled {
		ids[i] = t.Tenant
	}
	above, err := s.tenants.Containing(ctx, month, ids...)
	out := map[id.Tenant]Status{}
	for _, t := range troubled {
		status := StatusWarning
		if t.IsFailed {
			status = StatusFailed
		}
		for _, a := range above[t.Tenant] {
			out[a] = max(out[a], status)
		}
	}
	return out, err
}

// Search finds tenants for who may open their pages.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Tenant, error) {
	if !s.authz.Can(ctx, PermRead) {
		return nil, nil
	}
	return s.tenants.Search(ctx, text, limit)
}
