// Package customers has the pages of the tenant tree.
package customers

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Ids of what fragments aim at.
const TreeID = "tenants"

// Tree is the Customers page.
type Tree struct {
	Rows      []Row
	Text      string
	Month     period.Month
	Months    []ui.Option // empty: no figures for this reader
	Statuses  []ui.Option // of billing data; empty: not seen
	Under     string      // slug of the topmost tenant; empty: the acting one
	Chips     []ui.Chip
	Clear     string
	More      string // the same with more rows; empty: these are all
	Export    string
	Foot      string
	Currency  money.Currency // of all amounts; empty: they differ
	CanCreate bool
	IsCapped  bool

	SeesMoney     bool
	SeesContracts bool
	SeesAccounts  bool
}

// Columns is how many columns the table has.
func (t Tree) Columns() int {
	n := 2
	if t.SeesMoney {
		n += 4
	}
	if t.SeesContracts {
		n++
	}
	if t.SeesAccounts {
		n++
	}
	return n
}

// Row is one tenant.
type Row struct {
	Slug         string
	Name         string
	URL          string
	Tier         string
	Level        int
	Toggle       string // opens or closes it; empty: nothing below it
	IsOpen       bool
	Hidden       string // «75 more below Harbour», a link to HiddenURL
	HiddenURL    string
	Tone         ui.Tone
	Status       string
	StatusHelp   string
	Contracts    string
	ContractsURL string
	Accounts     int64
	Figures      []Figures
	IsContext    bool // shown because of what is below it
}

// Figures are cost, price and margin in one currency.
type Figures struct {
	Currency            money.Currency
	Cost, Price, Margin decimal.Decimal
}

// Tenant is a tenant's page.
type Tenant struct {
	Name          string
	Slug          string
	Tier          string
	Path          []ui.Link
	Since         time.Time
	Tone          ui.Tone
	Status        string
	StatusHelp    string
	Accounts      int64
	AccountsURL   string
	Contracts     string
	ContractsURL  string
	Months        []ui.Option // empty: no figures for this reader
	Month         period.Month
	Currencies    []Currency
	IsSpend       bool
	LeavesOutFees bool
	SeesMoney     bool
	SeesContracts bool
	SeesAccounts  bool
	Recalculate   string // the form, filled in; empty: not for this reader
}

// Currency is a tenant's money in one currency.
type Currency struct {
	Figures  []ui.Figure
	Ours     string      // whose the figures are, where another tenant sells to it; empty: nothing to say
	AtSeller []ui.Figure // what its own seller pays, charges and keeps
	Seller   string
	Chart    ui.Chart
	Rows     []ServiceRow // of the month
	Total    Figures
}

// ServiceRow is one service in the month.
type ServiceRow struct {
	Name string
	Figures
}

// Accounts is the tab of a tenant's accounts.
type Accounts struct {
	Name   string
	List   []Account
	Hidden int64  // accounts that the page leaves out
	All    string // where all of them are
	Assign string // where accounts are assigned; empty: not for this reader
}

// Account is a provider's account.
type Account struct {
	Provider string
	Number   string
	Name     string
	Months   string
}

// Contracts is the tab of a tenant's contracts.
type Contracts struct {
	Name string
	List []Contract
	New  string // empty: not for this reader
}

// Contract is one agreement.
type Contract struct {
	Name     string
	URL      string
	Seller   string
	Tone     ui.Tone
	State    string
	Months   string
	Currency money.Currency
}

// Invoices is the tab of a tenant's documents.
type Invoices struct {
	Name string
	List []Invoice
	Next string // the next page; empty: none
	Prev string
	Foot string
}

// Invoice is one document.
type Invoice struct {
	Month         period.Month
	URL           string
	Seller, Buyer string
	Tone          ui.Tone
	State         string
	Currency      money.Currency
	Total         decimal.Decimal
}

// Form adds a tenant.
type Form struct {
	Problem  ui.Problem
	Tiers    []ui.Option
	Parents  []ui.Option // empty: only the acting tenant
	IsTyped  bool        // too many parents to list
	Parent   string
	Name     string
	Slug     string
	HasTiers bool // there is a choice
}
