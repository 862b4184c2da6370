package billing

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/rules"
)

func TestLastSales(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.usual()
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.account("dist", "2", "bolt", usageLine{service: "Compute", billed: "1000"})
	for _, who := range []string{"acme", "bolt"} {
		w.recalc("dist", who)
	}
	sold := func(who, seller string, buyer id.Tenant, limit int) (out []string) {
		list, err := w.s.LastSales(w.as(who), w.id(seller), buyer, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			name := "bolt"
			if s.Assignee == w.id("acme") {
				name = "acme"
			}
			out = append(out, fmt.Sprint(name, " ", s.Month, " ", s.Currency))
		}
		return out
	}
	both := []string{"bolt 2026-03 USD", "acme 2026-03 USD"}
	for _, c := range []struct {
		name, who, seller string
		buyer             id.Tenant
		want              []string
	}{
		{"edge of its own", "dist", "dist", w.id("north"), both},
		{"all that it sells", "dist", "dist", id.Tenant{}, both},
		{"an edge below", "dist", "north", w.id("acme"), both[1:]},
		{"a reseller's own", "north", "north", w.id("acme"), both[1:]},
		{"nothing sold", "dist", "dist", w.id("south"), nil},
		{"the edge above, what a chain's row says apart", "south", "dist", w.id("north"), nil},
		{"a sibling", "south", "north", w.id("acme"), nil},
	} {
		if diff := cmp.Diff(c.want, sold(c.who, c.seller, c.buyer, 9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if diff := cmp.Diff(both[:1], sold("dist", "dist", w.id("north"), 1)); diff != "" {
		t.Errorf("the largest alone (-want +got):\n%s", diff)
	}
	if list, err := w.s.LastSales(w.as("north"), w.id("dist"), w.id("north"), 9); err != nil || len(list) > 0 {
		t.Errorf("what a reseller reads of its supplier's sales: %+v, %v", list, err)
	}
	if _, err := w.s.LastSales(w.as("north", "nobody"), w.id("north"), id.Tenant{}, 9); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without a role: %v", err)
	}
}

func TestFeesPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.contract("dist", "north", rules.Terms{Basis: "billed", Currency: "USD", Rules: []rules.Rule{{Name: "fee", Stage: rules.StageFee, Then: "12.345"}}})
	w.contract("north", "acme", rules.Terms{Basis: "cost", Currency: "USD"})
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "100"})
	w.recalc("dist", "acme")
	w.drain()
	for who, want := range map[string]string{"north": "12.345", "dist": "12.345", "south": "0"} {
		got, err := w.s.FeesPaid(w.as(who), w.id("north"), march, "USD")
		if err != nil || money.Plain(got) != want {
			t.Errorf("%s reads %s, %v, want %s", who, got, err, want)
		}
	}
	if got, err := w.s.FeesPaid(w.as("north"), w.id("north"), march, "EUR"); err != nil || !got.IsZero() {
		t.Errorf("in another currency: %s, %v", got, err)
	}
	if _, err := w.s.FeesPaid(w.as("north", "nobody"), w.id("north"), march, "USD"); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("without a role: %v", err)
	}
}
