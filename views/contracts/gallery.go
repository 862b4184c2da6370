package contracts

import (
	"time"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"tierbook/views/ui"
)

// Gallery shows the pages and their parts in their states.
func Gallery() []ui.State {
	return append(append(listStates(), contractStates()...), draftStates()...)
}

var galleryRules = []Rule{
	{Rank: 1, Name: "Own tools", When: Phrase{Text: "Key Vault"}, Then: Phrase{Text: "not sold"}, WhenCode: `service == "Key Vault"`},
	{
		Rank: 2, Name: "Development at night", When: Phrase{Text: `tags["environment"] == "dev"`, Code: true}, Then: Phrase{Text: "cost plus 2 %"}, Label: "Compute",
		WhenCode: `tags["environment"] == "dev"`, ThenCode: "cost * 1.02", Note: "It never matches: rule 1 has all its lines.",
	},
	{Rank: 3, Name: "Managed service", When: Phrase{Text: "Everything"}, Then: Phrase{Text: "price plus 7 %"}, Tail: ", at least 1 USD", ThenCode: "max(price * 1.07, 1)"},
	{Rank: 4, Name: "Management", Then: Phrase{Text: "3.5 % of spend"}, Label: "Cloud management, 3.5 %", ThenCode: "percent(spend, 3.5)"},
}

func listStates() []ui.State {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	dee, arr := Party{"Dee", "/dev/gallery"}, Party{"Arr IT", ""}
	sorts := map[string]string{"name": "?sort=name", "from": "?sort=from", "changed": "?sort=changed"}
	list := Index{Action: "/dev/gallery", Sort: "name", SortURL: sorts, NewURL: "/dev/gallery", Rows: []Row{
		{Name: "Base terms", URL: "/dev/gallery", Seller: dee, IsBase: true, Months: "2026-01, no end", Currency: "USD", State: State{"active", ui.ToneOK}, Versions: "1", From: "2026-01", SavedAt: at},
		{Name: "Managed cloud", URL: "/dev/gallery", Seller: dee, Buyer: arr, Months: "2026-05 to 2026-12", Currency: "EUR", State: State{"scheduled", ui.ToneInfo}, Versions: "2", From: "2026-05", SavedAt: at, SavedURL: "/dev/gallery"},
		{Name: "Old terms", URL: "/dev/gallery", Seller: dee, Buyer: arr, Months: "2025-01 to 2025-12", Currency: "USD", State: State{"expired", ui.ToneMuted}, Versions: "4", From: "2025-06", SavedAt: at},
	}}
	none := Index{Action: "/dev/gallery", SortURL: sorts, Chips: []ui.Chip{{Text: "Buyer: Arr IT", URL: "/dev/gallery"}}}
	edge := none
	edge.NewURL, edge.NewWith = "/dev/gallery", "Arr IT"
	return []ui.State{
		{Name: "contracts", View: List(list)},
		{Name: "contracts, none fits", View: List(none)},
		{Name: "contracts, none with a buyer", View: List(edge)},
		{Name: "contracts, none yet", View: List(Index{Action: "/dev/gallery", SortURL: sorts, NewURL: "/dev/gallery"})},
	}
}

func contractStates() []ui.State {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	newest := VersionRow{Number: "2", URL: "/dev/gallery", From: "2026-05", SavedAt: at, SavedBy: "ada", InForce: true, Shown: true, Compare: "/dev/gallery"}
	first := VersionRow{Number: "1", URL: "/dev/gallery", From: "2026-01", SavedAt: at, SavedBy: "ada"}
	show := Show{
		Seller: Party{"Dee", "/dev/gallery"}, Buyer: Party{"Arr IT", ""}, State: State{"active", ui.ToneOK}, Months: "2026-01, no end", Currency: "USD", Basis: "cost",
		Missing: "is blocked", MissingHelp: "Not charged here or further down.", Version: newest, Versions: []VersionRow{newest, first}, CompareURL: "/dev/gallery",
		Stages: []Stage{
			{"Excluded", "These lines have no price.", galleryRules[:1]},
			{"Prices", "The first rule that matches sets a line's price.", galleryRules[1:2]},
			{"Adjustments", "Every rule that matches changes the price so far.", galleryRules[2:3]},
			{"Fees", "Once a month, on top of the lines.", galleryRules[3:]},
		},
		Customers: []Customer{{Party{"Cee Foods", "/dev/gallery"}, decimal.RequireFromString("2584.02")}}, Sold: "2026-03", YAML: "name: Managed cloud\n", YAMLURL: "/dev/gallery", EditURL: "/dev/gallery",
	}
	older := show
	older.NotNow, older.EditURL, older.Stages = "This is version 1, from 2026-01. In force this month is version 2.", "", nil
	now := galleryRules[2]
	was := now
	was.Then.Text, was.ThenCode, was.Label = "price plus 8 %", "price * 1.08", "Corrections"
	now.Label = was.Label
	compare := Compare{
		Action: "/dev/gallery", Old: first, New: newest, MayPrice: true, Money: galleryEffect(), Hidden: 1,
		OldPick: []ui.Option{{Value: "1", Text: "Version 1, from 2026-01", Selected: true}}, NewPick: []ui.Option{{Value: "2", Text: "Version 2, from 2026-05", Selected: true}},
		Fields: []FieldDiff{{"from", "2026-01", "2026-05"}, {"ends", "", "2026-12"}},
		Rules: []RuleDiff{
			{Name: now.Name, Old: &was, New: &now, Fields: map[string]bool{"then": true}, Badges: []Badge{{ui.ToneInfo, "moved from 2 to 3"}}},
			{Name: "Management", New: &galleryRules[3], Badges: []Badge{{ui.ToneOK, "added"}}},
			{Name: "Own tools", Old: &galleryRules[0], Badges: []Badge{{ui.ToneError, "removed"}}},
		},
	}
	same := Compare{Action: "/dev/gallery", Old: first, New: newest, Same: true, MayPrice: true, Money: Preview{Problems: []string{"Nothing was sold by this contract yet."}}}
	return []ui.State{
		{Name: "contract", View: Contract(show)},
		{Name: "contract, an older version without rules", View: Contract(older)},
		{Name: "versions compared", View: Comparison(compare)},
		{Name: "versions that say the same", View: Comparison(same)},
	}
}

