package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/webtest"
	"tierbook/rules"
)

// site is a bundle with its pages, on which r has sold to c.
type site struct {
	*bundle
	*webtest.Site
	module *Module
	sales  *fakeSales
	retail id.Contract
	resale id.Contract
	base   id.Contract
}

func newSite(t *testing.T) *site {
	t.Helper()
	b := previewed(t)
	s := &site{bundle: b, sales: &fakeSales{}}
	s.module = New(Deps{
		DB: b.Web, Authz: webtest.Authz(t), Audit: audit.New(b.Web, clock.Fixed(now)), Clock: clock.Fixed(now),
		Logger: slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil)), Engine: testEngine(t), Tenants: b.tenants, Lines: b.lines,
		Directory: fakeDirectory{fakeTenants: b.tenants}, Sales: s.sales,
	})
	s.sales.sell(b.r, b.c, b.c, 15)
	s.sales.sell(b.d, b.r, b.c, 15)
	s.Site = webtest.New(t, b.Bundle, s.module)
	list, err := s.module.Service.List(as(t, b.d), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list.Contracts {
		*map[string]*id.Contract{"Retail": &s.retail, "Resale": &s.resale, "Base": &s.base}[l.Name] = l.ID
	}
	return s
}

// form reads the fields of the editor's page, as a browser would send them.
func form(t *testing.T, a *webtest.Answer) url.Values {
	t.Helper()
	out := url.Values{}
	for _, name := range fieldNames(a) {
		selector := fmt.Sprintf("#contract-form [name='%s']", name)
		switch {
		case a.Attr(t, selector, "type") == "checkbox":
		case len(a.All(t, "#contract-form textarea[name='"+name+"']")) > 0:
			out.Set(name, a.All(t, "#contract-form textarea[name='"+name+"']")[0])
		case len(a.All(t, "#contract-form select[name='"+name+"']")) > 0:
			out.Set(name, a.Attr(t, "#contract-form select[name='"+name+"'] option[selected]", "value"))
		default:
			out.Set(name, a.Attr(t, selector, "value"))
		}
	}
	out.Del("op")
	return out
}

