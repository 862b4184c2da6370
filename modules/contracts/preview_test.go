package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// usage is one line for a batch, by the names of dimensions and measures.
type usage map[string]string

// ec2, s3 and tax are what the customer used: list, contracted, billed and
// effective are all different, so that a number tells where it comes from.
var (
	ec2 = usage{"service": "EC2", "charge_category": "Usage", "quantity": "5", "list": "10", "contracted": "9.25", "billed": "8.125", "effective": "7"}
	s3  = usage{"service": "S3", "charge_category": "Usage", "quantity": "3", "list": "4", "contracted": "3.75", "billed": "3.5", "effective": "3"}
	tax = usage{"service": "Tax", "charge_category": "Tax", "quantity": "0", "list": "0", "contracted": "1.0625", "billed": "1.0625", "effective": "1.0625"}
)

// batch returns one batch of the lines with every column.
func batch(t *testing.T, lines ...usage) *rules.Batch {
	t.Helper()
	b := &rules.Batch{Rows: len(lines)}
	defaults := usage{
		"provider": "aws", "payer": "p1", "account": "a1", "unit": "Hrs", "marketplace": "false", "commitment_role": "none",
		"period": "2026-03", "service_month": "2026-03", "date": "2026-03-14", "currency": "USD",
	}
	text := func(l usage, name string) string {
		if v, ok := l[name]; ok {
			return v
		}
		return defaults[name]
	}
	for d := range rules.NumDims {
		dict, at := &rules.Dict{}, map[string]uint32{}
		ids := make([]uint32, len(lines))
		for i, l := range lines {
			v := text(l, d.String())
			n, ok := at[v]
			if !ok {
				n = uint32(len(dict.Values))
				at[v] = n
				dict.Values = append(dict.Values, v)
			}
			ids[i] = n
		}
		b.Dims[d] = rules.DimColumn{Dict: dict, IDs: ids}
	}
	for m := range rules.NumMeasures {
		c := rules.MeasureColumn{Scale: 6, Ints: make([]int64, len(lines)), Null: make([]bool, len(lines))}
		for i, l := range lines {
			v, err := decimal.NewFromString(l[m.String()])
			c.Null[i] = err != nil
			c.Ints[i] = v.Shift(6).IntPart()
		}
		b.Measures[m] = c
	}
	return b
}

