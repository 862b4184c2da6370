package rules

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEngine_Sentence(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, c := range []struct{ stage, when, then, want string }{
		{"price", `service == "EC2" and region startsWith "eu-"`, "billed * 0.93", "EC2 in eu-*: 93 % of billed"},
		{"price", "", "cost * 1.1", "everything: cost plus 10 %"},
		{"price", "true", "cost", "everything: cost"},
		{"price", `marketplace`, "cost * 2", "everything from the marketplace: 200 % of cost"},
		{"price", `not marketplace`, "0", "everything outside the marketplace: 0"},
		{"price", `marketplace == false`, "5", "everything outside the marketplace: 5 per line"},
		{"exclude", `charge_category == "Tax"`, "", "Tax charges: excluded"},
		{"exclude", `service startsWith "AWS Support"`, "", "AWS Support*: excluded"},
		{"adjust", `charge_category in ["Usage", "Purchase"] and !marketplace`, "price * 1.03", "Purchase or Usage charges outside the marketplace: price plus 3 %"},
		{"price", `commitment_role in ["fee", "unused", "negation"]`, "0", "everything with commitment role fee, negation or unused: 0"},
		{"price", `provider == "aws" and category == "Compute" and region startsWith "eu-"`, "list * 0.96", "everything on aws in category Compute in eu-*: 96 % of list"},
		{"adjust", `tags["environment"] == "production" and not marketplace`, "price * 1.004", "everything tagged environment = production outside the marketplace: price plus 0.4 %"},
		{"adjust", `tags["environment"] not in ["test", "development"] and not (usage_type endsWith "Out-Bytes")`, "price", "everything not tagged environment = development or test with usage type other than *Out-Bytes: price"},
		{"price", `account == "671482095513" and usage_type contains "BoxUsage"`, "contracted * 0.9", "everything of account 671482095513 with usage type *BoxUsage*: 90 % of contracted"},
		{"price", `service == "BigQuery" and date >= "2026-03-15"`, "price * 0.9", "BigQuery dated from 2026-03-15 on: 90 % of price"},
		{"price", `period < "2026-03" and date == "2026-03-01"`, "list", "everything of period before 2026-03 dated 2026-03-01: list"},
		{"price", `service == "EC2" or service == "S3" and region == "eu-west-1"`, "list", "either EC2, or S3 in eu-west-1: list"},
		{"price", `(service == "EC2" or service == "S3") and region == "eu-west-1"`, "list", "EC2 or S3 in eu-west-1: list"},
		{"price", `region != "a" and region != "b"`, "list", "everything outside a or b: list"},
		{"price", `not (service in ["A", "B"])`, "list", "services other than A or B: list"},
		{"price", `service == "EC2 or S3"`, "list", "“EC2 or S3”: list"},
		{"price", `service == "*"`, "list", "“*”: list"},
		{"price", `tags["team"] == "" and region != ""`, "list", "everything without tag team with any region: list"},
		{"price", `resource matches "^i-0"`, "list", "everything whose resource matches “^i-0”: list"},
		{"price", `quantity > 100`, "list", "everything with quantity above 100: list"},
		{"price", `100 < quantity <= 200`, "list", "everything with quantity above 100 with quantity of at most 200: list"},
		{"price", "", "0.05 * quantity", "everything: 0.05 per unit of quantity"},
		{"price", "", "round(cost * 1.12, 6)", "everything: 112 % of cost, rounded to 6 decimals"},
		{"price", "", "percent(list + 5, 10) - 1", "everything: (10 % of (list plus 5)) minus 1"},
		{"price", "", "cost * 1.1 + 5", "everything: 110 % of cost plus 5"},
		{"price", "", "(cost + 5) * 1.1", "everything: (cost plus 5) plus 10 %"},
		{"price", "", "list / 0.9", "everything: list divided by 0.9"},
		{"price", "", `region == "eu" ? list : cost * 1.1`, "everything: list for everything in eu; otherwise cost plus 10 %"},
		{"fee", "", "percent(spend, 10)", "10 % of spend"},
		{"fee", "", "3.5 * accounts", "3.5 per account"},
		{"fee", `provider == "aws"`, `support_fee(fee_base, "business")`, "everything on aws: support fee “business” on fee base"},
		{"fee", "", `graduated(accounts, [{up_to: 5, unit: 0}, {unit: 1}])`, "graduated by accounts: first 5 at 0 each, then 1 each"},
		{"fee", "", `graduated(accounts, [{up_to: 2, unit: 120, flat: 200}, {up_to: 4, unit: 100}, {unit: 90}])`, "graduated by accounts: first 2 at 120 each plus 200 once, up to 4 at 100 each, then 90 each"},
		{"fee", "", `volume(quantity, [{up_to: 15, unit: 10}, {unit: 5}])`, "by volume of quantity: up to 15 at 10 each, above at 5 each"},
		{"fee", "", `package(quantity, 10, 15)`, "15 for each started 10 of quantity"},
		{"fee", "", `minimum(spend + fees["Management"], 1200)`, "what (spend plus fee “Management”) lacks to 1200"},
		{"fee", "", "max(150, percent(fee_base, 4))", "the greater of 150 and 4 % of fee base"},
		{"fee", "", "min(1, 2, spend)", "the smallest of 1, 2 and spend"},
		{"fee", "", "period_cost * 0.3", "30 % of period cost"},
		{"fee", "", "45", "45"},
		// What has no words stays as it is.
		{"price", `lower(service) == "ec2"`, "list", `«lower(service) == "ec2"»: list`},
		{"price", `service == "a" or (region == "b" and (zone == "c" or sku == "d"))`, "list", `«service == "a" or (region == "b" and (zone == "c" or sku == "d"))»: list`},
		{"price", `not (service == "a" and region == "b")`, "list", `«not (service == "a" and region == "b")»: list`},
		{"price", `service == "“"`, "list", `«service == "“"»: list`},
		{"price", "", "cost ** 2", "everything: «cost ** 2»"},
		{"price", "", "cost +", "everything: «cost +»"},
		{"price", `unknown == 1`, "list", "«unknown == 1»: list"},
	} {
		r := Rule{Name: "r", Stage: Stage(c.stage), When: Source(c.when), Then: Source(c.then)}
		before := []Rule{{Name: "Management", Stage: StageFee, Then: "1"}}
		if got := e.Sentence(EdgeFirst, r, before).String(); got != c.want {
			t.Errorf("%s when %s then %s\n got %s\nwant %s", c.stage, c.when, c.then, got, c.want)
		}
	}
}

