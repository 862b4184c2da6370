package billing

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/platform/webtest"
	"tierbook/rules"
)

// site returns the module's pages over w, with the shipped access policy.
func (w *world) site() *webtest.Site {
	w.t.Helper()
	deps := w.deps()
	deps.Authz = webtest.Authz(w.t)
	w.module = New(deps)
	w.s = w.module.Service
	return webtest.New(w.t, w.db, w.module)
}

// billed returns a world with invoices on every tier.
func billed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.usual()
	w.contract("north", "acme", rules.Terms{Basis: rules.BasisCost, Rules: []rules.Rule{
		{Name: "no tax", Stage: rules.StageExclude, When: `charge_category == "Tax"`},
		price("markup", "", "price * 1.10"),
		{Name: "care", Stage: rules.StageAdjust, Label: "Managed service", When: `service == "Compute"`, Then: "price + 0.5"},
		fee("Support", "percent(spend, 10)"),
	}})
	w.account("dist", "1", "acme", usageLine{service: "Compute", billed: "80", list: "100"}, usageLine{service: "DNS", billed: "10.0049"})
	w.account("dist", "2", "direct", usageLine{service: "Free", billed: "5", list: "0"})
	w.account("dist", "3", "bolt", usageLine{service: "Compute", billed: "1000"})
	for _, who := range []string{"acme", "direct", "bolt"} {
		w.recalc("dist", who)
	}
	w.drain()
	return w
}

func invoicePath(seller, buyer string) string { return routes.Invoice(march, seller, buyer) }

func TestPages_Invoices(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	dist := site.As(w.scopes["dist"], "finance").Get(t, routes.Invoices).Is(t, http.StatusOK)
	if got := dist.All(t, "#invoices tr td:first-child"); len(got) != 4 || got[0] != "dist Ltd → direct Ltd" {
		t.Errorf("the distributor's list: %q", got)
	}
	if got := dist.Has(t, "tfoot th"); got != "4 invoices" {
		t.Errorf("foot: %q", got)
	}
	if got := dist.All(t, "#invoices .tb-badge.warn"); len(got) != 1 || got[0] != "Blocked by 1 finding" {
		t.Errorf("blocked: %q", got)
	}
	blocked := site.As(w.scopes["dist"], "finance").Get(t, routes.With(routes.Invoices, "status", "blocked")).Is(t, http.StatusOK)
	if got := blocked.All(t, "#invoices tr td:first-child"); len(got) != 1 || got[0] != "dist Ltd → direct Ltd" {
		t.Errorf("filtered: %q", got)
	}
	blocked.Has(t, `.tb-chips a[aria-label="Remove Blocked"]`)
	site.As(w.scopes["dist"], "finance").Get(t, routes.With(routes.Invoices, "q", "nobody")).Is(t, http.StatusOK).Has(t, ".tb-empty")

	for _, page := range []string{"-1", "x", "9223372036854775807", "9223372036854775808"} {
		site.As(w.scopes["dist"], "finance").Get(t, routes.With(routes.Invoices, "page", page)).Is(t, http.StatusOK)
	}
	acme := site.As(w.scopes["acme"], "finance").Get(t, routes.Invoices).Is(t, http.StatusOK)
	if got := acme.All(t, "#invoices tr td:first-child"); len(got) != 1 || got[0] != "north Ltd" {
		t.Errorf("the customer's list: %q", got)
	}
	acme.Lacks(t, "#f-status")
	if got := acme.Attr(t, "#invoices a", "href"); got != invoicePath("north", "acme") {
		t.Error(got)
	}
	north := site.As(w.scopes["north"], "finance")
	if got := north.Get(t, routes.With(routes.Invoices, "side", "bought")).All(t, "#invoices tr td:first-child"); len(got) != 1 || got[0] != "dist Ltd → north Ltd" {
		t.Errorf("received: %q", got)
	}
	if got := north.Get(t, routes.With(routes.Invoices, "side", "sold")).All(t, "#invoices tr td:first-child"); len(got) != 2 {
		t.Errorf("sent: %q", got)
	}
	// As htmx: the body alone.
	part := north.Part(t, routes.Invoices, "").Is(t, http.StatusOK)
	part.Lacks(t, "main")
	part.Has(t, "#invoices")
}