func fieldNames(a *webtest.Answer) []string {
	seen := map[string]bool{}
	var out []string
	for part := range strings.SplitSeq(a.Body, ` name="`) {
		name, _, ok := strings.Cut(part, `"`)
		if ok && !seen[name] && !strings.ContainsAny(name, "<> ") {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

func TestPages_Index(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.As(s.d, "admin").Get(t, routes.Contracts).Is(t, http.StatusOK)
	if got := a.All(t, "tbody tr td:first-child"); !cmp.Equal(got, []string{"Base", "Resale", "Retail"}) {
		t.Errorf("contracts %q", got)
	}
	a.Has(t, ".tb-head a.btn-primary[href='/contracts/new']")
	filtered := s.As(s.d, "admin").Get(t, routes.Contracts+"?seller=r&state=active&q=ret")
	if got := filtered.All(t, "tbody tr td:first-child"); !cmp.Equal(got, []string{"Retail"}) {
		t.Errorf("filtered %q", got)
	}
	if got := filtered.All(t, ".tb-chip"); !cmp.Equal(got, []string{"Name: ret", "State: active", "Seller: r"}) {
		t.Errorf("chips %q", got)
	}
	// Where a finding has led to an edge without a contract, one can be made.
	s.As(s.d, "admin").Get(t, routes.ContractsOf("d", "direct")).Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/contracts/new?buyer=direct']")
	// Not where another filter may hide the one that stands: a second one would overlap.
	for _, hiding := range []string{"q=nothing", "state=expired", "offset=100"} {
		s.As(s.d, "admin").Get(t, routes.ContractsOf("d", "r")+"&"+hiding).Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/contracts']")
	}
	s.As(s.d, "readonly").Get(t, routes.ContractsOf("d", "direct")).Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/contracts']")
	s.As(s.d, "admin").Get(t, routes.ContractsOf("r", "c2")).Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/contracts']")
	none := s.As(s.d, "admin").Get(t, routes.Contracts+"?state=expired").Is(t, http.StatusOK)
	none.Has(t, ".tb-empty a[href='/contracts']")
	reader := s.As(s.r, "readonly").Get(t, routes.Contracts).Is(t, http.StatusOK)
	reader.Lacks(t, "a[href='/contracts/new']")
	if got := reader.All(t, "tbody tr td:first-child"); !cmp.Equal(got, []string{"Retail"}) {
		t.Errorf("a reseller sees %q", got)
	}
}

func TestPages_Show(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.As(s.r, "finance").Get(t, routes.Contract(s.retail)).Is(t, http.StatusOK)
	if got := a.Has(t, ".tb-rule .sentence"); got != "Everything : cost plus 10 %" {
		t.Errorf("sentence %q", got)
	}
	if got := a.Has(t, ".tb-rule code"); got != "cost * 1.1" {
		t.Errorf("expression %q", got)
	}
	a.Has(t, "a.btn-primary[href='"+routes.ContractEdit(s.retail)+"']")
	a.Has(t, "details#yaml pre")
	yaml := s.As(s.r, "finance").Get(t, routes.ContractYAML(s.retail, "1")).Is(t, http.StatusOK)
	if !strings.Contains(yaml.Header.Get("Content-Disposition"), "r-c-v1.yaml") || !strings.Contains(yaml.Body, "then: cost * 1.1") {
		t.Errorf("%s: %s", yaml.Header.Get("Content-Disposition"), yaml.Body)
	}
	s.As(s.r, "readonly").Get(t, routes.Contract(s.retail)).Is(t, http.StatusOK).Lacks(t, "a[href$='/edit']")
	s.As(s.r, "finance").Get(t, routes.ContractVersion(s.retail, "7")).Is(t, http.StatusNotFound)
}

// A contract outside the scope answers as one that does not exist, on every
// route.
func TestPages_ForeignContracts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	unknown := id.New[id.Contract]()
	body := func(a *webtest.Answer, c id.Contract) string {
		return strings.ReplaceAll(requestless(a.Body), c.String(), "ID")
	}
	for who, c := range map[string]struct {
		as scope.Scope
		of id.Contract
	}{
		"sibling": {s.r2, s.retail}, "reseller, edge above": {s.r, s.resale}, "reseller, base contract": {s.r, s.base}, "other tree": {s.other, s.retail},
	} {
		b := s.As(c.as, "finance")
		for _, get := range []func(id.Contract) string{
			routes.Contract, routes.ContractEdit,
			func(c id.Contract) string { return routes.ContractYAML(c, "") },
			func(c id.Contract) string { return routes.ContractCompare(c, "1", "1") },
		} {
			got, want := b.Get(t, get(c.of)), b.Get(t, get(unknown)).Is(t, http.StatusNotFound)
			if got.Status != http.StatusNotFound || body(got, c.of) != body(want, unknown) {
				t.Errorf("%s, GET %s: %d", who, get(c.of), got.Status)
			}
		}
		for _, post := range []func(id.Contract) string{routes.ContractEdit, routes.ContractCheck, routes.ContractPreview} {
			got, want := b.Post(t, post(c.of), url.Values{}), b.Post(t, post(unknown), url.Values{}).Is(t, http.StatusNotFound)
			if got.Status != http.StatusNotFound || body(got, c.of) != body(want, unknown) {
				t.Errorf("%s, POST %s: %d", who, post(c.of), got.Status)
			}
		}
	}
	for _, path := range []string{routes.Contracts, routes.Contract(s.retail), routes.ContractEdit(s.retail), routes.Reference, routes.ContractNew} {
		s.As(s.c, "admin").Get(t, path).Is(t, http.StatusNotFound)
	}
	s.As(s.r, "readonly").Get(t, routes.ContractEdit(s.retail)).Is(t, http.StatusForbidden)
	s.As(s.r, "finance").Get(t, routes.Contracts+"/nonsense").Is(t, http.StatusNotFound)
}

// requestless drops what differs from one request to the next.
func requestless(body string) string {
	before, rest, found := strings.Cut(body, "request number")
	if !found {
		return body
	}
	_, after, _ := strings.Cut(rest, "</p>")
	return before + after
}

func TestPages_Editor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	page := b.Get(t, routes.ContractEdit(s.retail)).Is(t, http.StatusOK)
	if got := page.Attr(t, "textarea[name='rules[0].then']", "data-editor"); got != "expr" {
		t.Errorf("data-editor %q", got)
	}
	f := form(t, page)
	f.Set("op", "add")
	f.Set("stage", "fee")
	added := b.Post(t, routes.ContractEdit(s.retail), f).Is(t, http.StatusOK)
	if got := added.All(t, "li.tb-rule"); len(got) != 2 {
		t.Fatalf("%d rules, want 2", len(got))
	}
	f = form(t, added)
	f.Set("rules[1].name", "Management")
	f.Set("rules[1].then", "percent(spend, 10)")
	f.Set("op", "up:1")
	moved := b.PostPart(t, routes.ContractEdit(s.retail), "contract-form", f).Is(t, http.StatusOK)
	moved.Lacks(t, "html > body > header")
	if got := moved.Attr(t, "input[name='rules[0].name']", "value"); got != "Management" {
		t.Errorf("first rule %q", got)
	}
	f = form(t, moved)
	f.Set("op", "save")
	f.Set("rules[0].then", "percent(spend,\r\n 10)")
	saved := b.Post(t, routes.ContractEdit(s.retail), f).Is(t, http.StatusSeeOther)
	if got := saved.Header.Get("Location"); got != routes.ContractCompare(s.retail, "1", "2") {
		t.Errorf("leads to %s", got)
	}
	d, err := s.module.Service.Get(as(t, s.r), s.retail)
	if err != nil || d.Versions[0].Terms.Rules[0].Then != "percent(spend,\n 10)" || d.Versions[0].Terms.Rules[1].Name != "margin" {
		t.Errorf("%+v, %v", d.Versions[0].Terms, err)
	}

	f.Set("rules[1].then", "cost * 3")
	again := b.Post(t, routes.ContractEdit(s.retail), f).Is(t, http.StatusConflict)
	again.Has(t, ".tb-callout a[href='"+routes.ContractCompare(s.retail, "1", "2")+"']")
	if got := again.Has(t, "textarea[name='rules[1].then']"); got != "cost * 3" {
		t.Errorf("what was typed is gone: %q", got)
	}
	f = form(t, again)
	f.Set("op", again.Attr(t, ".tb-callout button", "value"))
	b.PostPart(t, routes.ContractEdit(s.retail), "contract-form", f).Is(t, http.StatusNoContent)

	f = form(t, b.Get(t, routes.ContractEdit(s.retail)))
	f.Set("op", "delete:0")
	f = form(t, b.Post(t, routes.ContractEdit(s.retail), f))
	f.Set("op", "save")
	f.Set("rules[0].when", `regin == "eu"`)
	f.Set("starts", "soon")
	wrong := b.Post(t, routes.ContractEdit(s.retail), f).Is(t, http.StatusUnprocessableEntity)
	if got := wrong.Has(t, "[id='f-rules[0].when-error']"); got != "Column 1: unknown name regin (did you mean region?)." {
		t.Errorf("error %q", got)
	}
	wrong.Has(t, "#f-starts-error")
	wrong.Has(t, ".tb-errors a[href='#f-rules[0].when']")
}

// What somebody else has saved meanwhile is told, months too, and saving on top
// of it undoes nothing that was not changed in this form.
func TestPages_Editor_Overtaken(t *testing.T) {
	t.Parallel()
	months := func(from, to string) period.Months {
		out := period.Months{From: month(from)}
		if to != "" {
			out.To = month(to)
		}
		return out
	}
	type edit = map[string]string
	for name, c := range map[string]struct {
		theirs, ours edit
		told         []string // by the callout
		version      bool     // the callout leads to what a version has changed
		want         period.Months
	}{
		"Months": {
			theirs: edit{"ends": "2026-12"}, ours: edit{"rules[0].then": "cost * 3"},
			told: []string{"2026-01, no end", "2026-01 to 2026-12", "keeps the new ones"}, want: months("2026-01", "2026-12"),
		},
		"MonthsThatWereChangedHereToo": {
			theirs: edit{"ends": "2026-12"}, ours: edit{"ends": "2026-10"},
			told: []string{"2026-01, no end", "2026-01 to 2026-12", "makes them 2026-01 to 2026-10"}, want: months("2026-01", "2026-10"),
		},
		"AVersionAndMonths": {
			theirs: edit{"ends": "2026-12", "rules[0].then": "cost * 2"}, ours: edit{"rules[0].then": "cost * 3"},
			told: []string{"2026-01, no end", "2026-01 to 2026-12", "Version 2"}, version: true, want: months("2026-01", "2026-12"),
		},
		"AVersion": {
			theirs: edit{"rules[0].then": "cost * 2"}, ours: edit{"ends": "2026-10"},
			told: []string{"Version 2"}, version: true, want: months("2026-01", "2026-10"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := s.As(s.r, "finance")
			post := func(f url.Values, op string, change edit) *webtest.Answer {
				f.Set("op", op)
				for field, value := range change {
					f.Set(field, value)
				}
				return b.Post(t, routes.ContractEdit(s.retail), f)
			}
			ours, theirs := form(t, b.Get(t, routes.ContractEdit(s.retail))), form(t, b.Get(t, routes.ContractEdit(s.retail)))
			post(theirs, "save", c.theirs).Is(t, http.StatusSeeOther)
			told := post(ours, "save", c.ours).Is(t, http.StatusConflict)
			callout := told.Has(t, ".tb-callout")
			for _, text := range c.told {
				if !strings.Contains(callout, text) {
					t.Errorf("%q does not say %q", callout, text)
				}
			}
			if got := len(told.All(t, ".tb-callout a")) > 0; got != c.version {
				t.Errorf("a comparison of versions is offered: %t", got)
			}
			post(form(t, told), told.Attr(t, ".tb-callout button", "value"), nil).Is(t, http.StatusSeeOther)
			d, err := s.module.Service.Get(as(t, s.r), s.retail)
			if err != nil || d.Contract.Months != c.want {
				t.Errorf("the contract's months are %s, want %s; %v", d.Contract.Months, c.want, err)
			}
			if then, ok := c.ours["rules[0].then"]; ok && string(d.Versions[0].Terms.Rules[0].Then) != then {
				t.Errorf("the newest version says %s, want %s", d.Versions[0].Terms.Rules[0].Then, then)
			}
		})
	}
}

// What is saved after somebody was told is not saved over unseen either.
func TestPages_Editor_OvertakenTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	ends := func(f url.Values, op, month string) *webtest.Answer {
		f.Set("op", op)
		f.Set("ends", month)
		return b.Post(t, routes.ContractEdit(s.retail), f)
	}
	open := func() url.Values { return form(t, b.Get(t, routes.ContractEdit(s.retail))) }
	ours := open()
	ends(open(), "save", "2026-12").Is(t, http.StatusSeeOther)
	told := ends(ours, "save", "2026-10").Is(t, http.StatusConflict)
	ends(open(), "save", "2026-11").Is(t, http.StatusSeeOther)
	again := ends(form(t, told), told.Attr(t, ".tb-callout button", "value"), "2026-10").Is(t, http.StatusConflict)
	if got := again.Has(t, ".tb-callout .tb-change"); !strings.Contains(got, "2026-12") || !strings.Contains(got, "2026-11") {
		t.Errorf("the second change reads %q", got)
	}
}

