package export

// curColumns are the columns of a legacy CUR as category/name, in the order of
// the files. Those of a group in braces exist only for payers that have it.
func curColumns(p *Payer, tags []string) []string {
	cols := []string{
		"identity/LineItemId", "identity/TimeInterval",
		"bill/InvoiceId", "bill/InvoicingEntity", "bill/BillingEntity", "bill/BillType", "bill/PayerAccountId",
		"bill/BillingPeriodStartDate", "bill/BillingPeriodEndDate",
		"lineItem/UsageAccountId", "lineItem/LineItemType", "lineItem/UsageStartDate", "lineItem/UsageEndDate",
		"lineItem/ProductCode", "lineItem/UsageType", "lineItem/Operation", "lineItem/AvailabilityZone", "lineItem/ResourceId",
		"lineItem/UsageAmount", "lineItem/NormalizationFactor", "lineItem/NormalizedUsageAmount", "lineItem/CurrencyCode",
		"lineItem/UnblendedRate", "lineItem/UnblendedCost", "lineItem/BlendedRate", "lineItem/BlendedCost",
		"lineItem/LineItemDescription", "lineItem/TaxType",
	}
	if p.EDP == EDPColumns {
		cols = append(cols, "lineItem/NetUnblendedRate", "lineItem/NetUnblendedCost")
	}
	cols = append(
		cols, "lineItem/LegalEntity",
		"product/ProductName", "product/instanceType", "product/location", "product/locationType", "product/memory",
		"product/operatingSystem", "product/productFamily", "product/region", "product/servicecode", "product/servicename",
		"product/sku", "product/usagetype", "product/vcpu",
		"pricing/LeaseContractLength", "pricing/OfferingClass", "pricing/PurchaseOption", "pricing/RateId", "pricing/currency",
		"pricing/publicOnDemandCost", "pricing/publicOnDemandRate", "pricing/term", "pricing/unit",
		"reservation/AmortizedUpfrontCostForUsage", "reservation/AmortizedUpfrontFeeForBillingPeriod", "reservation/EffectiveCost",
		"reservation/EndTime", "reservation/ModificationStatus", "reservation/NormalizedUnitsPerReservation",
		"reservation/NumberOfReservations", "reservation/RecurringFeeForUsage", "reservation/ReservationARN",
		"reservation/StartTime", "reservation/SubscriptionId", "reservation/TotalReservedNormalizedUnits",
		"reservation/TotalReservedUnits", "reservation/UnitsPerReservation",
		"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", "reservation/UnusedNormalizedUnitQuantity",
		"reservation/UnusedQuantity", "reservation/UnusedRecurringFee", "reservation/UpfrontValue",
	)
	if p.Commitment == SavingsPlan {
		cols = append(
			cols, "savingsPlan/TotalCommitmentToDate", "savingsPlan/SavingsPlanARN", "savingsPlan/SavingsPlanRate",
			"savingsPlan/UsedCommitment", "savingsPlan/SavingsPlanEffectiveCost",
			"savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod", "savingsPlan/RecurringCommitmentForBillingPeriod",
			"savingsPlan/OfferingType", "savingsPlan/PaymentOption", "savingsPlan/PurchaseTerm",
		)
	}
	if p.EDP == EDPColumns {
		cols = append(cols, "discount/EdpDiscount", "discount/TotalDiscount")
	}
	return append(cols, tags...)
}

// curTags are the tag columns of a month: the payer activated the last one
// after the first month.
func curTags(index int) []string {
	tags := []string{"resourceTags/user:Name", "resourceTags/user:cost-center", "resourceTags/user:environment", "resourceTags/user:team"}
	if index > 0 {
		tags = append(tags, "resourceTags/user:workload")
	}
	return tags
}

// curTypes are the manifest's types of columns that are not text.
var curTypes = map[string]string{
	"identity/TimeInterval":       "Interval",
	"bill/BillingPeriodStartDate": "DateTime", "bill/BillingPeriodEndDate": "DateTime",
	"lineItem/UsageStartDate": "DateTime", "lineItem/UsageEndDate": "DateTime",
	"lineItem/UsageAmount": "BigDecimal", "lineItem/NormalizationFactor": "OptionalBigDecimal",
	"lineItem/NormalizedUsageAmount": "OptionalBigDecimal", "lineItem/UnblendedCost": "BigDecimal",
	"lineItem/BlendedCost": "BigDecimal", "lineItem/NetUnblendedCost": "OptionalBigDecimal",
	"pricing/publicOnDemandCost": "OptionalBigDecimal", "discount/EdpDiscount": "OptionalBigDecimal",
	"discount/TotalDiscount": "OptionalBigDecimal",
}
