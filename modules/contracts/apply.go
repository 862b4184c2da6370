package contracts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// contractState is a contract as the audit trail shows it.
type contractState struct {
	Seller   string       `json:"seller"`
	Buyer    string       `json:"buyer,omitempty"`
	Name     string       `json:"name"`
	Months   string       `json:"months"`
	Version  int          `json:"version"`
	From     period.Month `json:"from"`
	Terms    rules.Terms  `json:"terms"`
	TermHash string       `json:"terms_hash"`
}

func stateOf(d Document, c Contract, v Version) *contractState {
	return &contractState{
		Seller: d.Seller, Buyer: d.Buyer, Name: c.Name, Months: c.Months.String(),
		Version: v.Number, From: v.From, Terms: v.Terms, TermHash: v.TermsHash,
	}
}

// Apply makes what d says stand: it creates the contract, or saves a new
// version of the one of that name on that edge, or changes its months, or
// finds that all is as it should be: the newest version of that from says the
// same.
//
// It asks nobody: what Warnings tells comes back in Applied.Warnings.
//
// Needs contracts.write. Errors: Problems (Invalid) for rules that do not
// compile and slugs outside the scope; ErrNotAnEdge if the buyer was not
// directly below the seller in the contract's first month; ErrOverlap, whose
// message names the standing contract and its months; ErrCurrency; ErrMonths
// if From lies outside the contract's months or a month would have no version.
func (s *Service) Apply(ctx context.Context, d Document) (Applied, error) {
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return Applied{}, err
	}
	d = d.withDefaults()
	var out Applied
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		draft, err := s.draft(ctx, d)
		if err != nil {
			return err
		}
		if err := s.store.lockEdge(ctx, draft.edge); err != nil {
			return err
		}
		warnings, err := s.warn(ctx, draft)
		if err != nil {
			return err
		}
		out, err = s.save(ctx, draft)
		out.Warnings = warnings
		return err
	})
	if err != nil {
		return Applied{}, err
	}
	return out, nil
}

// draft is a document whose tenants are known and whose rules compile.
type draft struct {
	Document
	edge     Edge
	tree     id.Tenant
	seller   Tenant
	buyer    Tenant // zero for a base contract
	kind     rules.EdgeKind
	compiled *rules.Contract
}

// draft finds d's tenants and compiles its rules.
func (s *Service) draft(ctx context.Context, d Document) (draft, error) {
	out, problems, err := s.validate(ctx, d)
	if err == nil {
		err = problems.err()
	}
	if err != nil {
		return draft{}, err
	}
	if d.Months.From.IsZero() || !d.Months.Contains(d.From) {
		return draft{}, errs.Newf(ErrMonths.Kind, ErrMonths.Code,
			"The version's first month, %s, lies outside the contract's months, %s.", d.From, d.Months)
	}
	return out, nil
}

// validate finds d's tenants, compiles its rules and returns everything that
// is wrong with them; the error is for everything else.
func (s *Service) validate(ctx context.Context, d Document) (draft, Problems, error) {
	out := draft{Document: d}
	var problems Problems
	fail := func(field, format string, args ...any) {
		problems = append(problems, d.source.problem(&rules.Error{Field: field, Message: fmt.Sprintf(format, args...)}))
	}
	find := func(field, slug string) (Tenant, error) {
		if slug == "" {
			return Tenant{}, nil // a missing key is reported when the file is read
		}
		t, err := s.tenants.BySlug(ctx, slug)
		if errs.KindOf(err) == errs.NotFound {
			fail(field, "there is no tenant %q", slug)
			return Tenant{}, nil
		}
		return t, err
	}
	var err error
	if out.seller, err = find("seller", d.Seller); err != nil {
		return draft{}, nil, err
	}
	if out.buyer, err = find("buyer", d.Buyer); err != nil {
		return draft{}, nil, err
	}
	if d.Seller == "" || d.Name == "" {
		fail("", "a contract has a seller and a name")
	}
	if d.IsBase() && !out.seller.ID.IsZero() && out.seller.Tier != scope.Distributor {
		fail("seller", "a contract without buyer is a distributor's base contract, and %q is a %s", d.Seller, out.seller.Tier)
	}
	out.edge = Edge{Seller: out.seller.ID, Buyer: out.buyer.ID}
	out.tree = out.seller.Tree
	if out.kind, err = s.kindOf(ctx, d.IsBase(), out.seller.ID, out.tree); err != nil {
		return draft{}, nil, err
	}
	compiled, wrong := compile(s.engine, out.kind, d)
	out.compiled = compiled
	return out, append(problems, wrong...), nil
}

