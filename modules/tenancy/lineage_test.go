package tenancy

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// TestMain draws fewer trees than rapid would by default: each one costs a few
// dozen transactions. The flag still decides.
func TestMain(m *testing.M) {
	_ = flag.Set("rapid.checks", "40")
	os.Exit(m.Run())
}

// Months of the property test: parents change inside this year, and what holds
// at its ends holds before and after.
const firstMonth, monthCount = "2026-01", 12

// drawMonths returns a range with either end inside the year or open.
func drawMonths(t *rapid.T) period.Months {
	first := month(firstMonth)
	from, to := rapid.IntRange(-1, monthCount-1).Draw(t, "from"), rapid.IntRange(0, monthCount).Draw(t, "to")
	var out period.Months
	if from >= 0 {
		out.From = first.Add(from)
	}
	if to < monthCount {
		out.To = first.Add(max(from, to, 0))
	}
	return out
}

// forest is what the property test believes: who was placed where.
type forest struct {
	root   id.Tenant
	placed map[id.Tenant][]Placement
}

// above returns who stands above t in month m, the parent first.
func (f forest) above(t id.Tenant, m period.Month) (out []id.Tenant) {
	for {
		parent, ok := parentIn(f.placed[t], m)
		if !ok {
			return out
		}
		out = append(out, parent)
		t = parent
	}
}

// months are all that the test tells apart: those of its year, one before and
// one after.
func months() (out []period.Month) {
	for n := -1; n <= monthCount; n++ {
		out = append(out, month(firstMonth).Add(n))
	}
	return out
}

// below reports whether t is under acting in every, or in any, month of r.
func (f forest) below(acting, t id.Tenant, r period.Months) (every, anyMonth bool) {
	every = true
	for _, m := range months() {
		is := acting == t || slices.Contains(f.above(t, m), acting)
		anyMonth = anyMonth || is
		every = every && (is || !r.Contains(m))
	}
	return every, anyMonth
}

// fits reports whether acting may place in.
func (f forest) fits(acting id.Tenant, in Placement) bool {
	for _, p := range f.placed[in.Tenant] {
		if p.Months.Overlaps(in.Months) {
			return false
		}
	}
	every, _ := f.below(acting, in.Parent, in.Months)
	_, sees := f.below(acting, in.Tenant, in.Months)
	return every && sees
}

// closure returns «ancestor descendant» → depth in month m.
func (f forest) closure(all []Tenant, m period.Month) map[string]int {
	out := map[string]int{}
	for _, one := range all {
		out[one.ID.String()+" "+one.ID.String()] = 0
		for i, a := range f.above(one.ID, m) {
			out[a.String()+" "+one.ID.String()] = i + 1
		}
	}
	return out
}

// TestService_Invariant2_ClosureIsTransitive places resellers and customers at
// random, in any order, also above tenants that have something below them
// already, and compares the stored closure with the parents month by month.
func TestService_Invariant2_ClosureIsTransitive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	trees := 0
	rapid.Check(t, func(rt *rapid.T) {
		trees++
		d := b.create(t, scope.Distributor, fmt.Sprintf("Tree %d", trees), Tenant{})
		f := forest{root: d.ID, placed: map[id.Tenant][]Placement{}}
		parents, all := []Tenant{d}, []Tenant{d}
		for i := range rapid.IntRange(2, 6).Draw(rt, "tenants") {
			tier := scope.Tier(rapid.IntRange(2, 3).Draw(rt, "tier"))
			above := d
			if tier == scope.Customer {
				above = parents[rapid.IntRange(0, len(parents)-1).Draw(rt, "parent")]
			}
			in := CreateInput{Tier: tier, Name: fmt.Sprintf("t%d", i), Parent: above.ID, Months: drawMonths(rt)}
			one, err := b.service.Create(as(t, above), in) // by its parent, which sees itself at any time
			if err != nil {
				rt.Fatalf("create: %v", err)
			}
			f.placed[one.ID] = []Placement{{Tenant: one.ID, Parent: above.ID, Months: in.Months}}
			all = append(all, one)
			if tier == scope.Reseller {
				parents = append(parents, one)
			}
		}
		for range rapid.IntRange(0, 8).Draw(rt, "moves") {
			one, above := all[rapid.IntRange(1, len(all)-1).Draw(rt, "tenant")], d
			if one.Tier == scope.Customer {
				above = parents[rapid.IntRange(0, len(parents)-1).Draw(rt, "parent")]
			}
			in := Placement{Tenant: one.ID, Parent: above.ID, Months: drawMonths(rt)}
			err := b.service.Place(as(t, d), PlaceInput(in))
			if fits := f.fits(d.ID, in); fits != (err == nil) {
				rt.Fatalf("place %s under %s %s: %v, fits: %v", one.Slug, above.Slug, in.Months, err, fits)
			} else if fits {
				f.placed[one.ID] = append(f.placed[one.ID], in)
			}
			if rapid.Bool().Draw(rt, "move") {
				b.moveSomewhere(t, rt, f, all, parents)
			}
		}
		b.compare(t, rt, f, all)
	})
}

