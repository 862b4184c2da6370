package rules

import "testing"

func TestView_Read(t *testing.T) {
	t.Parallel()
	ordinary := viewOf(&[NumDims]string{DimLineItemType: "", DimCommitmentRole: "none", DimChargeCategory: "Usage"})
	covered := viewOf(&[NumDims]string{DimLineItemType: "SavingsPlanCoveredUsage", DimCommitmentRole: "covered", DimChargeCategory: "Usage"})
	fee := viewOf(&[NumDims]string{DimLineItemType: "", DimCommitmentRole: "fee", DimChargeCategory: "Purchase"})
	derived := viewOf(&[NumDims]string{DimLineItemType: "RIFee", DimCommitmentRole: "none", DimChargeCategory: "Purchase"})
	plan := viewOf(&[NumDims]string{DimChargeCategory: "Purchase", DimHasListPrice: "true"})
	care := viewOf(&[NumDims]string{DimChargeCategory: "Purchase", DimHasListPrice: "false"})
	tax := viewOf(&[NumDims]string{DimLineItemType: "", DimCommitmentRole: "none", DimChargeCategory: "Tax"})
	for _, c := range []struct {
		name        string
		view        view
		measure     Measure
		first, null bool
		want        reading
	}{
		{"usage, list", ordinary, MeasureList, true, false, readStored},
		{"usage, no list", ordinary, MeasureList, true, true, readMissing},
		{"usage, list below", ordinary, MeasureList, false, false, readStored},
		{"usage, no list below", ordinary, MeasureList, false, true, readMissing},
		{"usage, no quantity", ordinary, MeasureQuantity, false, true, readMissing},
		{"covered, billed", covered, MeasureBilled, true, false, readZero},
		{"covered, list below", covered, MeasureList, false, false, readStored},
		{"fee, list", fee, MeasureList, true, false, readZero},
		{"fee, no list below", fee, MeasureList, false, true, readZero},
		{"fee, contracted", fee, MeasureContracted, true, false, readZero},
		{"fee, billed", fee, MeasureBilled, true, false, readStored},
		{"derived list", derived, MeasureList, true, false, readStored},
		{"derived list below", derived, MeasureList, false, false, readCost},
		{"purchase, list below", plan, MeasureList, false, false, readStored},
		{"purchase without list price", care, MeasureList, true, false, readStored},
		{"purchase without list price, list below", care, MeasureList, false, false, readCost},
		{"usage, billed below", ordinary, MeasureBilled, false, false, readCost},
		{"usage, no effective below", ordinary, MeasureEffective, false, true, readCost},
		{"covered, billed below", covered, MeasureBilled, false, false, readCost},
		{"fee, contracted below", fee, MeasureContracted, false, false, readZero},
		{"tax, list", tax, MeasureList, true, false, readStored},
		{"tax, list below", tax, MeasureList, false, true, readCost},
	} {
		if got := c.view.read(c.measure, c.first, c.null); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