// kindOf returns what the rules of a seller's contract may read when it is
// saved. On the distributor's edges that is all that was delivered. A reseller's
// rules know list and cost, and where a provider bills payer accounts to the
// reseller itself, names for what is delivered there.
func (s *Service) kindOf(ctx context.Context, isBase bool, seller, tree id.Tenant) (rules.EdgeKind, error) {
	switch {
	case isBase:
		return rules.EdgeBase, nil
	case seller == tree:
		return rules.EdgeFirst, nil
	}
	owns, err := s.lines.Owns(ctx, seller)
	if owns {
		return rules.EdgeMixed, err
	}
	return rules.EdgeBelow, err
}

// savedKind returns how a saved version of c is compiled. Whether a reseller's
// may name what is delivered was asked when it was saved, and is not asked
// again: a version must not turn invalid. Nothing depends on it, because who
// owns a line's payer account is looked at line by line (rules.EdgeMixed): on
// lines bought from the tier above such names read as the reseller's own cost.
func (c Contract) savedKind() rules.EdgeKind {
	switch {
	case c.Edge.Buyer.IsZero():
		return rules.EdgeBase
	case c.Edge.Seller == c.Tree:
		return rules.EdgeFirst
	}
	return rules.EdgeMixed
}

// save creates or changes the contract that d names. The edge is locked.
func (s *Service) save(ctx context.Context, d draft) (Applied, error) {
	if err := s.isEdge(ctx, d); err != nil {
		return Applied{}, err
	}
	others, err := s.store.ofEdge(ctx, d.edge)
	if err != nil {
		return Applied{}, err
	}
	var standing *Contract
	for i, c := range others {
		switch {
		case c.Currency != d.Terms.Currency:
			return Applied{}, errs.Newf(ErrCurrency.Kind, ErrCurrency.Code,
				"Contract %q of this edge is in %s; an edge has one currency, so %q cannot be in %s.", c.Name, c.Currency, d.Name, d.Terms.Currency)
		case c.Name == d.Name:
			standing = &others[i]
		case c.Months.Overlaps(d.Months):
			return Applied{}, errs.Newf(ErrOverlap.Kind, ErrOverlap.Code,
				"Contract %q stands on this edge %s, which overlaps with %q %s.", c.Name, c.Months, d.Name, d.Months)
		}
	}
	if standing == nil {
		return s.create(ctx, d)
	}
	return s.change(ctx, *standing, d)
}

// isEdge checks that the buyer buys from the seller in the first month.
func (s *Service) isEdge(ctx context.Context, d draft) error {
	if d.IsBase() {
		return nil
	}
	chain, err := s.tenants.Chain(ctx, d.edge.Seller, d.edge.Buyer, d.Months.From)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	if len(chain) != 2 {
		return errs.Newf(ErrNotAnEdge.Kind, ErrNotAnEdge.Code, "%q was not directly below %q in %s, the contract's first month.", d.Buyer, d.Seller, d.Months.From)
	}
	return nil
}

