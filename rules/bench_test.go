package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// BenchmarkScan prices lines as they come from a year of hourly billing: many
// resources, a third of the quantities metered and non-repeating, 17- and
// 4-valued tags; rules as a real contract's, one in fifty over resources, one
// in ten rounding, over 5 % of the lines in all. Decoding is not in it.
func BenchmarkScan(b *testing.B) {
	lines := benchBatches(4, 1_000_000)
	for _, rules := range []int{20, 200} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("rules=%d/workers=%d", rules, workers), func(b *testing.B) {
				chain := benchChain(b, rules)
				b.ReportAllocs()
				started := cpuTime()
				var out Outcome
				for b.Loop() {
					out = benchRun(b, chain, lines, workers)
				}
				n := float64(b.N)
				b.ReportMetric((cpuTime()-started).Seconds()/n, "cpu-s/op")
				b.ReportMetric(float64(out.Classes), "classes")
				b.ReportMetric(float64(out.Tuples), "tuples")
				b.ReportMetric(float64(len(out.Charges)), "charges")
			})
		}
	}
}

// BenchmarkPlain shows what the reference costs per line.
func BenchmarkPlain(b *testing.B) {
	lines := benchBatches(1, 10_000)[0]
	chain := benchChain(b, 20)
	for b.Loop() {
		if _, err := chain.Plain(lines); err != nil {
			b.Fatal(err)
		}
	}
}

// TestScan_Workers lets workers run at the same time: the outcome is the same
// for any number of them, and that of the plain evaluation (invariant 2).
func TestScan_Workers(t *testing.T) {
	t.Parallel()
	lines, chain := benchBatches(5, 2_500), benchChain(t, 40)
	want, err := chain.Plain(slices.Concat(lines...))
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2, 5} {
		got := benchRun(t, chain, lines, workers)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Outcome{}, "Classes", "Tuples")); diff != "" {
			t.Errorf("%d workers (-plain +scan):\n%s", workers, diff)
		}
	}
}

