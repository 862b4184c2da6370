package line

// Column is a text column of a usage line.
type Column uint8

// The text columns under their FOCUS names, then ours. FOCUS columns hold what
// the provider delivered; decimals and instants are in the canonical form that
// the comment on the group asks for.
const (
	ProviderName Column = iota
	PublisherName
	InvoiceIssuerName
	BillingAccountId
	BillingAccountName
	SubAccountId
	SubAccountName
	BillingCurrency

	// Instants: 2006-01-02T15:04:05Z, UTC, whole seconds.
	BillingPeriodStart
	BillingPeriodEnd
	ChargePeriodStart
	ChargePeriodEnd

	ChargeCategory
	ChargeClass
	ChargeDescription
	ChargeFrequency
	CommitmentDiscountCategory
	CommitmentDiscountId
	CommitmentDiscountName
	CommitmentDiscountStatus
	CommitmentDiscountType

	// Decimals that no rule computes with: the text of Number.Append.
	ConsumedQuantity
	ContractedUnitPrice
	ListUnitPrice

	ConsumedUnit
	PricingCategory
	PricingUnit
	RegionId
	RegionName
	AvailabilityZone
	ResourceId
	ResourceName
	ResourceType
	ServiceCategory
	ServiceName
	SkuId
	SkuPriceId
	InvoiceId
	Tags // a JSON object with sorted keys and no spaces

	XProvider       // canonical key: aws, azure, gcp, …
	XAccount        // SubAccountId, else BillingAccountId
	XUsageType      // the provider's own word
	XOperation      // the provider's own word
	XLineItemType   // the provider's own word
	XCommitmentRole // none, covered, unused, fee, negation
	XMarketplace    // true, false
	XPeriod         // the billing month: 2026-03
	XServiceMonth   // the month whose assignment counts: 2026-03
	XDate           // UTC day of ChargePeriodStart: 2026-03-14

	NumColumns = iota
)

var columnNames = [NumColumns]string{
	"ProviderName", "PublisherName", "InvoiceIssuerName", "BillingAccountId", "BillingAccountName",
	"SubAccountId", "SubAccountName", "BillingCurrency",
	"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
	"ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
	"CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
	"ConsumedQuantity", "ContractedUnitPrice", "ListUnitPrice",
	"ConsumedUnit", "PricingCategory", "PricingUnit", "RegionId", "RegionName", "AvailabilityZone",
	"ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "InvoiceId", "Tags",
	"x_provider", "x_account", "x_usage_type", "x_operation", "x_line_item_type", "x_commitment_role",
	"x_marketplace", "x_period", "x_service_month", "x_date",
}

// String returns the column's name in files.
func (c Column) String() string {
	if int(c) < len(columnNames) {
		return columnNames[c]
	}
	return "unknown column"
}

// IsInstant reports whether the column holds an instant.
func (c Column) IsInstant() bool { return c >= BillingPeriodStart && c <= ChargePeriodEnd }

// IsDecimal reports whether the column holds a decimal as text.
func (c Column) IsDecimal() bool { return c >= ConsumedQuantity && c <= ListUnitPrice }

// Measure is a numeric column of a usage line.
type Measure uint8

// The measures. All but XUsageAmount are FOCUS columns; XUsageAmount is the
// quantity as the provider states it, also on rows that consume nothing.
const (
	BilledCost Measure = iota
	EffectiveCost
	ListCost
	ContractedCost
	PricingQuantity
	XUsageAmount

	NumMeasures = iota
)

var measureNames = [NumMeasures]string{
	"BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "x_usage_amount",
}

// String returns the measure's name in files.
func (m Measure) String() string {
	if int(m) < len(measureNames) {
		return measureNames[m]
	}
	return "unknown measure"
}
