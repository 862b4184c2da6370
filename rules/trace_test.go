package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// The steps of every charge end at its amount, and what an edge leaves out is
// what its seller bears with a reason, on random lines, rules and chains.
func TestTrace_EndsAtEveryCharge(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		chain := drawChain(t, e)
		lines := drawLines(t)
		out, err := chain.Plain(batches(lines, 1000, max(1, len(lines))))
		if err != nil {
			return // the run fails, so there is nothing to explain
		}
		cut := rapid.IntRange(1, 20).Draw(t, "lines per batch")
		trace := func(edge int, sel TraceSelect) Trace {
			tracer := chain.NewTracer(edge, 2, sel)
			for i, b := range batches(lines, 1000, cut) {
				if err := tracer.Add(i%2, b); err != nil {
					t.Fatal(err)
				}
				b.clobber()
			}
			return tracer.Finish()
		}
		for _, want := range out.Charges {
			got := trace(want.Edge, TraceSelect{
				Dims: map[Dim]string{DimService: want.Service, DimUnit: want.Unit, DimAccount: want.Account},
				Charge: func(c Charge) bool {
					return c.Grain == want.Grain && c.Rule == want.Rule && c.Label == want.Label
				},
			})
			if sum := sumOf(got.Steps); !got.Amount.Equal(want.Amount) || !sum.Equal(want.Amount) {
				t.Fatalf("charge %+v: traced %s, steps come to %s: %+v", want, got.Amount, sum, got.Steps)
			}
			if got.Lines == 0 {
				t.Fatalf("charge %+v comes from no line", want)
			}
		}
		for k := range chain.Edges {
			want, got := decimal.Decimal{}, decimal.Decimal{}
			for _, c := range out.Costs {
				if c.Bearer == k && c.Reason != "" {
					want = want.Add(c.Cost)
				}
			}
			for _, l := range trace(k, TraceSelect{}).Left {
				got = got.Add(l.Cost)
			}
			if !got.Equal(want) {
				t.Fatalf("edge %d leaves out %s, the costs say %s", k, got, want)
			}
		}
	})
}

func sumOf(steps []TraceStep) decimal.Decimal {
	sum := decimal.Decimal{}
	for _, s := range steps {
		sum = sum.Add(s.After.Sub(s.Before))
	}
	return sum
}

// seenStep is a step as people would say it.
type seenStep struct {
	Kind          TraceKind
	Rule          string
	Lines         int64
	Before, After string
}

func seenSteps(steps []TraceStep) (out []seenStep) {
	for _, s := range steps {
		x := seenStep{Kind: s.Kind, Lines: s.Lines, Before: s.Before.String(), After: s.After.String()}
		if s.Rule != nil {
			x.Rule = s.Rule.Name
		}
		out = append(out, x)
	}
	return out
}

func TestTrace_Steps(t *testing.T) {
	t.Parallel()
	chain := chainOf(t,
		basis(BasisBilled, exclude("no tax", `charge_category == "Tax"`), price(`region == "eu"`, "price * 0.5")),
		basis(BasisCost,
			exclude("no gifts", `service == "Gift"`),
			price(`region == "eu"`, "price * 3"),
			adjust("surcharge", "price + 1", ""),
			adjust("care", "price * 2", "Care")))
	lines := []usage{
		line("region=eu"), line("region=eu"), line("region=us"), // billed 8 each
		line("charge_category=Tax"), line("service=Gift"),
	}
	trace := func(edge int, label string) Trace {
		tracer := chain.NewTracer(edge, 1, TraceSelect{
			Dims: map[Dim]string{DimUnit: "Hrs"}, Charge: func(c Charge) bool { return c.Label == label },
		})
		for _, b := range batches(lines, 100, 100) {
			if err := tracer.Add(0, b); err != nil {
				t.Fatal(err)
			}
		}
		return tracer.Finish()
	}
	// The reseller pays 4, 4 and 8; the first two triple; each gets 1 on top.
	want := []seenStep{
		{TraceBasis, "", 3, "0", "16"},
		{TracePrice, "price", 2, "8", "24"},
		{TraceAdjust, "surcharge", 3, "32", "35"},
	}
	got := trace(1, "")
	if diff := cmp.Diff(want, seenSteps(got.Steps)); diff != "" || got.Amount.String() != "35" || got.Lines != 3 {
		t.Errorf("%s of %d lines\n%s", got.Amount, got.Lines, diff)
	}
	// What the first edge leaves out does not exist on the second.
	if len(got.Left) != 1 || got.Left[0].Rule.Name != "no gifts" || got.Left[0].Lines != 1 || got.Left[0].Cost.String() != "8" {
		t.Errorf("left out: %+v", got.Left)
	}
	care := trace(1, "Care")
	if diff := cmp.Diff([]seenStep{{TraceSeparate, "care", 3, "35", "70"}}, seenSteps(care.Steps)); diff != "" || care.Amount.String() != "35" {
		t.Errorf("%s\n%s", care.Amount, diff)
	}
	above := trace(0, "")
	if len(above.Left) != 1 || above.Left[0].Rule.Name != "no tax" || above.Left[0].IsBase {
		t.Errorf("left out above: %+v", above.Left)
	}
}

func TestTrace_BaseContractAndPassThrough(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	base, err := e.Compile(EdgeBase, Terms{Currency: "USD", Rules: []Rule{exclude("credits", `charge_category == "Credit"`)}})
	if err != nil {
		t.Fatal(err)
	}
	chain := Chain{Base: base, Edges: []Edge{{Missing: MissingPassThrough}, {Missing: MissingBlock}}}
	trace := func(edge int) Trace {
		tracer := chain.NewTracer(edge, 1, TraceSelect{})
		for _, b := range batches([]usage{line(), line("charge_category=Credit")}, 100, 100) {
			if err := tracer.Add(0, b); err != nil {
				t.Fatal(err)
			}
		}
		return tracer.Finish()
	}
	first := trace(0)
	if diff := cmp.Diff([]seenStep{{TracePass, "", 1, "0", "8"}}, seenSteps(first.Steps)); diff != "" {
		t.Error(diff)
	}
	if len(first.Left) != 1 || !first.Left[0].IsBase || first.Left[0].Rule.Name != "credits" {
		t.Errorf("left out: %+v", first.Left)
	}
	second := trace(1)
	if len(second.Steps) != 0 || len(second.Left) != 1 || second.Left[0].Rule != nil || second.Left[0].Cost.String() != "8" {
		t.Errorf("a blocked edge: %+v", second)
	}
}
