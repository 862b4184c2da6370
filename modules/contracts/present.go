package contracts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/rules"
	view "tierbook/views/contracts"
	"tierbook/views/ui"
)

// sees says what a page may link to and offer.
type sees struct {
	customers bool
	write     bool
	preview   bool
}

func (s sees) party(t Tenant) view.Party {
	p := view.Party{Name: t.Name}
	if s.customers && t.Slug != "" {
		p.URL = routes.Customer(t.Slug)
	}
	return p
}

var stateWords = map[State]view.State{
	StateActive:    {Text: "active", Tone: ui.ToneOK},
	StateScheduled: {Text: "scheduled", Tone: ui.ToneInfo},
	StateExpired:   {Text: "expired", Tone: ui.ToneMuted},
}

// monthsText says a contract's months: «2026-01 to 2026-06», «2026-01, open».
func monthsText(m period.Months) string {
	if m.To.IsZero() {
		return m.From.String() + ", no end"
	}
	return m.From.String() + " to " + m.To.String()
}

func presentRows(list []Listed, s sees) []view.Row {
	out := make([]view.Row, len(list))
	for i, l := range list {
		out[i] = view.Row{
			Name: l.Name, URL: routes.Contract(l.ID), Seller: s.party(l.Seller), Buyer: s.party(l.Buyer), IsBase: l.Edge.Buyer.IsZero(),
			Months: monthsText(l.Months), Currency: string(l.Currency), State: stateWords[l.State],
			Versions: strconv.Itoa(l.Versions), From: l.Newest.From.String(), SavedAt: l.Newest.SavedAt,
		}
		if n := l.Newest.Number; n > 1 {
			out[i].SavedURL = routes.ContractCompare(l.ID, strconv.Itoa(n-1), strconv.Itoa(n))
		}
	}
	return out
}

// speaker puts rules into words.
type speaker struct{ engine *rules.Engine }

// say presents a rule of a contract by its place.
func (s speaker) say(kind rules.EdgeKind, all []rules.Rule, i int) view.Rule {
	r := all[i]
	words := s.engine.Sentence(kind, r, all[:i])
	return view.Rule{
		Rank: i + 1, Anchor: "rule-" + strconv.Itoa(i+1), Name: r.Name,
		When: begun(view.Phrase(words.When)), Then: view.Phrase(words.Then), Tail: words.Tail,
		Label: r.Label, WhenCode: string(r.When), ThenCode: string(r.Then),
	}
}

// begun begins a sentence: words of ours in a capital letter, names as they are.
func begun(p view.Phrase) view.Phrase {
	for _, ours := range []string{"everything", "services other", "charges other", "either "} {
		if !p.Code && strings.HasPrefix(p.Text, ours) {
			p.Text = upperFirst(p.Text)
		}
	}
	return p
}

var stageWords = []struct {
	stage      rules.Stage
	name, help string
}{
	{rules.StageExclude, "Excluded", "These lines have no price, and do not exist for any tier below."},
	{rules.StagePrice, "Prices", "The first rule that matches sets a line's price."},
	{rules.StageAdjust, "Adjustments", "Every rule that matches changes the price so far."},
	{rules.StageFee, "Fees", "Once a month, on top of the lines."},
}

func (s speaker) stages(kind rules.EdgeKind, t rules.Terms, notes []rules.Note) []view.Stage {
	var out []view.Stage
	for _, w := range stageWords {
		stage := view.Stage{Name: w.name, Help: w.help}
		for i, r := range t.Rules {
			if r.Stage != w.stage {
				continue
			}
			said := s.say(kind, t.Rules, i)
			for _, n := range notes {
				if n.Rule == r.Name {
					said.Note = upperFirst(n.Message) + "."
				}
			}
			stage.Rules = append(stage.Rules, said)
		}
		if len(stage.Rules) > 0 {
			out = append(out, stage)
		}
	}
	return out
}

// upperFirst begins a sentence.
func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var basisWords = map[rules.Basis]string{
	rules.BasisList:       "list price",
	rules.BasisContracted: "the owner's contracted price",
	rules.BasisBilled:     "what the provider bills",
	rules.BasisEffective:  "effective cost, with commitments spread",
	rules.BasisCost:       "cost",
}

var missingWords = map[rules.Missing]struct{ text, help string }{
	rules.MissingBlock:       {"is blocked", "Not charged here or further down; no document can be issued below until it is covered."},
	rules.MissingPassThrough: {"is passed through", "Charged at cost, without fees."},
}

func presentVersion(d Detail, v Version) view.VersionRow {
	number := strconv.Itoa(v.Number)
	out := view.VersionRow{
		Number: number, URL: routes.ContractVersion(d.Contract.ID, number), From: v.From.String(),
		SavedAt: v.SavedAt, SavedBy: d.SavedBy[v.SavedBy], InForce: v.Number == d.InForce,
	}
	if v.Number > 1 {
		out.Compare = routes.ContractCompare(d.Contract.ID, strconv.Itoa(v.Number-1), number)
	}
	return out
}

