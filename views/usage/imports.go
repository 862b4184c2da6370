package usage

import (
	"github.com/shopspring/decimal"

	"tierbook/views/ui"
)

// counts are the numbers of an import that is complete.
func counts(p ImportPage) []ui.Figure {
	out := []ui.Figure{
		{Label: "Rows read", Amount: decimal.NewFromInt(p.Read)},
		{Label: "Rows stored", Amount: decimal.NewFromInt(p.Stored)},
	}
	if p.Quarantined > 0 {
		out = append(out, ui.Figure{Label: "Quarantined", Amount: decimal.NewFromInt(p.Quarantined), URL: p.QuarantURL})
	}
	return out
}
