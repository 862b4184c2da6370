package contracts

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

func testEngine(t testing.TB) *rules.Engine {
	t.Helper()
	e, err := rules.New(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func month(s string) period.Month {
	m, err := period.ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

// sameDocument compares what documents say, not where it stood in a file.
var sameDocument = cmp.Comparer(func(a, b Document) bool {
	a.source, b.source = nil, nil
	return cmp.Equal(a.Terms, b.Terms) && a.Seller == b.Seller && a.Buyer == b.Buyer && a.Name == b.Name &&
		a.Months == b.Months && a.From == b.From
})

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       Document
	}{
		{"Defaults", "seller: d\nbuyer: r\nname: Resale\nstarts: 2026-01\nbasis: list\ncurrency: USD\n", Document{
			Seller: "d", Buyer: "r", Name: "Resale", Months: period.Months{From: month("2026-01")}, From: month("2026-01"),
			Terms: rules.Terms{Basis: rules.BasisList, Currency: "USD", Missing: rules.MissingBlock},
		}},
		{"BaseContract", "seller: d\nname: Base\nstarts: 2026-01\ncurrency: USD\nrules:\n  - name: no tax\n    stage: exclude\n    when: charge_category == \"Tax\"\n", Document{
			Seller: "d", Name: "Base", Months: period.Months{From: month("2026-01")}, From: month("2026-01"),
			Terms: rules.Terms{Currency: "USD", Missing: rules.MissingBlock, Rules: []rules.Rule{
				{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`},
			}},
		}},
		{"Everything", `# with comments
seller: d
buyer: 0815        # numbers are texts as they are written
name: "Resale 2026"
starts: 2026-01
ends: 2026-12
from: 2026-03
basis: effective
currency: EUR
covers:
  - provider: aws
    payers: [012345678901, "123"]
  - {provider: azure}
missing: pass-through
rules:
  - name: book
    stage: price
    when: |
      service == "AmazonEC2"
      && region == "eu-central-1"
    then: list * 0.950
    stop: true
  - name: half
    stage: adjust
    then: 0.5000000000000000000000000001
    label: Discount
  - name: support
    stage: fee
    then: percent(spend, 3)
`, Document{
			Seller: "d", Buyer: "0815", Name: "Resale 2026",
			Months: period.Months{From: month("2026-01"), To: month("2026-12")}, From: month("2026-03"),
			Terms: rules.Terms{
				Basis: rules.BasisEffective, Currency: "EUR", Missing: rules.MissingPassThrough,
				Covers: rules.Covers{{Provider: "aws", Payers: []string{"012345678901", "123"}}, {Provider: "azure"}},
				Rules: []rules.Rule{
					{Name: "book", Stage: rules.StagePrice, When: "service == \"AmazonEC2\"\n&& region == \"eu-central-1\"", Then: "list * 0.950", Stop: true},
					{Name: "half", Stage: rules.StageAdjust, Then: "0.5000000000000000000000000001", Label: "Discount"},
					{Name: "support", Stage: rules.StageFee, Then: "percent(spend, 3)", Per: rules.PerContract},
				},
			},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse("c.yaml", []byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, sameDocument); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			text := Format(got)
			again, err := Parse("c.yaml", text)
			if err != nil || !cmp.Equal(got, again, sameDocument) {
				t.Errorf("what Format wrote reads differently: %v\n%s", err, text)
			}
			if _, err := Check(testEngine(t), rules.EdgeFirst, "c.yaml", []byte(strings.ReplaceAll(tt.file, "\n", "\r\n"))); err != nil {
				t.Errorf("Check with Windows line ends: %v", err)
			}
		})
	}
}

const head = "seller: d\nbuyer: r\nname: Resale\nstarts: 2026-01\nbasis: list\ncurrency: USD\n"

// TestCheck_Invariant5_ProblemsHavePlaces lists every problem of a file with
// its place, all at once.
func TestCheck_Invariant5_ProblemsHavePlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       []string // a part of each problem, in order
	}{
		{"Empty", "", []string{"c.yaml:1:1: the file is empty"}},
		{"NotAMapping", "- a\n- b\n", []string{"c.yaml:1:1: a contract is a mapping"}},
		{"NotYAML", "seller: [d\n", []string{"c.yaml:1:9: "}},
		{"TooDeep", head + "covers: " + strings.Repeat("[", 200000), []string{"c.yaml:7:1: lists and mappings are nested too deeply"}},
		{"TooManyItems", head + "covers:\n" + strings.Repeat("- ", 200000), []string{"c.yaml:8:1: lists and mappings are nested too deeply"}},
		{"TooLong", head + strings.Repeat("#", 1<<20), []string{"c.yaml: a contract file has at most 1048576 bytes"}},
		{"TooManyLines", head + strings.Repeat("-\n", 500_000), []string{"c.yaml: a contract file has at most 20000 lines"}},
		{"TwoDocuments", head + "---\n" + head, []string{"holds one contract"}},
		{"KeyTwice", head + "basis: cost\n", []string{`c.yaml:7:1: mapping key "basis" already defined`}},
		{"Anchor", "seller: &x d\nbuyer: *x\nname: n\nstarts: 2026-01\nbasis: list\ncurrency: USD\n", []string{"1:9: seller: this must be a text, not an anchor", "2:8: buyer: this must be a text, not an anchor"}},
		{"UnknownKeys", head + "color: red\nrules:\n  - nam: x\n    name: y\n    stage: price\n    then: list\n", []string{
			`c.yaml:7:1: unknown key "color"; the keys here are seller, buyer,`, `c.yaml:9:5: rule "y": unknown key "nam"`,
		}},
		{"MissingKeys", "buyer: r\n", []string{"c.yaml:1:1: seller: this key is required", "name: this key is required", "starts: this key is required", "currency: this key is required", "basis: this key is required unless"}},
		{"WrongTypes", "seller: [d]\nbuyer: true\nname: {a: b}\nstarts: 2026-01-01\nbasis: list\ncurrency: USD\ncovers: some\nrules:\n  - margin\n  - name: a\n    stage: price\n    then: [1]\n    stop: 1\n", []string{
			"c.yaml:1:9: seller: this must be a text, not a list", "c.yaml:2:8: buyer: this must be a text, not true or false",
			"c.yaml:3:7: name: this must be a text, not a mapping", `c.yaml:4:9: starts: "2026-01-01" is not a month such as 2026-03`,
			"c.yaml:7:9: covers: this must be «all» or a list", "c.yaml:9:5: rules: a rule is a mapping", `c.yaml:12:11: rule "a", then: `, `c.yaml:13:11: rule "a", stop: this must be true or false, not a number`,
		}},
		{"Covers", head + "covers:\n  - {}\n  - aws\n  - payers: 7\n", []string{"c.yaml:8:5: covers: an entry names", "c.yaml:9:5: covers: an entry is", "payers: this must be a list"}},
		{"Months", "seller: d\nbuyer: r\nname: n\nstarts: 2026-03\nends: 2026-01\nbasis: list\ncurrency: USD\n", []string{"c.yaml:5:7: ends: the contract ends in 2026-01, before it starts in 2026-03"}},
		{"FromOutside", head + "from: 2025-12\n", []string{"c.yaml:7:7: from: 2025-12 lies outside the contract's months, from 2026-01"}},
		{"Words", strings.Replace(head, "basis: list", "basis: retail", 1) + "missing: ignore\nrules:\n  - {name: a, stage: prize, then: list}\n", []string{
			`c.yaml:5:8: basis: "retail" must be list`, `c.yaml:7:10: missing: "ignore" must be`, `c.yaml:9:22: rule "a", stage: "prize" must be`,
		}},
		{"RuleNames", head + "rules:\n  - {name: a, stage: price, then: list}\n  - {name: a, stage: price, then: list}\n  - {stage: price, then: list}\n", []string{
			`c.yaml:9:12: rule "a", name: two rules have this name`, `c.yaml:10:5: rule "#3", name: a rule needs a name`,
		}},
		{"Plain", head + "rules:\n  - name: a\n    stage: price\n    when: service == \"é\" && nosuch == 1\n    then: list\n", []string{`c.yaml:10:29: rule "a", when: `}},
		{"Quoted", head + "rules:\n  - name: a\n    stage: price\n    then: list\n    when: 'service == ''x'' && nosuch == 1'\n", []string{`c.yaml:11:32: rule "a", when: `}},
		{"DoubleQuoted", head + "rules:\n  - name: a\n    stage: price\n    then: list\n    when: \"service == \\\"x\\\" && nosuch == 1\"\n", []string{`c.yaml:11:32: rule "a", when: `}},
		{"Block", head + "rules:\n  - name: a\n    stage: price\n    then: |\n      list *\n        nosuch\n", []string{`c.yaml:12:9: rule "a", then: `}},
		{"Folded", head + "rules:\n  - name: a\n    stage: price\n    then: >-\n      list *\n      nosuch\n", []string{`c.yaml:12:7: rule "a", then: `}},
		{"PlainOverLines", head + "rules:\n  - name: a\n    stage: price\n    then: list\n      * nosuch\n", []string{`c.yaml:11:9: rule "a", then: `}},
		{"SeveralAtOnce", head + "rules:\n  - name: a\n    stage: price\n    then: list +\n  - name: b\n    stage: price\n    then: list + \"x\"\n", []string{`c.yaml:10:`, `c.yaml:13:`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Check(testEngine(t), rules.EdgeFirst, "c.yaml", []byte(tt.file))
			problems, ok := errors.AsType[Problems](err)
			if !ok || errs.KindOf(err) != errs.Invalid {
				t.Fatalf("got %v (%T), want Problems of kind Invalid", err, err)
			}
			for i, want := range tt.want {
				if i >= len(problems) || !strings.Contains(problems[i].String(), want) {
					t.Errorf("problem %d: want «%s» in\n%v", i, want, err)
				}
			}
			if len(problems) != len(tt.want) {
				t.Errorf("%d problems, want %d:\n%v", len(problems), len(tt.want), err)
			}
		})
	}
}

func TestCheck_EdgeKinds(t *testing.T) {
	t.Parallel()
	below := strings.Replace(head, "basis: list", "basis: cost", 1)
	rule := "rules:\n  - name: a\n    stage: price\n    then: "
	base := "seller: d\nname: Base\nstarts: 2026-01\ncurrency: USD\n"
	for _, tt := range []struct {
		name, file string
		kind       rules.EdgeKind
		want       string // "" : accepted
	}{
		{"DistributorReadsBilled", head + rule + "billed * 1.1\n", rules.EdgeFirst, ""},
		{"ResellerReadsCost", below + rule + "cost * 1.1\n", rules.EdgeBelow, ""},
		{"ResellerReadsBilled", below + rule + "billed * 1.1\n", rules.EdgeBelow, "use cost"},
		{"ResellerReadsEffective", below + rule + "effective\n", rules.EdgeBelow, "use cost"},
		{"ResellerReadsContracted", below + rule + "contracted\n", rules.EdgeBelow, "use cost"},
		{"ResellersBasis", strings.Replace(head, "basis: list", "basis: effective", 1), rules.EdgeBelow, "use cost"},
		{"BaseExcludes", base + "rules:\n  - {name: a, stage: exclude}\n", rules.EdgeFirst, ""},
		{"BaseHasNoPrices", base + rule + "list\n", rules.EdgeFirst, "exclude rules only"},
		{"BaseHasNoBasis", base + "basis: list\n", rules.EdgeFirst, "no basis"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Check(testEngine(t), tt.kind, "c.yaml", []byte(tt.file))
			if (tt.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want «%s»", err, tt.want)
			}
		})
	}
}

// TestFormat_RoundTrip draws documents and reads back what Format wrote.
func TestFormat_RoundTrip(t *testing.T) {
	t.Parallel()
	texts := rapid.StringMatching(`[ -~äß«'"#:\-]{1,20}[a-z]`)
	expressions := rapid.SampledFrom([]rules.Source{"list", "0.10", "true", "'a: b'", "tags[\"x\"] == \"- y\" # no comment", "a\n  && b", "{up_to: 5}", "null", "\"\\\"\""})
	rapid.Check(t, func(t *rapid.T) {
		d := Document{
			Seller: rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(t, "seller"), Buyer: rapid.StringMatching(`[a-z0-9]{1,8}`).Draw(t, "buyer"),
			Name: strings.TrimSpace(texts.Draw(t, "name")), Months: period.Months{From: month("2026-01").Add(rapid.IntRange(0, 24).Draw(t, "starts"))},
			Terms: rules.Terms{Basis: rules.BasisCost, Currency: money.Currency(rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency"))},
		}
		if rapid.Bool().Draw(t, "ends") {
			d.Months.To = d.Months.From.Add(3)
			d.From = d.Months.From.Add(2)
		}
		for range rapid.IntRange(0, 3).Draw(t, "covers") {
			d.Terms.Covers = append(d.Terms.Covers, rules.Cover{Provider: "aws", Payers: rapid.SliceOfN(rapid.StringMatching(`[0-9]{1,14}|[0-9]e[0-9]|true|[a-z:-]{1,5}z`), 0, 2).Draw(t, "payers")})
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "rules") {
			d.Terms.Rules = append(d.Terms.Rules, rules.Rule{
				Name: texts.Draw(t, "rule"), Stage: rules.StageFee, Per: rapid.SampledFrom([]rules.Per{"", rules.PerAccount}).Draw(t, "per"),
				When: expressions.Draw(t, "when"), Then: expressions.Draw(t, "then"), Label: texts.Draw(t, "label"), Stop: i == 1,
			})
		}
		for i, c := range d.Terms.Covers {
			if len(c.Payers) == 0 {
				d.Terms.Covers[i].Payers = nil
			}
		}
		d = d.withDefaults()
		text := Format(d)
		got, err := Parse("c.yaml", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(d, got, sameDocument); diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, text)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(head)
	f.Add(head + "rules:\n  - name: a\n    stage: price\n    when: |\n      x\n    then: >-\n      y\n")
	f.Add("covers: [{provider: aws, payers: [0x1, 1e3]}]\n")
	engine := testEngine(f)
	f.Fuzz(func(t *testing.T, file string) {
		d, err := Check(engine, rules.EdgeFirst, "c.yaml", []byte(file))
		if err == nil && (d.Seller == "" || d.Name == "" || d.Months.From.IsZero() || !d.Months.Contains(d.From)) {
			t.Errorf("accepted %+v", d)
		}
	})
}

// TestCheck_PlacesBeforeSpaces: spaces at the end of a line move nothing.
func TestCheck_PlacesBeforeSpaces(t *testing.T) {
	t.Parallel()
	const rule = "rules:\n  - name: A\n    stage: adjust\n    then: "
	for file, want := range map[string]string{
		head + rule + "price * ":                  `c.yaml:10:17: rule "A", then: the expression ends too early`,
		head + rule + "price *\n":                 `c.yaml:10:17: rule "A", then: the expression ends too early`,
		head + rule + "price *   \n":              `c.yaml:10:17: rule "A", then: the expression ends too early`,
		head + rule + "price *   # a comment\n":   `c.yaml:10:17: rule "A", then: the expression ends too early`,
		head + rule + "1 + 1 +    \r\n":           `c.yaml:10:17: rule "A", then: the expression ends too early`,
		head + rule + "'price * '   \n":           `c.yaml:10:19: rule "A", then: the expression ends too early`,
		head + rule + "|\n      then *  \n":       `c.yaml:11:13: rule "A", then: the expression ends too early`,
		head + rule + "price +\n      list *  \n": `c.yaml:11:12: rule "A", then: the expression ends too early`,
		head + "missing: maybe   \n":              `c.yaml:7:10: missing: `,
		head + "ends: May   \n":                   `c.yaml:7:7: ends: `,
	} {
		_, err := Check(testEngine(t), rules.EdgeFirst, "c.yaml", []byte(file))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %s", file, err, want)
		}
	}
}
