package billing

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/routes"
	"tierbook/rules"
	view "tierbook/views/billing"
	"tierbook/views/ui"
)

func presentWhy(x Explanation, canContracts bool) view.Why {
	out := view.Why{
		Amount:  money.New(x.Amount, x.Currency),
		Invoice: ui.Link{Text: "Invoice " + x.Month.String() + ", " + x.Seller.Name + " → " + x.Buyer.Name, URL: routes.Invoice(x.Month, x.Seller.Slug, x.Buyer.Slug)},
	}
	if x.Contract != nil && canContracts {
		out.Contract = ui.Link{Text: x.Contract.Name + ", version " + strconv.Itoa(x.Contract.Number), URL: routes.Contract(x.Contract.Contract)}
	}
	switch {
	case x.Of.IsUsage:
		presentUsage(x, &out)
	case x.Of.IsRounding:
		out.Title, out.Lead = "Why this rounding", "An invoice's total is its exact net, rounded once. Its lines are rounded one by one; this makes up the difference."
		out.Steps = roundingSteps(x)
	default:
		out.Title, out.Lead = "Why "+x.Of.Label, feeLead(x)
		out.Steps = feeSteps(x)
	}
	return out
}

func presentUsage(x Explanation, out *view.Why) {
	customer := ""
	if !x.Of.Assignee.IsZero() && len(x.Parts) > 0 {
		customer = x.Parts[0].Assignee.Name
	}
	out.Title = "Why " + cmp.Or(x.Of.Service, x.Of.Label)
	out.Lead = usageLead(x, customer)
	fact := func(term, text string) {
		if text != "" {
			out.Facts = append(out.Facts, view.Fact{Term: term, Text: text})
		}
	}
	fact("Label", x.Of.Label)
	fact("Customer", customer)
	fact("Account", x.Of.Account)
	fact("SKU", x.Of.SKU)
	fact("Region", x.Of.Region)
	if x.Quantity.Valid && !x.Quantity.Decimal.IsZero() {
		fact("Quantity", ui.FormatExact(x.Quantity.Decimal)+" "+x.Unit)
		fact("Price per unit", unitPrice(x))
	}
	if x.List.Valid && x.IsSeller {
		fact("Provider's list price", ui.FormatExact(x.List.Decimal)+" "+string(x.Currency))
	}
	if x.IsSeller {
		out.Steps = usageSteps(x)
	} else {
		out.Steps = chargedSteps(x)
	}
	for _, l := range x.Left {
		out.Left = append(out.Left, presentLeft(l))
	}
	out.More = x.More
	for _, p := range x.Parts {
		out.HasUnit = out.HasUnit || x.Quantity.Valid && !p.Quantity.IsZero()
		out.HasCustomers = out.HasCustomers || p.Assignee.ID != x.Parts[0].Assignee.ID
		out.Parts = append(out.Parts, view.Part{
			Customer: p.Assignee.Name, Account: p.Account, SKU: p.SKU, Region: p.Region, Quantity: p.Quantity, Amount: p.Amount,
			URL: whyURL(x.Month, x.Seller.Slug, x.Buyer.Slug, "label", x.Of.Label, "service", x.Of.Service, "unit", x.Of.Unit,
				"customer", p.Assignee.Slug, "account", p.Account, "sku", p.SKU, "region", p.Region),
		})
	}
}

func usageLead(x Explanation, customer string) string {
	text := x.Seller.Name + " charges " + x.Buyer.Name + " this for " + cmp.Or(x.Of.Service, x.Of.Label)
	if customer != "" && x.Of.Assignee != x.Edge.Buyer {
		text += " of " + customer
	}
	text += " in " + x.Month.String()
	if x.Lines > 0 {
		text += ", from " + countLines(x.Lines)
	}
	return text + "."
}

// unitPrice is what one of some units comes to on average.
func unitPrice(x Explanation) string {
	const digits = 6 // significant ones, where the price is not exact
	price, about := x.Amount.DivRound(x.Quantity.Decimal, 12), ""
	if !price.Mul(x.Quantity.Decimal).Equal(x.Amount) {
		price, about = x.Amount.DivRound(x.Quantity.Decimal, 34), "about "
		price = price.Round(digits - int32(price.NumDigits()) - price.Exponent())
	}
	return about + ui.FormatExact(price) + " " + string(x.Currency)
}

func countLines(n int64) string {
	if n == 1 {
		return "1 usage line"
	}
	return ui.FormatCount(n) + " usage lines"
}

// bases are what a price starts from, in words.
var bases = map[string]string{
	string(rules.BasisList):       "the provider's list price",
	string(rules.BasisContracted): "the owner's contracted price",
	string(rules.BasisBilled):     "what the provider bills",
	string(rules.BasisEffective):  "the effective cost, with commitments spread over what they cover",
	string(rules.BasisCost):       "what the lines cost the seller",
}

