package rules

import (
	"slices"
	"strings"
)

// origin says where the value of a name comes from.
type origin int

const (
	fromDim     origin = iota // a dimension of the line or grain
	fromTag                   // one tag of the line
	fromMeasure               // a measure of the line, as this edge may see it
	fromCost                  // what the line costs the edge's seller
	fromPrice                 // the line's price so far
	fromTotal                 // a total of a fee's selection
)

// variable is a name that an expression may read.
type variable struct {
	name    string
	kind    kind
	origin  origin
	dim     Dim     // fromDim, fromTag
	measure Measure // fromMeasure
	tag     string  // fromTag
	doc     string
}

// environment is what the expressions of one place may read and call.
type environment struct {
	variables []variable
	hints     map[string]string // why a name that exists elsewhere is unknown here
	tags      bool              // tags["key"] exists
	period    bool              // functions on period quantities, and any, all, none, count over period totals
	fees      map[string]string // fees that fees["name"] may read; the value is why not, if not empty
}

func (e *environment) find(name string) (variable, bool) {
	i := slices.IndexFunc(e.variables, func(v variable) bool { return v.name == name })
	if i < 0 {
		return variable{}, false
	}
	return e.variables[i], true
}

// unknown explains a name that the environment does not have.
func (e *environment) unknown(name string) string {
	if why, ok := e.hints[name]; ok {
		return name + " is unknown here: " + why
	}
	names := []string{}
	for _, v := range e.variables {
		names = append(names, v.name)
	}
	if e.tags {
		names = append(names, "tags")
	}
	if e.fees != nil {
		names = append(names, "fees")
	}
	return "unknown name " + name + suggestion(name, names)
}

