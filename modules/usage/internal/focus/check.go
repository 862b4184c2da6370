package focus

import (
	"fmt"
	"strings"

	"tierbook/modules/usage/internal/line"
	"tierbook/modules/usage/internal/source/table"
)

// columnNames are those of FOCUS 1.0 to 1.3, as table.Name writes them.
var columnNames = func() map[string]bool {
	all := map[string]bool{}
	for _, n := range strings.Fields(`
		AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd BillingPeriodStart
		CapacityReservationId CapacityReservationStatus ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
		CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountQuantity CommitmentDiscountStatus CommitmentDiscountType
		CommitmentDiscountUnit ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost
		ListUnitPrice PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice
		PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName
		ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags
		ServiceProviderName HostProviderName ContractApplied AllocatedMethodId AllocatedMethodDetails AllocatedResourceId AllocatedResourceName
		AllocatedTags`) {
		all[table.Name(n)] = true
	}
	return all
}()

// mandatory columns of all versions whose absence no row depends on.
var mandatory = []string{"BillingPeriodEnd", "ChargePeriodEnd", "EffectiveCost", "ListCost", "ContractedCost", "ServiceName", "ServiceCategory", "PricingQuantity"}

func (m *Mapper) checkHeader(header []string) {
	for _, name := range header {
		if !columnNames[table.Name(name)] && !strings.HasPrefix(strings.ToLower(name), "x_") {
			m.cells.Notes.Add(fmt.Sprintf("column %q is not in the specification and does not start with x_", name))
		}
	}
	for _, name := range mandatory {
		if !m.cells.Header.Has(name) {
			m.cells.Notes.Add(fmt.Sprintf("the mandatory column %s is missing", name))
		}
	}
}

// check notes what a row that can be read has against the specification.
func (m *Mapper) check(l *line.Line) {
	t, v, notes := &l.Text, &l.Measures, m.cells.Notes
	switch string(t[line.ChargeCategory]) {
	case "Usage", "Purchase", "Tax", "Credit", "Adjustment":
	default:
		notes.Add("ChargeCategory that the specification does not know")
	}
	if class := t[line.ChargeClass]; len(class) > 0 && string(class) != "Correction" {
		notes.Add("ChargeClass that the specification does not know")
	}
	switch string(t[line.ChargeFrequency]) {
	case "One-Time", "Recurring", "Usage-Based", "":
	default:
		notes.Add("ChargeFrequency that the specification does not know")
	}
	if isNumber(t[line.AvailabilityZone]) {
		notes.Add("AvailabilityZone that is a number")
	}
	for _, cost := range []line.Measure{line.EffectiveCost, line.ListCost, line.ContractedCost} {
		if v[cost].IsNull() {
			notes.Add(nullNotes[cost])
		}
	}
	if string(t[line.ChargeCategory]) == "Usage" && v[line.EffectiveCost].IsZero() && v[line.BilledCost].Sign() != 0 && len(t[line.CommitmentDiscountId]) == 0 {
		notes.Add("EffectiveCost 0 on billed usage")
	}
}

var nullNotes = map[line.Measure]string{
	line.EffectiveCost:  "EffectiveCost without a value",
	line.ListCost:       "ListCost without a value",
	line.ContractedCost: "ContractedCost without a value",
}

func isNumber(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	_, err := line.ParseNumber(text)
	return err == nil
}
