package rules

import "testing"

func TestView_Read(t *testing.T) {
	t.Parallel()
	ordinary := viewOf("", "none", "Usage")
	covered := viewOf("SavingsPlanCoveredUsage", "covered", "Usage")
	fee := viewOf("", "fee", "Purchase")
	derived := viewOf("RIFee", "none", "Purchase")
	tax := viewOf("", "none", "Tax")
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
		{"tax, list", tax, MeasureList, true, false, readStored},
		{"tax, list below", tax, MeasureList, false, true, readCost},
	} {
		if got := c.view.read(c.measure, c.first, c.null); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
