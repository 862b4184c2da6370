package billing

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/rules"
)

// chargedUsage names usage that charges with different labels are for.
type chargedUsage struct {
	assignee                                                  id.Tenant
	account, sku, region, category, class, role, serviceMonth string
	isMarketplace                                             bool
}

func (p chargePart) usage() chargedUsage {
	return chargedUsage{
		p.AssigneeID, p.Account, p.Sku, p.Region, p.ChargeCategory, p.ChargeClass, p.CommitmentRole, p.ServiceMonth, p.Marketplace,
	}
}

// labelledSum adds up charges of one label for a buyer's steps.
type labelledSum struct {
	label string
	rank  int // of the adjust rule in its contract; notAdjusted: the usage's own price
	list  decimal.Decimal
	sum   decimal.Decimal
}

const notAdjusted = -1

// charged tells a buyer how parts, its amount, came about: the list price where
// it is known, the price under its label, and each labelled adjustment up to the
// amount's own, in the contract's order, among all charges that stand around it.
// Nothing else of the seller's contract or cost goes into it.
func (x *explainer) charged(ctx context.Context, parts, around []chargePart) error {
	adjusted, err := x.adjustments(ctx, around)
	if err != nil {
		return err
	}
	rankOf := func(p chargePart) int {
		if rank, ok := adjusted.ranks[p.Rule]; ok && adjusted.by[adjustment{p.AssigneeID, p.Rule}] {
			return rank
		}
		return notAdjusted
	}
	last, usage := notAdjusted, map[chargedUsage]bool{}
	for _, p := range parts {
		last, usage[p.usage()] = max(last, rankOf(p)), true
	}
	chain := parts
	if last != notAdjusted {
		chain = slices.DeleteFunc(slices.Clone(around), func(p chargePart) bool { return !usage[p.usage()] || rankOf(p) > last })
	}
	x.chargedSteps(labelled(chain, rankOf), isListed(chain, rankOf))
	if len(chain) > len(parts) {
		x.step(ExplainedStep{Kind: StepOwn, Label: x.of.Label, After: x.out.Amount, Total: x.out.Amount})
	}
	if x.of.Assignee.IsZero() && x.of.Account == "" && x.of.SKU == "" && x.of.Region == "" {
		x.onInvoice()
	}
	return nil
}

// adjustments are the labelled adjust rules that were applied on an edge. What
// one customer's version has as an adjust rule may be a price rule, or stand
// elsewhere, in another's.
type adjustments struct {
	by    map[adjustment]bool
	ranks map[string]int // by rule: its place in the newest version that has it
}

// adjustment is a rule that adjusts an assignee's lines.
type adjustment struct {
	assignee id.Tenant
	rule     string
}

// adjustments returns the labelled adjust rules that were applied on the edge,
// with their places in its contract, which the buyer does not see itself: its
// charges do not tell in which order they came. It looks for them only where
// there may be one: such charges have neither quantity nor list price. Where a
// version cannot be compiled any more, which is not the buyer's to know, there
// are none.
func (x *explainer) adjustments(ctx context.Context, around []chargePart) (adjustments, error) {
	mayAdjust := func(p chargePart) bool { return p.Label != "" && p.Quantity.IsZero() && p.List.IsZero() }
	if !slices.ContainsFunc(around, mayAdjust) {
		return adjustments{}, nil
	}
	ctx, err := x.aside(ctx)
	if err != nil {
		return adjustments{}, err
	}
	var applied []appliedVersion
	err = x.s.work.db.ReadTx(ctx, func(ctx context.Context) (err error) {
		applied, err = x.s.work.appliedVersions(ctx, x.edge, x.month)
		return err
	})
	if err != nil || len(applied) == 0 {
		return adjustments{}, err
	}
	var versions []id.Version
	for _, a := range applied {
		versions = append(versions, a.VersionID)
	}
	found, err := x.versions(ctx, slices.Compact(versions)...)
	if errors.Is(err, errExplainFailed) {
		return adjustments{}, nil
	}
	if err != nil {
		return adjustments{}, err
	}
	out := adjustments{by: map[adjustment]bool{}, ranks: map[string]int{}}
	for _, a := range applied {
		for rank, r := range found[a.VersionID].Pricing.Terms().Rules {
			if r.Stage == rules.StageAdjust && r.Label != "" {
				out.by[adjustment{a.AssigneeID, r.Name}], out.ranks[r.Name] = true, rank
			}
		}
	}
	return out, nil
}

// labelled adds up chain by label: prices first, then adjustments in their
// order.
func labelled(chain []chargePart, rankOf func(chargePart) int) []labelledSum {
	var out []labelledSum
	for _, p := range chain {
		label, rank := p.documentLabel(), rankOf(p)
		i := slices.IndexFunc(out, func(s labelledSum) bool { return s.label == label && s.rank == rank })
		if i < 0 {
			i, out = len(out), append(out, labelledSum{label: label, rank: rank})
		}
		out[i].sum, out[i].list = out[i].sum.Add(p.Amount), out[i].list.Add(p.List)
	}
	slices.SortFunc(out, func(a, b labelledSum) int { return cmp.Or(a.rank-b.rank, cmp.Compare(a.label, b.label)) })
	return out
}

// isListed reports whether the provider's list price of all that chain prices
// is known.
func isListed(chain []chargePart, rankOf func(chargePart) int) bool {
	return !slices.ContainsFunc(chain, func(p chargePart) bool { return p.IsUnlisted && rankOf(p) == notAdjusted })
}

// chargedSteps adds the list price, unless it is unknown or 0, and what each sum
// makes of it.
func (x *explainer) chargedSteps(sums []labelledSum, isListed bool) {
	total := decimal.Zero
	if isListed {
		for _, s := range sums {
			total = total.Add(s.list)
		}
	}
	isFirst := total.IsZero()
	if !isFirst {
		x.step(ExplainedStep{Kind: StepList, After: total, Total: total})
	}
	for _, s := range sums {
		if s.list.IsZero() && s.sum.IsZero() && len(sums) > 1 {
			continue // such as the purchase of a commitment that is charged as it is used
		}
		step := ExplainedStep{Kind: StepCharged, Label: s.label, Before: total}
		if s.rank != notAdjusted {
			step.Kind = StepAdded
		} else if !isFirst {
			total = total.Sub(s.list)
		}
		total = total.Add(s.sum)
		step.After, step.Total = total, total
		x.step(step)
	}
}

func (x *explainer) step(s ExplainedStep) { x.out.Steps = append(x.out.Steps, s) }

// onInvoice adds how the amount, which is a whole line of the document, stands
// there.
func (x *explainer) onInvoice() {
	rounded := x.out.Amount.Round(x.out.Currency.MinorUnit())
	x.step(ExplainedStep{Kind: StepInvoice, Before: x.out.Amount, After: rounded, Total: rounded})
}
