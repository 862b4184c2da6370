package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// TestScan_EqualsPlain holds the fast evaluation equal to the plain one, to
// the last digit, on random lines, rules and chains: invariants 1 and 2.
func TestScan_EqualsPlain(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		chain := drawChain(t, e)
		lines := drawLines(t)
		perSegment := rapid.IntRange(1, 40).Draw(t, "lines per segment")
		cut := rapid.IntRange(1, 20).Draw(t, "lines per batch")
		want, wantErr := chain.Plain(batches(lines, perSegment, max(1, len(lines))))
		workers := rapid.IntRange(1, 3).Draw(t, "workers")
		scan := chain.NewScan(workers)
		if rapid.Bool().Draw(t, "small limits") {
			for _, w := range scan.workers {
				w.keyer.largest, w.most = 1<<20, 3
			}
		}
		all := rapid.Permutation(batches(lines, perSegment, cut)).Draw(t, "order")
		for i, b := range all {
			if err := scan.Add(i%workers, b); err != nil {
				t.Fatal(err)
			}
			b.clobber()
		}
		got, gotErr := scan.Finish()
		if diff := cmp.Diff(fmt.Sprint(wantErr), fmt.Sprint(gotErr)); diff != "" {
			t.Fatalf("errors differ (-plain +scan):\n%s", diff)
		}
		wantLine, _ := errors.AsType[*LineError](wantErr)
		gotLine, _ := errors.AsType[*LineError](gotErr)
		if diff := cmp.Diff(wantLine, gotLine); diff != "" {
			t.Fatalf("errors differ (-plain +scan):\n%s", diff)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Outcome{}, "Classes", "Tuples")); diff != "" {
			t.Fatalf("outcomes differ (-plain +scan):\n%s", diff)
		}
	})
}

// TestContract_Itemized_SameSums holds that showing what each rule does changes
// nothing but how an edge's charges are split.
func TestContract_Itemized_SameSums(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	fees, err := e.Compile(EdgeBelow, Terms{Currency: "USD", Basis: BasisCost, Rules: []Rule{
		{Name: "all", Stage: StageFee, Then: "percent(spend, 10) + percent(fee_base, 3) + list + cost + accounts"},
		{Name: "ec2", Stage: StageFee, When: `service == "ec2"`, Then: "minimum(spend, 100) + quantity"},
		{Name: "each", Stage: StageFee, Per: PerAccount, Then: "percent(spend, 1)"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		chain, lines := drawChain(t, e), drawLines(t)
		itemized := chain
		itemized.Edges = slices.Clone(chain.Edges)
		for i, edge := range chain.Edges {
			if edge.Contract != nil && rapid.Bool().Draw(t, "itemized") {
				itemized.Edges[i].Contract = edge.Contract.Itemized()
			}
		}
		want, wantErr := chain.Plain(batches(lines, 20, 20))
		got, gotErr := itemized.Plain(batches(lines, 20, 20))
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Fatalf("itemized fails with %v, else %v", gotErr, wantErr)
		}
		type place struct {
			edge int
			Grain
		}
		sums := func(o Outcome) map[place]string {
			byPlace := map[place]decimal.Decimal{}
			for _, c := range o.Charges {
				p := place{c.Edge, c.Grain}
				byPlace[p] = byPlace[p].Add(c.Amount)
			}
			out := map[place]string{}
			for p, sum := range byPlace {
				out[p] = money.Plain(sum)
			}
			return out
		}
		if diff := cmp.Diff(sums(want), sums(got)); diff != "" {
			t.Fatalf("charges by grain (-plain +itemized):\n%s", diff)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Outcome{}, "Charges")); diff != "" {
			t.Fatalf("all but charges (-plain +itemized):\n%s", diff)
		}
		for edge := range chain.Edges {
			want, wantErr := fees.Fees(feeInputOf(want, edge))
			got, gotErr := fees.Fees(feeInputOf(got, edge))
			if diff := cmp.Diff(fmt.Sprint(want, wantErr), fmt.Sprint(got, gotErr)); diff != "" {
				t.Fatalf("fees of edge %d (-plain +itemized):\n%s", edge, diff)
			}
		}
	})
}

