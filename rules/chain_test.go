package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/money"
)

// line makes a line of ordinary usage with the given changes, each
// «name=value»: a dimension, a measure, or a measure=NULL.
func line(changes ...string) usage {
	u := usage{
		dims: map[Dim]string{
			DimProvider: "aws", DimPayer: "P1", DimAccount: "A1", DimService: "EC2", DimChargeCategory: "Usage",
			DimCommitmentRole: "none", DimUnit: "Hrs", DimMarketplace: "false", DimPeriod: "2026-03", DimServiceMonth: "2026-03",
			DimDate: "2026-03-14", DimCurrency: "USD", DimHasListPrice: "true",
		},
		measures: map[Measure]decimal.Decimal{
			MeasureQuantity: dec("1"), MeasureList: dec("10"), MeasureContracted: dec("9"), MeasureBilled: dec("8"), MeasureEffective: dec("7"),
		},
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		for d := range NumDims {
			if d.String() == name {
				u.dims[d] = value
			}
		}
		for m := range NumMeasures {
			if m.String() != name {
				continue
			}
			if delete(u.measures, m); value != "NULL" {
				u.measures[m] = dec(value)
			}
		}
	}
	return u
}

func price(when, then string) Rule {
	return Rule{Name: "price", Stage: StagePrice, When: Source(when), Then: Source(then)}
}

func exclude(name, when string) Rule {
	return Rule{Name: name, Stage: StageExclude, When: Source(when)}
}

func adjust(name, then, label string) Rule {
	return Rule{Name: name, Stage: StageAdjust, Then: Source(then), Label: label}
}

func basis(b Basis, rules ...Rule) Terms { return Terms{Basis: b, Currency: "USD", Rules: rules} }

// chainOf compiles the contracts of a chain from the owner down.
func chainOf(t *testing.T, terms ...Terms) Chain {
	t.Helper()
	e := newTestEngine(t)
	var c Chain
	for k, s := range terms {
		kind := EdgeBelow
		if k == 0 {
			kind = EdgeFirst
		}
		contract, err := e.Compile(kind, s)
		if err != nil {
			t.Fatal(err)
		}
		c.Edges = append(c.Edges, Edge{Contract: contract})
	}
	return c
}

// run prices lines both ways and returns what both say.
func run(t *testing.T, c Chain, lines ...usage) (Outcome, error) {
	t.Helper()
	want, wantErr := c.Plain(batches(lines, 100, 100))
	scan := c.NewScan(1)
	for _, b := range batches(lines, 100, 100) {
		if err := scan.Add(0, b); err != nil {
			t.Fatal(err)
		}
	}
	got, err := scan.Finish()
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("plain: %v\nscan: %v", wantErr, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Outcome{}, "Classes", "Tuples")); diff != "" {
		t.Fatalf("plain and scan differ:\n%s", diff)
	}
	return got, err
}

// ledger writes an outcome as lines of text.
func ledger(o Outcome) string {
	var b strings.Builder
	for _, c := range o.Charges {
		list := "-"
		if c.List.Valid {
			list = money.Plain(c.List.Decimal)
		}
		fmt.Fprintf(&b, "edge %d %s%s %q %q quantity %s list %s: %s\n",
			c.Edge, c.Service, odd(c.Grain), c.Rule, c.Label, money.Plain(c.Quantity), list, money.Plain(c.Amount))
	}
	for _, c := range o.Costs {
		fmt.Fprintf(&b, "bearer %d %s%s %q: %s\n", c.Bearer, c.Service, odd(c.Grain), c.Reason, money.Plain(c.Cost))
	}
	for _, f := range o.Findings {
		block := ""
		if f.Blocking {
			block = " blocks"
		}
		fmt.Fprintf(&b, "finding %d %s %s%s, %d lines: %s%s\n", f.Edge, f.Code, f.Measure, block, f.Lines, money.Plain(f.Sum), foreign(f.Currency))
	}
	return b.String()
}