// moveSomewhere moves a tenant under a parent, if the rules let it.
func (b *bundle) moveSomewhere(t *testing.T, rt *rapid.T, f forest, all, parents []Tenant) {
	one, above := all[rapid.IntRange(1, len(all)-1).Draw(rt, "mover")], parents[0]
	if one.Tier == scope.Customer {
		above = parents[rapid.IntRange(0, len(parents)-1).Draw(rt, "new parent")]
	}
	from := month(firstMonth).Add(rapid.IntRange(0, monthCount-1).Draw(rt, "from"))
	i := slices.IndexFunc(f.placed[one.ID], func(p Placement) bool { return p.Months.To.IsZero() && p.Months.Contains(from) })
	every, _ := f.below(f.root, above.ID, period.Months{From: from})
	_, sees := f.below(f.root, one.ID, period.Months{})
	fits := i >= 0 && every && sees
	err := b.service.Move(as(t, parents[0]), MoveInput{Tenant: one.ID, Parent: above.ID, From: from})
	switch {
	case fits != (err == nil):
		rt.Fatalf("move %s under %s from %s: %v, fits: %v", one.Slug, above.Slug, from, err, fits)
	case !fits || f.placed[one.ID][i].Parent == above.ID:
		return
	}
	was := &f.placed[one.ID][i]
	if was.Months.From == from {
		was.Parent = above.ID
		return
	}
	was.Months.To = from.Add(-1)
	f.placed[one.ID] = append(f.placed[one.ID], Placement{Tenant: one.ID, Parent: above.ID, Months: period.Months{From: from}})
}

// compare holds the stored closure, and what the service answers from it and
// from the parents, against f.
func (b *bundle) compare(t *testing.T, rt *rapid.T, f forest, all []Tenant) {
	stored := b.storedClosure(t, f.root)
	for _, m := range months() {
		got := map[string]int{}
		for _, c := range stored {
			if c.Months.Contains(m) {
				got[c.AncestorID.String()+" "+c.DescendantID.String()] = c.Depth
			}
		}
		if diff := cmp.Diff(f.closure(all, m), got); diff != "" {
			rt.Fatalf("closure of %s (-want +got):\n%s", m, diff)
		}
	}
	ctx, m := as(t, all[0]), months()[rapid.IntRange(0, monthCount+1).Draw(rt, "month")]
	links := make([]Link, len(all))
	for i, one := range all {
		links[i] = Link{Owner: f.root, Tenant: one.ID}
	}
	chains, err := b.service.ChainsOf(ctx, links, m)
	if err != nil {
		rt.Fatal(err)
	}
	for i, one := range all {
		above := f.above(one.ID, m)
		below := one.ID == f.root || slices.Contains(above, f.root)
		if chain := chains[links[i]]; below != (chain != nil) || (below && len(chain) != len(above)+1) {
			rt.Fatalf("chain of %s in %s: %d members, want %d", one.Slug, m, len(chain), len(above)+1)
		}
	}
	one, r := all[rapid.IntRange(0, len(all)-1).Draw(rt, "tenant")], drawMonths(rt)
	every, _ := f.below(f.root, one.ID, r)
	if got, err := b.service.IsBelow(ctx, f.root, one.ID, r); err != nil || got != every {
		rt.Fatalf("IsBelow %s %s: %v, %v; want %v", one.Slug, r, got, err, every)
	}
}

func parentIn(placed []Placement, m period.Month) (id.Tenant, bool) {
	for _, p := range placed {
		if p.Months.Contains(m) {
			return p.Parent, true
		}
	}
	return id.Tenant{}, false
}

