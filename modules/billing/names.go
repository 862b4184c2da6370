package billing

import (
	"cmp"
	"context"
	"regexp"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Text is a text for people that knows where tenants stand in it: a slug may be
// a number or a word, so that nothing else tells. It is kept with slugs, which
// the command line prints and takes; pages put names in their place, of those
// tenants that a text is about and the reader sees. What was kept before texts
// knew has slugs for ever.
type Text string

// A tenant stands between the characters with which Unicode isolates what is
// put into a text from the words around it.
const isolate, endIsolate = "\u2068", "\u2069"

var marked = regexp.MustCompile(isolate + `([^` + isolate + endIsolate + `]*)` + endIsolate)

// mark returns a tenant's slug as it stands in a Text.
func mark(slug string) string { return isolate + slug + endIsolate }

// String returns t as people read it.
func (t Text) String() string { return marked.ReplaceAllString(string(t), "$1") }

// words returns t without its tenants.
func (t Text) words() string { return marked.ReplaceAllLiteralString(string(t), "") }

// names says by slug what tenants are called.
type names map[string]string

// in returns t with the names of the tenants that are known.
func (n names) in(t Text) Text {
	return Text(marked.ReplaceAllStringFunc(string(t), func(m string) string {
		slug := m[len(isolate) : len(m)-len(endIsolate)]
		return mark(cmp.Or(n[slug], slug))
	}))
}

func (n names) add(tenants ...Tenant) {
	for _, t := range tenants {
		n[t.Slug] = t.Name
	}
}

// names reads what tenants are called; those that the scope does not see are
// absent. It is called inside a transaction of the web role.
func (s *Service) names(ctx context.Context, tenants ...id.Tenant) (names, error) {
	found, err := s.directory.ByID(ctx, tenants...)
	out := names{}
	for _, t := range found {
		out.add(t)
	}
	return out, err
}

// namesIn reads what the tenants are called that the errors of runs of a month
// may be about, as far as the scope sees them: the parties of a run's edge, or
// everybody from the acting tenant down to the assignee.
func (s *Service) namesIn(ctx context.Context, month period.Month, runs ...Run) (names, error) {
	var about, assignees []id.Tenant
	for _, r := range runs {
		if r.Kind == RunPeriod {
			about = append(about, r.Seller, r.Buyer)
		} else {
			assignees = append(assignees, r.Assignee)
		}
	}
	chains, err := s.directory.Containing(ctx, month, assignees...)
	if err != nil {
		return nil, err
	}
	for _, chain := range chains {
		about = append(about, chain...)
	}
	return s.names(ctx, about...)
}

// tenants returns who f is about.
func (f edgeFinding) tenants() []id.Tenant {
	return []id.Tenant{f.edge.Seller, f.edge.Buyer, f.finding.Assignee}
}

// names returns what those of f.tenants() are called that are known.
func (f edgeFinding) names(known map[id.Tenant]Party) names {
	out := names{}
	for _, t := range f.tenants() {
		if p, ok := known[t]; ok {
			out[p.Slug] = p.Name
		}
	}
	return out
}
