package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"tierbook/rules"
)

// tag is a tag's name in rules and the values that it has.
type tag struct {
	field  string
	values []string
}

// ruleSets returns the terms of two edges with n rules each.
//
// Conditions are over service, SKU, region, usage type, operation, charge
// category and two tags; one rule in fifty, at least one in all, has one over
// the resource. Amounts are linear, except in one rule of ten: those round, on
// five percent of the lines in all, half of which have quantities that do not
// repeat. Rounding rules are adjust rules, so that no rule before them takes
// their lines away; both edges round the same lines.
func ruleSets(w words, n int) [2]rules.Terms {
	out := [2]rules.Terms{
		{Basis: rules.BasisList, Currency: "USD"},
		{Basis: rules.BasisCost, Currency: "USD"},
	}
	rounding := roundedLines(w, n/10)
	resources := max(2*n/50, 1)
	for edge := range out {
		rng := rand.New(rand.NewPCG(seed, uint64(edge)))
		for i := range n {
			r := rules.Rule{Name: fmt.Sprintf("rule %d", i+1)}
			switch {
			case i%10 == 9:
				r.Stage, r.When, r.Then = rules.StageAdjust, rounding[i/10], rules.Source("round(price * "+factor(rng)+", 6)")
			case i%50 == 24 || i == n/2 && n < 50 && edge < resources:
				r.Stage, r.When, r.Then = rules.StageAdjust, overResource(rng), rules.Source("price * "+factor(rng))
			case i%3 == 2:
				r.Stage, r.When, r.Then = rules.StageAdjust, condition(w, rng, i), rules.Source("price * "+factor(rng))
			default:
				r.Stage, r.When, r.Then = rules.StagePrice, condition(w, rng, i), linear(edge, rng, i)
			}
			out[edge].Rules = append(out[edge].Rules, r)
		}
	}
	return out
}

// factor is between 1.0000 and 1.1499.
func factor(rng *rand.Rand) string { return fmt.Sprintf("1.%04d", rng.IntN(1500)) }

// linear is an amount that is proportional to measures.
func linear(edge int, rng *rand.Rand, i int) rules.Source {
	measure := "cost"
	if edge == 0 && i%2 == 0 {
		measure = "list"
	}
	if i%7 == 3 {
		return rules.Source(measure + " * 0.9" + strconv.Itoa(rng.IntN(100)) + " + quantity * 0.0001")
	}
	return rules.Source(measure + " * " + factor(rng))
}

// condition makes the i-th of several kinds of conditions.
func condition(w words, rng *rand.Rand, i int) rules.Source {
	pick := func(list []word) string { return strconv.Quote(list[rng.IntN(len(list))].text) }
	tagged := func(t tag) string { return strconv.Quote(t.values[rng.IntN(len(t.values))]) }
	many, few := w.many.field, w.few.field
	service, region := "service == "+pick(w.services), "region == "+pick(w.regions)
	var s string
	switch i % 9 {
	case 0:
		s = service + " and " + region
	case 1:
		s = "sku == " + pick(w.skus)
	case 2:
		s = "usage_type == " + pick(w.usageTypes)
	case 3:
		s = "operation == " + pick(w.operations) + " and " + many + " == " + tagged(w.many)
	case 4:
		s = `charge_category == "Usage" and ` + few + " == " + tagged(w.few) + " and " + service
	case 5:
		s = fmt.Sprintf("%s in [%s, %s, %s] and %s", many, tagged(w.many), tagged(w.many), tagged(w.many), region)
	case 6:
		s = `region startsWith "eu-" and ` + service + " and " + few + " != " + tagged(w.few)
	case 7:
		s = "usage_type endsWith " + strconv.Quote(suffix(w.usageTypes[rng.IntN(len(w.usageTypes))].text)) + " and " + region
	default:
		s = `charge_category != "Tax" and ` + service + " and " + many + " == " + tagged(w.many)
	}
	return rules.Source(s)
}

// suffix cuts the region's prefix off a usage type.
func suffix(usageType string) string {
	if _, after, found := strings.Cut(usageType, "-"); found {
		return after
	}
	return usageType
}

// overResource matches a few percent of the resources.
func overResource(rng *rand.Rand) rules.Source {
	return rules.Source(fmt.Sprintf(`resource endsWith "%x" and charge_category == "Usage"`, rng.IntN(16)))
}

const roundedPercent = 5

// roundedLines returns n conditions that match roundedPercent of the lines
// together, every other one lines with metered quantities.
func roundedLines(w words, n int) []rules.Source {
	var pools [2][]word // repeating, metered; the least frequent first
	for _, u := range w.usageTypes {
		pool := 0
		if u.metered() {
			pool = 1
		}
		pools[pool] = append([]word{u}, pools[pool]...)
	}
	out := make([]rules.Source, n)
	var due [2]int64 // lines that rules of a pool should have matched by now, less what they match
	for i := range out {
		p := (i + 1) % 2
		if n == 1 {
			pools[p] = interleave(pools)
		}
		due[p] += w.lines * roundedPercent / 100 / int64(n)
		var matched int64
		out[i], matched = cover(w.many, &pools[p], due[p])
		due[p] -= matched
	}
	return out
}

// interleave takes from both lists in turn.
func interleave(pools [2][]word) []word {
	var out []word
	for i := range max(len(pools[0]), len(pools[1])) {
		for _, p := range pools {
			if i < len(p) {
				out = append(out, p[i])
			}
		}
	}
	return out
}

// cover takes usage types off the pool until they have about lines lines; of
// the last one it takes those with some values of a tag only. It returns the
// condition and how many lines it matches.
func cover(t tag, pool *[]word, lines int64) (when rules.Source, matched int64) {
	var whole []string
	for len(*pool) > 0 {
		next := (*pool)[0]
		*pool = (*pool)[1:]
		if matched+next.lines <= lines {
			whole = append(whole, strconv.Quote(next.text))
			matched += next.lines
			continue
		}
		values, some := t.some(next, lines-matched)
		part := fmt.Sprintf("usage_type == %q and %s in [%s]", next.text, t.field, values)
		if len(whole) == 0 {
			return rules.Source(part), some
		}
		return rules.Source(fmt.Sprintf("usage_type in [%s] or %s", strings.Join(whole, ", "), part)), matched + some
	}
	return rules.Source(fmt.Sprintf("usage_type in [%s]", strings.Join(whole, ", "))), matched
}

// some returns values that about want of the usage type's lines have, at least
// one, and how many lines have them.
func (t tag) some(usageType word, want int64) (values string, lines int64) {
	var quoted []string
	smallest := ""
	for _, v := range t.values {
		n := usageType.tagged[v]
		if n == 0 {
			continue
		}
		if smallest == "" || n < usageType.tagged[smallest] {
			smallest = v
		}
		if lines+n <= want+want/10 {
			quoted = append(quoted, strconv.Quote(v))
			lines += n
		}
	}
	if len(quoted) == 0 {
		return strconv.Quote(smallest), usageType.tagged[smallest]
	}
	return strings.Join(quoted, ", "), lines
}
