package contracts

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// pass is a chain from one owner down to the draft's edge, as it is and with
// the draft in place.
type pass struct {
	sellers       []id.Tenant // of each edge, the owner first
	edge          int         // the draft's
	isBase        bool        // the draft is the owner's base contract
	first         bool        // the draft's seller owns the lines: it may read what was delivered
	standing      EdgeTerms   // of the draft's edge; of a base draft the base contract
	before, after rules.Chain
	scanBefore    *rules.Scan
	scanAfter     *rules.Scan
	sample        *sample
}

// terms are what is in force in one month on the edges that were asked for:
// the chains of a contract's customers share most of them.
type terms struct {
	month period.Month
	known map[Edge]EdgeTerms
}

func newTerms(m period.Month) *terms { return &terms{month: m, known: map[Edge]EdgeTerms{}} }

// of returns what is in force on edges, and perhaps on others.
func (t *terms) of(ctx context.Context, s *Service, edges []Edge) (map[Edge]EdgeTerms, error) {
	var missing []Edge
	for _, e := range edges {
		if _, ok := t.known[e]; !ok {
			missing = append(missing, e)
		}
	}
	if len(missing) == 0 {
		return t.known, nil
	}
	found, err := s.InForce(ctx, missing, t.month)
	maps.Copy(t.known, found)
	return t.known, err
}

// priced prices a selection before and after; nil if its chain does not pass
// the draft's edge.
func (s *Service) priced(ctx context.Context, d draft, sel Selection, known *terms, below []Tenant) (*pass, error) {
	p, err := s.pass(ctx, d, sel, known, below)
	if err != nil || p == nil {
		return nil, err
	}
	return p, s.scan(ctx, sel, p)
}

// pass prepares a selection's chain; nil if it does not pass the draft's edge.
// below is the part of it from the draft's seller down; ctx acts as the tree's
// distributor.
func (s *Service) pass(ctx context.Context, d draft, sel Selection, known *terms, below []Tenant) (p *pass, err error) {
	err = s.db.ReadTx(ctx, func(ctx context.Context) error {
		chain := below
		if sel.Owner != d.edge.Seller {
			if chain, err = s.tenants.Chain(ctx, sel.Owner, below[len(below)-1].ID, known.month); err != nil {
				return err
			}
		}
		p, err = s.passOf(ctx, d, sel.Owner, known, chain)
		return err
	})
	return p, err
}

// passOf is pass with the whole chain, from the owner down.
func (s *Service) passOf(ctx context.Context, d draft, owner id.Tenant, known *terms, chain []Tenant) (*pass, error) {
	p := &pass{edge: -1, isBase: d.IsBase()}
	var edges []Edge
	for i := 1; i < len(chain) && p.edge < 0; i++ {
		e := Edge{Seller: chain[i-1].ID, Buyer: chain[i].ID}
		edges = append(edges, e)
		p.sellers = append(p.sellers, e.Seller)
		if e == d.edge || (d.IsBase() && e.Seller == d.edge.Seller) {
			p.edge = i - 1
		}
	}
	if p.edge < 0 {
		return nil, nil
	}
	base := Edge{Seller: owner}
	terms, err := known.of(ctx, s, append([]Edge{base}, edges...))
	if err != nil {
		return nil, err
	}
	p.before.Base = compiledOf(terms[base])
	for _, e := range edges {
		p.before.Edges = append(p.before.Edges, rules.Edge{
			Contract: compiledOf(terms[e]), Missing: terms[e].Missing, Currency: terms[e].Currency,
		})
	}
	p.after = rules.Chain{Base: p.before.Base, Edges: append([]rules.Edge(nil), p.before.Edges...)}
	p.standing = terms[d.edge]
	if d.IsBase() {
		p.after.Base = d.compiled
	} else {
		p.after.Edges[p.edge] = rules.Edge{Contract: d.compiled, Missing: d.Terms.Missing}
	}
	p.first = p.edge == 0
	return p, nil
}

func compiledOf(t EdgeTerms) *rules.Contract {
	if t.InForce == nil {
		return nil
	}
	return t.InForce.Compiled
}

// scan prices the selection before and after, and draws the lines to show.
func (s *Service) scan(ctx context.Context, sel Selection, p *pass) error {
	workers := min(runtime.GOMAXPROCS(0), 4)
	before, after := p.itemized(p.before), p.itemized(p.after)
	p.scanBefore, p.scanAfter = before.NewScan(workers), after.NewScan(workers)
	p.sample = newSample(workers)
	need := union(union(p.before.Need(), p.after.Need()), shownNeed)
	return s.lines.Scan(ctx, sel, need, workers, func(worker int, b *rules.Batch) error {
		if err := p.scanBefore.Add(worker, b); err != nil {
			return err
		}
		if err := p.scanAfter.Add(worker, b); err != nil {
			return err
		}
		p.sample.add(worker, b)
		return nil
	})
}

// itemized returns a chain with what every adjust rule of the draft's edge
// changes as a charge of its own, so that each rule's part can be told.
func (p *pass) itemized(c rules.Chain) rules.Chain {
	e := c.Edges[p.edge]
	if e.Contract == nil {
		return c
	}
	e.Contract = e.Contract.Itemized()
	c.Edges = slices.Clone(c.Edges)
	c.Edges[p.edge] = e
	return c
}

// isOwn reports whether a line failed in what the draft replaces.
func (p *pass) isOwn(e *rules.LineError) bool {
	if p.isBase {
		return e.Edge < 0 && e.Rule != ""
	}
	return e.Edge == p.edge
}

// blame returns the seller on whose edge a line failed. A failure of no edge,
// such as one of the base contract, is the owner's, one of anything else the
// draft's own.
func (p *pass) blame(err error) id.Tenant {
	if e, ok := errors.AsType[*rules.LineError](err); ok {
		return p.sellers[max(e.Edge, 0)]
	}
	return p.sellers[p.edge]
}