// presentShow presents one version of a contract.
func (s speaker) presentShow(d Detail, v Version, may sees) view.Show {
	t := v.Terms
	out := view.Show{
		Seller: may.party(d.Seller), Buyer: may.party(d.Buyer), IsBase: d.Buyer.ID.IsZero(), State: stateWords[d.State],
		Months: monthsText(d.Contract.Months), Currency: string(d.Contract.Currency), Basis: basisWords[t.Basis],
		Missing: missingWords[t.Missing].text, MissingHelp: missingWords[t.Missing].help,
		NotNow: notNow(d, v), YAML: string(Format(d.DocumentOf(v))), YAMLURL: routes.ContractYAML(d.Contract.ID, strconv.Itoa(v.Number)),
	}
	if len(t.Covers) > 0 {
		out.Covers = strings.Split(coversText(t.Covers), "; ")
	}
	var notes []rules.Note
	if v.Number == d.Versions[0].Number {
		notes = d.Notes
	}
	out.Stages = s.stages(d.Contract.savedKind(), t, notes)
	for _, saved := range d.Versions {
		row := presentVersion(d, saved)
		row.Shown = saved.Number == v.Number
		if row.Shown {
			out.Version = row
		}
		out.Versions = append(out.Versions, row)
	}
	if len(d.Versions) > 1 {
		out.CompareURL = routes.ContractCompare(d.Contract.ID, "", "")
	}
	for _, o := range d.Others {
		out.Others = append(out.Others, ui.Link{Text: o.Name + ", " + monthsText(o.Months), URL: routes.Contract(o.ID)})
	}
	if may.write {
		out.EditURL = routes.ContractEdit(d.Contract.ID)
	}
	return out
}

// notNow says why the version shown is not the one in force.
func notNow(d Detail, v Version) string {
	switch {
	case d.State == StateExpired:
		return fmt.Sprintf("This contract ended in %s.", d.Contract.Months.To)
	case d.State == StateScheduled:
		return fmt.Sprintf("This contract begins in %s.", d.Contract.Months.From)
	case v.Number == d.InForce:
		return ""
	case d.InForce == 0:
		return "No version is in force this month."
	}
	return fmt.Sprintf("This is version %d, from %s. In force this month is version %d.", v.Number, v.From, d.InForce)
}

func presentBuyers(list []Buyer, may sees) (rows []view.Customer, month string) {
	for _, b := range list {
		rows = append(rows, view.Customer{Party: may.party(b.Tenant), Amount: b.Amount})
		if !b.Amount.IsZero() {
			month = b.Month.String()
		}
	}
	return rows, month
}

// presentEffect presents an effect; labels of rules say more than their names
// where they have one.
func presentEffect(e Effect, customer string) view.Preview {
	out := view.Preview{
		Asked: true, Currency: e.Currency, Month: e.Month.String(), Customer: customer,
		Cost: e.After.Cost, Before: e.Before.Price(), After: e.After.Price(),
		HasBefore: e.BeforeError == "" && e.Before.Contract != "", BeforeText: "no contract in force", BeforeError: e.BeforeError,
		Rules: presentChanges(e.Rules, "(the basis)"), Services: presentChanges(e.Services, "(no service)"),
		Fees: presentChanges(e.Fees, ""), FeesLeftOut: e.FeesLeftOut,
	}
	switch {
	case e.Before.Version > 0:
		out.BeforeText = fmt.Sprintf("%s, version %d", e.Before.Contract, e.Before.Version)
	case e.Before.Contract != "":
		out.BeforeText = e.Before.Contract
	}
	for _, c := range e.Customers {
		row := view.ChangeRow{Name: c.Customer.Name}
		row.Before.Decimal, row.Before.Valid = c.Before, out.HasBefore
		row.After.Decimal, row.After.Valid = c.After, true
		out.Customers = append(out.Customers, row)
	}
	if e.LeftOut > 0 {
		out.LeftOut = fmt.Sprintf("The %d largest customers are priced; %s not.", mostCustomers, ui.FormatCounted(int64(e.LeftOut), "other is", "others are"))
	}
	for _, f := range e.Findings {
		out.Findings = append(out.Findings, findingText(f, e))
	}
	for _, l := range e.Lines {
		out.Lines = append(out.Lines, presentLine(l))
	}
	return out
}

func presentChanges(list []Change, unnamed string) []view.ChangeRow {
	out := make([]view.ChangeRow, len(list))
	for i, c := range list {
		out[i] = view.ChangeRow{Name: c.Name, Before: c.Before, After: c.After}
		if c.Name == "" {
			out[i].Name = unnamed
		}
	}
	return out
}

