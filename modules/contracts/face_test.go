package contracts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// fakeDirectory answers from the bundle's tenants.
type fakeDirectory struct {
	*fakeTenants
	people map[id.User]string
}

func (f fakeDirectory) Choose(ctx context.Context, c Choice, limit int) ([]Tenant, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	if c.Under.IsZero() {
		c.Under = sc.Tenant
	}
	var out []Tenant
	for _, t := range f.list {
		chain := f.chain(c.Under, t.ID)
		if f.chain(sc.Tenant, c.Under) != nil && chain != nil && (!c.Direct || len(chain) == 2) &&
			(c.Tier == 0 || c.Tier == t.Tier) && isCalled(t, c.Text) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Tenant) int {
		return cmp.Or(int(a.Tier)-int(b.Tier), compareText(a.Name, b.Name))
	})
	return out[:min(len(out), limit)], nil
}

func (f fakeDirectory) Count(ctx context.Context, c Choice) (int, error) {
	list, err := f.Choose(ctx, c, len(f.list))
	return len(list), err
}

func (f fakeDirectory) Called(ctx context.Context, text string) ([]id.Tenant, error) {
	list, err := f.Choose(ctx, Choice{Text: text}, len(f.list))
	out := make([]id.Tenant, len(list))
	for i, t := range list {
		out[i] = t.ID
	}
	return out, err
}

func isCalled(t Tenant, text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	return strings.Contains(strings.ToLower(t.Name), text) || strings.Contains(t.Slug, text)
}

func (f fakeDirectory) People(context.Context, []id.User) (map[id.User]string, error) {
	return f.people, nil
}

// fakeSales holds what was sold, and fees that tenants paid.
type fakeSales struct {
	sold []Sale
	paid map[id.Tenant]decimal.Decimal
}

func (f *fakeSales) LastSales(_ context.Context, seller, buyer id.Tenant, limit int) ([]Sale, error) {
	var out []Sale
	for _, s := range f.sold {
		if s.Seller == seller && (buyer.IsZero() || s.Buyer == buyer) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Sale) int {
		if a.Amount.IsZero() != b.Amount.IsZero() {
			return a.Amount.Abs().Cmp(b.Amount.Abs()) * -1
		}
		return b.Amount.Cmp(a.Amount)
	})
	return out[:min(len(out), limit)], nil
}

func (f *fakeSales) FeesPaid(_ context.Context, t id.Tenant, _ period.Month, _ money.Currency) (decimal.Decimal, error) {
	return f.paid[t], nil
}

// faced is previewed with what pages need: c and c3 buy through r.
func faced(t *testing.T) (*bundle, *fakeSales) {
	t.Helper()
	b := previewed(t)
	sales := &fakeSales{paid: map[id.Tenant]decimal.Decimal{}}
	b.service.directory, b.service.sales = fakeDirectory{fakeTenants: b.tenants, people: map[id.User]string{}}, sales
	return b, sales
}

func (f *fakeSales) sell(seller, buyer, customer scope.Scope, amount int64) {
	f.sold = append(f.sold, Sale{
		Seller: seller.Tenant, Buyer: buyer.Tenant, Customer: customer.Tenant, Month: month("2026-03"), Amount: decimal.NewFromInt(amount), Currency: "USD",
	})
}

func names(l Listing) []string {
	var out []string
	for _, c := range l.Contracts {
		out = append(out, fmt.Sprintf("%s %s→%s %s v%d", c.Name, c.Seller.Slug, c.Buyer.Slug, c.State, c.Versions))
	}
	return out
}

