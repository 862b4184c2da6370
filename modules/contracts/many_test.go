package contracts

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/rules"
	"tierbook/views/ui"
)

// crowded is a site on which d has sold to more resellers, and r to more
// customers, than a page offers: those of r are called Many 000 and so on, and
// the higher the number the more they bought; the first ten bought nothing.
func crowded(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	for i := range ui.FewTenants + 10 {
		slug := fmt.Sprintf("many-%03d", i)
		customer := s.NamedTenant(t, scope.Customer, slug, s.r)
		s.tenants.add(customer, slug, s.r)
		s.tenants.list[len(s.tenants.list)-1].Name = fmt.Sprintf("Many %03d", i)
		if i >= 10 {
			s.sales.sell(s.d, s.r, customer, int64(100+i))
		}
		reseller := s.NamedTenant(t, scope.Reseller, fmt.Sprintf("shop-%03d", i), s.d)
		s.tenants.add(reseller, fmt.Sprintf("shop-%03d", i), s.d)
	}
	s.use(s.tenantOf("many-049"), s.d, batch(t, s3))
	return s
}

// tenantOf returns the scope of a tenant by its slug.
func (s *site) tenantOf(slug string) scope.Scope {
	for _, t := range s.tenants.list {
		if t.Slug == slug {
			return scope.Scope{Tenant: t.ID, Tree: t.Tree, Tier: t.Tier}
		}
	}
	return scope.Scope{}
}

func TestPages_Index_FindsPartiesAmongMany(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.As(s.d, "admin")
	page := b.Get(t, routes.Contracts).Is(t, http.StatusOK)
	for name, list := range map[string]string{"seller": "sellers", "buyer": "buyers"} {
		page.Lacks(t, "select[name="+name+"]")
		page.Has(t, "input[name="+name+"][list="+list+"][hx-get$='?find="+name+"'][hx-target='#"+list+"']")
		page.Lacks(t, "#"+list+" option")
	}
	found := b.Part(t, routes.Contracts+"?find=buyer&buyer=MANY", "buyers").Is(t, http.StatusOK)
	if n := len(found.All(t, "#buyers option")); n != ui.FewTenants {
		t.Errorf("%d tenants offered, want %d", n, ui.FewTenants)
	}
	b.Part(t, routes.Contracts+"?find=seller&seller=many", "sellers").Lacks(t, "option")
	b.Part(t, routes.Contracts+"?find=seller&seller=shop-007", "sellers").Has(t, "option[value='shop-007']")

	s.apply(t, s.r, doc("r", "many-049", "Of many", rules.BasisCost))
	for _, query := range []string{"?buyer=many-049", "?buyer=Many+049", "?q=many+049"} {
		a := b.Get(t, routes.Contracts+query).Is(t, http.StatusOK)
		if got := strings.Join(a.All(t, "tbody tr td:first-child"), " "); got != "Of many" {
			t.Errorf("%s lists %q", query, got)
		}
		if chips := strings.Join(a.All(t, ".tb-chip"), " "); strings.HasPrefix(query, "?buyer") && chips != "Buyer: Many 049" {
			t.Errorf("%s has chips %q", query, chips)
		}
	}
	b.Get(t, routes.Contracts+"?buyer=many").Is(t, http.StatusOK).Has(t, ".tb-empty")

	// A reseller is its own only seller, and finds nobody else's customers.
	own := s.As(s.r, "finance")
	page = own.Get(t, routes.Contracts).Is(t, http.StatusOK)
	page.Has(t, "select[name=seller]")
	page.Has(t, "input[name=buyer][list=buyers]")
	for _, foreign := range []string{"c2", "direct", "shop", "other"} {
		own.Part(t, routes.Contracts+"?find=buyer&buyer="+foreign, "buyers").Is(t, http.StatusOK).Lacks(t, "option")
	}
}

func TestPages_Show_ListsTheLargestOfMany(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	a := s.As(s.d, "admin").Get(t, routes.Contract(s.resale)).Is(t, http.StatusOK)
	customers := a.All(t, "td[data-label=Customer]")
	if len(customers) != ui.FewTenants || customers[0] != "Many 049" || customers[ui.FewTenants-1] != "Many 010" {
		t.Errorf("customers %q", customers)
	}
	// c, which bought for 15, and ten that bought nothing.
	if !strings.Contains(a.Body, "11 other customers buy through it too") {
		t.Error("the page does not say how many others there are")
	}
	if len(a.Body) > 40_000 {
		t.Errorf("the page has %d bytes", len(a.Body))
	}
}

