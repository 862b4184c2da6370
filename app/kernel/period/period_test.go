package period

import (
	"testing"
	"time"
)

func TestMonth_RoundTrips(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1900-01", "1999-12", "2026-01", "2026-12", "2028-02", "9000-12"} {
		m, err := ParseMonth(s)
		if err != nil || m.String() != s {
			t.Errorf("ParseMonth(%q) = %v, %v", s, m, err)
		}
		if got := MonthOf(m.End().Add(-time.Nanosecond)); got != m {
			t.Errorf("last instant of %s lies in %s", m, got)
		}
		if got := m.Add(1).Add(-1); got != m {
			t.Errorf("%s + 1 - 1 = %s", m, got)
		}
	}
	if d := NewMonth(2028, time.February).Days(); d != 29 {
		t.Errorf("February 2028 has %d days, want 29", d)
	}
}

func TestParseMonth_RefusesOtherForms(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026", "2026-13", "2026-3", "2026-03-01", "March", "0000-01", "0001-01", "1899-12", "9001-01", "9999-12", "-001-01"} {
		if m, err := ParseMonth(s); err == nil {
			t.Errorf("ParseMonth(%q) = %v, want an error", s, m)
		}
	}
}

func TestMonths_StoreAndLoad(t *testing.T) {
	t.Parallel()
	jan, jun := NewMonth(2026, 1), NewMonth(2026, 6)
	for _, r := range []Months{{}, {From: jan}, {To: jun}, {From: jan, To: jun}, {From: jan, To: jan}} {
		v, err := r.Value()
		if err != nil {
			t.Fatal(err)
		}
		var got Months
		if err := got.Scan(v); err != nil || got != r {
			t.Errorf("%v stored as %v comes back as %v, %v", r, v, got, err)
		}
	}
}

func TestMonths_OverlapIsSymmetricAndMatchesContains(t *testing.T) {
	t.Parallel()
	var ends []Month
	for i := range 5 {
		ends = append(ends, NewMonth(2026, time.Month(i+1)))
	}
	ends = append(ends, Month{})
	for _, a := range ends {
		for _, b := range ends {
			for _, c := range ends {
				for _, d := range ends {
					x, y := Months{a, b}, Months{c, d}
					if x.IsEmpty() || y.IsEmpty() {
						continue
					}
					shared := false
					for n := -20; n < 20; n++ {
						m := ends[2].Add(n)
						shared = shared || x.Contains(m) && y.Contains(m)
					}
					if x.Overlaps(y) != shared || y.Overlaps(x) != shared {
						t.Errorf("%v overlaps %v: got %v, want %v", x, y, x.Overlaps(y), shared)
					}
				}
			}
		}
	}
}
