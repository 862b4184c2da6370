package contracts

import (
	"context"
	"fmt"
	"slices"

	"tierbook/rules"
)

// Warning is something that a document would do and that its author should
// confirm: it is allowed, and may still be a mistake.
type Warning struct {
	Code    string // stable: one of the Warn constants
	Message string // a sentence for people
}

// WarnDiscloses is the code of a document that newly passes lines through on an
// edge that may be the first of a chain: their price there is what the provider
// bills, which the buyer sees.
const WarnDiscloses = "discloses_cost"

// Warnings returns what Apply would do with d that somebody should confirm
// first; none for what stands already, so that applying a file again asks
// nothing. Apply itself does not ask.
//
// Needs contracts.read. Errors: Problems and ErrMonths, as Apply.
func (s *Service) Warnings(ctx context.Context, d Document) ([]Warning, error) {
	d = d.withDefaults()
	return read(ctx, s, PermRead, func(ctx context.Context) ([]Warning, error) {
		draft, err := s.draft(ctx, d)
		if err != nil {
			return nil, err
		}
		return s.warn(ctx, draft)
	})
}

func (s *Service) warn(ctx context.Context, d draft) ([]Warning, error) {
	if d.kind != rules.EdgeFirst && d.kind != rules.EdgeMixed || d.Terms.Missing != rules.MissingPassThrough {
		return nil, nil
	}
	known, err := s.passesThrough(ctx, d)
	if err != nil || known {
		return nil, err
	}
	which := "Lines that the contract does not cover are"
	if len(d.Terms.Covers) == 0 {
		which = "When the contract has ended, lines are"
	}
	return []Warning{{WarnDiscloses, fmt.Sprintf(
		"%s passed through to %s at what the provider bills: this discloses the cost of %s.", which, d.Buyer, d.Seller)}}, nil
}

// passesThrough reports whether the newest version of the contract that d names
// passes the same lines through already.
func (s *Service) passesThrough(ctx context.Context, d draft) (bool, error) {
	standing, err := s.store.ofEdge(ctx, d.edge)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(standing, func(c Contract) bool { return c.Name == d.Name })
	if i < 0 {
		return false, nil
	}
	saved, err := s.store.versions(ctx, standing[i].ID)
	if err != nil || len(saved) == 0 {
		return false, err
	}
	t := saved[0].Terms
	same := func(a, b rules.Cover) bool { return a.Provider == b.Provider && slices.Equal(a.Payers, b.Payers) }
	return t.Missing == rules.MissingPassThrough && slices.EqualFunc(t.Covers, d.Terms.Covers, same), nil
}
