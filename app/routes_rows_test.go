package app_test

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// row says how a route is asked and what it answers to whoever may ask.
type row struct {
	path     string     // with %s for a subject; "": the route's own
	subjects []subject  // whose page it may be; none: one page for all
	form     url.Values // of a POST
	ok       []int      // the statuses of success, or of a form's refusal; none: 200
	endsIt   bool       // it ends the session, so each request needs one of its own
}

// subject is a record and who may see it.
type subject struct {
	name   string
	value  string // in the path
	seenBy func(tenant string) bool
}

// parents is the demo's trees.
var parents = map[string]string{
	sitetest.Distributor: "", sitetest.Reseller: sitetest.Distributor, sitetest.Sibling: sitetest.Distributor,
	sitetest.Customer: sitetest.Reseller, sitetest.Brother: sitetest.Reseller, sitetest.Nephew: sitetest.Sibling,
	sitetest.Foreign: "", sitetest.ForeignRe: sitetest.Foreign, sitetest.ForeignCust: sitetest.ForeignRe,
}

// isBelow reports whether tenant is above or lies below it.
func isBelow(tenant, above string) bool {
	for ; tenant != ""; tenant = parents[tenant] {
		if tenant == above {
			return true
		}
	}
	return false
}

func nobody(string) bool { return false }

// strangers are values of no record: well formed, and not.
func strangers(values ...string) []subject {
	var out []subject
	for _, v := range values {
		out = append(out, subject{"unknown " + v, v, nobody})
	}
	return out
}

const noID = "01890000-0000-7000-8000-000000000000"

// tenants are the trees' tenants by slug; also, the tenant itself.
func tenants(self bool) []subject {
	out := strangers("no-such-tenant", "No%20Such", noID)
	for slug := range parents {
		out = append(out, subject{slug, slug, func(t string) bool { return isBelow(slug, t) && (self || slug != t) }})
	}
	return out
}

// records are those with an id whose key names a tenant: that one and whoever
// is above it see them.
func records(ids map[string]string) []subject {
	out := strangers(noID, "7", "x")
	for key, id := range ids {
		owner, _, _ := strings.Cut(key, ">")
		if _, known := parents[owner]; known {
			out = append(out, subject{key, id, func(t string) bool { return isBelow(owner, t) }})
		}
	}
	return out
}

// invoices are those of the last month, with who may see them: the seller,
// whoever is above it, and the buyer.
func invoices(s *sitetest.Site, r sitetest.Records) []subject {
	month := s.Last().String()
	out := strangers(month+"/no-such/tenants", month+"/"+sitetest.Customer+"/"+sitetest.Reseller, month+"/x/y",
		"march/"+sitetest.Reseller+"/"+sitetest.Customer)
	for edge := range r.Contracts {
		if seller, buyer, _ := strings.Cut(edge, ">"); buyer != "" {
			out = append(out, subject{edge, month + "/" + seller + "/" + buyer, func(t string) bool { return isBelow(seller, t) || buyer == t }})
		}
	}
	return out
}

// sales are the same, with the sellers and whoever is above them alone.
func sales(s *sitetest.Site, r sitetest.Records) []subject {
	out := invoices(s, r)
	for i := range out {
		if seller, _, isSale := strings.Cut(out[i].name, ">"); isSale {
			out[i].seenBy = func(t string) bool { return isBelow(seller, t) }
		}
	}
	return out
}

// steps are the first amounts of those invoices whose price can be explained.
func steps(t testing.TB, s *sitetest.Site, r sitetest.Records) []subject {
	t.Helper()
	who := s.Person(t, sitetest.Distributor, "admin")
	var of string
	var out []subject
	for _, about := range invoices(s, r) {
		parts := strings.Split(about.value, "/")
		q := url.Values{}
		if about.seenBy(who.Slug) {
			page := s.Do(t, sitetest.Request{Path: routes.Invoices + "/" + about.value, Token: who.Token})
			_, rest, found := strings.Cut(page.Body, `hx-get="`+routes.Why+`?`)
			if !found {
				t.Fatalf("the invoice %s explains nothing", about.value)
			}
			of, _, _ = strings.Cut(rest, `"`)
			of = html.UnescapeString(of)
		}
		if of != "" {
			q, _ = url.ParseQuery(of)
		}
		q.Set("month", parts[0])
		q.Set("seller", parts[1])
		q.Set("buyer", parts[2])
		out = append(out, subject{about.name, q.Encode(), about.seenBy})
	}
	return out
}