func TestPages_Invoice(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	north := site.As(w.scopes["north"], "finance").Get(t, invoicePath("north", "acme")).Is(t, http.StatusOK)
	if got := north.All(t, ".tb-figure-label"); strings.Join(got, " ") != "Cost Price Margin" {
		t.Errorf("figures: %q", got)
	}
	for _, want := range []string{"Usage", "Managed service", "Fees"} {
		found := false
		for _, g := range north.All(t, "tr.group th") {
			found = found || g == want
		}
		if !found {
			t.Errorf("no group %s in %q", want, north.All(t, "tr.group th"))
		}
	}
	north.Has(t, `a[href*="/contracts/"]`)
	north.Has(t, "#why-dialog")
	whys := north.All(t, `a[data-dialog="why-dialog"]`)
	if len(whys) < 4 {
		t.Errorf("%d amounts say why", len(whys))
	}
	acme := site.As(w.scopes["acme"], "finance").Get(t, invoicePath("north", "acme")).Is(t, http.StatusOK)
	acme.Lacks(t, ".tb-figures")
	acme.Lacks(t, `a[href*="/contracts/"]`)
	if a, b := acme.Has(t, "tfoot .total .num"), north.Has(t, "tfoot .total .num"); a != b {
		t.Errorf("the buyer reads %s, the seller %s", a, b)
	}
	direct := site.As(w.scopes["dist"], "finance").Get(t, invoicePath("dist", "direct")).Is(t, http.StatusOK)
	if got := direct.Has(t, ".tb-callout.warn"); !strings.Contains(got, "basis list is 0") {
		t.Errorf("finding: %q", got)
	}
	site.As(w.scopes["direct"], "finance").Get(t, invoicePath("dist", "direct")).Is(t, http.StatusOK).Lacks(t, ".tb-callout")
}

func TestPages_AcknowledgeUsageWithoutAPrice(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	page, form := invoicePath("dist", "direct"), routes.InvoiceAcknowledge(march, "dist", "direct")
	dist := site.As(w.scopes["dist"], "finance")
	dist.Get(t, page).Is(t, http.StatusOK).Has(t, `form[action="`+form+`"] [name=reason][required]`)
	site.As(w.scopes["dist"], "readonly").Get(t, page).Is(t, http.StatusOK).Lacks(t, "[name=reason]")
	dist.Get(t, invoicePath("dist", "north")).Is(t, http.StatusOK).Lacks(t, "[name=reason]")

	again := dist.Post(t, form, url.Values{"reason": {" "}}).Is(t, http.StatusUnprocessableEntity)
	again.Has(t, "details[open] [name=reason][aria-invalid]")
	for _, who := range []string{"direct", "north"} {
		site.As(w.scopes[who], "admin").Post(t, form, url.Values{"reason": {"mine"}}).Is(t, http.StatusNotFound)
	}
	dist.Post(t, form, url.Values{"reason": {"a gift"}, "customer": {"bolt"}}).Is(t, http.StatusNotFound)
	dist.Post(t, form, url.Values{"reason": {"a gift"}}).Is(t, http.StatusSeeOther)

	noted := dist.Get(t, page).Is(t, http.StatusOK)
	noted.Lacks(t, "[name=reason]")
	noted.Lacks(t, ".tb-callout.warn")
	if got := noted.Has(t, ".tb-callout"); !strings.Contains(got, "a gift") || strings.Contains(got, "user:") {
		t.Errorf("finding: %q", got)
	}
}

// What one may not see answers as what does not exist, to the letter.
func TestPages_ForeignInvoice(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	tests := map[string][]string{
		"acme":  {invoicePath("dist", "north"), invoicePath("north", "bolt"), invoicePath("dist", "direct")},
		"south": {invoicePath("north", "acme"), invoicePath("dist", "north")},
	}
	for who, paths := range tests {
		user := site.As(w.scopes[who], "finance")
		unknown := user.Get(t, invoicePath("nobody", "noone")).Is(t, http.StatusNotFound)
		for _, p := range paths {
			for _, path := range []string{p, p + ".csv", whyURL(march, strings.Split(p, "/")[4], strings.Split(p, "/")[5], "rounding", "1")} {
				if got := user.Get(t, path).Is(t, http.StatusNotFound); got.Body != unknown.Body {
					t.Errorf("%s gets another answer for %s", who, path)
				}
			}
		}
		user.Get(t, "/billing/invoices/not-a-month/north/acme").Is(t, http.StatusNotFound)
	}
}

