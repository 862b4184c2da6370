// Package period holds the calendar that billing uses: civil days, whole
// months and ranges of whole months, all in UTC.
package period

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Month is a calendar month in UTC, written 2026-03. The zero Month is no
// month; it is stored as NULL.
type Month struct {
	n int // months since year 0, plus 1; 0 is no month
}

// NewMonth returns the month of year; months beyond December roll over.
func NewMonth(year int, m time.Month) Month { return Month{n: year*12 + int(m)} }

// MonthOf returns the month that t lies in, in UTC.
func MonthOf(t time.Time) Month {
	t = t.UTC()
	return NewMonth(t.Year(), t.Month())
}

// What people may name: years that calculations around them stay in four digits
// with.
const (
	minYear = 1900
	maxYear = 9000
)

// ParseMonth reads 2026-03, of the years 1900 to 9000.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < minYear || t.Year() > maxYear {
		return Month{}, fmt.Errorf("%q is not a month such as 2026-03", s)
	}
	return MonthOf(t), nil
}

// IsZero reports whether m is no month.
func (m Month) IsZero() bool { return m.n == 0 }

// Start returns the first instant of the month.
func (m Month) Start() time.Time {
	return time.Date((m.n-1)/12, time.Month((m.n-1)%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// End returns the first instant after the month.
func (m Month) End() time.Time { return m.Add(1).Start() }

// Days returns the number of days of the month, 28 to 31.
func (m Month) Days() int { return m.End().AddDate(0, 0, -1).Day() }

// Add returns the month n months later; n may be negative.
func (m Month) Add(n int) Month { return Month{n: m.n + n} }

// Before reports whether m lies before o.
func (m Month) Before(o Month) bool { return m.n < o.n }

// Compare orders months in time.
func (m Month) Compare(o Month) int { return m.n - o.n }

// String returns 2026-03, and "" for no month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Start().Format("2006-01")
}

// Value stores the first day of the month.
func (m Month) Value() (driver.Value, error) {
	if m.IsZero() {
		return nil, nil
	}
	return m.Start(), nil
}

// Scan reads a stored day; NULL is no month.
func (m *Month) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*m = Month{}
	case time.Time:
		*m = MonthOf(v)
	case string:
		t, err := time.Parse("2006-01-02", v[:min(len(v), 10)])
		if err != nil {
			return fmt.Errorf("scan month: %w", err)
		}
		*m = MonthOf(t)
	default:
		return fmt.Errorf("scan month: unexpected %T", src)
	}
	return nil
}

// MarshalText writes 2026-03, and nothing for no month.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *Month) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = Month{}
		return nil
	}
	v, err := ParseMonth(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// Months is a range of whole months. A zero To leaves it open; a zero From
// too, at the other end.
type Months struct {
	From Month // first month
	To   Month // last month, inclusive
}

// Contains reports whether m lies in the range.
func (r Months) Contains(m Month) bool {
	return (r.From.IsZero() || !m.Before(r.From)) && (r.To.IsZero() || !r.To.Before(m))
}

// Overlaps reports whether the two ranges share a month.
func (r Months) Overlaps(o Months) bool {
	return (r.To.IsZero() || o.From.IsZero() || !r.To.Before(o.From)) &&
		(o.To.IsZero() || r.From.IsZero() || !o.To.Before(r.From))
}

// IsEmpty reports whether the range ends before it starts.
func (r Months) IsEmpty() bool { return !r.To.IsZero() && !r.From.IsZero() && r.To.Before(r.From) }

// String returns «2026-01 to 2026-06», or «from 2026-01» where it is open.
func (r Months) String() string {
	switch {
	case r.From.IsZero() && r.To.IsZero():
		return "always"
	case r.To.IsZero():
		return "from " + r.From.String()
	case r.From.IsZero():
		return "until " + r.To.String()
	case r.From == r.To:
		return r.From.String()
	}
	return r.From.String() + " to " + r.To.String()
}

// Value stores the range as a half-open PostgreSQL daterange.
func (r Months) Value() (driver.Value, error) {
	from, to := "", ""
	if !r.From.IsZero() {
		from = r.From.Start().Format("2006-01-02")
	}
	if !r.To.IsZero() {
		to = r.To.End().Format("2006-01-02")
	}
	return "[" + from + "," + to + ")", nil
}

// Scan reads a PostgreSQL daterange in its canonical, half-open form.
func (r *Months) Scan(src any) error {
	var s string
	switch v := src.(type) {
	case nil:
		*r = Months{}
		return nil
	case string:
		s = v
	case []byte:
		s = string(v)
	default:
		return fmt.Errorf("scan months: unexpected %T", src)
	}
	if len(s) < 3 {
		return fmt.Errorf("scan months: unexpected %q", s)
	}
	var from, to string
	for i := range s {
		if s[i] == ',' {
			from, to = s[1:i], s[i+1:len(s)-1]
			break
		}
	}
	*r = Months{}
	if from != "" {
		if err := r.From.Scan(from); err != nil {
			return err
		}
	}
	if to != "" {
		if err := r.To.Scan(to); err != nil {
			return err
		}
		r.To = r.To.Add(-1)
	}
	return nil
}