// findingWords say a finding of one line, and of several: %[1]s are the lines,
// %[2]s their cost, %[3]s the measure.
var findingWords = map[string][2]string{
	rules.FindingNoContract: {
		"%[1]s is not covered and therefore blocked: its cost is %[2]s.", "%[1]s are not covered and therefore blocked: their cost is %[2]s.",
	},
	rules.FindingPassThrough: {
		"%[1]s is not covered and therefore passed through at its cost, %[2]s.", "%[1]s are not covered and therefore passed through at their cost, %[2]s.",
	},
	rules.FindingNullMeasure: {
		"%[1]s comes without %[3]s: its cost, %[2]s, stands in for it.", "%[1]s come without %[3]s: their cost, %[2]s, stands in for it.",
	},
	rules.FindingZeroBasis: {
		"%[1]s costs %[2]s, but its %[3]s is 0 and no rule gives it another price.", "%[1]s cost %[2]s, but their %[3]s is 0 and no rule gives them another price.",
	},
}

// findingText says a finding in a sentence, with whose lines it is about where
// several customers were priced.
func findingText(f EffectFinding, e Effect) string {
	sum := ui.FormatAmount(f.Sum, f.Currency) + " " + string(f.Currency)
	lines := ui.FormatCounted(f.Lines, "line", "lines")
	if len(e.Customers) > 1 {
		lines += " of " + namesText(f.Customers)
	}
	words, known := findingWords[f.Code]
	if !known {
		return fmt.Sprintf("%s: %s, %s.", f.Code, lines, sum)
	}
	text := words[1]
	if f.Lines == 1 {
		text = words[0]
	}
	return fmt.Sprintf(text, lines, sum, f.Measure)
}

// mostNames is how many tenants a sentence names one by one.
const mostNames = 5

func namesText(list []Tenant) string {
	var names []string
	for _, t := range list[:min(len(list), mostNames)] {
		names = append(names, t.Name)
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, ui.FormatCounted(int64(more), "other", "others"))
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func presentLine(l PreviewLine) view.Line {
	out := view.Line{Before: l.PriceBefore, After: l.PriceAfter, RuleBefore: l.RuleBefore, RuleAfter: l.RuleAfter}
	var detail []string
	for _, f := range l.Fields {
		switch f.Name {
		case "service":
			out.Service = f.Value
		case "region", "usage_type", "date":
			detail = append(detail, f.Value)
		}
		out.Fields = append(out.Fields, view.Field(f))
	}
	out.Detail = strings.Join(detail, " · ")
	return out
}

// presentCompare presents two versions side by side.
func (s speaker) presentCompare(c Comparison) view.Compare {
	out := view.Compare{
		Action: routes.ContractCompare(c.Contract.ID, "", ""), Old: presentVersion(c.Detail, c.Old), New: presentVersion(c.Detail, c.New),
		OldPick: versionOptions(c.Versions, c.Old), NewPick: versionOptions(c.Versions, c.New),
	}
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, view.FieldDiff(f))
	}
	for _, d := range c.Rules {
		if !d.IsChanged() {
			out.Hidden++
			continue
		}
		out.Rules = append(out.Rules, s.presentDiff(c, d))
	}
	out.Same = len(out.Fields) == 0 && len(out.Rules) == 0
	return out
}

func versionOptions(list []Version, chosen Version) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, v := range list {
		out[i] = ui.Option{
			Value: strconv.Itoa(v.Number), Text: fmt.Sprintf("Version %d, from %s", v.Number, v.From), Selected: v.Number == chosen.Number,
		}
	}
	return out
}

func (s speaker) presentDiff(c Comparison, d RuleDiff) view.RuleDiff {
	out := view.RuleDiff{Fields: map[string]bool{}}
	if d.Old != nil {
		r := s.say(c.Contract.savedKind(), c.Old.Terms.Rules, d.OldRank-1)
		out.Old, out.Name = &r, d.Old.Name
	}
	if d.New != nil {
		r := s.say(c.Contract.savedKind(), c.New.Terms.Rules, d.NewRank-1)
		out.New, out.Name = &r, d.New.Name
	}
	badge := func(tone ui.Tone, text string) { out.Badges = append(out.Badges, view.Badge{Tone: tone, Text: text}) }
	switch {
	case d.Old == nil:
		badge(ui.ToneOK, "added")
	case d.New == nil:
		badge(ui.ToneError, "removed")
	}
	if d.Moved {
		badge(ui.ToneInfo, fmt.Sprintf("moved from %d to %d", d.OldRank, d.NewRank))
	}
	for _, f := range d.Fields {
		out.Fields[f.Name] = true
		if !slices.Contains([]string{"name", "when", "then", "label"}, f.Name) {
			badge(ui.ToneWarn, fmt.Sprintf("%s: %s → %s", f.Name, orNone(f.Old), orNone(f.New)))
		}
	}
	return out
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// links of a contract's pages.
func crumbs(c id.Contract, name string, here string) []ui.Link {
	out := []ui.Link{{Text: "Contracts", URL: routes.Contracts}}
	if here == "" {
		return append(out, ui.Link{Text: name})
	}
	return append(out, ui.Link{Text: name, URL: routes.Contract(c)}, ui.Link{Text: here})
}