func TestPages_InvoiceCSV(t *testing.T) {
	t.Parallel()
	w := billed(t)
	got := w.site().As(w.scopes["acme"], "finance").Get(t, routes.InvoiceCSV(march, "north", "acme")).Is(t, http.StatusOK)
	if d := got.Header.Get("Content-Disposition"); !strings.Contains(d, "invoice-2026-03-north-acme.csv") {
		t.Error(d)
	}
	if !strings.HasPrefix(got.Body, "kind,label,service") || !strings.Contains(got.Body, "\ntotal,Total") {
		t.Error(got.Body)
	}
}

func TestPages_Why(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	compute := whyURL(march, "north", "acme", "label", "Usage", "service", "Compute", "unit", "Hours")
	north := site.As(w.scopes["north"], "finance")
	page := north.Get(t, compute).Is(t, http.StatusOK)
	if got := page.All(t, ".tb-steps strong"); strings.Join(got, ", ") != "Starts from cost, markup" {
		t.Errorf("steps: %q", got)
	}
	if got := page.All(t, ".tb-step-after"); strings.Join(got, ", ") != "90, 99" {
		t.Errorf("amounts: %q", got)
	}
	page.Has(t, `a[href="`+invoicePath("north", "acme")+`"]`)
	part := north.Part(t, compute, "why").Is(t, http.StatusOK)
	part.Lacks(t, "main")
	part.Has(t, "#why .tb-steps")

	fee := north.Get(t, whyURL(march, "north", "acme", "fee", "1")).Is(t, http.StatusOK)
	if got := fee.All(t, ".tb-steps strong"); strings.Join(got, ", ") != "Base, Support" {
		t.Errorf("fee: %q", got)
	}
	round := north.Get(t, whyURL(march, "north", "acme", "rounding", "1")).Is(t, http.StatusOK)
	if got := round.All(t, ".tb-steps strong"); strings.Join(got, ", ") != "Exact net, Total, Rounding" {
		t.Errorf("rounding: %q", got)
	}
	care := north.Get(t, whyURL(march, "north", "acme", "label", "Managed service", "service", "Compute", "unit", "Hours")).Is(t, http.StatusOK)
	if got := care.All(t, ".tb-step-after"); strings.Join(got, ", ") != "99.5, 0.5" {
		t.Errorf("a labelled adjust: %q", got)
	}
	// The distributor sees its customer's customer in the parts, and can open one.
	dist := site.As(w.scopes["dist"], "finance").Get(t, whyURL(march, "dist", "north", "label", "Usage", "service", "Compute", "unit", "Hours"))
	link := dist.Is(t, http.StatusOK).Attr(t, `td[data-label="Account"] a`, "href")
	one := site.As(w.scopes["dist"], "finance").Get(t, link).Is(t, http.StatusOK)
	if got := one.Has(t, ".tb-dl"); !strings.Contains(got, "Customer bolt Ltd") {
		t.Errorf("one part: %q", got)
	}
	north.Get(t, whyURL(march, "north", "acme", "fee", "9")).Is(t, http.StatusNotFound)
	north.Get(t, routes.With(compute, "customer", "nobody")).Is(t, http.StatusNotFound)
	north.Get(t, routes.Why).Is(t, http.StatusNotFound)
}

// A buyer reads its own charges step by step, and nothing of its seller's rules,
// cost and margin, or of anybody above.
func TestPages_WhyOfABuyer(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	line := func(seller, buyer, label string) string {
		return whyURL(march, seller, buyer, "label", label, "service", "Compute", "unit", "Hours")
	}
	// The reseller pays 90 for compute that costs the distributor 80, and sells it
	// for 99.
	tests := []struct {
		who, path, names, amounts string
		secrets                   []string
	}{
		{"acme", line("north", "acme", "Usage"), "Provider's list price, Usage, On the invoice", "100, 99, 99", []string{"90", "80", "markup", "care", "dist"}},
		{
			"acme", line("north", "acme", "Managed service"), "Provider's list price, Usage, Managed service, Charged as «Managed service», On the invoice",
			"100, 99, 99.5, 0.5, 0.5",
			[]string{"90", "80", "markup", "care", "dist"},
		},
		{"acme", whyURL(march, "north", "acme", "fee", "1"), "Base, Support, On the invoice", "109.9551205, 10.99551205, 11", []string{"percent", "spend", "markup", "dist"}},
		{"north", line("dist", "north", "Usage"), "Provider's list price, Usage, On the invoice", "1 100, 990, 990", []string{"80", "1080", "0.9", "tax", "compute "}},
	}
	for _, tt := range tests {
		page := site.As(w.scopes[tt.who], "finance").Get(t, tt.path).Is(t, http.StatusOK)
		if got := strings.Join(page.All(t, ".tb-steps strong"), ", "); got != tt.names {
			t.Errorf("%s: %s", tt.path, got)
		}
		if got := strings.Join(page.All(t, ".tb-step-after"), ", "); strings.ReplaceAll(got, "\u202f", " ") != tt.amounts {
			t.Errorf("%s: %q", tt.path, got)
		}
		page.Lacks(t, "code")
		page.Lacks(t, `a[href*="/contracts/"]`)
		text := page.Has(t, "main")
		for _, secret := range append(tt.secrets, "price *", "cost", "margin") {
			if strings.Contains(text, secret) {
				t.Errorf("%s reads %q at %s: %s", tt.who, secret, tt.path, text)
			}
		}
	}
	fee := site.As(w.scopes["acme"], "finance").Get(t, tests[2].path)
	if got := fee.Has(t, ".tb-steps"); !strings.Contains(got, "10 % of 109.9551205") {
		t.Errorf("the fee: %q", got)
	}
	usage := site.As(w.scopes["acme"], "finance").Get(t, tests[0].path)
	if got := usage.Has(t, ".tb-dl"); !strings.Contains(got, "Price per unit 99 USD") {
		t.Errorf("facts: %q", got)
	}
}

