package billing

import (
	"github.com/shopspring/decimal"

	"tierbook/views/ui"
)

func progressText(r Reconciliation) string {
	if r.Step == "" {
		return "Waiting for a worker"
	}
	return r.Step + " …"
}

func verdictTone(r Result) ui.Tone {
	switch {
	case !r.OK:
		return ui.ToneError
	case r.Published > 0:
		return ui.ToneWarn
	}
	return ui.ToneOK
}

func verdictText(r Reconciliation) string {
	switch {
	case r.Result.IsNothing:
		return "Nothing was imported or charged in " + r.Month.String()
	case r.Result.OK:
		return r.Month.String() + " reconciles, to the last digit"
	}
	return r.Month.String() + " does not reconcile"
}

// bookFigures says where imported money went. Only a difference is coloured by
// what it is.
func bookFigures(b Books) []ui.Figure {
	figure := func(label string, d decimal.Decimal, note string) ui.Figure {
		return ui.Figure{Label: label, Amount: d, Money: b.Currency, Note: note}
	}
	difference := "imported − assigned − own use − unassigned"
	if b.Difference.IsZero() {
		difference = "exactly nothing is missing"
	}
	return []ui.Figure{
		figure("Imported", b.Imported, "added up again from the stored lines"),
		figure("Assigned", b.Assigned, "to customers"),
		figure("Own use", b.OwnUse, "of distributor and resellers"),
		figure("Unassigned", b.Unassigned, "nobody answers for these accounts"),
		figure("Difference", b.Difference, difference),
	}
}