func TestPages_Editor_FindsACustomerAmongMany(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.As(s.d, "admin")
	edit := routes.ContractEdit(s.resale)
	page := b.Get(t, edit).Is(t, http.StatusOK)
	if n := len(page.All(t, "select[name=customer] option")); n != ui.FewTenants+1 {
		t.Errorf("%d choices, want the largest customers and everybody", n)
	}
	page.Has(t, "input[name=other][list=customers]")
	b.Part(t, edit+"?find=customer&other=many+003", "customers").Is(t, http.StatusOK).Has(t, "option[value=many-003]")
	for _, elsewhere := range []string{"c2", "shop", "direct"} {
		b.Part(t, edit+"?find=customer&other="+elsewhere, "customers").Is(t, http.StatusOK).Lacks(t, "option")
	}
	chosen := b.Get(t, edit+"?customer=many-003").Is(t, http.StatusOK)
	if got := chosen.Attr(t, "input[name=other]", "value"); got != "many-003" {
		t.Errorf("a customer that is not on offer is shown as %q", got)
	}
	if got := b.Get(t, edit+"?customer=many-012").Attr(t, "select[name=customer] option[selected]", "value"); got != "many-012" {
		t.Errorf("a customer on offer is shown as %q", got)
	}

	f := form(t, page)
	for typed, want := range map[string]string{"c": "c, 2026-03", "Many 049": "Many 049, 2026-03"} {
		f.Set("other", typed)
		a := b.PostPart(t, routes.ContractPreview(s.resale), "preview", f).Is(t, http.StatusOK)
		if !strings.Contains(a.Body, want) {
			t.Errorf("%s: no effect on %s in %s", typed, want, a.Body)
		}
	}
	for _, typed := range []string{"many", "nobody", "other"} {
		f.Set("other", typed)
		a := b.PostPart(t, routes.ContractPreview(s.resale), "preview", f).Is(t, http.StatusOK)
		if got := a.Has(t, "#problems li"); got != "Nobody is called «"+typed+"»: choose a customer of the list." {
			t.Errorf("%s: %q", typed, got)
		}
	}
	f.Set("other", "c2")
	if got := b.PostPart(t, routes.ContractPreview(s.resale), "preview", f).Has(t, "#problems li"); !strings.Contains(got, "did not buy through") {
		t.Errorf("a customer of another edge: %q", got)
	}
	s.As(s.r2, "finance").Get(t, edit+"?find=customer&other=many").Is(t, http.StatusNotFound)
}

func TestPages_New_FindsABuyerAmongMany(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	b := s.As(s.d, "admin")
	page := b.Get(t, routes.ContractNew).Is(t, http.StatusOK)
	page.Lacks(t, "select[name=buyer]")
	page.Has(t, "input[name=buyer][list=buyers]:not([required])") // a distributor's base contract has none
	if got := page.Attr(t, "input[name=buyer]", "value"); got != "r2" {
		t.Errorf("buyer %q, want the first without a contract", got)
	}
	found := b.Part(t, routes.ContractNew+"?find=buyer&buyer=r", "buyers").Is(t, http.StatusOK)
	if got := found.Has(t, "option[value=r]"); got != "r, with a contract this month" {
		t.Errorf("r is offered as %q", got)
	}
	b.Part(t, routes.ContractNew+"?find=buyer&buyer=many", "buyers").Is(t, http.StatusOK).Lacks(t, "option") // not directly below
	b.Part(t, routes.ContractNew+"?find=customer&buyer=r&other=many+003", "customers").Is(t, http.StatusOK).Has(t, "option[value=many-003]")

	f := form(t, page)
	f.Set("name", "Shop's")
	f.Set("op", "save")
	f.Set("buyer", "nobody")
	b.Post(t, routes.ContractNew, f).Is(t, http.StatusUnprocessableEntity)
	f.Set("buyer", "SHOP-007") // the name that only one has
	saved := b.Post(t, routes.ContractNew, f).Is(t, http.StatusSeeOther)
	b.Get(t, saved.Header.Get("Location")).Is(t, http.StatusOK).Has(t, ".tb-head")

	own := s.As(s.r, "finance")
	own.Get(t, routes.ContractNew).Is(t, http.StatusOK).Has(t, "input[name=buyer][required]")
	for _, foreign := range []string{"shop", "c2", "other"} {
		own.Part(t, routes.ContractNew+"?find=buyer&buyer="+foreign, "buyers").Is(t, http.StatusOK).Lacks(t, "option")
	}
}

// Fees are computed where everybody who bought is priced, and only there.
func TestService_Effect_FeesOfMany(t *testing.T) {
	t.Parallel()
	s := crowded(t)
	d := doc("d", "r", "Resale", rules.BasisCost, fee("base", "100"))
	got, err := s.module.Service.Effect(as(t, s.d), EffectInput{Draft: d})
	if err != nil || !got.FeesLeftOut || got.LeftOut != ui.FewTenants+11-mostCustomers || len(got.Customers) != mostCustomers {
		t.Errorf("fees left out %t, %d customers, %d left out, %v", got.FeesLeftOut, len(got.Customers), got.LeftOut, err)
	}
	kept := s.sales.sold[:0]
	for _, o := range s.sales.sold {
		if o.Seller != s.d.Tenant || o.Customer == s.c.Tenant || o.Customer == s.tenantOf("many-049").Tenant {
			kept = append(kept, o)
		}
	}
	s.sales.sold = kept
	got, err = s.module.Service.Effect(as(t, s.d), EffectInput{Draft: d})
	if err != nil || got.FeesLeftOut || got.LeftOut != ui.FewTenants+11-mostCustomers || len(got.Fees) != 1 {
		t.Errorf("two of many bought: fees left out %t, %d left out, %v", got.FeesLeftOut, got.LeftOut, err)
	}
}
