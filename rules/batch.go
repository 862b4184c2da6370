package rules

import (
	"math/big"
	"slices"
)

// Dim is a text column of usage lines. A NULL is the empty text.
type Dim int

// The dimensions. Where FOCUS has a column, its value is meant.
const (
	DimProvider          Dim = iota // canonical key: aws, azure, gcp, …
	DimPayer                        // BillingAccountId
	DimAccount                      // SubAccountId, else BillingAccountId
	DimPublisher                    // PublisherName
	DimService                      // ServiceName
	DimCategory                     // ServiceCategory
	DimSKU                          // SkuId
	DimRegion                       // RegionId
	DimZone                         // AvailabilityZone
	DimUsageType                    // the provider's word
	DimOperation                    // the provider's word
	DimLineItemType                 // the provider's word; empty but for AWS CUR
	DimChargeCategory               // ChargeCategory
	DimChargeClass                  // ChargeClass
	DimChargeDescription            // ChargeDescription
	DimResource                     // ResourceId
	DimMarketplace                  // "true" or "false"
	DimCommitmentRole               // none, covered, unused, fee, negation
	DimCommitmentType               // CommitmentDiscountType
	DimCommitmentID                 // CommitmentDiscountId
	DimUnit                         // PricingUnit
	DimTags                         // canonical JSON object of texts, keys sorted; "" where there are none
	DimDate                         // UTC day of ChargePeriodStart, 2026-03-14
	DimPeriod                       // the provider's billing month, 2026-03
	DimServiceMonth                 // month whose assignment counts: the period, or the earlier month that a late line is for
	DimCurrency                     // BillingCurrency
	DimHasListPrice                 // "true" where ListUnitPrice is delivered; told of Purchase rows only, any other may say either

	NumDims // how many there are
)

var dimNames = [NumDims]string{
	DimProvider: "provider", DimPayer: "payer", DimAccount: "account", DimPublisher: "publisher", DimService: "service",
	DimCategory: "category", DimSKU: "sku", DimRegion: "region", DimZone: "zone", DimUsageType: "usage_type",
	DimOperation: "operation", DimLineItemType: "line_item_type", DimChargeCategory: "charge_category",
	DimChargeClass: "charge_class", DimChargeDescription: "charge_description", DimResource: "resource",
	DimMarketplace: "marketplace", DimCommitmentRole: "commitment_role", DimCommitmentType: "commitment_type",
	DimCommitmentID: "commitment_id", DimUnit: "unit", DimTags: "tags", DimDate: "date", DimPeriod: "period",
	DimServiceMonth: "service_month", DimCurrency: "currency", DimHasListPrice: "has_list_price",
}

// String returns the dimension's name in rules.
func (d Dim) String() string {
	if d >= 0 && d < NumDims {
		return dimNames[d]
	}
	return "unknown"
}

// Measure is a number column of usage lines, as stored: unlike in rules,
// nothing is derived and a missing value is NULL.
type Measure int

// The measures. All but the quantity are amounts in the line's currency.
const (
	MeasureQuantity   Measure = iota // PricingQuantity
	MeasureList                      // ListCost
	MeasureContracted                // ContractedCost
	MeasureBilled                    // BilledCost
	MeasureEffective                 // EffectiveCost

	NumMeasures // how many there are
)

var measureNames = [NumMeasures]string{
	MeasureQuantity: "quantity", MeasureList: "list", MeasureContracted: "contracted",
	MeasureBilled: "billed", MeasureEffective: "effective",
}

// String returns the measure's name in rules.
func (m Measure) String() string {
	if m >= 0 && m < NumMeasures {
		return measureNames[m]
	}
	return "unknown"
}

// Batch is a run of usage lines of one row group, column by column. Its
// buffers belong to the caller, who may reuse them once Add has returned; what
// a Dict points to must stay as it is for as long as the Dict is used.
type Batch struct {
	Segment  int   // ordinal of the segment in the scan; with the row, the order of lines
	FirstRow int64 // row of the first line within the segment
	Rows     int
	Dims     [NumDims]DimColumn         // only those that were asked for
	Measures [NumMeasures]MeasureColumn // only those that were asked for
}

// DimColumn holds one text per line, as an index into a dictionary.
type DimColumn struct {
	Dict *Dict
	IDs  []uint32 // one per line; may be nil if the dictionary has one value
}

// Dict is the distinct texts of a column in a row group. All batches of a row
// group share the pointer, so that work per distinct text is done once.
type Dict struct {
	Values []string
}

// MeasureColumn holds one number per line: unscaled value · 10^-Scale.
type MeasureColumn struct {
	Scale int32      // 0 to 38
	Ints  []int64    // either the unscaled values …
	Wide  []*big.Int // … or, where some need more than 64 bits, up to 38 digits; never changed by this package
	Null  []bool     // nil: no line is NULL. The value of a NULL line is not read
}

// Need says which columns the batches of a scan must carry.
type Need struct {
	Dims     []Dim     // ascending
	Measures []Measure // ascending
}

// HasDim reports whether d is needed.
func (n Need) HasDim(d Dim) bool { return slices.Contains(n.Dims, d) }

// HasMeasure reports whether m is needed.
func (n Need) HasMeasure(m Measure) bool { return slices.Contains(n.Measures, m) }
