package contracts

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/rules"
	view "tierbook/views/contracts"
	"tierbook/views/ui"
)

// editing is what the editor's page is made of besides the form's own texts.
type editing struct {
	form      draftForm
	kind      rules.EdgeKind
	seller    string  // names
	buyers    []Party // more than are offered: one is to be found
	mayBase   bool
	customers Buyers
	find      string // where buyers and customers are found
	problem   ui.Problem
	preview   view.Preview
	warnings  []Warning // to be confirmed before this is saved
}

// presentEdit presents the editor.
func (s speaker) presentEdit(e editing) view.Edit {
	f := e.form
	out := view.Edit{
		IsNew: f.Seen.Version == 0, IsBase: f.Buyer == "", Words: s.words(e), Problem: e.problem, Preview: e.preview,
		Version: f.Seen.String(), Seller: e.seller, Name: f.Name, Currency: f.Currency,
		Starts: f.Starts, Ends: f.Ends, From: f.From, Covers: f.Covers, Agreed: f.Agreed,
		Basis: basisOptions(e.kind, f.Basis), Coverage: choices(f.Coverage, "all", "everything", "some", "only these"),
		Missing: choices(f.Missing, string(rules.MissingBlock), "is blocked: not charged", string(rules.MissingPassThrough), "is passed through at cost"),
		Stages:  stageOptions(e.kind, rules.Stage(f.NewStage)),
		Buyer:   buyerField(e), MayBase: e.mayBase,
		Customers: customerOptions(e.customers, f.Customer),
	}
	if e.customers.HasMore {
		out.Other = ui.TenantField{Value: f.Other, Find: routes.With(e.find, "find", "customer", "buyer", f.Buyer)}
	}
	for _, w := range e.warnings {
		out.Confirm = strings.TrimSpace(out.Confirm + " " + w.Message)
	}
	for i := range f.Rules {
		out.Rules = append(out.Rules, s.ruleForm(e, i))
	}
	out.Problem.Labels = map[string]string{
		"starts": "First month", "ends": "Last month", "from": "This version from", "basis": "Prices start from", "covers": "Coverage",
		"missing": "What it does not cover", "agreed": "Confirmation", "name": "Name", "buyer": "Buyer", "currency": "Currency",
	}
	for i, r := range f.Rules {
		for _, field := range []string{"name", "stage", "when", "then", "label", "stop", "per"} {
			out.Problem.Labels[fmt.Sprintf("rules[%d].%s", i, field)] = fmt.Sprintf("Rule %d, %s, %s", i+1, orUnnamed(r.Name), field)
		}
	}
	return out
}

// presentOvertaken tells what was saved since somebody opened the form f.
func presentOvertaken(f draftForm, d Detail) *view.Overtaken {
	was, now := f.Seen, d.seen()
	out := &view.Overtaken{Op: opOnto + now.String()}
	if was.Version != now.Version {
		out.Version = strconv.Itoa(now.Version)
		out.CompareURL = routes.ContractCompare(d.Contract.ID, strconv.Itoa(was.Version), out.Version)
	}
	if was.Months != (period.Months{}) && was.Months != now.Months {
		out.OldMonths, out.NewMonths = monthsText(was.Months), monthsText(now.Months)
		if own, _ := f.onto(now).document(); own.Months != now.Months {
			out.OwnMonths = monthsText(own.Months)
		}
	}
	return out
}

func orUnnamed(name string) string {
	if name == "" {
		return "without name"
	}
	return name
}

func (s speaker) ruleForm(e editing, i int) view.RuleForm {
	r := e.form.Rules[i]
	isFee := r.Stage == rules.StageFee
	out := view.RuleForm{
		Prefix: fmt.Sprintf("rules[%d].", i), Rank: i + 1, Index: strconv.Itoa(i), Name: r.Name, Stage: string(r.Stage),
		Stages: stageOptions(e.kind, r.Stage), When: string(r.When), Then: string(r.Then), Label: r.Label, Stop: r.Stop,
		Sentence: s.say(e.kind, e.form.Rules, i), IsFirst: i == 0, IsLast: i == len(e.form.Rules)-1, Focus: i == e.form.Focus,
		HasThen: r.Stage != rules.StageExclude, HasStop: r.Stage == rules.StageAdjust,
		OfWhen: wordsKey(r, "when"), OfThen: wordsKey(r, "then"),
	}
	if isFee {
		out.Per = choices(string(r.Per), string(rules.PerContract), "contract", string(rules.PerCustomer), "customer", string(rules.PerAccount), "account")
	}
	out.Sentence = unlessEmpty(out.Sentence, r)
	if r.Label != "" {
		out.More = "label «" + r.Label + "»"
	}
	if r.Stop {
		out.More += " stops here"
	}
	if r.Per == rules.PerCustomer || r.Per == rules.PerAccount {
		out.More += " for each " + string(r.Per)
	}
	for _, field := range []string{"label", "stop", "per"} {
		out.Open = out.Open || e.problem.Of(out.Prefix+field) != ""
	}
	return out
}