// A form takes so many rules; none of more is left out in silence.
func TestPages_Editor_TakesSoMany(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	f := form(t, b.Get(t, routes.ContractEdit(s.retail)))
	f.Set("op", "save")
	f.Set("rules", strconv.Itoa(mostRules+1))
	for i := range mostRules + 1 {
		f.Set(fmt.Sprintf("rules[%d].name", i), fmt.Sprintf("rule %d", i))
		f.Set(fmt.Sprintf("rules[%d].stage", i), "adjust")
		f.Set(fmt.Sprintf("rules[%d].then", i), "price")
	}
	for _, path := range []string{routes.ContractEdit(s.retail), routes.ContractCheck(s.retail), routes.ContractNew} {
		if got := b.Post(t, path, f).Is(t, http.StatusUnprocessableEntity).Has(t, "main"); !strings.Contains(got, "tierbook contract apply") {
			t.Errorf("%s: %s", path, got)
		}
	}
	if n := s.count(t, "contracts_versions"); n != 3 {
		t.Errorf("something was saved: %d versions", n)
	}
}

func TestPages_Check(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	f := form(t, b.Get(t, routes.ContractEdit(s.retail)))
	f.Set("rules[0].when", `service == "😀" and billed > 1`)
	a := b.Post(t, routes.ContractCheck(s.retail), f).Is(t, http.StatusOK)
	var got []diagnostic
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		t.Fatal(err)
	}
	if want := []diagnostic{{"rules[0].when", 20, 26, "billed is unknown here: use cost"}}; !cmp.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	part := b.PostPart(t, routes.ContractCheck(s.retail), "preview", f)
	if got := part.Has(t, "#problems li"); got != "Rule 1, margin, when, 1:20: billed is unknown here: use cost" {
		t.Errorf("fragment %q", got)
	}
	f.Set("rules[0].when", "")
	if a := b.Post(t, routes.ContractCheck(s.retail), f); strings.TrimSpace(a.Body) != "[]" {
		t.Errorf("a sound draft: %s", a.Body)
	}
}

