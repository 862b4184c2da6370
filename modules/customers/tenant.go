package customers

import (
	"context"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Tab is one view of a tenant's page.
type Tab string

// Tabs of a tenant's page.
const (
	TabOverview  Tab = ""
	TabAccounts  Tab = "accounts"
	TabContracts Tab = "contracts"
	TabInvoices  Tab = "invoices"
)

// View is a tenant's page.
type View struct {
	Tenant
	Above  []Tenant // from the acting tenant down to it, both included; it alone where it has no place now
	Tab    Tab
	Month  period.Month
	Months []period.Month

	Services  Services  // overview: of the last months
	AtSeller  []Figures // overview: what it pays its own seller, where that is not the acting tenant
	Status    Status
	Troubles  Trouble // its own
	Accounts  []Account
	AccountsN int64
	Contracts []Contract
	Parties   map[id.Tenant]Tenant // of Contracts
	Invoices  Invoices
	IsSelf    bool

	now period.Month // says which contracts are active

	SeesMoney     bool
	SeesContracts bool // of the tenant as a buyer: one's own terms are one's supplier's
	SeesAccounts  bool
}

// ViewInput asks for a page.
type ViewInput struct {
	Slug  string
	Tab   Tab
	Month period.Month // zero: the last full month with documents
	Page  int          // of invoices, from 1
}

const (
	viewMonths   = 12
	viewAccounts = 200
)

// View returns the page of a tenant. Parts that the actor may not read are
// empty; a tab without anything that the actor may read is NotFound.
//
// Needs customers.read. Errors: NotFound for a foreign or unknown slug.
func (s *Service) View(ctx context.Context, in ViewInput) (View, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return View{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return View{}, err
	}
	t, err := s.tenants.BySlug(ctx, in.Slug)
	if err != nil {
		return View{}, err
	}
	v := View{
		now: s.now(), Tenant: t, Tab: in.Tab, IsSelf: t.ID == sc.Tenant, SeesMoney: s.authz.Can(ctx, permBilling),
		SeesContracts: s.authz.Can(ctx, permContracts) && t.ID != sc.Tenant, SeesAccounts: s.authz.Can(ctx, permUsage),
	}
	if err := s.addAbove(ctx, &v); err != nil {
		return View{}, err
	}
	switch in.Tab {
	case TabAccounts:
		if v.SeesAccounts {
			v.Accounts, v.AccountsN, err = s.accounts.Of(ctx, t.ID, viewAccounts)
		}
	case TabContracts:
		if v.SeesContracts {
			err = s.addContracts(ctx, &v)
		}
	case TabInvoices:
		if v.SeesMoney {
			v.Invoices, err = s.money.Invoices(ctx, t.ID, in.Page)
		}
	default:
		err = s.addOverview(ctx, in.Month, &v)
	}
	return v, err
}

// addAbove says through whom the tenant is reached.
func (s *Service) addAbove(ctx context.Context, v *View) error {
	above, err := s.tenants.Containing(ctx, s.now(), v.ID)
	if err != nil {
		return err
	}
	chain := above[v.ID]
	known, err := s.tenants.ByID(ctx, chain...)
	for i := len(chain) - 1; i >= 0; i-- {
		if t, ok := known[chain[i]]; ok {
			v.Above = append(v.Above, t)
		}
	}
	if len(v.Above) == 0 {
		v.Above = []Tenant{v.Tenant}
	}
	return err
}

func (s *Service) addContracts(ctx context.Context, v *View) error {
	var err error
	if v.Contracts, err = s.contracts.Standing(ctx, v.ID); err != nil || len(v.Contracts) == 0 {
		return err
	}
	ids := []id.Tenant{v.ID}
	for _, c := range v.Contracts {
		ids = append(ids, c.Seller)
	}
	v.Parties, err = s.tenants.ByID(ctx, ids...)
	return err
}

func (s *Service) addOverview(ctx context.Context, want period.Month, v *View) error {
	var err error
	if v.SeesContracts {
		if v.Contracts, err = s.contracts.Standing(ctx, v.ID); err != nil {
			return err
		}
	}
	if v.SeesAccounts {
		counts, err := s.accounts.Counts(ctx, s.now(), v.ID)
		if err != nil {
			return err
		}
		v.AccountsN = counts[v.ID]
	}
	if !v.SeesMoney {
		return nil
	}
	if v.Month, v.Months, err = s.month(ctx, want, true); err != nil {
		return err
	}
	months := make([]period.Month, viewMonths)
	for i := range months {
		months[i] = v.Month.Add(i + 1 - viewMonths)
	}
	if v.Services, err = s.money.ByService(ctx, v.ID, months...); err != nil {
		return err
	}
	if v.AtSeller, err = s.money.Buying(ctx, v.Month, v.ID); err != nil {
		return err
	}
	if len(v.AtSeller) > 0 {
		v.Status = StatusSuccess
	}
	worst, err := s.worst(ctx, v.Month)
	v.Status = max(v.Status, worst[v.ID])
	return err
}

// CreateInput is what the form asks for.
type CreateInput struct {
	Tier   scope.Tier
	Name   string
	Slug   string // empty: made from the name
	Parent string // slug; empty: the acting tenant
}

var errCreate = errs.New(errs.Invalid, "customers.create", "Please complete the form.")

// Create adds a reseller or customer below the acting tenant.
//
// Needs tenancy.write. Errors: Invalid with the fields that are wrong; Conflict
// for a slug that is taken. A parent outside the scope is Invalid like one that
// does not exist.
func (s *Service) Create(ctx context.Context, in CreateInput) (Tenant, error) {
	if err := s.authz.Need(ctx, PermCreate); err != nil {
		return Tenant{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Tenant{}, err
	}
	in.Name, in.Slug = strings.TrimSpace(in.Name), strings.TrimSpace(in.Slug)
	bad := errCreate
	if in.Name == "" {
		bad = bad.WithField("name", "Give it a name.")
	}
	if in.Tier <= sc.Tier || in.Tier > scope.Customer {
		bad = bad.WithField("tier", "Choose what it is.")
	}
	if len(bad.Fields) > 0 {
		return Tenant{}, bad
	}
	parent := sc.Tenant
	if in.Parent != "" {
		p, err := s.tenants.BySlug(ctx, in.Parent)
		switch {
		case errs.KindOf(err) == errs.NotFound:
			return Tenant{}, errCreate.WithField("parent", "There is no such tenant.")
		case err != nil:
			return Tenant{}, err
		case p.Tier >= in.Tier:
			return Tenant{}, errCreate.WithField("parent", "A "+in.Tier.String()+" cannot stand below "+p.Name+".")
		}
		parent = p.ID
	}
	return s.tenants.Create(ctx, NewTenant{Tier: in.Tier, Name: in.Name, Slug: in.Slug, Parent: parent})
}

// Choice is what the form offers.
type Choice struct {
	Tiers   []scope.Tier
	Parents []Tenant // that somebody may stand under; the acting tenant first
	HasMore bool     // there are too many to list: a slug is typed
}

// maxParents is how many parents a select lists.
const maxParents = 200

// Choose returns what the form offers.
//
// Needs tenancy.write.
func (s *Service) Choose(ctx context.Context) (Choice, error) {
	if err := s.authz.Need(ctx, PermCreate); err != nil {
		return Choice{}, err
	}
	root, err := s.tenants.Node(ctx, s.now(), id.Tenant{})
	if err != nil {
		return Choice{}, err
	}
	c := Choice{Parents: []Tenant{root.Tenant}}
	for t := root.Tier + 1; t <= scope.Customer; t++ {
		c.Tiers = append(c.Tiers, t)
	}
	if root.Tier != scope.Distributor {
		return c, nil
	}
	children, err := s.tenants.Children(ctx, s.now(), []id.Tenant{root.ID}, 0, maxParents+1)
	for _, n := range children { // resellers come first
		if n.Tier == scope.Reseller {
			c.Parents = append(c.Parents, n.Tenant)
		}
	}
	c.HasMore = len(c.Parents) > maxParents
	return c, err
}
