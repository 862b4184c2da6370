package tenancy

import (
	"strings"
	"testing"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

func slugsOf(list []Tenant) string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Slug
	}
	return strings.Join(out, " ")
}

func TestChoose(t *testing.T) {
	t.Parallel()
	b := setup(t)
	month := period.NewMonth(2026, 3)
	dee := b.create(t, scope.Distributor, "Dee", Tenant{})
	zed := b.create(t, scope.Reseller, "Zed", dee)
	arr := b.create(t, scope.Reseller, "Arr", dee)
	b.create(t, scope.Customer, "Direct", dee)
	cee := b.create(t, scope.Customer, "Cee 100%", arr)
	b.create(t, scope.Customer, "Bee", arr)
	moved, err := b.service.Create(as(t, dee), CreateInput{
		Tier: scope.Customer, Name: "Moved", Parent: zed.ID, Months: period.Months{To: period.NewMonth(2026, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.Place(as(t, dee), PlaceInput{Tenant: moved.ID, Parent: arr.ID, Months: period.Months{From: period.NewMonth(2026, 2)}}); err != nil {
		t.Fatal(err)
	}
	other := b.create(t, scope.Distributor, "Other", Tenant{})
	foreign := b.create(t, scope.Customer, "Foreign Cee", other)

	for _, tt := range []struct {
		name  string
		as    Tenant
		in    Choice
		limit int
		want  string
		count int
	}{
		{"Everybody", dee, Choice{}, 99, "dee arr zed bee cee-100 direct moved", 7},
		{"Limit", dee, Choice{}, 2, "dee arr", 7},
		{"Direct", dee, Choice{Direct: true}, 9, "arr zed direct", 3},
		{"Tier", dee, Choice{Tier: scope.Reseller}, 9, "arr zed", 2},
		{"Text", dee, Choice{Text: " CEE "}, 9, "cee-100", 1},
		{"PercentIsText", dee, Choice{Text: "%"}, 9, "cee-100", 1},
		{"Under", dee, Choice{Under: arr.ID}, 9, "arr bee cee-100 moved", 4},
		{"UnderTheActing", dee, Choice{Under: dee.ID, Tier: scope.Customer}, 2, "bee cee-100", 4},
		{"DirectlyUnder", dee, Choice{Under: arr.ID, Direct: true, Text: "e"}, 1, "bee", 3},
		{"UnderTheBottom", dee, Choice{Under: cee.ID}, 9, "cee-100", 1},
		{"EarlierMonth", dee, Choice{Under: zed.ID, Month: period.NewMonth(2026, 1)}, 9, "zed moved", 2},
		{"Foreign", dee, Choice{Under: foreign.ID}, 9, "", 0},
		{"Above", arr, Choice{Under: dee.ID}, 9, "", 0},
		{"Sibling", arr, Choice{Under: zed.ID}, 9, "", 0},
		{"ResellersOwn", arr, Choice{Text: "e"}, 9, "bee cee-100 moved", 3},
		{"BeforeItCame", arr, Choice{Month: period.NewMonth(2026, 1), Tier: scope.Customer}, 9, "bee cee-100", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in.Month.IsZero() {
				tt.in.Month = month
			}
			got, err := b.service.Choose(as(t, tt.as), tt.in, tt.limit)
			if err != nil || slugsOf(got) != tt.want {
				t.Errorf("%q, %v, want %q", slugsOf(got), err, tt.want)
			}
			if n, err := b.service.CountChoices(as(t, tt.as), tt.in); err != nil || n != tt.count {
				t.Errorf("counted %d, %v, want %d", n, err, tt.count)
			}
		})
	}
	t.Run("Called", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct {
			as   Tenant
			text string
			want []id.Tenant
		}{
			{dee, "MOVED", []id.Tenant{moved.ID}},
			{zed, "moved", []id.Tenant{moved.ID}}, // it was below zed once
			{arr, "zed", nil},
			{dee, "foreign", nil},
			{arr, "100%", []id.Tenant{cee.ID}},
		} {
			got, err := b.service.Called(as(t, tt.as), tt.text)
			if err != nil || len(got) != len(tt.want) || (len(got) == 1 && got[0] != tt.want[0]) {
				t.Errorf("%s as %s: %v, %v, want %v", tt.text, tt.as.Slug, got, err, tt.want)
			}
		}
	})
}