// odd tells what is not ordinary of a grain: its currency and service month.
func odd(g Grain) string {
	text := foreign(g.Currency)
	if g.ServiceMonth != "" {
		text += " for " + g.ServiceMonth
	}
	return text
}

func foreign(c money.Currency) string {
	if c == "USD" {
		return ""
	}
	return " " + string(c)
}

func checkLedger(t *testing.T, c Chain, lines []usage, want string) {
	t.Helper()
	got, err := run(t, c, lines...)
	if err != nil {
		t.Fatal(err)
	}
	want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", "")
	if diff := cmp.Diff(want, ledger(got)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestChain_ThreeTiers(t *testing.T) {
	t.Parallel()
	c := chainOf(t,
		basis(BasisList, price(`service == "EC2"`, "list * 0.9")),
		basis(BasisCost, adjust("margin", "price * 1.1", ""), adjust("care", "price + percent(price, 10)", "Care pack")),
	)
	checkLedger(t, c, []usage{line(), line("quantity=2", "list=20", "billed=16"), line("service=S3")}, `
		edge 0 EC2 "price" "" quantity 3 list 30: 27
		edge 0 S3 "" "" quantity 1 list 10: 10
		edge 1 EC2 "" "" quantity 3 list 30: 29.7
		edge 1 EC2 "care" "Care pack" quantity 0 list 0: 2.97
		edge 1 S3 "" "" quantity 1 list 10: 11
		edge 1 S3 "care" "Care pack" quantity 0 list 0: 1.1
		bearer 0 EC2 "": 24
		bearer 0 S3 "": 8
		bearer 1 EC2 "": 27
		bearer 1 S3 "": 10
		bearer 2 EC2 "": 32.67
		bearer 2 S3 "": 12.1
	`)
}

func TestChain_OwnUse(t *testing.T) {
	t.Parallel()
	checkLedger(t, Chain{}, []usage{line()}, `
		bearer 0 EC2 "": 8
	`)
}

func TestChain_ExcludedLinesDoNotExistBelow(t *testing.T) {
	t.Parallel()
	c := chainOf(t, basis(BasisBilled, exclude("no tax", `charge_category == "Tax"`)), basis(BasisCost, exclude("no S3", `service == "S3"`)))
	base, err := newTestEngine(t).Compile(EdgeBase, Terms{Currency: "USD", Rules: []Rule{exclude("credits", `charge_category == "Credit"`)}})
	if err != nil {
		t.Fatal(err)
	}
	c.Base = base
	checkLedger(t, c, []usage{line(), line("charge_category=Tax", "service=Tax"), line("charge_category=Credit", "service=Gift", "billed=-3"), line("service=S3")}, `
		edge 0 EC2 "" "" quantity 1 list 10: 8
		edge 0 S3 "" "" quantity 1 list 10: 8
		edge 1 EC2 "" "" quantity 1 list 10: 8
		bearer 0 EC2 "": 8
		bearer 0 Gift "credits": -3
		bearer 0 S3 "": 8
		bearer 0 Tax "no tax": 8
		bearer 1 EC2 "": 8
		bearer 1 S3 "no S3": 8
		bearer 2 EC2 "": 8
	`)
}

func TestChain_MissingContract(t *testing.T) {
	t.Parallel()
	block := basis(BasisBilled)
	block.Covers = Covers{{Provider: "aws", Payers: []string{"P1"}}}
	pass := block
	pass.Missing = MissingPassThrough
	lines := []usage{line(), line("payer=P2", "service=S3")}
	t.Run("Block", func(t *testing.T) {
		t.Parallel()
		checkLedger(t, chainOf(t, block, basis(BasisCost)), lines, `
			edge 0 EC2 "" "" quantity 1 list 10: 8
			edge 1 EC2 "" "" quantity 1 list 10: 8
			bearer 0 EC2 "": 8
			bearer 0 S3 "(no contract)": 8
			bearer 1 EC2 "": 8
			bearer 2 EC2 "": 8
			finding 0 no_contract  blocks, 1 lines: 8
		`)
	})
	t.Run("PassThrough", func(t *testing.T) {
		t.Parallel()
		checkLedger(t, chainOf(t, pass), lines, `
			edge 0 EC2 "" "" quantity 1 list 10: 8
			edge 0 S3 "" "" quantity 1 list 10: 8
			bearer 0 EC2 "": 8
			bearer 0 S3 "": 8
			bearer 1 EC2 "": 8
			bearer 1 S3 "": 8
			finding 0 pass_through , 1 lines: 8
		`)
	})
	t.Run("NoneAtAll", func(t *testing.T) {
		t.Parallel()
		c := chainOf(t, basis(BasisBilled))
		c.Edges = append(c.Edges, Edge{})
		checkLedger(t, c, lines[:1], `
			edge 0 EC2 "" "" quantity 1 list 10: 8
			bearer 0 EC2 "": 8
			bearer 1 EC2 "(no contract)": 8
			finding 1 no_contract  blocks, 1 lines: 8
		`)
	})
}

func TestChain_SavingsPlanReadsAsZeroButCostsAsStored(t *testing.T) {
	t.Parallel()
	lines := []usage{
		line("line_item_type=SavingsPlanCoveredUsage", "commitment_role=covered", "billed=5", "effective=3"),
		line("line_item_type=SavingsPlanNegation", "commitment_role=negation", "billed=-5", "effective=0", "quantity=0", "service=SP"),
	}
	checkLedger(t, chainOf(t, basis(BasisBilled)), lines, `
		edge 0 EC2 "" "" quantity 1 list 10: 0
		edge 0 SP "" "" quantity 0 list 0: 0
		bearer 0 EC2 "": 5
		bearer 0 SP "": -5
		bearer 1 EC2 "": 0
		bearer 1 SP "": 0
	`)
}

// TestChain_ListBelowTheFirstEdge and TestEngine_Compile_Mistakes show
// invariant 4.
func TestChain_ListBelowTheFirstEdge(t *testing.T) {
	t.Parallel()
	// Delivered on usage, and on purchases that have a list unit price; derived
	// from billed for other types of a legacy CUR, and never on taxes: there it
	// reads as the edge's cost.
	lines := []usage{
		line("line_item_type=Usage"),
		line("service=Fee", "line_item_type=Fee"),
		line("service=Tax", "charge_category=Tax"),
		line("service=RI", "charge_category=Purchase", "commitment_role=fee"),
		line("service=Plan", "charge_category=Purchase"),
		line("service=Care", "charge_category=Purchase", "has_list_price=false"),
	}
	checkLedger(t, chainOf(t, basis(BasisBilled), basis(BasisList)), lines, `
		edge 0 Care "" "" quantity 1 list -: 8
		edge 0 EC2 "" "" quantity 1 list 10: 8
		edge 0 Fee "" "" quantity 1 list -: 8
		edge 0 Plan "" "" quantity 1 list 10: 8
		edge 0 RI "" "" quantity 1 list 0: 8
		edge 0 Tax "" "" quantity 1 list -: 8
		edge 1 Care "" "" quantity 1 list -: 8
		edge 1 EC2 "" "" quantity 1 list 10: 10
		edge 1 Fee "" "" quantity 1 list -: 8
		edge 1 Plan "" "" quantity 1 list 10: 10
		edge 1 RI "" "" quantity 1 list 0: 0
		edge 1 Tax "" "" quantity 1 list -: 8
		bearer 0 Care "": 8
		bearer 0 EC2 "": 8
		bearer 0 Fee "": 8
		bearer 0 Plan "": 8
		bearer 0 RI "": 8
		bearer 0 Tax "": 8
		bearer 1 Care "": 8
		bearer 1 EC2 "": 8
		bearer 1 Fee "": 8
		bearer 1 Plan "": 8
		bearer 1 RI "": 8
		bearer 1 Tax "": 8
		bearer 2 Care "": 8
		bearer 2 EC2 "": 10
		bearer 2 Fee "": 8
		bearer 2 Plan "": 10
		bearer 2 RI "": 0
		bearer 2 Tax "": 8
		finding 1 zero_basis list blocks, 1 lines: 8
	`)
}

func TestChain_MissingMeasures(t *testing.T) {
	t.Parallel()
	lines := []usage{line("list=NULL", "quantity=NULL"), line("effective=NULL"), line("service=S3", "list=NULL")}
	c := chainOf(t, basis(BasisList, price(`service == "S3"`, "5"), adjust("per unit", "price + quantity", "")))
	checkLedger(t, c, lines, `
		edge 0 EC2 "" "" quantity 1 list -: 19
		edge 0 S3 "price" "" quantity 1 list -: 6
		bearer 0 EC2 "": 16
		bearer 0 S3 "": 8
		bearer 1 EC2 "": 19
		bearer 1 S3 "": 6
		finding 0 null_measure list, 1 lines: 8
		finding 0 null_measure quantity, 1 lines: 8
	`)
}

func TestChain_ZeroBasis(t *testing.T) {
	t.Parallel()
	lines := []usage{
		line("list=0"), line("list=0", "billed=0"), line("list=0", "charge_category=Tax", "service=Tax"),
		line("list=0", "service=Spot"), line("list=0", "service=Gift"),
	}
	c := chainOf(t, basis(BasisList, exclude("gifts", `service == "Gift"`), price(`service == "Spot"`, "billed")))
	checkLedger(t, c, lines, `
		edge 0 EC2 "" "" quantity 2 list 0: 0
		edge 0 Spot "price" "" quantity 1 list 0: 8
		edge 0 Tax "" "" quantity 1 list -: 0
		bearer 0 EC2 "": 8
		bearer 0 Gift "gifts": 8
		bearer 0 Spot "": 8
		bearer 0 Tax "": 8
		bearer 1 EC2 "": 0
		bearer 1 Spot "": 8
		bearer 1 Tax "": 0
		finding 0 zero_basis list blocks, 1 lines: 8
	`)
}

// A basis of 0 is no finding once an adjust rule has given a price.
func TestChain_ZeroBasis_Adjusted(t *testing.T) {
	t.Parallel()
	add := Rule{Name: "surcharge", Stage: StageAdjust, When: `service == "Spot"`, Then: "price + billed * 1.1"}
	perHour := Rule{Name: "per hour", Stage: StageAdjust, When: `service == "Box"`, Then: "price + quantity * 0.5", Label: "Box"}
	lines := []usage{
		line("list=0"), line("list=0", "service=Spot"), line("list=0", "service=Box"),
		line("list=0", "service=Box", "quantity=0"), // what it adds is 0
	}
	checkLedger(t, chainOf(t, basis(BasisList, add, perHour, adjust("margin", "price * 1.5", ""))), lines, `
		edge 0 Box "" "" quantity 1 list 0: 0.25
		edge 0 Box "per hour" "Box" quantity 0 list 0: 0.5
		edge 0 EC2 "" "" quantity 1 list 0: 0
		edge 0 Spot "" "" quantity 1 list 0: 13.2
		bearer 0 Box "": 16
		bearer 0 EC2 "": 8
		bearer 0 Spot "": 8
		bearer 1 Box "": 0.75
		bearer 1 EC2 "": 0
		bearer 1 Spot "": 13.2
		finding 0 zero_basis list blocks, 2 lines: 16
	`)
}

func TestChain_PriceOfZeroIsACharge(t *testing.T) {
	t.Parallel()
	checkLedger(t, chainOf(t, basis(BasisList, price("", "0"))), []usage{line()}, `
		edge 0 EC2 "price" "" quantity 1 list 10: 0
		bearer 0 EC2 "": 8
		bearer 1 EC2 "": 0
	`)
}

func TestChain_LateLines(t *testing.T) {
	t.Parallel()
	lines := []usage{line(), line("service_month=2026-02", "billed=-2")}
	checkLedger(t, chainOf(t, basis(BasisBilled)), lines, `
		edge 0 EC2 "" "" quantity 1 list 10: 8
		edge 0 EC2 for 2026-02 "" "" quantity 1 list 10: -2
		bearer 0 EC2 "": 8
		bearer 0 EC2 for 2026-02 "": -2
		bearer 1 EC2 "": 8
		bearer 1 EC2 for 2026-02 "": -2
	`)
}

func TestChain_Stop(t *testing.T) {
	t.Parallel()
	double, triple := adjust("double", "price * 2", ""), adjust("triple", "price * 3", "")
	double.When, double.Stop = `service == "EC2"`, true
	checkLedger(t, chainOf(t, basis(BasisBilled, double, triple)), []usage{line(), line("service=S3")}, `
		edge 0 EC2 "" "" quantity 1 list 10: 16
		edge 0 S3 "" "" quantity 1 list 10: 24
		bearer 0 EC2 "": 8
		bearer 0 S3 "": 8
		bearer 1 EC2 "": 16
		bearer 1 S3 "": 24
	`)
}

func TestChain_PerLineRoundingIsPerLine(t *testing.T) {
	t.Parallel()
	// 3 × round(0.005, 2), not round(0.015, 2).
	tiny := line("billed=0.005")
	checkLedger(t, chainOf(t, basis(BasisBilled, price("", "round(billed, 2)")), basis(BasisCost, price("", "cost * 1.5"))), []usage{tiny, tiny, tiny}, `
		edge 0 EC2 "price" "" quantity 3 list 30: 0.03
		edge 1 EC2 "price" "" quantity 3 list 30: 0.045
		bearer 0 EC2 "": 0.015
		bearer 1 EC2 "": 0.03
		bearer 2 EC2 "": 0.045
	`)
}

func TestChain_Errors(t *testing.T) {
	t.Parallel()
	euro := basis(BasisCost)
	euro.Currency = "EUR"
	passing := basis(BasisCost)
	passing.Covers, passing.Missing = Covers{{Payers: []string{"P1"}}}, MissingPassThrough
	for _, c := range []struct {
		name  string
		terms []Terms
		lines []usage
		edge  int
		want  string
	}{
		{
			"DivisionByZero",
			[]Terms{basis(BasisCost), basis(BasisCost, price("", "cost /\n quantity"))},
			[]usage{line(), line("quantity=0")},
			1,
			`rule "price", then, 1:6: division by zero (segment 0, row 1, account A1)`,
		},
		{
			"ContractInAnotherCurrency",
			[]Terms{basis(BasisCost), euro},
			[]usage{line()},
			1,
			"a line of account A1 is in USD, but its contract is in EUR (segment 0, row 0, account A1)",
		},
		{
			"LineInAnotherCurrency",
			[]Terms{basis(BasisCost)},
			[]usage{line(), line("currency=EUR", "account=A2"), line("currency=", "account=A3")},
			0,
			"a line of account A2 is in EUR, but its contract is in USD (segment 0, row 1, account A2)",
		},
		{
			"NoCurrency",
			[]Terms{basis(BasisCost)},
			[]usage{line("currency=")},
			0,
			"a line of account A1 is in no currency, but its contract is in USD (segment 0, row 0, account A1)",
		},
		{
			"PassedThroughInAnotherCurrency",
			[]Terms{passing},
			[]usage{line(), line("currency=EUR", "payer=P2")},
			0,
			"a line of account A1 is in EUR, but the contract of this edge is in USD (segment 0, row 1, account A1)",
		},
		{
			"FirstLineWins",
			[]Terms{basis(BasisCost, price(`split(service, "-")[1] == "x"`, "0"))},
			[]usage{line("service=a-x"), line("service=b"), line("service=c")},
			0,
			`rule "price", when, 1:20: the list has no such part (segment 0, row 1, account A1)`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, chainOf(t, c.terms...), c.lines...)
			var failed *LineError
			if !errors.As(err, &failed) || failed.Error() != c.want || failed.Edge != c.edge {
				t.Fatalf("got %v, want %s on edge %d", err, c.want, c.edge)
			}
			if errs.KindOf(err) != errs.FailedPrecondition {
				t.Errorf("kind %s", errs.KindOf(err))
			}
		})
	}
}