// What cannot be priced again says so, and shows what the charges say.
func TestPages_WhyNotNow(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	w.deliver("1", usageLine{service: "Compute", billed: "81", list: "101"})
	page := site.As(w.scopes["north"], "finance").Get(t, whyURL(march, "north", "acme", "label", "Usage", "service", "Compute", "unit", "Hours"))
	page.Is(t, http.StatusOK).Has(t, ".tb-callout.warn")
	page.Lacks(t, ".tb-steps")
}

func TestPages_Reconciliation(t *testing.T) {
	t.Parallel()
	w := billed(t)
	site := w.site()
	path := routes.ReconciliationOf(march)
	dist := site.As(w.scopes["dist"], "finance")
	dist.Get(t, path).Is(t, http.StatusOK).Has(t, ".tb-empty")
	if _, err := w.s.EnsurePeriods(w.as("dist"), march); err != nil {
		t.Fatal(err)
	}
	w.drain()
	asked := dist.Post(t, routes.Reconciliation, url.Values{"month": {"2026-03"}}).Is(t, http.StatusSeeOther)
	if got := asked.Header.Get("Location"); got != path {
		t.Error(got)
	}
	open := dist.Get(t, path).Is(t, http.StatusOK)
	if got := open.Attr(t, "#reconciliation", "hx-get"); got != path {
		t.Errorf("it asks %q again", got)
	}
	open.Has(t, "progress")
	newest, _, _, err := w.s.LastCheck(w.as("dist"), march)
	if err != nil {
		t.Fatal(err)
	}
	w.carryOutCheck(newest)
	done := dist.Part(t, path, "reconciliation").Is(t, http.StatusOK)
	done.Lacks(t, "main")
	if got := done.Attr(t, "#reconciliation", "hx-get"); got != "" {
		t.Errorf("it still asks %q", got)
	}
	if got := done.Has(t, ".tb-callout.ok"); !strings.Contains(got, "2026-03 reconciles") {
		t.Errorf("verdict: %q", got)
	}
	if got := done.All(t, "tbody .tb-badge.ok"); len(got) != 6 {
		t.Errorf("%d edges are equal on both sides", len(got))
	}
	done.Has(t, `a[aria-current] .tb-badge.ok`)
	dist.Post(t, routes.Reconciliation, url.Values{"month": {"nonsense"}}).Is(t, http.StatusUnprocessableEntity)
	// Nobody else has the page.
	for _, who := range []string{"north", "acme"} {
		site.As(w.scopes[who], "finance").Get(t, path).Is(t, http.StatusNotFound)
		site.As(w.scopes[who], "finance").Post(t, routes.Reconciliation, url.Values{"month": {"2026-03"}}).Is(t, http.StatusNotFound)
	}
}

func TestPages_Search(t *testing.T) {
	t.Parallel()
	w := billed(t)
	hits, err := w.module.Search(w.as("acme"), "acme", 5)
	if err != nil || len(hits) != 1 || hits[0].URL != invoicePath("north", "acme") {
		t.Errorf("%v %+v", err, hits)
	}
	if hits, err := w.module.Search(w.as("acme"), "direct", 5); err != nil || len(hits) != 0 {
		t.Errorf("%v %+v", err, hits)
	}
}
