package contracts

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// mostRules is how many rules a form takes.
const mostRules = 1000

var errLongForm = errs.Newf(errs.Invalid, "contracts.long_form",
	"A form takes at most %d rules with expressions of %d KiB together. Save this contract from its YAML file, with «tierbook contract apply».", mostRules, rules.MaxText>>10)

// fits refuses a contract that is too long for a form: nothing of one may be
// left out in silence.
func (f draftForm) fits() error {
	if len(f.Rules) > mostRules || (rules.Terms{Rules: f.Rules}).TooLong() != nil {
		return errLongForm
	}
	return nil
}

// draftForm is a contract as the editor's form has it: texts as they were
// typed.
type draftForm struct {
	Seen     Seen // what is edited; zero for a new contract
	Seller   string
	Buyer    string
	Name     string
	Currency string
	Starts   string
	Ends     string
	From     string
	Basis    string
	Missing  string
	Coverage string // all or some
	Covers   string
	Agreed   bool
	Customer string // whose usage is priced: a slug, everybody, "" for the largest
	Other    string // the same, typed: slug or name; "" for Customer
	Rules    []rules.Rule
	NewStage string
	Focus    int // index of the rule that was added or moved; -1: none

	NoBuyerYet bool // Buyer is to be chosen, not the nobody of a base contract
}

// bindDraft reads the form's fields; value returns one of them. Errors: Invalid
// for more than a form takes.
func bindDraft(value func(name string, byDefault ...string) string) (draftForm, error) {
	text := func(name string) string { return strings.TrimSpace(value(name)) }
	f := draftForm{
		Buyer: text("buyer"), Name: text("name"), Currency: strings.ToUpper(text("currency")),
		Starts: text("starts"), Ends: text("ends"), From: text("from"), Basis: text("basis"), Missing: text("missing"),
		Coverage: text("coverage"), Covers: lines(value("covers")), Agreed: value("agreed") != "", Customer: text("customer"), Other: text("other"),
		NewStage: text("stage"), Focus: -1,
	}
	f.Seen = parseSeen(text("version"))
	n, _ := strconv.Atoi(text("rules"))
	for i := range min(max(n, 0), mostRules+1) {
		prefix := fmt.Sprintf("rules[%d].", i)
		f.Rules = append(f.Rules, fitting(rules.Rule{
			Name: text(prefix + "name"), Stage: rules.Stage(text(prefix + "stage")),
			When: expressionText(value(prefix + "when")), Then: expressionText(value(prefix + "then")),
			Label: text(prefix + "label"), Stop: value(prefix+"stop") != "", Per: rules.Per(text(prefix + "per")),
		}))
	}
	return f, f.fits()
}

// among moves a customer that is chosen and not on offer to where one is typed.
func (f draftForm) among(buyers Buyers) draftForm {
	isOffered := slices.ContainsFunc(buyers.Largest, func(b Buyer) bool { return b.Slug == f.Customer })
	if buyers.HasMore && f.Customer != "" && f.Customer != everybody && !isOffered {
		f.Customer, f.Other = "", cmp.Or(f.Other, f.Customer)
	}
	return f
}

// lines undoes the line ends of forms.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// expressionText keeps an expression as it was typed, so that places in it
// stay where they are; only spaces alone are nothing.
func expressionText(text string) rules.Source {
	text = lines(text)
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return rules.Source(strings.TrimRight(text, " \t\n"))
}

// fitting drops what a rule of its stage does not have, and what a form keeps
// when the stage is changed.
func fitting(r rules.Rule) rules.Rule {
	if r.Stage == rules.StageExclude {
		r.Then, r.Label = "", ""
	}
	if r.Stage != rules.StageAdjust && r.Stage != rules.StagePrice && r.Stage != rules.StageExclude {
		r.Stop = false
	}
	if r.Stage != rules.StageFee {
		r.Per = ""
	}
	return r
}

// formOf fills the form with a document.
func formOf(d Document, seen Seen) draftForm {
	f := draftForm{
		Seen: seen, Seller: d.Seller, Buyer: d.Buyer, Name: d.Name, Currency: string(d.Terms.Currency),
		Starts: d.Months.From.String(), Ends: d.Months.To.String(), From: d.From.String(),
		Basis: string(d.Terms.Basis), Missing: string(d.Terms.Missing), Coverage: "all", Focus: -1,
		Rules: slices.Clone(d.Terms.Rules),
	}
	if len(d.Terms.Covers) > 0 {
		f.Coverage, f.Covers = "some", coversLines(d.Terms.Covers)
	}
	return f
}