// Lines that no contract charges may come in any currency; each is summed on
// its own.
func TestChain_TwoCurrencies(t *testing.T) {
	t.Parallel()
	blocking := basis(BasisBilled)
	blocking.Covers = Covers{{Payers: []string{"P1"}}}
	lines := []usage{line(), line("currency=EUR", "payer=P2"), line("currency=EUR", "payer=P2", "billed=5"), line("payer=P2")}
	t.Run("OwnUse", func(t *testing.T) {
		t.Parallel()
		checkLedger(t, Chain{}, lines, `
			bearer 0 EC2 "": 8
			bearer 0 EC2 EUR "": 13
			bearer 0 EC2 "": 8
		`)
	})
	t.Run("Blocked", func(t *testing.T) {
		t.Parallel()
		checkLedger(t, chainOf(t, blocking, basis(BasisCost)), lines, `
			edge 0 EC2 "" "" quantity 1 list 10: 8
			edge 1 EC2 "" "" quantity 1 list 10: 8
			bearer 0 EC2 "": 8
			bearer 0 EC2 EUR "(no contract)": 13
			bearer 0 EC2 "(no contract)": 8
			bearer 1 EC2 "": 8
			bearer 2 EC2 "": 8
			finding 0 no_contract  blocks, 2 lines: 13 EUR
			finding 0 no_contract  blocks, 1 lines: 8
		`)
	})
	t.Run("Excluded", func(t *testing.T) {
		t.Parallel()
		c := Chain{Edges: []Edge{{}}}
		base, err := newTestEngine(t).Compile(EdgeBase, Terms{Currency: "USD", Rules: []Rule{exclude("kept", `payer == "P2"`)}})
		if err != nil {
			t.Fatal(err)
		}
		c.Base = base
		checkLedger(t, c, lines[1:2], `
			bearer 0 EC2 EUR "kept": 8
		`)
	})
	t.Run("PassedThrough", func(t *testing.T) {
		t.Parallel()
		c := Chain{Edges: []Edge{{Missing: MissingPassThrough, Currency: "EUR"}}}
		checkLedger(t, c, lines[1:2], `
			edge 0 EC2 EUR "" "" quantity 1 list 10: 8
			bearer 0 EC2 EUR "": 8
			bearer 1 EC2 EUR "": 8
			finding 0 pass_through , 1 lines: 8 EUR
		`)
		_, err := run(t, c, lines...)
		want := "a line of account A1 is in USD, but this edge is in EUR (segment 0, row 0, account A1)"
		if failed, ok := errors.AsType[*LineError](err); !ok || failed.Error() != want || failed.Edge != 0 {
			t.Errorf("%v, want %s", err, want)
		}
	})
}