func TestService_List(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost, price("margin", "cost * 1.2")))
	later := doc("d", "direct", "Later", rules.BasisList)
	later.Months.From = month("2026-09")
	b.apply(t, b.d, later)
	ended := doc("d", "direct", "Ended", rules.BasisList)
	ended.Months.To = month("2026-02")
	b.apply(t, b.d, ended)
	for _, c := range []struct {
		name   string
		as     scope.Scope
		filter Filter
		want   []string
	}{
		{"Distributor", b.d, Filter{}, []string{
			"Base d→ active v1", "Resale d→r active v1", "Later d→direct scheduled v1", "Ended d→direct expired v1", "Retail r→c active v2",
		}},
		{"ResellerSeesOwnOnly", b.r, Filter{}, []string{"Retail r→c active v2"}},
		{"BuyerSeesNothing", b.c, Filter{}, nil},
		{"SiblingSeesNothing", b.r2, Filter{}, nil},
		{"OtherTreeSeesNothing", b.other, Filter{}, nil},
		{"Seller", b.d, Filter{Seller: "r"}, []string{"Retail r→c active v2"}},
		{"Buyer", b.d, Filter{Buyer: "direct", Sort: "from"}, []string{"Later d→direct scheduled v1", "Ended d→direct expired v1"}},
		{"ForeignBuyer", b.r, Filter{Buyer: "c2"}, nil},
		{"UnknownSeller", b.r, Filter{Seller: "nobody"}, nil},
		{"Scheduled", b.d, Filter{State: StateScheduled}, []string{"Later d→direct scheduled v1"}},
		{"Expired", b.d, Filter{State: StateExpired}, []string{"Ended d→direct expired v1"}},
		{"ActiveByName", b.d, Filter{State: StateActive, Sort: "name"}, []string{"Base d→ active v1", "Resale d→r active v1", "Retail r→c active v2"}},
		{"TextInName", b.d, Filter{Text: "RESAL"}, []string{"Resale d→r active v1"}},
		{"TextInParty", b.d, Filter{Text: "direct", Sort: "name"}, []string{"Ended d→direct expired v1", "Later d→direct scheduled v1"}},
		{"TextIsNoPattern", b.d, Filter{Text: "%"}, nil},
		{"Page", b.d, Filter{Limit: 2, Offset: 1}, []string{"Resale d→r active v1", "Later d→direct scheduled v1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := b.service.List(as(t, c.as), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(c.want, names(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.More != (c.name == "Page") {
				t.Errorf("More is %v", got.More)
			}
		})
	}
	nobody := b.d
	nobody.Actor = scope.Actor{Name: "x", Roles: []string{"nothing"}}
	if _, err := b.service.List(as(t, nobody), Filter{}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without a role: %v, want Forbidden", err)
	}
}

