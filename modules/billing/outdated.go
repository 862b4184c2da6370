package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// outdated returns a finding, which does not block, for each edge and version
// among used that is not what is in force now: by its terms, so that saving a
// contract unchanged is no reason to recalculate. Where the reader may not know
// of contracts, or one in force cannot be compiled, which is told when it is
// applied, there are none.
func (s *Service) outdated(ctx context.Context, month period.Month, used []usedTerms, slug func(id.Tenant) string) ([]edgeFinding, error) {
	var edges []Edge
	for _, u := range used {
		if !slices.Contains(edges, u.edge()) {
			edges = append(edges, u.edge())
		}
	}
	if len(edges) == 0 {
		return nil, nil
	}
	terms, ok, err := s.inForce(ctx, month, edges...)
	if err != nil || !ok {
		return nil, err
	}
	return s.staleFindings(ctx, staleGroups(used, terms), slug)
}

// inForce returns the terms that are in force now; ok is false where the reader
// may not know of contracts, or one of them cannot be compiled.
func (s *Service) inForce(ctx context.Context, month period.Month, edges ...Edge) (terms map[Edge]EdgeTerms, ok bool, err error) {
	terms, err = s.contracts.InForce(ctx, month, edges...)
	if errs.KindOf(err) == errs.Forbidden || errors.As(err, new(*rules.Error)) {
		return nil, false, nil
	}
	return terms, err == nil, err
}

// staleFindings returns a finding, which does not block, for each of groups.
func (s *Service) staleFindings(ctx context.Context, groups []staleGroup, slug func(id.Tenant) string) ([]edgeFinding, error) {
	known, err := s.versionsOf(ctx, groups)
	if err != nil {
		return nil, err
	}
	out := make([]edgeFinding, len(groups))
	for i, g := range groups {
		f := finding("outdated", "", decimal.Zero, "%s", g.message(known, slug))
		f.Blocking = false
		out[i] = edgeFinding{g.edge, f}
	}
	slices.SortStableFunc(out, func(a, b edgeFinding) int { return cmp.Compare(a.finding.Message.String(), b.finding.Message.String()) })
	return out, nil
}

// staleGroup is who was rated on an edge with a version that is not in force.
type staleGroup struct {
	edge      Edge
	version   id.Version // zero: there was no contract
	now       *ContractVersion
	assignees []id.Tenant // none: only the fees
}

// staleGroups folds what is not in force by edge and version. Fees are named
// only where lines are not: recalculating these computes those too.
func staleGroups(used []usedTerms, terms map[Edge]EdgeTerms) []staleGroup {
	var out []staleGroup
	lines := func(u usedTerms) bool { return !u.AssigneeID.IsZero() }
	fees := slices.DeleteFunc(slices.Clone(used), lines)
	for _, u := range append(slices.DeleteFunc(slices.Clone(used), func(u usedTerms) bool { return !lines(u) }), fees...) {
		now := terms[u.edge()].Contract
		if terms[u.edge()].hash() == u.TermsHash {
			continue
		}
		i := slices.IndexFunc(out, func(g staleGroup) bool {
			return g.edge == u.edge() && (g.version == u.VersionID || u.AssigneeID.IsZero())
		})
		if i < 0 {
			i = len(out)
			out = append(out, staleGroup{edge: u.edge(), version: u.VersionID, now: now})
		}
		if !u.AssigneeID.IsZero() && !slices.Contains(out[i].assignees, u.AssigneeID) {
			out[i].assignees = append(out[i].assignees, u.AssigneeID)
		}
	}
	return out
}

// maxNamed is how many assignees a message names.
const maxNamed = 20

// named returns the assignees that the group's message names.
func (g staleGroup) named() []id.Tenant { return g.assignees[:min(len(g.assignees), maxNamed)] }

// versionsOf returns the versions that groups were rated with, as far as the
// reader may see them.
func (s *Service) versionsOf(ctx context.Context, groups []staleGroup) (map[id.Version]ContractVersion, error) {
	var versions []id.Version
	for _, g := range groups {
		if !g.version.IsZero() && !slices.Contains(versions, g.version) {
			versions = append(versions, g.version)
		}
	}
	if len(versions) == 0 {
		return nil, nil
	}
	known, err := s.contracts.Versions(ctx, versions...)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	return known, err
}

func (g staleGroup) message(known map[id.Version]ContractVersion, slug func(id.Tenant) string) string {
	place := mark(slug(g.edge.Seller)) + " → " + mark(slug(g.edge.Buyer))
	if g.edge.Buyer.IsZero() {
		place = "The base of " + mark(slug(g.edge.Seller))
	}
	was := "without a contract"
	if then, ok := known[g.version]; ok {
		was = fmt.Sprintf("with version %d of «%s»", then.Number, then.Name)
	} else if !g.version.IsZero() {
		was = "with another version"
	}
	is := "no contract is in force"
	if g.now != nil {
		is = fmt.Sprintf("version %d is in force", g.now.Number)
		if then, ok := known[g.version]; !ok || then.Contract != g.now.Contract || then.Name != g.now.Name {
			is = fmt.Sprintf("version %d of «%s» is in force", g.now.Number, g.now.Name)
		}
	}
	var who []string
	for _, t := range g.named() {
		who = append(who, slug(t))
	}
	slices.Sort(who)
	for i, slug := range who {
		who[i] = mark(slug)
	}
	if more := len(g.assignees) - len(who); more > 0 {
		others := "others"
		if more == 1 {
			others = "other"
		}
		who = append(who, fmt.Sprintf("and %d %s", more, others))
	}
	if len(who) == 0 {
		return fmt.Sprintf("The fees of %s were computed %s; %s: recalculate a customer of this contract.", place, was, is)
	}
	return fmt.Sprintf("%s was rated %s; %s: recalculate %s.", place, was, is, strings.Join(who, ", "))
}