func galleryEffect() Preview {
	d := decimal.RequireFromString
	some := func(s string) decimal.NullDecimal { return decimal.NewNullDecimal(d(s)) }
	return Preview{
		Asked: true, Currency: "USD", Month: "2026-03", Customer: "Cee Foods", Cost: d("2328.39"), Before: d("2595.57"), After: d("2584.02"), HasBefore: true,
		BeforeText: "Managed cloud, version 1", Took: "0.1 s",
		Rules: []ChangeRow{{Name: "Managed service", Before: some("2270.79"), After: some("2249.18")}, {Name: "Own tools", Before: some("1.07")}},
		Fees:  []ChangeRow{{Name: "Management", After: some("87.38")}}, Services: []ChangeRow{{Name: "Virtual Machines", Before: some("361.31"), After: some("361.31")}},
		Lines: []Line{{
			Service: "Virtual Machines", Detail: "westeurope · 2026-03-04", Before: some("0.0312"), RuleBefore: "Managed service", Fields: []Field{{"service", "Virtual Machines"}},
		}},
		Findings: []string{"3 lines of Cee Foods and Cee Games are not covered and therefore blocked: their cost is 15.13 USD."},
	}
}

func draftStates() []ui.State {
	worse := galleryEffect()
	worse.HasBefore, worse.BeforeText, worse.BeforeError = false, "no contract in force", "Rule 2, line 4: division by zero."
	worse.FeesLeftOut, worse.LeftOut = true, "The 25 largest customers are priced; 1 other is not."
	stages := []ui.Option{{Value: "price", Text: "price", Selected: true}, {Value: "fee", Text: "fee"}}
	rule := RuleForm{
		Prefix: "rules[0].", Rank: 1, Index: "0", Name: "Managed service", Stage: "price", Stages: stages, Then: "price * nonsense", HasThen: true, HasStop: true,
		Sentence: galleryRules[2], IsFirst: true, IsLast: true, OfWhen: "line", OfThen: "line",
	}
	edit := Edit{
		Action: "/dev/gallery", CancelURL: "/dev/gallery", Seller: "Dee", Starts: "2026-01", From: "2026-05", Stages: stages, Words: `{"line":[]}`,
		Basis: []ui.Option{{Value: "cost", Text: "cost", Selected: true}}, Missing: []ui.Option{{Value: "block", Text: "is blocked", Selected: true}},
		Rules: []RuleForm{rule}, Preview: galleryEffect(),
		Problem: ui.Problem{Message: "Nothing was saved.", Fields: map[string]string{"rules[0].then": "1:9: unknown name nonsense"}, Labels: map[string]string{"rules[0].then": "Rule 1, then"}},
	}
	overtaken := edit
	overtaken.Problem = ui.Problem{}
	overtaken.Overtaken = &Overtaken{Op: "onto", Version: "3", CompareURL: "/dev/gallery", OldMonths: "2026-01, no end", NewMonths: "2026-01 to 2026-12"}
	months := overtaken
	months.Overtaken = &Overtaken{Op: "onto", OldMonths: "2026-01, no end", NewMonths: "2026-01 to 2026-12", OwnMonths: "2026-01 to 2026-06"}
	return []ui.State{
		{Name: "rules in words", View: templ.Join(Sentence(galleryRules[0]), Sentence(galleryRules[1]), Sentence(galleryRules[2]), Sentence(galleryRules[3]))},
		{Name: "effect", View: Effect(galleryEffect())},
		{Name: "effect, nothing before", View: Effect(worse)},
		{Name: "effect, not asked for", View: Effect(Preview{})},
		{Name: "effect, cannot be computed", View: Effect(Preview{Problems: []string{"Rule 2, Managed service, then, 1:9: unknown name nonsense"}})},
		{Name: "editor with an error", View: Editor(edit)},
		{Name: "editor, overtaken by a version and months", View: Editor(overtaken)},
		{Name: "editor, overtaken by months where others were chosen", View: Editor(months)},
		{Name: "from a file, refused", View: FromFile(YAML{Text: "name:", Problems: []string{"name is missing"}})},
	}
}
