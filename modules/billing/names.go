package billing

import (
	"context"
	"regexp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// names says by slug what tenants are called. Findings and errors are kept with
// slugs, which the command line prints and takes; pages put names in their
// place, of those tenants that a text is about and the reader sees.
type names map[string]string

// word is a word, or what stands in guillemets, which is no slug.
var word = regexp.MustCompile(`«[^»]*»|[\pL\pN_]+(?:-[\pL\pN_]+)*`)

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

// namesOfRun reads what the tenants are called that a run's errors may be about,
// as far as the scope sees them: the parties of its edge, or everybody from the
// acting tenant down to the assignee.
func (s *Service) namesOfRun(ctx context.Context, r Run) (names, error) {
	if r.Kind == RunPeriod {
		return s.names(ctx, r.Seller, r.Buyer)
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	chain, err := s.directory.Chain(ctx, sc.Tenant, r.Assignee, r.Month)
	if errs.KindOf(err) == errs.NotFound {
		return s.names(ctx, r.Assignee)
	}
	out := names{}
	out.add(chain...)
	return out, err
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
