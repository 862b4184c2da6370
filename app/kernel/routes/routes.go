// Package routes names every page of the product: views link through it, and
// handlers are mounted at its patterns, so that a page's address is written
// once.
//
// Tenants are named by their slug, which is unique in their tree; records by
// their id; months as 2026-03. What a page filters, sorts or opens is in the
// query.
package routes

import (
	"net/url"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Pages without parameters.
const (
	Home           = "/"
	SignIn         = "/sign-in"
	SignOut        = "/sign-out"
	SignOutAll     = "/sign-out/everywhere"
	Profile        = "/profile"
	Password       = "/profile/password" //nolint:gosec // an address
	Theme          = "/profile/theme"
	Sessions       = "/profile/sessions"
	Search         = "/search"
	Customers      = "/customers"
	CustomersCSV   = "/customers.csv"
	CustomerNew    = "/customers/new"
	Contracts      = "/contracts"
	ContractNew    = "/contracts/new"
	Reference      = "/contracts/reference"
	Deliveries     = "/usage"
	Imports        = "/usage/imports"
	ImportNew      = "/usage/imports/new"
	Accounts       = "/usage/accounts"
	Assign         = "/usage/accounts/assign"
	Quarantine     = "/usage/quarantine"
	Invoices       = "/billing/invoices"
	Why            = "/billing/why"
	Reconciliation = "/billing/reconciliation"
	Utilities      = "/billing/utilities"
	Recalculate    = "/billing/utilities/recalculate"
	Runs           = "/billing/utilities/runs"
	Jobs           = "/jobs"
	Gallery        = "/dev/gallery"
)

// With returns path with a query of the given names and values, in pairs;
// empty values are left out.
func With(path string, pairs ...string) string {
	q := make([]string, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q = append(q, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + strings.Join(q, "&")
}

func under(base string, parts ...string) string {
	for _, p := range parts {
		base += "/" + url.PathEscape(p)
	}
	return base
}

// Customer is the page of a tenant below the acting one.
func Customer(slug string) string { return under(Customers, slug) }

// CustomerTab is a tab of a tenant's page: accounts, contracts or invoices.
func CustomerTab(slug, tab string) string { return under(Customers, slug, tab) }

// Contract is a contract's page.
func Contract(c id.Contract) string { return under(Contracts, c.String()) }

// ContractEdit is a contract's rule editor.
func ContractEdit(c id.Contract) string { return under(Contracts, c.String(), "edit") }

// ContractCompare shows two versions of a contract side by side.
func ContractCompare(c id.Contract, from, to string) string {
	return With(under(Contracts, c.String(), "compare"), "old", from, "new", to)
}

// ContractCheck answers what is wrong with a draft.
func ContractCheck(c id.Contract) string { return under(Contracts, c.String(), "check") }

// ContractPreview answers what a draft would do to real lines.
func ContractPreview(c id.Contract) string { return under(Contracts, c.String(), "preview") }

// What a contract's editor asks before the contract is saved for the first time.
const (
	ContractNewCheck   = ContractNew + "/check"
	ContractNewPreview = ContractNew + "/preview"
)

// ContractsOf lists the contracts of an edge, and offers to make one where there
// is none.
func ContractsOf(seller, buyer string) string {
	return With(Contracts, "seller", seller, "buyer", buyer)
}

// ContractYAML downloads a contract's version as code; "" asks for the newest.
func ContractYAML(c id.Contract, version string) string {
	return With(under(Contracts, c.String(), "yaml"), "version", version)
}

// ContractVersion is a contract's page as one of its versions has it.
func ContractVersion(c id.Contract, version string) string {
	return With(Contract(c), "version", version)
}

// Delivery is the page of one delivery.
func Delivery(d id.Delivery) string { return under(Deliveries+"/deliveries", d.String()) }

// Import is the page of one import, while it runs and afterwards.
func Import(importID string) string { return under(Imports, importID) }

// Invoice is the document of an edge's month.
func Invoice(m period.Month, seller, buyer string) string {
	return under(Invoices, m.String(), seller, buyer)
}

// InvoiceCSV is the same document as a table.
func InvoiceCSV(m period.Month, seller, buyer string) string {
	return Invoice(m, seller, buyer) + ".csv"
}

// InvoiceAcknowledge takes note of a finding on the same document.
func InvoiceAcknowledge(m period.Month, seller, buyer string) string {
	return under(Invoices, m.String(), seller, buyer, "acknowledge")
}

// Run is the page of one recalculation.
func Run(r id.Run) string { return under(Runs, r.String()) }

// RunCancel withdraws a recalculation that has not started.
func RunCancel(r id.Run) string { return under(Runs, r.String(), "cancel") }

// ReconciliationOf is the reconciliation of a month.
func ReconciliationOf(m period.Month) string { return With(Reconciliation, "month", m.String()) }

// IsLocal reports whether to is a page of this product, and thus fit to be
// sent to after signing in.
func IsLocal(to string) bool {
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(to, "/") &&
		!strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t")
}
