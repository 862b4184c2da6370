package rules

import (
	"slices"

	"github.com/shopspring/decimal"
)

// view is how rules see a line whose kind of charge, commitment role and line
// item type ask for other measures than the stored ones.
type view struct {
	hidden    bool // billed reads as 0: Savings Plan covered usage and its negation cancel out, as FOCUS delivers them
	unlisted  bool // list and contracted read as 0: fees, unused parts and negations of commitments
	delivered bool // the provider itself delivers a list price for such a line
	charged   bool // usage or a purchase: what ought to have a price
}

func viewOf(dims *[NumDims]string) view {
	lineItemType, category := dims[DimLineItemType], dims[DimChargeCategory]
	charged := category == "Usage" || category == "Purchase"
	return view{
		hidden:    lineItemType == "SavingsPlanCoveredUsage" || lineItemType == "SavingsPlanNegation",
		unlisted:  slices.Contains([]string{"fee", "unused", "negation"}, dims[DimCommitmentRole]),
		delivered: charged && deliversList(lineItemType) && (category == "Usage" || dims[DimHasListPrice] == "true"),
		charged:   charged,
	}
}

// deliversList reports whether the list cost of such rows comes from the
// provider: in a legacy CUR all other types' is derived from billed. So is, in
// any format, that of a purchase for which no list unit price is delivered.
func deliversList(lineItemType string) bool {
	return slices.Contains([]string{"", "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"}, lineItemType)
}

// reading is how a measure reads on an edge.
type reading int

const (
	readStored  reading = iota
	readZero            // as 0, whatever is stored
	readCost            // as the edge's cost, which is its meaning there
	readMissing         // it is NULL: as the edge's cost (quantity and billed: 0), with a finding if anybody reads it
)

// read says how m reads on the first or a lower edge, where it is stored as
// NULL or not. Below the first edge the numbers of the tier above do not exist:
// a contract of a seller that owns payer accounts may name them, and reads its
// own cost in their place.
func (v view) read(m Measure, first, null bool) reading {
	switch {
	case (m == MeasureList || m == MeasureContracted) && v.unlisted:
		return readZero
	case !first && m != MeasureQuantity && m != MeasureList:
		return readCost
	case m == MeasureBilled && v.hidden:
		return readZero
	case m == MeasureList && !first && !v.delivered:
		return readCost
	case null:
		return readMissing
	}
	return readStored
}

// listKnown reports whether charges for the line hold a list price, which is
// the stored one or, if unlisted, 0.
func (v view) listKnown(null bool) bool { return v.unlisted || v.delivered && !null }

// standsForCost reports whether a missing m reads as cost rather than as 0.
func standsForCost(m Measure) bool { return m != MeasureQuantity && m != MeasureBilled }

// amounts are the stored measures of a line; missing ones are 0.
type amounts struct {
	values [NumMeasures]decimal.Decimal
	null   [NumMeasures]bool
}