func TestPages_Preview(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	f := form(t, b.Get(t, routes.ContractEdit(s.retail)))
	f.Set("rules[0].then", "cost * 2")
	a := b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Is(t, http.StatusOK)
	if got := a.Has(t, ".tb-effect .price"); !strings.Contains(got, "16.50") || !strings.Contains(got, "30.00") {
		t.Errorf("price %q", got)
	}
	if got := a.Has(t, "#said-rule-1[hx-swap-oob]"); got != "Everything : 200 % of cost" {
		t.Errorf("sentence %q", got)
	}
	f.Set("op", "preview")
	whole := b.Post(t, routes.ContractEdit(s.retail), f).Is(t, http.StatusOK)
	whole.Has(t, "#preview .tb-effect .price")
	f.Set("rules[0].then", "cost / (quantity - 3)")
	fails := b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Is(t, http.StatusOK)
	if got := fails.Has(t, "#problems li"); !strings.Contains(got, "margin") || !strings.Contains(got, "1:6") {
		t.Errorf("a rule that fails on a line: %q", got)
	}
	f.Set("rules[0].then", "cost +")
	if got := b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Has(t, "#problems li"); !strings.Contains(got, "ends too early") {
		t.Errorf("a rule that does not compile: %q", got)
	}
	f.Set("customer", "c2")
	f.Set("rules[0].then", "cost")
	b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Is(t, http.StatusNotFound)
}