// unlessEmpty drops the sentence of a rule of which nothing was written yet.
func unlessEmpty(s view.Rule, r rules.Rule) view.Rule {
	if r.When == "" && r.Then == "" && r.Stage != rules.StageExclude {
		s.When, s.Then, s.Tail = view.Phrase{}, view.Phrase{}, ""
	}
	return s
}

// sentences says all rules of a draft.
func (s speaker) sentences(kind rules.EdgeKind, list []rules.Rule) []view.Rule {
	out := make([]view.Rule, len(list))
	for i, r := range list {
		out[i] = unlessEmpty(s.say(kind, list, i), r)
	}
	return out
}

// wordsKey names the words that a field of a rule may contain.
func wordsKey(r rules.Rule, field string) string {
	switch {
	case r.Stage != rules.StageFee:
		return "line"
	case field == "when":
		return "fee-when"
	case r.Per == rules.PerCustomer || r.Per == rules.PerAccount:
		return "fee-" + string(r.Per)
	}
	return "fee"
}

// choices makes options of pairs of value and text; the first is chosen where
// now is none of them.
func choices(now string, pairs ...string) []ui.Option {
	var out []ui.Option
	found := false
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ui.Option{Value: pairs[i], Text: pairs[i+1], Selected: pairs[i] == now})
		found = found || pairs[i] == now
	}
	if !found {
		out[0].Selected = true
	}
	return out
}

func basisOptions(kind rules.EdgeKind, now string) []ui.Option {
	pairs := []string{string(rules.BasisCost), "cost", string(rules.BasisList), "list price"}
	if kind == rules.EdgeFirst || kind == rules.EdgeMixed {
		pairs = []string{
			string(rules.BasisList), "list price", string(rules.BasisContracted), "contracted price", string(rules.BasisBilled), "billed",
			string(rules.BasisEffective), "effective cost", string(rules.BasisCost), "cost",
		}
	}
	return choices(now, pairs...)
}

func stageOptions(kind rules.EdgeKind, now rules.Stage) []ui.Option {
	if kind == rules.EdgeBase {
		return choices(string(now), string(rules.StageExclude), "exclude")
	}
	return choices(string(now), string(rules.StagePrice), "price", string(rules.StageAdjust), "adjust",
		string(rules.StageExclude), "exclude", string(rules.StageFee), "fee")
}

// buyerField offers the buyers of a new contract, those without a contract
// first and the base contract last.
func buyerField(e editing) ui.TenantField {
	now := e.form.Buyer
	if len(e.buyers) > ui.FewTenants {
		return ui.TenantField{Value: now, Find: routes.With(e.find, "find", "buyer")}
	}
	list := e.buyers
	if e.mayBase {
		list = append(list, Party{})
	}
	var out []ui.Option
	for _, p := range grouped(list) {
		group := "Without a contract this month"
		if p.HasContract {
			group = "With a contract this month"
		}
		text := p.Name
		if p.Slug == "" {
			group, text = "All buyers", "Base contract: what is kept from everybody"
		}
		out = append(out, ui.Option{Value: p.Slug, Text: text, Group: group, Selected: p.Slug == now})
	}
	return ui.TenantField{Value: now, Options: out}
}

// everybody is the value of the option that prices all customers.
const everybody = "*"

func customerOptions(buyers Buyers, now string) []ui.Option {
	var out []ui.Option
	for i, b := range buyers.Largest {
		text := b.Name + ", " + b.Month.String()
		out = append(out, ui.Option{Value: b.Slug, Text: text, Selected: b.Slug == now || (now == "" && i == 0)})
	}
	if len(out) > 1 {
		out = append(out, ui.Option{Value: everybody, Text: "everybody, with fees", Selected: now == everybody})
	}
	return out
}

// words is the JSON that completion reads: a list of words for each key.
func (s speaker) words(e editing) string {
	of := func(r rules.Rule, field string) []rules.Word { return s.engine.Words(e.kind, r, field, e.form.Rules) }
	all := map[string][]rules.Word{"line": of(rules.Rule{Stage: rules.StagePrice}, "when")}
	if e.kind != rules.EdgeBase {
		all["fee-when"] = of(rules.Rule{Stage: rules.StageFee}, "when")
		for _, per := range []rules.Per{"", rules.PerCustomer, rules.PerAccount} {
			r := rules.Rule{Stage: rules.StageFee, Per: per}
			all[wordsKey(r, "then")] = of(r, "then")
		}
	}
	text, _ := json.Marshal(all) // texts are always written
	return string(text)
}

// diagnostic is a mistake as an editor reads it.
type diagnostic struct {
	Field   string `json:"field"`
	From    int    `json:"from"`
	To      int    `json:"to"`
	Message string `json:"message"`
}

func presentMistakes(list []rules.Mistake) []diagnostic {
	out := make([]diagnostic, len(list))
	for i, m := range list {
		out[i] = diagnostic{fieldOf(m), m.From, m.To, m.Message}
	}
	return out
}