func TestEngine_Sentence_Tails(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for want, r := range map[string]Rule{
		"45, for each account": {Stage: StageFee, Per: PerAccount, Then: "45"},
		"45":                   {Stage: StageFee, Per: PerContract, Then: "45"},
		"everything: price; no later adjust rule": {Stage: StageAdjust, Stop: true, Then: "price"},
		// Below the first edge billed is no word, so there is no sentence either.
		"everything: «billed * 2»": {Stage: StagePrice, Then: "billed * 2"},
	} {
		if got := e.Sentence(EdgeBelow, r, nil).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// conditions draws conditions that differ little from one another, so that one
// sentence for two meanings would be met.
func conditions() *rapid.Generator[string] {
	field := rapid.SampledFrom([]string{"service", "region", "zone", "category", `tags["k"]`, `tags["zone"]`, "charge_category"})
	text := rapid.SampledFrom([]string{"", "a", "b", "zone a", "a or b", "*", "a*", "other than a", "a charges", "k = a"})
	atom := rapid.Custom(func(t *rapid.T) string {
		f, v := field.Draw(t, "field"), text.Draw(t, "text")
		switch rapid.IntRange(0, 6).Draw(t, "form") {
		case 0:
			return fmt.Sprintf("%s == %q", f, v)
		case 1:
			return fmt.Sprintf("%s != %q", f, v)
		case 2:
			return fmt.Sprintf("%s startsWith %q", f, v)
		case 3:
			return fmt.Sprintf("%s contains %q", f, v)
		case 4:
			return fmt.Sprintf("not (%s in [%q, %q])", f, v, text.Draw(t, "other"))
		case 5:
			return fmt.Sprintf("%s in [%q, %q]", f, v, text.Draw(t, "other"))
		}
		return rapid.SampledFrom([]string{"marketplace", "not marketplace", "quantity > 1", "quantity >= 1", "1 > quantity"}).Draw(t, "flag")
	})
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(atom, 1, 3).Draw(t, "parts")
		out := parts[0]
		for _, p := range parts[1:] {
			out = fmt.Sprintf("(%s) %s %s", out, rapid.SampledFrom([]string{"and", "or"}).Draw(t, "operator"), p)
		}
		return out
	})
}