// A seller that owns payer accounts may name what is delivered; on the lines
// of the tier above it reads its own cost.
func TestChain_MixedContract(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	mixed, err := e.Compile(EdgeMixed, basis(BasisEffective, price(`service == "S3"`, "contracted + billed"),
		exclude("dear", "effective > 8.5 and cost <= 8.5"), adjust("margin", "price * 2", "")))
	if err != nil {
		t.Fatal(err)
	}
	lines := []usage{line(), line("service=S3"), line("service=SP", "line_item_type=SavingsPlanCoveredUsage", "commitment_role=covered")}
	t.Run("OwnLines", func(t *testing.T) {
		t.Parallel()
		checkLedger(t, Chain{Edges: []Edge{{Contract: mixed}}}, lines, `
			edge 0 EC2 "" "" quantity 1 list 10: 14
			edge 0 S3 "price" "" quantity 1 list 10: 34
			edge 0 SP "" "" quantity 1 list 10: 14
			bearer 0 EC2 "": 8
			bearer 0 S3 "": 8
			bearer 0 SP "": 8
			bearer 1 EC2 "": 14
			bearer 1 S3 "": 34
			bearer 1 SP "": 14
		`)
	})
	t.Run("LinesOfTheTierAbove", func(t *testing.T) {
		t.Parallel()
		above := chainOf(t, basis(BasisList)) // the seller of the mixed contract pays 10 for each line
		c := Chain{Edges: append(above.Edges, Edge{Contract: mixed})}
		checkLedger(t, c, append(lines, line("service=Dear", "effective=9", "list=8")), `
			edge 0 Dear "" "" quantity 1 list 8: 8
			edge 0 EC2 "" "" quantity 1 list 10: 10
			edge 0 S3 "" "" quantity 1 list 10: 10
			edge 0 SP "" "" quantity 1 list 10: 10
			edge 1 Dear "" "" quantity 1 list 8: 16
			edge 1 EC2 "" "" quantity 1 list 10: 20
			edge 1 S3 "price" "" quantity 1 list 10: 40
			edge 1 SP "" "" quantity 1 list 10: 20
			bearer 0 Dear "": 8
			bearer 0 EC2 "": 8
			bearer 0 S3 "": 8
			bearer 0 SP "": 8
			bearer 1 Dear "": 8
			bearer 1 EC2 "": 10
			bearer 1 S3 "": 10
			bearer 1 SP "": 10
			bearer 2 Dear "": 16
			bearer 2 EC2 "": 20
			bearer 2 S3 "": 40
			bearer 2 SP "": 20
		`)
	})
}

