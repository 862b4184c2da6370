package bench

import (
	"strings"
	"testing"

	"tierbook/modules/usage/synthetic"
	"tierbook/rules"
)

// setup makes usage to try rules on.
func setup(t *testing.T, lines int) (*synthetic.Source, words) {
	t.Helper()
	source, err := synthetic.Write(t.Context(), t.TempDir(), lines, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	w, err := survey(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return source, w
}

func TestRuleSets(t *testing.T) {
	t.Parallel()
	_, w := setup(t, 100_000)
	engine, err := rules.New(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{20, 100, 200} {
		rounds, resources := 0, 0
		text := ""
		for edge, terms := range ruleSets(w, n) {
			kind := []rules.EdgeKind{rules.EdgeFirst, rules.EdgeBelow}[edge]
			if _, err := engine.Compile(kind, terms); err != nil {
				t.Fatalf("%d rules, edge %d: %v", n, edge, err)
			}
			if len(terms.Rules) != n {
				t.Errorf("edge %d has %d rules, want %d", edge, len(terms.Rules), n)
			}
			for _, r := range terms.Rules {
				if strings.HasPrefix(string(r.Then), "round(") {
					rounds++
				}
				if strings.Contains(string(r.When), "resource") {
					resources++
				}
				text += string(r.When) + "\n"
			}
		}
		if rounds != 2*n/10 || resources != max(2*n/50, 1) {
			t.Errorf("of 2 × %d rules %d round and %d look at the resource", n, rounds, resources)
		}
		for _, field := range []string{"service", "sku", "region", "usage_type", "operation", "charge_category", w.many.field, w.few.field} {
			if !strings.Contains(text, field) {
				t.Errorf("no condition of %d rules is over %s", n, field)
			}
		}
	}
}

// Rounding rules match five percent of the lines, half of them metered.
func TestRuleSets_RoundFivePercent(t *testing.T) {
	t.Parallel()
	source, w := setup(t, 400_000)
	for _, n := range []int{20, 100} {
		var terms rules.Terms
		for i, r := range ruleSets(w, n)[0].Rules {
			if i%10 == 9 {
				// Each line that matches makes a charge of exactly 1.
				r.Label, r.Then = []string{"metered", "repeating"}[i/10%2], "price + 1"
				terms.Rules = append(terms.Rules, r)
			}
		}
		terms.Basis, terms.Currency = rules.BasisList, "USD"
		metered, all := matched(t, source, terms)
		lines := float64(source.Lines)
		if share := float64(all) / lines * 100; share < 4.5 || share > 5.5 {
			t.Errorf("%d rules round %.2f %% of the lines, want 5", n, share)
		}
		if half := float64(metered) / float64(all) * 100; half < 40 || half > 60 {
			t.Errorf("%d rules: %.0f %% of the rounded lines are metered, want half", n, half)
		}
	}
}

// matched counts the lines that terms' labelled rules match.
func matched(t *testing.T, source *synthetic.Source, terms rules.Terms) (metered, all int64) {
	t.Helper()
	engine, err := rules.New(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := engine.Compile(rules.EdgeFirst, terms)
	if err != nil {
		t.Fatal(err)
	}
	chain := rules.Chain{Edges: []rules.Edge{{Contract: contract}}}
	scan := chain.NewScan(2)
	if err := source.Scan(t.Context(), chain.Need(), 2, scan.Add); err != nil {
		t.Fatal(err)
	}
	out, err := scan.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out.Charges {
		if c.Label != "" {
			all += c.Amount.IntPart()
			if c.Label == "metered" {
				metered += c.Amount.IntPart()
			}
		}
	}
	if out.Lines != source.Lines {
		t.Fatalf("priced %d of %d lines", out.Lines, source.Lines)
	}
	return metered, all
}