func (s *Service) create(ctx context.Context, d draft) (Applied, error) {
	c := Contract{
		ID: id.New[id.Contract](), Tree: d.tree, Edge: d.edge, Name: d.Name,
		Currency: d.Terms.Currency, Months: d.Months, CreatedAt: s.clock.Now(),
	}
	if err := s.store.insert(ctx, c); err != nil {
		return Applied{}, err
	}
	v, err := s.saveVersion(ctx, c, d, nil)
	if err != nil {
		return Applied{}, err
	}
	err = s.audit.Record(ctx, "contracts.create", d.Name, d.edge.Seller, nil, stateOf(d.Document, c, v))
	return Applied{Outcome: OutcomeCreated, Contract: c, Version: v}, err
}

func (s *Service) change(ctx context.Context, c Contract, d draft) (Applied, error) {
	saved, err := s.store.versions(ctx, c.ID)
	if err != nil {
		return Applied{}, err
	}
	before := stateOf(d.Document, c, saved[0])
	out := Applied{Outcome: OutcomeUnchanged, Contract: c}
	if c.Months != d.Months {
		out.Outcome, out.Contract.Months = OutcomeMonths, d.Months
		if err := s.store.setMonths(ctx, c.ID, d.Months); err != nil {
			return Applied{}, err
		}
	}
	hash, err := termsHash(d.Terms)
	if err != nil {
		return Applied{}, err
	}
	if same, ok := standsAlready(saved, d.From, hash); ok {
		out.Version = same
		if err := everyMonth(d, saved); err != nil {
			return Applied{}, err
		}
	} else {
		out.Outcome = OutcomeSaved
		if out.Version, err = s.saveVersion(ctx, c, d, saved); err != nil {
			return Applied{}, err
		}
	}
	if out.Outcome == OutcomeUnchanged {
		return out, nil
	}
	after := stateOf(d.Document, out.Contract, out.Version)
	return out, s.audit.Record(ctx, "contracts.save", c.Name, c.Edge.Seller, before, after)
}

// standsAlready returns the version in force in from, if it says the same and
// is from that very month, or if nothing else takes over in a later one: then
// saving the terms once more would change nothing. A version that was saved
// with equal terms and has been overtaken since does not count.
func standsAlready(saved []Version, from period.Month, hash string) (Version, bool) {
	at := slices.IndexFunc(saved, func(v Version) bool { return !from.Before(v.From) })
	if at < 0 || saved[at].TermsHash != hash {
		return Version{}, false
	}
	differs := func(v Version) bool { return v.TermsHash != hash }
	return saved[at], saved[at].From == from || !slices.ContainsFunc(saved[:at], differs)
}

func (s *Service) saveVersion(ctx context.Context, c Contract, d draft, saved []Version) (Version, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return Version{}, err
	}
	hash, err := termsHash(d.Terms)
	if err != nil {
		return Version{}, err
	}
	v := Version{
		ID: id.New[id.Version](), Contract: c.ID, Number: 1, From: d.From, Terms: d.Terms,
		TermsHash: hash, SavedAt: s.clock.Now(), SavedBy: sc.Actor.String(),
	}
	if len(saved) > 0 {
		v.Number = saved[0].Number + 1
	}
	if err := everyMonth(d, append([]Version{v}, saved...)); err != nil {
		return Version{}, err
	}
	return v, s.store.insertVersion(ctx, c, v)
}

// everyMonth checks that the contract has a version in its first month, and so
// in every one.
func everyMonth(d draft, saved []Version) error {
	first := saved[0].From
	for _, v := range saved {
		if v.From.Before(first) {
			first = v.From
		}
	}
	if d.Months.From.Before(first) {
		return errs.Newf(ErrMonths.Kind, ErrMonths.Code,
			"Contract %q starts in %s, but its earliest version is from %s.", d.Name, d.Months.From, first)
	}
	return nil
}

// termsHash is SHA-256 over the canonical terms. It holds no ids, no names of
// people and no times, so that equal terms have equal hashes everywhere.
func termsHash(t rules.Terms) (string, error) {
	b, err := json.Marshal(canonical(t))
	if err != nil {
		return "", fmt.Errorf("write terms: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