// Conditions with one sentence hold on the same lines.
func TestEngine_Sentence_OneMeaning(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	texts := []string{"", "a", "b", "zone a", "a or b", "*", "a*", "xa", "k = a", "a charges", "other than a"}
	var lines []map[string]any
	for i := range 400 {
		pick := func(n int) string { return texts[(i*7+n*(i/11+3))%len(texts)] }
		lines = append(lines, map[string]any{
			"service": pick(1), "region": pick(2), "zone": pick(3), "category": pick(4), "charge_category": pick(5),
			"tags": map[string]any{"k": pick(6), "zone": pick(8)}, "marketplace": i%2 == 0, "quantity": fmt.Sprint(i % 3),
		})
	}
	meaning := func(t *rapid.T, when string) string {
		x, mistake := e.compilers.compile(when, playground, kindBool)
		if mistake != nil {
			t.Fatalf("%s: %v", when, mistake)
		}
		var out strings.Builder
		for _, l := range lines {
			m := newMachine()
			if err := playLine(m.values, x.tags, l); err != nil {
				t.Fatal(err)
			}
			v, _, fail := m.run(x.program)
			if fail != nil {
				t.Fatalf("%s: %s", when, fail.message)
			}
			out.WriteString(map[any]string{true: "x", false: "-"}[v])
		}
		return out.String()
	}
	known := map[string][2]string{} // sentence → condition, meaning
	spoken, shown := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		when := conditions().Draw(t, "when")
		phrase := e.Sentence(EdgeFirst, Rule{Stage: StagePrice, When: Source(when), Then: "list"}, nil).When
		if phrase.Code {
			shown++
			return
		}
		spoken++
		now := meaning(t, when)
		if was, ok := known[phrase.Text]; ok && was[1] != now {
			t.Fatalf("«%s» stands for\n%s\n%s", phrase.Text, was[0], when)
		}
		known[phrase.Text] = [2]string{when, now}
	})
	if spoken < shown {
		t.Errorf("only %d of %d conditions had words", spoken, spoken+shown)
	}
}

// Amounts with one sentence are equal.
func TestEngine_Sentence_OneAmount(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	var amount func(depth int) *rapid.Generator[string]
	amount = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			leaf := rapid.SampledFrom([]string{"cost", "list", "quantity", "5", "10", "0.5", "1.1", "2", "-1"})
			if depth == 0 {
				return leaf.Draw(t, "leaf")
			}
			a, b := amount(depth-1).Draw(t, "a"), amount(depth-1).Draw(t, "b")
			form := rapid.SampledFrom([]string{
				"(%s) + (%s)", "(%s) - (%s)", "(%s) * (%s)", "min(%s, %s)", "max(%s, %s)", "percent(%s, 10) + %s",
				"round(%s, 2) * (%s)", "(%s) * 1.1 + (%s)", "abs(%s) - (%s)",
			}).Draw(t, "form")
			return fmt.Sprintf(form, a, b)
		})
	}
	lines := []map[string]any{
		{"billed": "3", "list": "7", "quantity": "11"},
		{"billed": "-2.345", "list": "0.5", "quantity": "0"},
		{"billed": "1000.005", "list": "-8", "quantity": "-3.1"},
	}
	known := map[string][2]string{}
	rapid.Check(t, func(t *rapid.T) {
		then := amount(rapid.IntRange(0, 2).Draw(t, "depth")).Draw(t, "then")
		phrase := e.Sentence(EdgeFirst, Rule{Stage: StagePrice, Then: Source(then)}, nil).Then
		if phrase.Code {
			return
		}
		var now []string
		for _, l := range lines {
			v, err := e.Eval(then, l)
			if err != nil {
				return
			}
			now = append(now, v)
		}
		meaning := strings.Join(now, " ")
		if was, ok := known[phrase.Text]; ok && was[1] != meaning {
			t.Fatalf("«%s» stands for\n%s = %s\n%s = %s", phrase.Text, was[0], was[1], then, meaning)
		}
		known[phrase.Text] = [2]string{then, meaning}
	})
}