func TestService_Search(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	got, err := b.service.Search(finance(t, b.r), "ret", 5)
	if err != nil || len(got) != 1 || got[0].Name != "Retail" || got[0].Buyer != "c" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, sc := range map[string]scope.Scope{"buyer": b.c, "sibling": b.r2} {
		if got, err := b.service.Search(as(t, sc), "ret", 5); err != nil || len(got) > 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	nobody := b.d
	nobody.Actor = scope.Actor{Name: "x", Roles: []string{"nothing"}}
	if got, err := b.service.Search(as(t, nobody), "ret", 5); err != nil || got != nil {
		t.Errorf("without a role: %+v, %v, want nothing", got, err)
	}
}

func TestService_Get(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	later := doc("r", "c", "Retail", rules.BasisCost, price("margin", "cost * 1.2"))
	later.From = month("2026-07")
	saved := b.apply(t, b.r, later)
	got, err := b.service.Get(finance(t, b.r), saved.Contract.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Seller.Slug != "r" || got.Buyer.Slug != "c" || got.InForce != 1 || len(got.Versions) != 2 || got.Kind != rules.EdgeBelow {
		t.Errorf("%+v", got)
	}
	if got.SavedBy["dbtest"] != "dbtest" || got.Document.From != month("2026-07") {
		t.Errorf("saved by %v, from %s", got.SavedBy, got.Document.From)
	}
	base, err := b.service.List(as(t, b.d), Filter{Text: "base"})
	if err != nil {
		t.Fatal(err)
	}
	resale, err := b.service.List(as(t, b.d), Filter{Text: "resale"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		as scope.Scope
		id id.Contract
	}{
		"buyer": {b.c, saved.Contract.ID}, "sibling": {b.r2, saved.Contract.ID}, "other tree": {b.other, saved.Contract.ID},
		"reseller on the edge above": {b.r, resale.Contracts[0].ID}, "reseller on the base contract": {b.r, base.Contracts[0].ID},
		"unknown": {b.d, id.New[id.Contract]()},
	} {
		if _, err := b.service.Get(as(t, c.as), c.id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
		if _, err := b.service.Save(as(t, c.as), c.id, Seen{Version: 1}, later); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s saves: %v, want ErrNotFound", name, err)
		}
		if _, err := b.service.Compare(as(t, c.as), c.id, 0, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s compares: %v, want ErrNotFound", name, err)
		}
	}
}

func TestService_Get_NamesWhoSaved(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	ada, bob := id.New[id.User](), id.New[id.User]()
	b.service.directory = fakeDirectory{b.tenants, map[id.User]string{ada: "Ada"}}
	var last Applied
	for i, u := range []id.User{ada, bob} {
		sc := b.r
		sc.Actor.User = u
		last = b.apply(t, sc, doc("r", "c", "Retail", rules.BasisCost, price("margin", rules.Source(fmt.Sprintf("cost * 1.%d", i+2)))))
	}
	got, err := b.service.Get(finance(t, b.r), last.Contract.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"user:" + ada.String(): "Ada", "user:" + bob.String(): "a user", "dbtest": "dbtest"}
	if diff := gocmp.Diff(want, got.SavedBy); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestService_Buyers(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	got, err := b.service.Buyers(as(t, b.d), "", 9)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, p := range got {
		text = append(text, fmt.Sprint(p.Slug, " ", p.HasContract))
	}
	if want := []string{"direct false", "r true", "r2 false"}; !slices.Equal(text, want) {
		t.Errorf("got %v, want %v", text, want)
	}
}

func TestService_Save(t *testing.T) {
	t.Parallel()
	b, _ := faced(t)
	list, err := b.service.List(finance(t, b.r), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	c := list.Contracts[0].ID
	next := doc("elsewhere", "nobody", "Other name", rules.BasisCost, price("margin", "cost * 1.5"))
	got, err := b.service.Save(finance(t, b.r), c, Seen{Version: 1}, next)
	if err != nil || got.Outcome != OutcomeSaved || got.Version.Number != 2 || got.Contract.ID != c {
		t.Fatalf("%+v, %v: names of the form do not count", got, err)
	}
	next.Terms.Rules[0].Then = "cost * 1.6"
	if _, err := b.service.Save(finance(t, b.r), c, Seen{Version: 1}, next); !errors.Is(err, ErrOvertaken) || errs.KindOf(err) != errs.Conflict {
		t.Errorf("editing version 1 after version 2: %v, want ErrOvertaken", err)
	}
	viewer := b.r
	viewer.Actor = scope.Actor{Name: "v", Roles: []string{"viewer"}}
	if _, err := b.service.Save(as(t, viewer), c, Seen{Version: 2}, next); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a viewer saves: %v, want Forbidden", err)
	}
	if n := b.count(t, "contracts_versions"); n != 4 {
		t.Errorf("%d versions, want 4", n)
	}
	before, err := b.service.Get(finance(t, b.r), c)
	if err != nil {
		t.Fatal(err)
	}
	until := before.Document
	until.Months.To = until.Months.From.Add(24)
	if got, err := b.service.Save(finance(t, b.r), c, before.seen(), until); err != nil || got.Outcome != OutcomeMonths {
		t.Fatalf("%+v, %v: other months only", got, err)
	}
	if _, err := b.service.Save(finance(t, b.r), c, parseSeen(before.seen().String()), next); !errors.Is(err, ErrOvertaken) {
		t.Errorf("editing the version whose months somebody else has changed: %v, want ErrOvertaken", err)
	}
	after, err := b.service.Get(finance(t, b.r), c)
	if err != nil || after.Contract.Months != until.Months {
		t.Errorf("the contract's months are %s, want %s; %v", after.Contract.Months, until.Months, err)
	}
	if _, err := b.service.Save(finance(t, b.r), c, parseSeen(after.seen().String()), next); err != nil {
		t.Errorf("editing what is there: %v", err)
	}
}