// What a reseller reads on any page names no number or rule of the tier above.
func TestPages_ResellerReadsNothingFromAbove(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.r, "finance")
	f := form(t, b.Get(t, routes.ContractEdit(s.retail)))
	f.Set("rules[0].then", "cost * 2")
	f.Set("op", "preview")
	answers := map[string]*webtest.Answer{
		"list": b.Get(t, routes.Contracts), "contract": b.Get(t, routes.Contract(s.retail)), "editor": b.Get(t, routes.ContractEdit(s.retail)),
		"compare": b.Get(t, routes.ContractCompare(s.retail, "1", "1")), "reference": b.Get(t, routes.Reference),
		"effect": b.Post(t, routes.ContractEdit(s.retail), f), "preview": b.PostPart(t, routes.ContractPreview(s.retail), "preview", f),
		"new": b.Get(t, routes.ContractNew),
	}
	for page, a := range answers {
		a.Is(t, http.StatusOK)
		for _, secret := range []string{"8.125", "9.25", "3.75", "1.0625", "uplift", "Resale", "no tax", "contracted", "effective", "billed"} {
			if strings.Contains(a.Body, secret) {
				t.Errorf("%s has %q", page, secret)
			}
		}
	}
	for _, name := range []string{"billed", "effective", "contracted"} {
		f.Set("rules[0].then", name)
		if got := b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Has(t, "#problems li"); !strings.Contains(got, "use cost") {
			t.Errorf("%s: %q", name, got)
		}
	}
	s.apply(t, s.d, doc("d", "r", "Resale", rules.BasisEffective, price("secret", "effective / (quantity - 5)")))
	f.Set("rules[0].then", "cost")
	if got := b.PostPart(t, routes.ContractPreview(s.retail), "preview", f).Has(t, "#problems li"); !strings.Contains(got, "Your supplier's pricing") || strings.Contains(got, "secret") {
		t.Errorf("a failure above: %q", got)
	}
}

func TestPages_Compare(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.apply(t, s.r, doc("r", "c", "Retail", rules.BasisList, price("margin", "cost * 1.2"), fee("flat", "7")))
	a := s.As(s.r, "finance").Get(t, routes.ContractCompare(s.retail, "", "")).Is(t, http.StatusOK)
	if got := a.Has(t, ".tb-figure.price"); !strings.Contains(got, "25.00 USD") || !strings.Contains(got, "was 16.50, +8.50") {
		t.Errorf("price %q", got)
	}
	if got := a.All(t, ".tb-diff del"); !cmp.Equal(got, []string{"cost", "cost * 1.1"}) {
		t.Errorf("old %q", got)
	}
	if got := a.All(t, ".tb-diff ins"); !cmp.Equal(got, []string{"list", "cost * 1.2"}) {
		t.Errorf("new %q", got)
	}
	if got := a.All(t, ".tb-diff .tb-badge"); !cmp.Equal(got, []string{"added"}) {
		t.Errorf("badges %q", got)
	}
	s.As(s.r, "readonly").Get(t, routes.ContractCompare(s.retail, "", "")).Is(t, http.StatusOK).Lacks(t, ".tb-figure")
}

