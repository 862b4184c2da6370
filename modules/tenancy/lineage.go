package tenancy

import (
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// lineage is every tenant's parents by month. A tenant has at most one parent
// in a month, and tiers rise with every step up, so that walks end.
type lineage map[id.Tenant][]Placement

func lineageOf(ps []Placement) lineage {
	l := make(lineage, len(ps))
	for _, p := range ps {
		l[p.Tenant] = append(l[p.Tenant], p)
	}
	return l
}

// parent returns who stood above t in month m.
func (l lineage) parent(t id.Tenant, m period.Month) (id.Tenant, bool) {
	for _, p := range l[t] {
		if p.Months.Contains(m) {
			return p.Parent, true
		}
	}
	return id.Tenant{}, false
}

// chain returns the tenants from top down to bottom in month m; nil if bottom
// was neither top nor below it.
func (l lineage) chain(top, bottom id.Tenant, m period.Month) []id.Tenant {
	up := []id.Tenant{bottom}
	for at := bottom; at != top; {
		parent, ok := l.parent(at, m)
		if !ok {
			return nil
		}
		up = append(up, parent)
		at = parent
	}
	slices.Reverse(up)
	return up
}

// monthsBelow returns the ranges in which t was below top, without overlaps.
func (l lineage) monthsBelow(top, t id.Tenant) []period.Months {
	if top == t {
		return []period.Months{{}}
	}
	var out []period.Months
	for _, p := range l[t] {
		for _, above := range l.monthsBelow(top, p.Parent) {
			if both := intersect(above, p.Months); !both.IsEmpty() {
				out = append(out, both)
			}
		}
	}
	return out
}

// covers reports whether ranges, which do not overlap, hold every month of r.
func covers(ranges []period.Months, r period.Months) bool {
	slices.SortFunc(ranges, func(a, b period.Months) int { return a.From.Compare(b.From) })
	next := r.From // first month that is not covered yet; zero: the beginning of time
	for _, one := range ranges {
		starts := one.From.IsZero() || (!next.IsZero() && !next.Before(one.From))
		if !starts {
			continue
		}
		switch {
		case one.To.IsZero():
			return true
		case !r.To.IsZero() && !one.To.Before(r.To):
			return true
		case next.IsZero() || !one.To.Before(next):
			next = one.To.Add(1)
		}
	}
	return false
}

// intersect returns the months that both ranges hold; it may be empty.
func intersect(a, b period.Months) period.Months {
	out := a
	if out.From.Before(b.From) { // an open beginning lies before every month
		out.From = b.From
	}
	if out.To.IsZero() || (!b.To.IsZero() && b.To.Before(out.To)) {
		out.To = b.To
	}
	return out
}