// change does what one of the form's buttons says, without saving: add,
// up:2, down:2, delete:2. Unknown ones change nothing.
func (f *draftForm) change(op string) {
	name, arg, _ := strings.Cut(op, ":")
	i, err := strconv.Atoi(arg)
	inside := err == nil && i >= 0 && i < len(f.Rules)
	switch {
	case name == "add" && len(f.Rules) < mostRules:
		f.Focus = len(f.Rules)
		f.Rules = append(f.Rules, rules.Rule{Stage: rules.Stage(f.NewStage)})
	case name == "up" && inside && i > 0:
		f.Rules[i-1], f.Rules[i] = f.Rules[i], f.Rules[i-1]
		f.Focus = i - 1
	case name == "down" && inside && i < len(f.Rules)-1:
		f.Rules[i+1], f.Rules[i] = f.Rules[i], f.Rules[i+1]
		f.Focus = i + 1
	case name == "delete" && inside:
		f.Rules = slices.Delete(f.Rules, i, i+1)
		f.Focus = min(i, len(f.Rules)-1)
	}
}

// opOnto begins the value of the button that saves on top of what was saved
// meanwhile. What that was stands behind it: only what the button's page has
// told is saved over.
const opOnto = "onto:"

// onto returns the form as an edit of now. Months that are as they were when
// the form was opened become those of now.
func (f draftForm) onto(now Seen) draftForm {
	if was := f.Seen.Months; was != (period.Months{}) {
		if f.Starts == was.From.String() {
			f.Starts = now.Months.From.String()
		}
		if f.Ends == was.To.String() {
			f.Ends = now.Months.To.String()
		}
	}
	f.Seen = now
	return f
}

// named gives names to what has none yet, so that it can be priced while
// somebody writes it.
func (f draftForm) named() draftForm {
	if f.Name == "" {
		f.Name = "New contract"
	}
	f.Rules = slices.Clone(f.Rules)
	for i := range f.Rules {
		if f.Rules[i].Name == "" {
			f.Rules[i].Name = fmt.Sprintf("Rule %d", i+1)
		}
	}
	return f
}

// document turns the form into what Apply takes. Fields that cannot be read
// are in the second result, by name.
func (f draftForm) document() (Document, map[string]string) {
	wrong := map[string]string{}
	month := func(name, text string) period.Month {
		if text == "" {
			return period.Month{}
		}
		m, err := period.ParseMonth(text)
		if err != nil {
			wrong[name] = "A month is written 2026-03."
		}
		return m
	}
	d := Document{
		Seller: f.Seller, Buyer: f.Buyer, Name: f.Name,
		Months: period.Months{From: month("starts", f.Starts), To: month("ends", f.Ends)}, From: month("from", f.From),
		Terms: rules.Terms{
			Basis: rules.Basis(f.Basis), Currency: money.Currency(f.Currency), Missing: rules.Missing(f.Missing), Rules: f.Rules,
		},
	}
	if f.Starts == "" {
		wrong["starts"] = "A contract has a first month."
	}
	if f.Name == "" {
		wrong["name"] = "A contract needs a name."
	}
	if d.Months.IsEmpty() {
		wrong["ends"] = "The last month lies before the first."
	}
	if f.Coverage == "some" && !d.IsBase() {
		var err error
		if d.Terms.Covers, err = parseCovers(f.Covers); err != nil {
			wrong["covers"] = err.Error()
		}
	}
	return d.withDefaults(), wrong
}

// coversLines writes coverage as the form has it: a provider a line.
func coversLines(c rules.Covers) string { return strings.ReplaceAll(coversText(c), "; ", "\n") }

// parseCovers reads lines such as «aws» and «azure: 123, 456»; «any provider:
// 123» names payer accounts alone.
func parseCovers(text string) (rules.Covers, error) {
	var out rules.Covers
	for line := range strings.Lines(text) {
		provider, payers, _ := strings.Cut(strings.TrimSpace(line), ":")
		c := rules.Cover{Provider: strings.TrimSpace(provider)}
		if c.Provider == anyProvider {
			c.Provider = ""
		}
		for p := range strings.SplitSeq(payers, ",") {
			if p = strings.TrimSpace(p); p != "" {
				c.Payers = append(c.Payers, p)
			}
		}
		if c.Provider == "" && len(c.Payers) == 0 {
			continue
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errNoCover
	}
	return out, nil
}

var errNoCover = errs.New(errs.Invalid, "contracts.no_cover", "Name at least one provider or payer account.")