type closureRow struct {
	AncestorID   id.Tenant
	DescendantID id.Tenant
	Depth        int
	Months       period.Months
}

func (b *bundle) storedClosure(t *testing.T, tree id.Tenant) (out []closureRow) {
	t.Helper()
	if err := b.Work.SystemTx(t.Context(), func(ctx context.Context) error {
		return b.Work.Gorm(ctx).Raw("SELECT ancestor_id, descendant_id, depth, months FROM tenancy_closure WHERE tree_id = ?", tree).Scan(&out).Error
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestService_Chain_ByMonth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.tree(t, "Alpha")
	c, err := b.service.Create(as(t, a.d), CreateInput{Tier: scope.Customer, Name: "Mover", Parent: a.r1.ID, Months: period.Months{From: month("2026-01"), To: month("2026-02")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.Place(as(t, a.d), PlaceInput{Tenant: c.ID, Parent: a.r2.ID, Months: period.Months{From: month("2026-03")}}); err != nil {
		t.Fatal(err)
	}
	for m, want := range map[string][]string{
		"2025-12": nil, "2026-01": {"alpha", "north", "mover"}, "2026-02": {"alpha", "north", "mover"}, "2026-03": {"alpha", "south", "mover"}, "2031-01": {"alpha", "south", "mover"},
	} {
		chain, err := b.service.Chain(as(t, a.d), a.d.ID, c.ID, month(m))
		if got := slugs(chain, func(t Tenant) string { return t.Slug }); (want == nil) != (err != nil) || (want != nil && !cmp.Equal(got, want)) {
			t.Errorf("%s: %v, %v; want %v", m, got, err, want)
		}
	}
	for _, tt := range []struct {
		acting Tenant
		month  string
		sees   bool
	}{{a.r1, "2026-02", true}, {a.r1, "2026-03", false}, {a.r2, "2026-02", false}, {a.r2, "2026-03", true}} {
		below, err := b.service.Descendants(as(t, tt.acting), month(tt.month))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, one := range below {
			found = found || one.ID == c.ID
		}
		if found != tt.sees {
			t.Errorf("%s sees the mover in %s: %v, want %v", tt.acting.Slug, tt.month, found, tt.sees)
		}
	}
	own, err := b.service.Chain(as(t, a.r1), a.r1.ID, a.r1.ID, month("2026-01"))
	if err != nil || len(own) != 1 {
		t.Errorf("the chain from a tenant to itself: %v, %v", own, err)
	}
	links := []Link{{a.d.ID, a.c1.ID}, {a.r1.ID, a.c1.ID}, {a.r2.ID, a.c1.ID}}
	many, err := b.service.ChainsOf(as(t, a.d), links, month("2026-01"))
	if err != nil || len(many) != 2 || len(many[links[0]]) != 3 || len(many[links[1]]) != 2 {
		t.Errorf("ChainsOf: %v, %v", many, err)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	r := func(from, to string) period.Months {
		var out period.Months
		_ = out.From.UnmarshalText([]byte(from))
		_ = out.To.UnmarshalText([]byte(to))
		return out
	}
	for _, tt := range []struct {
		name   string
		ranges []period.Months
		whole  period.Months
		want   bool
	}{
		{"none", nil, r("2026-01", "2026-01"), false},
		{"always", []period.Months{r("", "")}, r("", ""), true},
		{"exact", []period.Months{r("2026-01", "2026-03")}, r("2026-01", "2026-03"), true},
		{"two that meet, unsorted", []period.Months{r("2026-03", ""), r("2026-01", "2026-02")}, r("2026-01", ""), true},
		{"a gap", []period.Months{r("2026-01", "2026-02"), r("2026-04", "")}, r("2026-01", "2026-05"), false},
		{"ends early", []period.Months{r("", "2026-02")}, r("2026-01", ""), false},
		{"starts late", []period.Months{r("2026-02", "")}, r("2026-01", "2026-03"), false},
		{"open beginning", []period.Months{r("2026-02", "")}, r("", "2026-03"), false},
		{"past ranges do not help", []period.Months{r("", "2025-01"), r("2026-01", "2026-01")}, r("2026-01", "2026-01"), true},
	} {
		if got := covers(tt.ranges, tt.whole); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