func TestPages_New(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.d, "admin")
	page := b.Get(t, routes.ContractNew).Is(t, http.StatusOK)
	if got := page.Attr(t, "select[name=buyer] option[selected]", "value"); got != "direct" {
		t.Errorf("buyer %q, want one without a contract", got)
	}
	f := form(t, page)
	f.Set("op", "save")
	f.Set("missing", "pass-through")
	f.Set("name", "Direct")
	asked := b.Post(t, routes.ContractNew, f).Is(t, http.StatusUnprocessableEntity)
	asked.Has(t, "input[name=agreed]")
	f.Set("agreed", "yes")
	saved := b.Post(t, routes.ContractNew, f).Is(t, http.StatusSeeOther)
	b.Get(t, saved.Header.Get("Location")).Is(t, http.StatusOK)
	again := b.Post(t, routes.ContractNew, func() url.Values { f.Set("name", "Another"); return f }()).Is(t, http.StatusConflict)
	if got := again.Has(t, ".tb-errors"); !strings.Contains(got, "stands on this edge") {
		t.Errorf("overlap: %q", got)
	}
	b.Post(t, routes.ContractNewCheck, f).Is(t, http.StatusOK)
	b.PostPart(t, routes.ContractNewPreview, "preview", f).Is(t, http.StatusOK)
}

func TestPages_NewFromYAML(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.As(s.d, "admin")
	b.Get(t, routes.ContractNew+"?from=yaml").Is(t, http.StatusOK).Has(t, "textarea[name=yaml]")
	text := string(Format(doc("d", "direct", "From a file", rules.BasisList, price("book", "list * 0.9"))))
	filled := b.Post(t, routes.ContractNew, url.Values{"op": {"yaml"}, "yaml": {text}}).Is(t, http.StatusOK)
	f := form(t, filled)
	if f.Get("name") != "From a file" || f.Get("buyer") != "direct" || f.Get("rules[0].then") != "list * 0.9" {
		t.Errorf("the form holds %v", f)
	}
	f.Set("op", "save")
	b.Post(t, routes.ContractNew, f).Is(t, http.StatusSeeOther)
	wrong := b.Post(t, routes.ContractNew, url.Values{"op": {"yaml"}, "yaml": {"seller: d\nnonsense: 1\n"}}).Is(t, http.StatusUnprocessableEntity)
	if got := strings.Join(wrong.All(t, "#problems li"), "\n"); !strings.Contains(got, `2:1: unknown key "nonsense"`) {
		t.Errorf("problems %q", got)
	}
	other := strings.Replace(text, "seller: d", "seller: r", 1)
	b.Post(t, routes.ContractNew, url.Values{"op": {"yaml"}, "yaml": {other}}).Is(t, http.StatusUnprocessableEntity)
}

func TestPages_Reference(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.As(s.d, "admin").Get(t, routes.Reference).Is(t, http.StatusOK)
	if got := a.Has(t, "#fn-percent .tb-examples"); !strings.HasPrefix(got, "percent(190, 10) → 19") {
		t.Errorf("examples %q", got)
	}
	a.Has(t, "#line-billed")
	a.Has(t, "#op-matches")
	a.Has(t, "#stage-adjust")
	for _, name := range []string{"billed", "effective", "contracted"} {
		s.As(s.r, "finance").Get(t, routes.Reference).Is(t, http.StatusOK).Lacks(t, "#line-"+name)
	}
	part := s.As(s.d, "admin").Part(t, routes.Reference+"?q=graduated", "reference").Is(t, http.StatusOK)
	part.Lacks(t, "body > header")
	part.Has(t, "#fn-graduated")
	part.Lacks(t, "#fn-percent")
	none := s.As(s.d, "admin").Get(t, routes.Reference+"?q=xyzzy")
	none.Lacks(t, "article")
}

func TestModule_Search(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hits, err := s.module.Search(finance(t, s.r), "retail", 5)
	if err != nil || len(hits) != 1 || hits[0].Title != "Retail" || hits[0].URL != routes.Contract(s.retail) || hits[0].Sub != "r → c, 2026-01, no end" {
		t.Errorf("%+v, %v", hits, err)
	}
}