func TestChain_BaseContractFails(t *testing.T) {
	t.Parallel()
	c := chainOf(t, basis(BasisCost))
	for _, when := range []string{`1 / quantity > 2`, `split(service, "-")[1] == "x"`} {
		base, err := newTestEngine(t).Compile(EdgeBase, Terms{Currency: "USD", Rules: []Rule{exclude("bad", when)}})
		if err != nil {
			t.Fatal(err)
		}
		c.Base = base
		_, err = run(t, c, line("quantity=0"))
		if failed, ok := errors.AsType[*LineError](err); !ok || failed.Edge != -1 || failed.Rule != "bad" {
			t.Errorf("%s: %v, want an error of the base contract", when, err)
		}
	}
}

func TestChain_Need(t *testing.T) {
	t.Parallel()
	c := chainOf(t, basis(BasisEffective, price(`tags["env"] == "x" and resource != ""`, "contracted")))
	n := c.Need()
	for _, d := range []Dim{DimTags, DimResource, DimAccount, DimLineItemType, DimServiceMonth, DimCurrency, DimHasListPrice} {
		if !n.HasDim(d) {
			t.Errorf("%s is not needed", d)
		}
	}
	if n.HasDim(DimDate) || n.HasDim(DimZone) {
		t.Errorf("too much is needed: %v", n.Dims)
	}
	if len(n.Measures) != int(NumMeasures) {
		t.Errorf("measures: %v", n.Measures)
	}
	if n := chainOf(t, basis(BasisBilled)).Need(); n.HasMeasure(MeasureEffective) || n.HasMeasure(MeasureContracted) {
		t.Errorf("measures: %v", n.Measures)
	}
}

func TestScan_ClassesDoNotGrowWithResources(t *testing.T) {
	t.Parallel()
	c := chainOf(t, basis(BasisBilled, price(`resource startsWith "i-1" or date >= "2026-03-20"`, "billed * 2")))
	var lines []usage
	for i := range 100 {
		lines = append(lines, line(fmt.Sprintf("resource=i-%d", i), fmt.Sprintf("date=2026-03-%02d", i%31+1)))
	}
	got, err := run(t, c, lines...)
	if err != nil || got.Classes != 4 || got.Tuples != 0 {
		t.Errorf("%d classes, %d tuples, %v; want 4 and 0", got.Classes, got.Tuples, err)
	}
}

func TestScan_Add_MalformedBatch(t *testing.T) {
	t.Parallel()
	scan := chainOf(t, basis(BasisBilled)).NewScan(1)
	b := batches([]usage{line()}, 1, 1)[0]
	b.Dims[DimService] = DimColumn{}
	if err := scan.Add(0, b); errs.KindOf(err) != errs.Internal || err == nil {
		t.Errorf("missing column: %v", err)
	}
	if err := scan.Add(1, b); err == nil {
		t.Error("unknown worker")
	}
}