// feeInputOf is what fees of an edge are computed on.
func feeInputOf(o Outcome, edge int) FeeInput {
	in := FeeInput{Month: period.NewMonth(2026, time.March), Customers: []string{"c"}}
	for _, c := range o.Charges {
		if c.Edge == edge {
			in.Charges = append(in.Charges, FeeCharge{Customer: "c", Grain: c.Grain, Rule: c.Rule, Quantity: c.Quantity, Amount: c.Amount, List: c.List})
		}
	}
	for _, c := range o.Costs {
		if c.Bearer == edge && c.Reason == "" {
			in.Costs = append(in.Costs, FeeCost{Customer: "c", Grain: c.Grain, Cost: c.Cost})
		}
	}
	return in
}

// values are the texts that random lines and rules use.
var drawnTexts = map[Dim][]string{
	DimProvider: {"aws", "azure"}, DimPayer: {"P1", "P2"}, DimAccount: {"A1", "A2", "A3"}, DimPublisher: {"x", "y"},
	DimService: {"ec2", "s3", "rds"}, DimCategory: {"Compute", "Storage"}, DimSKU: {"sku-1", "sku-2", "sku-3"},
	DimRegion: {"eu-west-1", "us-east", ""}, DimZone: {"a", "b"}, DimUsageType: {"EU-Box", "US-Box", "EU-Byte"},
	DimOperation:    {"run", "put"},
	DimLineItemType: {"", "", "Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "RIFee", "Tax"},
	DimChargeCategory: {
		"Usage", "Usage", "Usage", "Purchase", "Tax", "Credit",
	},
	DimChargeClass: {"", "", "Correction"}, DimChargeDescription: {"per hour", "per GB"},
	DimResource: {"i-1", "i-2", "i-3", "i-4", "i-5", "vol-1", "vol-2", ""}, DimMarketplace: {"false", "false", "true"},
	DimCommitmentRole: {"none", "none", "covered", "unused", "fee", "negation"}, DimCommitmentType: {"", "SP"}, DimCommitmentID: {"", "c1"},
	DimUnit: {"Hrs", "GB"}, DimTags: {"", `{"env":"prod"}`, `{"env":"dev","team":"blue"}`, `{"team":"red","n":5}`},
	DimDate: {"2026-03-01", "2026-03-14", "2026-03-31"}, DimPeriod: {"2026-03"},
	DimServiceMonth: {"2026-03", "2026-03", "2026-03", "2026-02"}, DimCurrency: {"USD"},
	DimHasListPrice: {"true", "false"},
}

func drawLines(t *rapid.T) []usage {
	nulls := rapid.IntRange(0, 2).Draw(t, "nulls") // 0: none
	wide := rapid.IntRange(0, 9).Draw(t, "wide") == 0
	// Often the second currency is on one payer only, whom contracts may not cover.
	mixed := rapid.SampledFrom([]string{"", "", "", "P1", "P2", "any"}).Draw(t, "currencies")
	line := rapid.Custom(func(t *rapid.T) usage {
		u := usage{map[Dim]string{}, map[Measure]decimal.Decimal{}}
		for d := range NumDims {
			u.dims[d] = rapid.SampledFrom(drawnTexts[d]).Draw(t, d.String())
		}
		if mixed == u.dims[DimPayer] || mixed == "any" && rapid.Bool().Draw(t, "other") {
			u.dims[DimCurrency] = "EUR"
		}
		for m := range NumMeasures {
			if nulls > 0 && rapid.IntRange(0, 4*nulls).Draw(t, "null") == 0 {
				continue
			}
			value := decimal.New(rapid.Int64Range(-20, 60).Draw(t, m.String()), -rapid.Int32Range(0, 4).Draw(t, "scale"))
			if wide && rapid.Bool().Draw(t, "wide") {
				value = value.Mul(decimal.RequireFromString("123456789012345678901234.5678"))
			}
			u.measures[m] = value
		}
		return u
	})
	pool := rapid.SliceOfN(line, 1, 40).Draw(t, "distinct lines")
	return rapid.SliceOfN(rapid.SampledFrom(pool), 0, 80).Draw(t, "lines")
}

func drawChain(t *rapid.T, e *Engine) Chain {
	var c Chain
	if rapid.IntRange(0, 3).Draw(t, "base") == 0 {
		c.Base = drawContract(t, e, EdgeBase)
	}
	for k := range rapid.IntRange(0, 3).Draw(t, "edges") {
		kind := EdgeBelow
		switch {
		case rapid.IntRange(0, 3).Draw(t, "mixed") == 0:
			kind = EdgeMixed
		case k == 0:
			kind = EdgeFirst
		}
		edge := Edge{
			Missing:  rapid.SampledFrom([]Missing{"", MissingBlock, MissingPassThrough}).Draw(t, "missing"),
			Currency: rapid.SampledFrom([]money.Currency{"", "USD", "EUR"}).Draw(t, "edge's currency"),
		}
		if rapid.IntRange(0, 9).Draw(t, "contract") > 0 {
			edge.Contract = drawContract(t, e, kind)
		}
		c.Edges = append(c.Edges, edge)
	}
	return c
}

func drawContract(t *rapid.T, e *Engine, kind EdgeKind) *Contract {
	terms := Terms{Currency: "USD"}
	if rapid.IntRange(0, 29).Draw(t, "currency") == 0 {
		terms.Currency = money.Currency("EUR")
	}
	switch kind {
	case EdgeFirst, EdgeMixed:
		terms.Basis = rapid.SampledFrom([]Basis{BasisList, BasisContracted, BasisBilled, BasisEffective, BasisCost}).Draw(t, "basis")
	case EdgeBelow:
		terms.Basis = rapid.SampledFrom([]Basis{BasisList, BasisCost}).Draw(t, "basis")
	}
	if rapid.IntRange(0, 2).Draw(t, "covers") == 0 {
		terms.Covers = rapid.SampledFrom([]Covers{
			{{Provider: "aws"}, {Provider: "azure", Payers: []string{"P1"}}}, {{Payers: []string{"P1"}}}, {{Payers: []string{"P2"}}},
		}).Draw(t, "covered")
		terms.Missing = rapid.SampledFrom([]Missing{"", MissingPassThrough}).Draw(t, "missing")
	}
	stages := []Stage{StageExclude, StagePrice, StagePrice, StageAdjust, StageAdjust}
	if kind == EdgeBase {
		stages = stages[:1]
	}
	g := &ruleDraw{t: t, measures: []string{"quantity", "list", "cost", "price"}}
	if kind != EdgeBelow {
		g.measures = append(g.measures, "contracted", "billed", "effective")
	}
	g.touchy = rapid.IntRange(0, 3).Draw(t, "touchy") == 0
	for i := range rapid.IntRange(0, 7).Draw(t, "rules") {
		r := Rule{Name: fmt.Sprintf("r%d", i), Stage: rapid.SampledFrom(stages).Draw(t, "stage")}
		if rapid.IntRange(0, 5).Draw(t, "always") > 0 {
			r.When = Source(g.condition(2))
		}
		if r.Stage == StageExclude && r.When == "" {
			r.When = `service == "s3"`
		}
		if r.Stage != StageExclude {
			r.Then = Source(g.amount(2))
		}
		if rapid.IntRange(0, 2).Draw(t, "label") == 0 {
			r.Label = "a label"
		}
		r.Stop = rapid.IntRange(0, 3).Draw(t, "stop") == 0
		terms.Rules = append(terms.Rules, r)
	}
	c, err := e.Compile(kind, terms)
	if err != nil {
		t.Fatalf("%+v: %v", terms, err)
	}
	return c
}

// ruleDraw draws expressions.
type ruleDraw struct {
	t        *rapid.T
	measures []string
	touchy   bool // draw what may fail on some lines
}

func (g *ruleDraw) one(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(g.t, label)
}

func (g *ruleDraw) text() string {
	d := rapid.SampledFrom([]Dim{
		DimService, DimRegion, DimUsageType, DimOperation, DimResource, DimAccount, DimChargeCategory, DimCommitmentRole,
		DimLineItemType, DimDate, DimSKU, DimZone, DimPeriod, DimUnit,
	}).Draw(g.t, "dim")
	return d.String()
}

func (g *ruleDraw) atom() string {
	name := g.text()
	literal := func() string { return fmt.Sprintf("%q", g.literal(name)) }
	forms := 8
	if g.touchy {
		forms = 10
	}
	switch rapid.IntRange(0, forms-1).Draw(g.t, "atom") {
	case 0:
		return name + " == " + literal()
	case 1:
		return name + " in [" + literal() + ", " + literal() + "]"
	case 2:
		return name + ` startsWith "` + g.one("prefix", "e", "U", "i-", "sku", "2026-03-1") + `"`
	case 3:
		return `tags["` + g.one("tag", "env", "team", "none") + `"] == "` + g.one("tag value", "prod", "blue", "", "5") + `"`
	case 4:
		return "not marketplace"
	case 5:
		return name + " >= " + literal()
	case 6:
		return name + ` matches "[0-9]$"`
	case 7:
		return name + " < " + g.text() // two facets: no atom
	case 8:
		return `split(` + name + `, "-")[1] == "1"`
	}
	return `split(` + name + `, "-")[1] == ` + g.text()
}

func (g *ruleDraw) literal(name string) string {
	for d := range NumDims {
		if d.String() == name {
			return rapid.SampledFrom(drawnTexts[d]).Draw(g.t, "literal")
		}
	}
	return ""
}

func (g *ruleDraw) condition(depth int) string {
	switch n := rapid.IntRange(0, 7).Draw(g.t, "condition"); {
	case depth == 0 || n < 3:
		if rapid.IntRange(0, 5).Draw(g.t, "measured") == 0 {
			return g.measure() + g.one("compare", " > ", " <= ", " == ") + g.number()
		}
		return g.atom()
	case n < 5:
		return "(" + g.condition(depth-1) + " and " + g.condition(depth-1) + ")"
	case n < 7:
		return "(" + g.condition(depth-1) + " or " + g.condition(depth-1) + ")"
	}
	return "not (" + g.condition(depth-1) + ")"
}

func (g *ruleDraw) measure() string { return rapid.SampledFrom(g.measures).Draw(g.t, "measure") }

func (g *ruleDraw) number() string {
	return g.one("number", "0", "1", "0.97", "1.1", "-2", "0.333", "25", "3", "0.0001")
}

func (g *ruleDraw) amount(depth int) string {
	n := rapid.IntRange(0, 13).Draw(g.t, "amount")
	if depth == 0 && n > 4 {
		n = 2
	}
	switch n {
	case 0:
		return g.number()
	case 1, 2:
		return g.measure()
	case 3, 4:
		return g.measure() + " * " + g.number()
	case 5:
		return "(" + g.amount(depth-1) + " + " + g.amount(depth-1) + ")"
	case 6:
		return "(" + g.amount(depth-1) + " - " + g.amount(depth-1) + ")"
	case 7:
		return "(" + g.condition(depth-1) + " ? " + g.amount(depth-1) + " : " + g.amount(depth-1) + ")"
	case 8:
		return "percent(" + g.amount(depth-1) + ", " + g.number() + ")"
	case 9:
		return "(" + g.amount(depth-1) + " / " + g.one("divisor", "8", "3", "-0.5", "7") + ")"
	case 10:
		return "round(" + g.amount(depth-1) + ", " + g.one("places", "0", "1", "-1", "6") + ")"
	case 11:
		return g.one("function", "max", "min") + "(" + g.amount(depth-1) + ", " + g.amount(depth-1) + ")"
	case 12:
		if g.touchy {
			return "(" + g.amount(depth-1) + g.one("operator", " / ", " % ", " ** ") + g.amount(depth-1) + ")"
		}
	}
	return "-" + strings.TrimPrefix(g.amount(depth-1), "-")
}