// rows returns what is known of each route, by method and path. A route without
// one fails TestRoutes.
func rows(t testing.TB, s *sitetest.Site) map[string]row {
	t.Helper()
	r := s.Records(t)
	refused := []int{422}
	return map[string]row{
		"GET /healthz":          {},
		"GET /readyz":           {},
		"GET /static/*":         {path: "/static/none.js", ok: []int{404}},
		"GET " + routes.Search:  {path: routes.Search + "?q=alder"},
		"GET " + routes.Jobs:    {ok: []int{303}}, // to their list
		"GET " + routes.Gallery: {},

		"GET " + routes.SignIn:      {ok: []int{303}}, // signed in already
		"POST " + routes.SignIn:     {form: url.Values{"email": {"nobody@example.org"}, "password": {"x"}}, ok: []int{401, 429}},
		"POST " + routes.SignOut:    {ok: []int{303}, endsIt: true},
		"POST " + routes.SignOutAll: {ok: []int{303}, endsIt: true},
		"GET " + routes.Profile:     {},
		"GET " + routes.Password:    {ok: []int{303}},
		"POST " + routes.Password:   {ok: refused},
		"GET " + routes.Sessions:    {ok: []int{303}},
		"POST " + routes.Sessions:   {ok: []int{404}},
		"POST " + routes.Theme:      {form: url.Values{"theme": {"light"}}, ok: []int{303}},

		"GET " + routes.Home: {},

		"GET " + routes.Deliveries:                               {},
		"GET " + routes.Deliveries + "/deliveries/:id":           {path: routes.Deliveries + "/deliveries/%s", subjects: records(r.Deliveries)},
		"POST " + routes.Deliveries + "/deliveries/:id/withdraw": {path: routes.Deliveries + "/deliveries/%s/withdraw", subjects: records(r.Deliveries), ok: refused},
		"GET " + routes.Imports:                                  {},
		"GET " + routes.Imports + "/:id":                         {path: routes.Imports + "/%s", subjects: records(r.Imports)},
		"GET " + routes.ImportNew:                                {},
		"POST " + routes.ImportNew:                               {ok: refused},
		"GET " + routes.Accounts:                                 {},
		"POST " + routes.Assign:                                  {ok: refused},
		"GET " + routes.Quarantine:                               {},
		"POST " + routes.Quarantine:                              {ok: refused},

		"GET " + routes.Invoices:                                {},
		"GET " + routes.Invoices + "/:month/:seller/:buyer":     {path: routes.Invoices + "/%s", subjects: invoices(s, r)},
		"GET " + routes.Invoices + "/:month/:seller/:buyer.csv": {path: routes.Invoices + "/%s.csv", subjects: invoices(s, r)},
		"POST " + routes.Invoices + "/:month/:seller/:buyer/acknowledge": {
			path: routes.Invoices + "/%s/acknowledge", subjects: sales(s, r), ok: refused,
		},
		"GET " + routes.Why:             {path: routes.Why + "?%s", subjects: steps(t, s, r)},
		"GET " + routes.Reconciliation:  {},
		"POST " + routes.Reconciliation: {ok: refused},

		"GET " + routes.Contracts:                   {},
		"GET " + routes.Reference:                   {},
		"GET " + routes.ContractNew:                 {},
		"POST " + routes.ContractNew:                {},
		"POST " + routes.ContractNewCheck:           {},
		"POST " + routes.ContractNewPreview:         {},
		"GET " + routes.Contracts + "/:id":          {path: routes.Contracts + "/%s", subjects: records(r.Contracts)},
		"GET " + routes.Contracts + "/:id/yaml":     {path: routes.Contracts + "/%s/yaml", subjects: records(r.Contracts)},
		"GET " + routes.Contracts + "/:id/compare":  {path: routes.Contracts + "/%s/compare", subjects: records(r.Contracts)},
		"GET " + routes.Contracts + "/:id/edit":     {path: routes.Contracts + "/%s/edit", subjects: records(r.Contracts)},
		"POST " + routes.Contracts + "/:id/edit":    {path: routes.Contracts + "/%s/edit", subjects: records(r.Contracts)},
		"POST " + routes.Contracts + "/:id/check":   {path: routes.Contracts + "/%s/check", subjects: records(r.Contracts)},
		"POST " + routes.Contracts + "/:id/preview": {path: routes.Contracts + "/%s/preview", subjects: records(r.Contracts)},

		"GET " + routes.Customers:                      {},
		"GET " + routes.CustomersCSV:                   {},
		"GET " + routes.CustomerNew:                    {},
		"POST " + routes.CustomerNew:                   {ok: refused},
		"GET " + routes.Customers + "/:slug":           {path: routes.Customers + "/%s", subjects: tenants(true)},
		"GET " + routes.Customers + "/:slug/accounts":  {path: routes.Customers + "/%s/accounts", subjects: tenants(true)},
		"GET " + routes.Customers + "/:slug/contracts": {path: routes.Customers + "/%s/contracts", subjects: tenants(true)},
		"GET " + routes.Customers + "/:slug/invoices":  {path: routes.Customers + "/%s/invoices", subjects: tenants(true)},

		"GET " + routes.Utilities:             {},
		"GET " + routes.Recalculate:           {},
		"POST " + routes.Recalculate:          {ok: refused},
		"GET " + routes.Runs:                  {},
		"GET " + routes.Runs + "/:id":         {path: routes.Runs + "/%s", subjects: records(r.Runs)},
		"POST " + routes.Runs + "/:id/cancel": {path: routes.Runs + "/%s/cancel", subjects: records(r.Runs), ok: []int{409}},
	}
}