// cpuTime is what this process has used: on a busy machine it tells more than
// the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchRun gives each worker every n-th segment, as row groups are dealt out.
func benchRun(b testing.TB, chain Chain, segments [][]*Batch, workers int) Outcome {
	scan := chain.NewScan(workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for s := w; s < len(segments); s += workers {
				for _, batch := range segments[s] {
					if err := scan.Add(w, batch); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	out, err := scan.Finish()
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// benchResource is a resource with lines for each hour of the month.
type benchResource struct {
	ids     [NumDims]uint32
	metered bool
}

// benchBatches makes row groups of one account each, sorted by resource.
func benchBatches(groups, rows int) [][]*Batch {
	const batch = 1 << 16
	out := make([][]*Batch, groups)
	for g := range out {
		dicts := benchDicts(g, rows/720+1)
		rng := rand.New(rand.NewPCG(1, uint64(g)))
		var columns [NumDims][]uint32
		var ints [NumMeasures][]int64
		var r benchResource
		for i := range rows {
			if i%720 == 0 {
				r = newBenchResource(rng, dicts, i/720)
			}
			for d := range NumDims {
				columns[d] = append(columns[d], r.ids[d])
			}
			columns[DimDate][i] = uint32(i % 720 / 24)
			quantity := int64(1_000_000_000)
			if r.metered {
				quantity = rng.Int64N(1 << 40)
			}
			price := int64(r.ids[DimSKU] + 1)
			ints[MeasureQuantity] = append(ints[MeasureQuantity], quantity)
			ints[MeasureList] = append(ints[MeasureList], quantity*price)
			ints[MeasureBilled] = append(ints[MeasureBilled], quantity*price)
		}
		for from := 0; from < rows; from += batch {
			to := min(rows, from+batch)
			b := &Batch{Segment: g, FirstRow: int64(from), Rows: to - from}
			for d := range NumDims {
				b.Dims[d] = DimColumn{dicts[d], columns[d][from:to]}
			}
			for m := range NumMeasures {
				if ints[m] != nil {
					b.Measures[m] = MeasureColumn{Scale: 12, Ints: ints[m][from:to]}
				}
			}
			out[g] = append(out[g], b)
		}
	}
	return out
}

func newBenchResource(rng *rand.Rand, dicts [NumDims]*Dict, n int) (r benchResource) {
	usageType := rng.IntN(len(dicts[DimUsageType].Values))
	r.metered = usageType%3 == 0
	r.ids[DimUsageType] = uint32(usageType)
	r.ids[DimSKU] = uint32(usageType*5 + rng.IntN(5))
	r.ids[DimService] = uint32(usageType / 5)
	r.ids[DimOperation] = uint32(usageType % 7)
	r.ids[DimRegion] = uint32(rng.IntN(len(dicts[DimRegion].Values)))
	r.ids[DimTags] = uint32(rng.IntN(len(dicts[DimTags].Values)))
	r.ids[DimResource] = uint32(n)
	return r
}

func benchDicts(group, resources int) (dicts [NumDims]*Dict) {
	for d := range NumDims {
		values := []string{""}
		switch d {
		case DimService:
			values = benchWords("service-%d", 12)
		case DimUsageType:
			values = benchWords("USE1-Type%d", 60)
		case DimSKU:
			values = benchWords("SKU%d", 300)
		case DimOperation:
			values = benchWords("Op%d", 7)
		case DimRegion:
			values = benchWords("region-%d", 6)
		case DimResource:
			values = benchWords(fmt.Sprintf("i-%d-%%d", group), resources)
		case DimTags:
			values = nil
			for i := range 17 * 4 {
				values = append(values, fmt.Sprintf(`{"env":"e%d","team":"t%d"}`, i%4, i/4))
			}
		case DimDate:
			values = benchWords("2026-03-%02d", 31)
		case DimAccount:
			values = []string{fmt.Sprint("account-", group)}
		case DimPeriod, DimServiceMonth:
			values = []string{"2026-03"}
		case DimCurrency:
			values = []string{"USD"}
		case DimChargeCategory:
			values = []string{"Usage"}
		case DimCommitmentRole:
			values = []string{"none"}
		case DimMarketplace:
			values = []string{"false"}
		}
		dicts[d] = &Dict{values}
	}
	return dicts
}

func benchWords(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

// benchChain has two edges that share n rules, the last of ten rounding.
func benchChain(b testing.TB, n int) Chain {
	e := newTestEngine(b)
	var c Chain
	rng := rand.New(rand.NewPCG(2, 2))
	for k := range 2 {
		terms := Terms{Currency: "USD", Basis: BasisCost}
		for i := range n / 2 {
			terms.Rules = append(terms.Rules, benchRule(rng, i, n/2))
		}
		contract, err := e.Compile([]EdgeKind{EdgeFirst, EdgeBelow}[k], terms)
		if err != nil {
			b.Fatal(err)
		}
		c.Edges = append(c.Edges, Edge{Contract: contract})
	}
	return c
}

func benchRule(rng *rand.Rand, i, n int) Rule {
	r := Rule{Name: fmt.Sprint("rule ", i), Stage: StageAdjust, Then: Source(fmt.Sprintf("price * 1.0%d", rng.IntN(90)+10))}
	switch {
	case i%10 == 9:
		// Usage type 0, 3, … are metered; each has 1/60 of the lines.
		types := max(1, 30/n)
		r.Then = Source("round(price * 1.01, 6)")
		r.When = Source(fmt.Sprintf(`usage_type in ["USE1-Type%d", "USE1-Type%d"] and tags["team"] != "t%d"`, i, i+types, rng.IntN(17)))
	case i%50 == 7:
		r.When = Source(fmt.Sprintf(`resource endsWith "%d"`, rng.IntN(100)))
	case i%5 == 0:
		r.When = Source(fmt.Sprintf(`service == "service-%d" and tags["env"] == "e%d"`, rng.IntN(12), rng.IntN(4)))
	case i%5 == 1:
		r.When = Source(fmt.Sprintf(`sku == "SKU%d" or region == "region-%d" and operation == "Op%d"`, rng.IntN(300), rng.IntN(6), rng.IntN(7)))
	case i%5 == 2:
		r.When = Source(fmt.Sprintf(`tags["team"] in ["t%d", "t%d"] and charge_category == "Usage"`, rng.IntN(17), rng.IntN(17)))
	case i%5 == 3:
		r.When = Source(fmt.Sprintf(`usage_type startsWith "USE1-Type%d" and region in ["region-%d", "region-1"]`, rng.IntN(60), rng.IntN(6)))
	default:
		r.Stage = StagePrice
		r.When = Source(fmt.Sprintf(`service == "service-%d"`, rng.IntN(12)))
	}
	return r
}
