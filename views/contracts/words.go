package contracts

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/views/ui"
)

// direction is how a column is sorted now: by default where it is the one.
func direction(now, column, byDefault string) string {
	if now == column {
		return byDefault
	}
	return ""
}

// moneyFigures are cost, price and margin after, with what they were.
func moneyFigures(p Preview) []ui.Figure {
	price := ui.Figure{Label: "Price", Kind: "price", Amount: p.After, Money: p.Currency}
	margin := ui.Figure{Label: "Margin", Kind: "margin", Amount: p.After.Sub(p.Cost), Money: p.Currency, Note: ui.FormatPercent(p.After.Sub(p.Cost), p.After) + " of price"}
	if p.HasBefore {
		was := p.Before.Sub(p.Cost)
		price.Note = changeText(p.Before, p.After, p.Currency)
		margin.Note = changeText(was, p.After.Sub(p.Cost), p.Currency) + " · " + ui.FormatPercent(was, p.Before) + " → " + ui.FormatPercent(p.After.Sub(p.Cost), p.After)
	}
	return []ui.Figure{{Label: "Cost", Kind: "cost", Amount: p.Cost, Money: p.Currency}, price, margin}
}

// changeText says what an amount was: «was 16.50, +1.50».
func changeText(was, is decimal.Decimal, currency money.Currency) string {
	change := ui.FormatAmount(is.Sub(was), currency)
	switch {
	case is.Equal(was):
		return "unchanged"
	case is.GreaterThan(was):
		change = "+" + change
	}
	return "was " + ui.FormatAmount(was, currency) + ", " + change
}

func currencyOf(code string) money.Currency { return money.Currency(code) }

// refreshing makes a choice that other fields depend on ask for the form
// again.
func refreshing(action string) templ.Attributes {
	return templ.Attributes{
		"hx-post": action, "hx-trigger": "change", "hx-include": "closest form", "hx-target": "#" + FormID,
		"hx-swap": "outerHTML", "hx-vals": `{"op":"refresh"}`, "hx-sync": "closest form:replace",
	}
}

// focusing gives what was just added or moved the focus.
func focusing(focus bool) templ.Attributes {
	if focus {
		return templ.Attributes{"data-focus": true}
	}
	return nil
}

// previewTrigger asks for the effect while somebody types, and at once where
// the page does not show it yet.
func previewTrigger(p Edit) string {
	out := "input delay:500ms from:#" + FormID
	if !p.Preview.Asked && len(p.Preview.Problems) == 0 {
		out += ", load"
	}
	return out
}

func rowsOf(text string) string { return ui.FormatPlain(int64(1 + strings.Count(text, "\n"))) }

// isInvalid reports whether a field of r was refused.
func isInvalid(p Edit, r RuleForm) bool {
	for name := range p.Problem.Fields {
		if strings.HasPrefix(name, r.Prefix) {
			return true
		}
	}
	return false
}

// isOpen reports whether the fields of coverage hold more than defaults.
func isOpen(p Edit) bool {
	first := func(options []ui.Option) bool { return len(options) == 0 || options[0].Selected }
	return !first(p.Coverage) || !first(p.Missing) || p.Problem.Of("covers") != "" || p.Confirm != ""
}

func labelHelp(stage string) string {
	switch stage {
	case "adjust":
		return "Makes the change a charge of its own."
	case "fee":
		return "Empty: the rule's name."
	}
	return "Empty: the kind of charge."
}

// buyerHelp explains the field that finds a buyer among many.
func buyerHelp(p Edit) string {
	if p.MayBase {
		return "Type a part of the name and choose. Empty: a base contract, what is kept from everybody."
	}
	return ""
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func orAlways(code string) string {
	if code == "" {
		return "always"
	}
	return code
}

func ruleText(rule string) string {
	if rule == "" {
		return "no rule"
	}
	return rule
}

// sideChanged reports whether the sides of d differ in more than their place.
func sideChanged(d RuleDiff) bool { return d.Old == nil || d.New == nil || len(d.Fields) > 0 }