// suggestion returns " (did you mean region?)", or nothing if no name is near.
func suggestion(name string, names []string) string {
	best, distance := "", max(1, len(name)/3)+1
	for _, n := range names {
		if d := editDistance(strings.ToLower(name), strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func dimVariable(d Dim, doc string) variable {
	k := kindText
	if d == DimMarketplace {
		k = kindBool
	}
	return variable{name: d.String(), kind: k, origin: fromDim, dim: d, doc: doc}
}

func measureVariable(m Measure, doc string) variable {
	return variable{name: m.String(), kind: kindNumber, origin: fromMeasure, measure: m, doc: doc}
}

// lineDims are the dimensions that line rules read, in the order of the
// reference page.
var lineDims = []variable{
	dimVariable(DimService, "the service's name (FOCUS ServiceName)"),
	dimVariable(DimSKU, "the provider's SKU (SkuId)"),
	dimVariable(DimRegion, "the region (RegionId)"),
	dimVariable(DimZone, "the availability zone"),
	dimVariable(DimAccount, "the sub account, else the payer account"),
	dimVariable(DimPayer, "the payer account (BillingAccountId)"),
	dimVariable(DimProvider, "aws, azure, gcp, …"),
	dimVariable(DimPublisher, "who made what is sold (PublisherName)"),
	dimVariable(DimUsageType, "the provider's usage type"),
	dimVariable(DimOperation, "the provider's operation"),
	dimVariable(DimLineItemType, "the line item type of an AWS CUR; else empty"),
	dimVariable(DimCategory, "ServiceCategory"),
	dimVariable(DimChargeCategory, "Usage, Purchase, Tax, Credit or Adjustment"),
	dimVariable(DimChargeClass, "Correction, or empty"),
	dimVariable(DimChargeDescription, "the provider's description of the charge"),
	dimVariable(DimResource, "the resource's id"),
	dimVariable(DimMarketplace, "true for what others sell through the provider's marketplace"),
	dimVariable(DimCommitmentRole, "none, covered, unused, fee or negation"),
	dimVariable(DimCommitmentType, "the kind of commitment discount"),
	dimVariable(DimCommitmentID, "the commitment discount's id"),
	dimVariable(DimUnit, "the unit of quantity"),
	dimVariable(DimDate, "UTC day on which the usage began, as text: 2026-03-14"),
	dimVariable(DimPeriod, "the provider's billing month, as text: 2026-03"),
}

const (
	docQuantity = "how much was used, in unit; 0 where nothing is consumed"
	docList     = "the provider's list price of the line"
	docCost     = "what the line costs the seller of this edge"
	docPrice    = "the line's price so far: the basis, then what the rules before made of it"
)

var (
	costVariable  = variable{name: "cost", kind: kindNumber, origin: fromCost, doc: docCost}
	priceVariable = variable{name: "price", kind: kindNumber, origin: fromPrice, doc: docPrice}
)

// firstEdge is the environment of line rules where the seller owns the payer
// account.
var firstEdge = &environment{
	variables: slices.Concat([]variable{
		measureVariable(MeasureQuantity, docQuantity),
		measureVariable(MeasureList, docList),
		measureVariable(MeasureContracted, "the line at the owner's contracted prices"),
		measureVariable(MeasureBilled, "what the provider bills for the line"),
		measureVariable(MeasureEffective, "billed, with commitments spread over what they cover"),
		costVariable, priceVariable,
	}, lineDims),
	tags: true,
}

const useCost = "use cost"

// belowEdge is the environment of line rules on every other edge.
var belowEdge = &environment{
	variables: slices.Concat([]variable{
		measureVariable(MeasureQuantity, docQuantity),
		measureVariable(MeasureList, docList+"; where it delivers none, cost"),
		costVariable, priceVariable,
	}, lineDims),
	tags:  true,
	hints: map[string]string{"billed": useCost, "effective": useCost, "contracted": useCost},
}

// mixedEdge is the environment of line rules of a seller that owns payer
// accounts and buys others from the tier above. What a line may show is decided
// where its owner is known, line by line: see view.read.
var mixedEdge = &environment{variables: mixedVariables(), tags: true}

func mixedVariables() []variable {
	out := slices.Clone(firstEdge.variables)
	for i, v := range out {
		switch {
		case v.origin != fromMeasure || v.measure == MeasureQuantity:
		case v.measure == MeasureList:
			out[i].doc = docList + "; on lines from the tier above where it delivers none, cost"
		default:
			out[i].doc += "; on lines from the tier above, cost"
		}
	}
	return out
}

// playground is the environment of lone expressions.
var playground = &environment{variables: firstEdge.variables, tags: true, period: true}

// grainDims are the dimensions of Grain.
var grainDims = []Dim{
	DimPayer, DimProvider, DimAccount, DimService, DimSKU, DimRegion, DimChargeCategory, DimChargeClass,
	DimMarketplace, DimCommitmentRole, DimUnit,
}

// feeWhen is the environment of the conditions of fees: the grain of charges.
var feeWhen = newFeeWhen()

func newFeeWhen() *environment {
	e := &environment{hints: map[string]string{"tags": "charges are summed over tags"}}
	for _, v := range lineDims {
		if slices.Contains(grainDims, v.dim) {
			e.variables = append(e.variables, v)
		} else {
			e.hints[v.name] = "charges are summed over it"
		}
	}
	for _, v := range firstEdge.variables {
		if v.kind == kindNumber {
			e.hints[v.name] = "the condition of a fee selects charges by their grain"
		}
	}
	return e
}

// The totals that the amounts of fees read.
const (
	totalSpend      = "spend"
	totalFeeBase    = "fee_base"
	totalList       = "list"
	totalCost       = "cost"
	totalQuantity   = "quantity"
	totalAccounts   = "accounts"
	totalDays       = "days"
	totalPeriodCost = "period_cost"
)

// feeThen returns the environment of the amount of a fee of the given scope,
// which may read the fees before it.
func feeThen(per Per, before []Rule) *environment {
	total := func(name, doc string) variable {
		return variable{name: name, kind: kindNumber, origin: fromTotal, doc: doc}
	}
	e := &environment{
		variables: []variable{
			total(totalSpend, "the selected line charges, after adjust and without fees"),
			total(totalFeeBase, "those of them for this month's usage and purchases: no marketplace, support, commitment fees, tax, credits, corrections"),
			total(totalList, "the list price of the selected charges; where none was delivered, their cost"),
			total(totalCost, "what the selected charges cost the seller"),
			total(totalQuantity, "the quantity of the selected charges; an error where their units differ"),
			total(totalAccounts, "how many accounts the selected charges have"),
			total(totalDays, "the days of the month"),
			total(totalPeriodCost, "what the seller itself was charged in fees this month"),
		},
		hints:  map[string]string{"price": "use spend", "tags": "charges are summed over tags"},
		period: true,
		fees:   map[string]string{},
	}
	for _, m := range []Measure{MeasureBilled, MeasureEffective, MeasureContracted} {
		e.hints[m.String()] = useCost
	}
	for _, v := range lineDims {
		e.hints[v.name] = "it belongs into the fee's condition"
	}
	if per == PerCustomer || per == PerAccount {
		e.variables = e.variables[:len(e.variables)-1]
		e.hints[totalPeriodCost] = "it cannot be told apart by " + string(per)
	}
	for _, r := range before {
		e.fees[r.Name] = ""
		if wider(r.Per, per) {
			e.fees[r.Name] = "it cannot be told apart by " + string(per)
		}
	}
	return e
}

// wider reports whether a fee of scope a cannot be told apart by b.
func wider(a, b Per) bool {
	rank := map[Per]int{PerCustomer: 1, PerAccount: 2}
	return rank[a] < rank[b]
}
