package contracts

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// mixed is a draft of the reseller that names what only an owner is delivered.
func mixed() Document {
	return doc("r", "c", "Retail 2", rules.BasisEffective, price("margin", "(effective + billed - contracted) * 2"))
}

// A reseller may name what is delivered only once it owns payer accounts.
func TestService_Apply_NamesOfAnOwner(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	_, err := b.service.Apply(finance(t, b.r), mixed())
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "use cost") {
		t.Fatalf("owning nothing: %v, want a mistake that says «use cost»", err)
	}
	b.lines[b.c2.Tenant] = b.lines[b.c.Tenant] // somebody else's lines do not count
	if _, err := b.service.Apply(finance(t, b.r), mixed()); errs.KindOf(err) != errs.Invalid {
		t.Fatalf("another owner: %v, want a mistake", err)
	}
	b.use(b.r, b.r, batch(t, ec2))
	d := mixed()
	d.Name = "Retail"
	saved := b.apply(t, b.r, d)
	detail, err := b.service.Get(finance(t, b.r), saved.Contract.ID)
	if err != nil || detail.Kind != rules.EdgeMixed {
		t.Errorf("kind %v, %v; want mixed", detail.Kind, err)
	}
	if other, err := b.service.kindOf(as(t, b.d), false, b.r2.Tenant, b.d.Tenant); err != nil || other != rules.EdgeBelow {
		t.Errorf("a reseller without payer accounts: %v, %v; want below", other, err)
	}

	// A version stays what it is, whatever becomes of the payer accounts.
	delete(b.lines, b.r.Tenant)
	terms, err := b.service.InForce(as(t, b.d), []Edge{{Seller: b.r.Tenant, Buyer: b.c.Tenant}}, month("2026-03"))
	if err != nil || terms[Edge{Seller: b.r.Tenant, Buyer: b.c.Tenant}].InForce == nil {
		t.Errorf("in force: %+v, %v", terms, err)
	}
}

// Of its own lines the reseller reads what was delivered, of those that it
// buys its cost, in one contract.
func TestService_Preview_MixedContract(t *testing.T) {
	t.Parallel()
	b := previewed(t)
	own := usage{}
	for k, v := range s3 {
		own[k] = v
	}
	own["service"], own["billed"], own["effective"], own["contracted"], own["list"] = "Own", "100", "70", "90", "110"
	b.lines[b.c.Tenant][b.r.Tenant] = append(b.lines[b.c.Tenant][b.r.Tenant], batch(t, own))
	got, err := b.service.Preview(finance(t, b.r), PreviewInput{Draft: mixed(), Customer: b.c.Tenant, Month: month("2026-03")})
	if err != nil {
		t.Fatal(err)
	}
	// EC2 costs the reseller 10.5, S3 4.5: effective · 1.5 by the contract above.
	want := []string{"EC2 «margin» 11.55 21", "Own «margin» 110 160", "S3 «margin» 4.95 9"}
	rows := slices.DeleteFunc(summary(got), func(s string) bool { return !strings.Contains(s, "» ") || strings.HasPrefix(s, "line") })
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, l := range got.Lines {
		text := fields(l)
		if isOwn := strings.Contains(text, "service=Own"); isOwn != strings.Contains(text, "effective=") || isOwn != strings.Contains(text, "billed=") {
			t.Errorf("line %s: what was delivered is for its owner", text)
		}
	}
}

func TestService_Warnings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := doc("d", "r", "Resale", rules.BasisList)
	d.Terms.Covers, d.Terms.Missing = rules.Covers{{Provider: "aws"}}, rules.MissingPassThrough
	want := []Warning{{
		WarnDiscloses,
		"Lines that the contract does not cover are passed through to r at what the provider bills: this discloses the cost of d.",
	}}
	check := func(name string, d Document, want []Warning) {
		t.Helper()
		got, err := b.service.Warnings(as(t, b.d), d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("new", d, want)
	if diff := cmp.Diff(want, b.apply(t, b.d, d).Warnings); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	check("again", d, nil)
	if again := b.apply(t, b.d, d); again.Outcome != OutcomeUnchanged || again.Warnings != nil {
		t.Errorf("applied again: %+v", again)
	}
	d.Terms.Rules = []rules.Rule{price("book", "list * 2")}
	check("other rules", d, nil)
	d.Terms.Covers = rules.Covers{{Provider: "azure"}}
	check("less covered", d, want)
	d.Terms.Missing = rules.MissingBlock
	check("blocked", d, nil)

	open := doc("d", "direct", "Direct", rules.BasisList)
	open.Months.To, open.Terms.Missing = month("2026-06"), rules.MissingPassThrough
	check("everything covered", open, []Warning{{
		WarnDiscloses, "When the contract has ended, lines are passed through to direct at what the provider bills: this discloses the cost of d.",
	}})

	below := doc("r", "c", "Retail", rules.BasisCost)
	below.Terms.Missing = rules.MissingPassThrough
	check("a reseller that owns nothing", below, nil)
	b.use(b.r, b.r, batch(t, ec2))
	if got, err := b.service.Warnings(finance(t, b.r), below); err != nil || len(got) != 1 {
		t.Errorf("a reseller with payer accounts: %v, %v; want one warning", got, err)
	}
	if _, err := b.service.Warnings(finance(t, b.r), d); errs.KindOf(err) != errs.Invalid {
		t.Errorf("of a contract above: %v, want Invalid", err)
	}
	d.Months = period.Months{From: month("2026-05"), To: month("2026-04")}
	if _, err := b.service.Warnings(as(t, b.d), d); errs.KindOf(err) != errs.Invalid {
		t.Errorf("impossible months: %v, want Invalid", err)
	}
}