// previewed is a bundle with contracts on both edges and usage of c, bought
// through r from d.
func previewed(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.apply(t, b.d, doc("d", "", "Base", "", rules.Rule{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`}))
	b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective, price("uplift", "effective * 1.5")))
	b.apply(t, b.r, doc("r", "c", "Retail", rules.BasisCost, price("margin", "cost * 1.1")))
	b.use(b.c, b.d, batch(t, ec2, s3, tax))
	return b
}

func (b *bundle) use(assignee, owner scope.Scope, batches ...*rules.Batch) {
	b.lines[assignee.Tenant] = map[id.Tenant][]*rules.Batch{owner.Tenant: batches}
}

// retail is the reseller's draft: EC2 at twice its cost, all else at cost.
func retail() Document {
	double := price("double", "cost * 2")
	double.When = `service == "EC2"`
	return doc("r", "c", "Retail 2", rules.BasisCost, double)
}

// summary writes a preview's amounts in one text.
func summary(p Preview) []string {
	null := func(d decimal.NullDecimal) string {
		if !d.Valid {
			return "-"
		}
		return money.Plain(d.Decimal)
	}
	out := []string{
		p.Before.Contract + " " + money.Plain(p.Before.Cost) + " " + money.Plain(p.Before.Price),
		p.After.Contract + " " + money.Plain(p.After.Cost) + " " + money.Plain(p.After.Price),
	}
	for _, r := range p.Rows {
		out = append(out, r.Service+" «"+r.Rule+"» "+null(r.Before)+" "+null(r.After))
	}
	for _, l := range p.Lines {
		out = append(out, "line "+null(l.PriceBefore)+" «"+l.RuleBefore+"» → "+null(l.PriceAfter)+" «"+l.RuleAfter+"»")
	}
	return out
}

func fields(l PreviewLine) string {
	var out []string
	for _, f := range l.Fields {
		out = append(out, f.Name+"="+f.Value)
	}
	return strings.Join(out, " ")
}

func TestService_Preview_ResellersDraft(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	got, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: retail(), Customer: b.c.Tenant, Month: month("2026-03")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Retail 15 16.5", "Retail 2 15 25.5",
		"EC2 «double» - 21", "EC2 «margin» 11.55 -", "S3 «» - 4.5", "S3 «margin» 4.95 -",
		"line 11.55 «margin» → 21 «double»", "line 4.95 «margin» → 4.5 «»",
	}
	if diff := cmp.Diff(want, summary(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Before.Version != 1 || got.After.Version != 0 || got.Currency != "USD" {
		t.Errorf("%+v", got)
	}
	if n := b.count(t, "contracts_versions"); n != 3 {
		t.Errorf("a preview saved something: %d versions", n)
	}
	one, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: retail(), Customer: b.c.Tenant, Month: month("2026-03"), Limit: 1})
	if err != nil || len(one.Lines) != 1 || one.Lines[0].RuleAfter != "double" {
		t.Errorf("one line: %+v, %v", one.Lines, err)
	}
}

// TestService_Invariant6_PreviewShowsNothingFromAbove looks at everything that
// a reseller's finance user gets to read.
func TestService_Invariant6_PreviewShowsNothingFromAbove(t *testing.T) {
	t.Parallel()
	input := func(b *bundle, d Document) PreviewInput {
		return PreviewInput{Draft: d, Customer: b.c.Tenant, Month: month("2026-03")}
	}
	t.Run("Numbers", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		got, err := b.service.Preview(finance(t, b.r), input(b, retail()))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"8.125", "9.25", "3.75", "3.5", "1.0625", "billed", "contracted", "effective", "uplift", "Resale", "no tax", "Tax"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%q is in the preview: %s", secret, text)
			}
		}
		want := "date=2026-03-14 provider=aws payer=p1 account=a1 service=EC2 charge_category=Usage commitment_role=none unit=Hrs quantity=5 list=10 cost=10.5"
		if got := fields(got.Lines[0]); got != want {
			t.Errorf("fields\n%s, want\n%s", got, want)
		}
	})
	t.Run("Names", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		for _, name := range []string{"billed", "effective", "contracted"} {
			for what, d := range map[string]Document{
				"rule":      doc("r", "c", "X", rules.BasisCost, price("p", rules.Source(name))),
				"condition": doc("r", "c", "X", rules.BasisCost, rules.Rule{Name: "p", Stage: rules.StagePrice, When: rules.Source(name + " > 1"), Then: "cost"}),
				"basis":     doc("r", "c", "X", rules.Basis(name)),
			} {
				_, err := b.service.Preview(finance(t, b.r), input(b, d))
				if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "use cost") {
					t.Errorf("%s in a %s: %v, want Invalid saying «use cost»", name, what, err)
				}
			}
		}
	})
	t.Run("Errors", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		b.apply(t, b.d, doc("d", "r", "Resale", rules.BasisEffective, price("secret", "effective / (quantity - 5)")))
		_, err := b.service.Preview(finance(t, b.r), input(b, retail()))
		if !errors.Is(err, ErrSupplier) || errs.KindOf(err) != errs.FailedPrecondition {
			t.Fatalf("got %v, want ErrSupplier", err)
		}
		message := err.Error()
		_, reference, found := strings.Cut(strings.TrimSuffix(message, ")."), "Your supplier's pricing could not be applied (reference ")
		if !found || !strings.HasPrefix(reference, "R-") {
			t.Errorf("message «%s»", message)
		}
		if log := b.log.String(); !strings.Contains(log, reference) || !strings.Contains(log, "secret") {
			t.Errorf("log «%s» does not explain %s", log, reference)
		}
		_, err = b.service.Preview(as(t, b.d), input(b, retail()))
		if err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("the distributor reads %v, want its rule's name", err)
		}
	})
	t.Run("ContractAboveDoesNotCompile", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		b.Exec(t, `UPDATE contracts_versions SET id = gen_random_uuid(), terms = jsonb_set(terms, '{rules,0,then}', '"secret +"') WHERE terms ->> 'basis' = 'effective'`)
		_, err := b.service.Preview(finance(t, b.r), input(b, retail()))
		if !errors.Is(err, ErrSupplier) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want ErrSupplier", err)
		}
	})
	t.Run("CurrencyAbove", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		euro := usage{"currency": "EUR"}
		for k, v := range ec2 {
			euro[k] = v
		}
		b.use(b.c, b.d, batch(t, euro))
		if _, err := b.service.Preview(finance(t, b.r), input(b, retail())); !errors.Is(err, ErrSupplier) {
			t.Errorf("got %v, want ErrSupplier", err)
		}
	})
	t.Run("ForeignCustomers", func(t *testing.T) {
		t.Parallel()
		b := previewed(t)
		for name, customer := range map[string]id.Tenant{"sibling's": b.c2.Tenant, "upstream": b.direct.Tenant, "distributor": b.d.Tenant, "unknown": id.New[id.Tenant]()} {
			_, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: retail(), Customer: customer, Month: month("2026-03")})
			if errs.KindOf(err) != errs.NotFound {
				t.Errorf("%s: %v, want NotFound", name, err)
			}
		}
		for name, d := range map[string]Document{"the edge above": doc("d", "r", "X", rules.BasisList), "the base contract": doc("d", "", "X", "")} {
			_, err := b.service.Preview(finance(t, b.r), input(b, d))
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), `there is no tenant "d"`) {
				t.Errorf("%s: %v, want Invalid", name, err)
			}
		}
		if _, err := b.service.Preview(finance(t, b.r2), input(b, retail())); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a sibling's draft for it: %v, want Invalid", err)
		}
	})
}

func TestService_Preview_OwnErrors(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	broken := doc("r", "c", "Retail 2", rules.BasisCost, price("broken", "cost / (quantity - 3)"))
	_, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: broken, Customer: b.c.Tenant, Month: month("2026-03")})
	if errs.KindOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a draft that fails: %v, want its rule's name", err)
	}
	broken.Name = "Retail"
	b.apply(t, b.r, broken)
	got, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: retail(), Customer: b.c.Tenant, Month: month("2026-03")})
	if err != nil || !strings.Contains(got.BeforeError, "broken") || money.Plain(got.After.Price) != "25.5" || len(got.Lines) != 2 {
		t.Errorf("where the standing contract fails: %+v, %v", got, err)
	}
	_, err = b.service.Preview(as(t, b.d), PreviewInput{Draft: retail(), Customer: b.direct.Tenant, Month: month("2026-03")})
	if errs.KindOf(err) != errs.NotFound {
		t.Errorf("a customer of somebody else: %v, want NotFound", err)
	}
	empty, err := b.service.Preview(as(t, b.d), PreviewInput{Draft: doc("d", "direct", "X", rules.BasisList), Customer: b.direct.Tenant, Month: month("2026-03")})
	if err != nil || len(empty.Lines) != 0 || !empty.After.Price.IsZero() {
		t.Errorf("a customer without usage: %+v, %v", empty, err)
	}
}

// A base contract that fails is the base draft's own «before», and the owner's
// trouble for a draft of an edge.
func TestService_Preview_BaseContractFails(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	b.apply(t, b.d, doc("d", "", "Base", "", rules.Rule{Name: "broken", Stage: rules.StageExclude, When: "1 / (quantity - 3) > 7"}))
	preview := func(ctx context.Context, d Document) (Preview, error) {
		return b.service.Preview(ctx, PreviewInput{Draft: d, Customer: b.c.Tenant, Month: month("2026-03")})
	}
	got, err := preview(as(t, b.d), doc("d", "", "Draft", ""))
	if err != nil || !strings.Contains(got.BeforeError, "broken") {
		t.Errorf("a base draft: %+v, %v", got, err)
	}
	if _, err = preview(as(t, b.d), doc("d", "r", "Draft", rules.BasisList)); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a draft of the first edge: %v, want the rule's name", err)
	}
	if _, err = preview(finance(t, b.r), retail()); !errors.Is(err, ErrSupplier) || strings.Contains(err.Error(), "broken") {
		t.Errorf("a reseller's draft: %v, want ErrSupplier", err)
	}
}

func TestService_Preview_DistributorsDrafts(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	on := func(d Document) Preview {
		t.Helper()
		got, err := b.service.Preview(as(t, b.d), PreviewInput{Draft: d, Customer: b.c.Tenant, Month: month("2026-03")})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := on(doc("d", "r", "Draft", rules.BasisBilled))
	want := []string{
		"Resale 12.6875 15", "Draft 12.6875 11.625",
		"EC2 «» - 8.125", "EC2 «uplift» 10.5 -", "S3 «» - 3.5", "S3 «uplift» 4.5 -",
		"line 10.5 «uplift» → 8.125 «»", "line 4.5 «uplift» → 3.5 «»", "line - «no tax» → - «no tax»",
	}
	if diff := cmp.Diff(want, summary(first)); diff != "" {
		t.Errorf("on the first edge (-want +got):\n%s", diff)
	}
	if got := fields(first.Lines[0]); !strings.HasSuffix(got, "quantity=5 list=10 contracted=9.25 billed=8.125 effective=7 cost=8.125") {
		t.Errorf("fields %s", got)
	}
	lower := on(retail())
	if got := fields(lower.Lines[0]); strings.Contains(got, "billed") || summary(lower)[1] != "Retail 2 15 25.5" {
		t.Errorf("the distributor on the edge below: %s, %v", got, summary(lower))
	}
	base := on(doc("d", "", "Draft", "", rules.Rule{Name: "no S3", Stage: rules.StageExclude, When: `service == "S3"`}))
	want = []string{
		"Base 12.6875 15", "Draft 12.6875 12.09375",
		"EC2 «uplift» 10.5 10.5", "S3 «uplift» 4.5 -", "Tax «uplift» - 1.59375",
		"line 4.5 «uplift» → - «no S3»", "line - «no tax» → 1.59375 «uplift»", "line 10.5 «uplift» → 10.5 «uplift»",
	}
	if diff := cmp.Diff(want, summary(base)); diff != "" {
		t.Errorf("base contract (-want +got):\n%s", diff)
	}
}

func TestSample_IndependentOfWorkers(t *testing.T) {
	t.Parallel()
	var batches []*rules.Batch
	for i := range 6 {
		b := batch(t, ec2, s3, ec2, tax)
		b.Segment, b.FirstRow = i/2, int64(4*(i%2))
		batches = append(batches, b)
	}
	var want []int64
	for _, workers := range []int{1, 2, 3} {
		for _, reverse := range []bool{false, true} {
			s := newSample(workers)
			for i := range batches {
				n := i
				if reverse {
					n = len(batches) - 1 - i
				}
				s.add(i%workers, batches[n])
			}
			var got []int64
			for _, b := range s.drawn() {
				got = append(got, int64(b.Segment)*100+b.FirstRow)
			}
			if want == nil {
				want = got
			}
			if !cmp.Equal(got, want) || len(got) != 3 {
				t.Errorf("%d workers, reverse %v: %v, want %v", workers, reverse, got, want)
			}
		}
	}
}
