package billing

import (
	"context"
	"regexp"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// names says by slug what tenants are called. Findings and errors are kept with
// slugs, which the command line prints and takes; pages put names in their
// place, of those tenants that a text is about and the reader sees.
type names map[string]string

// word is a word, or the name of a contract or rule in quotation marks, which
// is no slug.
var word = regexp.MustCompile(`«[^»]*»|"[^"]*"|[\pL\pN_]+(?:-[\pL\pN_]+)*`)

// in returns text with names for slugs, which stand in it as words.
func (n names) in(text string) string {
	if len(n) == 0 {
		return text
	}
	return word.ReplaceAllStringFunc(text, func(w string) string {
		if name, ok := n[w]; ok {
			return name
		}
		return w
	})
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
