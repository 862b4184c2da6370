package tenancy

import (
	stdcmp "cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// drawn writes branches as «slug<parent(children)», with * for a match.
func drawn(list []Branch) string {
	slugs := map[id.Tenant]string{}
	for _, b := range list {
		slugs[b.ID] = b.Slug
	}
	var out []string
	for _, b := range list {
		s := b.Slug
		if b.IsMatch {
			s += "*"
		}
		if p := slugs[b.Parent]; p != "" {
			s += "<" + p
		}
		out = append(out, s+strings.Repeat("+", int(b.Children)))
	}
	return strings.Join(out, " ")
}

func TestBranches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	month := period.NewMonth(2026, 3)
	dee := b.create(t, scope.Distributor, "Dee", Tenant{})
	arr := b.create(t, scope.Reseller, "Arr", dee)
	zed := b.create(t, scope.Reseller, "Zed", dee)
	direct := b.create(t, scope.Customer, "Aaa Direct", dee)
	cee := b.create(t, scope.Customer, "Cee 100%", arr)
	b.create(t, scope.Customer, "Bee", arr)
	other := b.create(t, scope.Distributor, "Other", Tenant{})
	foreign := b.create(t, scope.Customer, "Foreign Cee", other)

	t.Run("Branch", func(t *testing.T) {
		t.Parallel()
		got, err := b.service.Branch(as(t, arr), month, id.Tenant{})
		if err != nil || got.Slug != "arr" || got.Children != 2 || !got.Parent.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err = b.service.Branch(as(t, dee), month, arr.ID); err != nil || got.Slug != "arr" || got.Children != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		for _, who := range []id.Tenant{dee.ID, zed.ID, foreign.ID} {
			if _, err := b.service.Branch(as(t, arr), month, who); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
	t.Run("Children", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct {
			in   ChildrenFilter
			want string
		}{
			{ChildrenFilter{Parents: []id.Tenant{dee.ID}, Limit: 9}, "arr*++ zed* aaa-direct*"},
			{ChildrenFilter{Parents: []id.Tenant{dee.ID}, Skip: 1, Limit: 1}, "zed*"},
			{ChildrenFilter{Parents: []id.Tenant{arr.ID, zed.ID}, Limit: 1}, "bee*"},
			{ChildrenFilter{Parents: []id.Tenant{other.ID}, Limit: 9}, ""},
			{ChildrenFilter{Limit: 9}, ""},
		} {
			tt.in.Month = month
			got, err := b.service.Children(as(t, dee), tt.in)
			if err != nil || drawn(got) != tt.want {
				t.Errorf("%+v: %q, %v, want %q", tt.in, drawn(got), err, tt.want)
			}
		}
		if got, err := b.service.Children(as(t, arr), ChildrenFilter{Month: month, Parents: []id.Tenant{dee.ID, zed.ID}, Limit: 9}); err != nil || len(got) != 0 {
			t.Errorf("a reseller sees its siblings: %q, %v", drawn(got), err)
		}
	})
	t.Run("Matching", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]string{
			"CEE": "dee+++ arr<dee++ cee-100*<arr", "%": "dee+++ arr<dee++ cee-100*<arr", "ar": "dee+++ arr*<dee++", "foreign": "", "_": "",
		} {
			got, _, err := b.service.Matching(as(t, dee), MatchFilter{Month: month, Text: text, Limit: 10})
			if err != nil || drawn(got) != want {
				t.Errorf("%s: %q, %v, want %q", text, drawn(got), err, want)
			}
		}
		if got, n, err := b.service.Matching(as(t, arr), MatchFilter{Month: month, Text: "e", Limit: 10}); err != nil || n != 2 || drawn(got) != "arr++ bee*<arr cee-100*<arr" {
			t.Errorf("as the reseller: %q, %d, %v", drawn(got), n, err)
		}
		if got, n, err := b.service.Matching(as(t, arr), MatchFilter{Month: month, Limit: 2}); err != nil || n != 3 || drawn(got) != "arr*++ bee*<arr" {
			t.Errorf("the first two of three: %q, %d, %v", drawn(got), n, err)
		}
	})
	t.Run("MatchingSome", func(t *testing.T) {
		t.Parallel()
		among := func(list ...id.Tenant) func(id.Tenant) bool {
			return func(x id.Tenant) bool { return slices.Contains(list, x) }
		}
		for _, tt := range []struct {
			as    Tenant
			f     MatchFilter
			want  string
			count int64
		}{
			{dee, MatchFilter{Is: among(cee.ID, foreign.ID)}, "dee+++ arr<dee++ cee-100*<arr", 1},
			{dee, MatchFilter{Is: among(cee.ID, direct.ID), Text: "cee"}, "dee+++ arr<dee++ cee-100*<arr", 1},
			{dee, MatchFilter{Is: among(cee.ID, direct.ID, zed.ID), Limit: 1}, "dee+++ zed*<dee", 3},
			{dee, MatchFilter{Is: among()}, "", 0},
			{dee, MatchFilter{Among: []id.Tenant{foreign.ID, cee.ID}}, "dee+++ arr<dee++ cee-100*<arr", 1},
			{dee, MatchFilter{Among: []id.Tenant{cee.ID, direct.ID}, Text: "cee"}, "dee+++ arr<dee++ cee-100*<arr", 1},
			{dee, MatchFilter{Among: []id.Tenant{}}, "", 0},
			{arr, MatchFilter{Among: []id.Tenant{dee.ID, zed.ID}}, "", 0},
			{arr, MatchFilter{Is: among(dee.ID, zed.ID)}, "", 0},
			{arr, MatchFilter{Is: func(x id.Tenant) bool { return x != arr.ID && x != cee.ID }}, "arr++ bee*<arr", 1},
		} {
			tt.f.Month, tt.f.Limit = month, stdcmp.Or(tt.f.Limit, 9)
			got, n, err := b.service.Matching(as(t, tt.as), tt.f)
			if err != nil || drawn(got) != tt.want || n != tt.count {
				t.Errorf("as %s: %q, %d, %v, want %q, %d", tt.as.Slug, drawn(got), n, err, tt.want, tt.count)
			}
		}
	})
	t.Run("Containing", func(t *testing.T) {
		t.Parallel()
		got, err := b.service.Containing(as(t, dee), month, cee.ID, direct.ID, dee.ID, foreign.ID)
		want := map[id.Tenant][]id.Tenant{cee.ID: {cee.ID, arr.ID, dee.ID}, direct.ID: {direct.ID, dee.ID}, dee.ID: {dee.ID}}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b id.Tenant) bool { return a == b })); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		got, err = b.service.Containing(as(t, arr), month, cee.ID, zed.ID)
		if diff := cmp.Diff(map[id.Tenant][]id.Tenant{cee.ID: {cee.ID, arr.ID}}, got, cmp.Comparer(func(a, b id.Tenant) bool { return a == b })); err != nil || diff != "" {
			t.Errorf("as the reseller: %v %s", err, diff)
		}
	})
	t.Run("Search", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]string{"ee": "dee bee cee-100", "be": "bee", " ": "", "foreign": ""} {
			got, err := b.service.Search(as(t, dee), text, 5)
			var slugs []string
			for _, x := range got {
				slugs = append(slugs, x.Slug)
			}
			if err != nil || strings.Join(slugs, " ") != want {
				t.Errorf("%s: %v, %v, want %s", text, slugs, err, want)
			}
		}
	})
	t.Run("Names", func(t *testing.T) {
		t.Parallel()
		u, err := b.service.CreateUser(as(t, arr), CreateUserInput{Tenant: arr.ID, Email: "ann@arr.example", Name: "Ann", Password: "a long, long passphrase"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.service.UserNames(as(t, dee), u.ID, id.New[id.User]()); err != nil || len(got) != 1 || got[u.ID] != "Ann" {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := b.service.UserNames(as(t, zed), u.ID); err != nil || len(got) != 0 {
			t.Errorf("a sibling knows %v, %v", got, err)
		}
	})
}