// usageSteps shows each step with the amount of all lines before and after it.
func usageSteps(x Explanation) []ui.Step {
	var out []ui.Step
	before, separate := decimal.Zero, false
	for i, s := range x.Steps {
		step := ui.Step{Before: before, After: s.Total, First: i == 0}
		switch s.Kind {
		case StepBasis:
			step.Name, step.Text = "Starts from "+s.Basis, bases[s.Basis]
		case StepPass:
			step.Name, step.Text = "Passed through", "no contract covers these lines: they are sold at cost"
		case StepSeparate:
			separate = true
			step.Before, step.After, step.First = s.Before, s.After, false
			fallthrough
		default:
			step.Name, step.Text, step.Code = s.Rule.Name, s.Sentence, ruleCode(s.Rule)
		}
		if s.Lines < x.Lines && s.Kind != StepSeparate {
			step.Note = ui.FormatCount(s.Lines) + " of " + countLines(x.Lines)
			if s.Kind != StepBasis && s.Kind != StepPass {
				step.Note += ": " + ui.FormatExact(s.Before) + " → " + ui.FormatExact(s.After)
			}
		}
		out, before = append(out, step), s.Total
	}
	if separate {
		out = append(out, ui.Step{Name: "Charged as «" + x.Of.Label + "»", Text: "what the rule changed is a charge of its own", After: x.Amount, First: true})
	}
	return out
}

// chargedSteps shows a buyer its charges.
func chargedSteps(x Explanation) []ui.Step {
	var out []ui.Step
	for i, s := range x.Steps {
		step := ui.Step{Name: s.Label, Before: s.Before, After: s.After, First: i == 0}
		switch s.Kind {
		case StepList:
			step.Name, step.Text = "Provider's list price", "what the provider asks for this usage"
		case StepCharged:
			step.Text = "the price that " + x.Seller.Name + " charges"
		case StepAdded:
			step.Text = "an adjustment of that price"
		case StepOwn:
			step.Name, step.Text, step.First = "Charged as «"+s.Label+"»", "what the adjustment changed is a line of its own", true
		case StepInvoice:
			step = invoiceStep(s)
		}
		out = append(out, step)
	}
	return out
}

// invoiceStep shows how an amount stands on the document.
func invoiceStep(s ExplainedStep) ui.Step {
	step := ui.Step{Name: "On the invoice", Before: s.Before, After: s.After}
	if step.First = s.Before.Equal(s.After); !step.First {
		step.Text = "rounded, as every line is"
	}
	return step
}

// ruleCode is a rule as its contract has it.
func ruleCode(r *rules.Rule) string {
	when, then := strings.TrimSpace(string(r.When)), strings.TrimSpace(string(r.Then))
	switch {
	case when == "":
		return then
	case then == "":
		return "when " + when
	}
	return "when " + when + " then " + then
}

func presentLeft(l ExplainedLines) view.Left {
	out := view.Left{Why: "No contract covers them", Lines: l.Lines, Cost: l.Cost}
	if l.Rule != nil {
		out.Why, out.Code = "Rule «"+l.Rule.Name+"»: "+l.Sentence, ruleCode(l.Rule)
		if l.IsBase {
			out.Why = "Base contract, rule «" + l.Rule.Name + "»: " + l.Sentence
		}
	}
	return out
}

func feeLead(x Explanation) string {
	text := x.Seller.Name + " charges " + x.Buyer.Name + " this fee in " + x.Month.String()
	if x.Of.Account != "" {
		text += " for account " + x.Of.Account
	}
	return text + "."
}

func feeSteps(x Explanation) []ui.Step {
	var out []ui.Step
	fee := ui.Step{Name: x.Of.Label, Text: cmp.Or(x.Sentence, x.Rate), After: x.Amount, First: true}
	if x.Rule != nil {
		fee.Code = ruleCode(x.Rule)
	}
	if x.Base.Valid && x.Rate != "" {
		out = append(out, ui.Step{Name: "Base", Text: "what this fee is computed from", After: x.Base.Decimal, First: true})
		fee.Before, fee.First = x.Base.Decimal, false
		if how := formula(x.Rate, ui.FormatExact(x.Base.Decimal)); x.Sentence == "" {
			fee.Text = how
		} else {
			fee.Note = how
		}
	}
	out = append(out, fee)
	for _, s := range x.Steps {
		out = append(out, invoiceStep(s))
	}
	return out
}

func roundingSteps(x Explanation) []ui.Step {
	words := map[StepKind][2]string{
		StepNet:   {"Exact net", "all lines and fees of the invoice, with all their digits"},
		StepRound: {"Total", "the net, rounded once"},
		StepLines: {"Rounding", "the total without the lines as they are rounded one by one"},
	}
	var out []ui.Step
	before := decimal.Zero
	for i, s := range x.Steps {
		out = append(out, ui.Step{Name: words[s.Kind][0], Text: words[s.Kind][1], Before: before, After: s.Total, First: i == 0})
		before = s.Total
	}
	return out
}
