package demo

import (
	"tierbook/app/demo/internal/export"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Slugs of the story's tenants.
const (
	meridian    = "meridian-cloud"
	harbour     = "harbour-it"
	fjord       = "fjord-systems"
	alder       = "alder-foods"
	brightwater = "brightwater-clinics"
	corvid      = "corvid-games"
	delta       = "delta-rail"
	elm         = "elm-street-books"
	finch       = "finch-robotics"
	granite     = "granite-bank"
)

// Tenants returns the organisations, parents before children: a distributor,
// its two resellers with three customers each, and a customer that the
// distributor sells to directly.
func Tenants() []Tenant {
	return []Tenant{
		{meridian, "Meridian Cloud", scope.Distributor, ""},
		{harbour, "Harbour IT", scope.Reseller, meridian},
		{fjord, "Fjord Systems", scope.Reseller, meridian},
		{alder, "Alder Foods", scope.Customer, harbour},
		{brightwater, "Brightwater Clinics", scope.Customer, harbour},
		{corvid, "Corvid Games", scope.Customer, harbour},
		{delta, "Delta Rail", scope.Customer, fjord},
		{elm, "Elm Street Books", scope.Customer, fjord},
		{finch, "Finch Robotics", scope.Customer, fjord},
		{granite, "Granite Bank", scope.Customer, meridian},
	}
}

// Users returns the people: one for each role at each tier that the access
// policy knows it at, and a second reseller's, who sees other customers.
func Users() []User {
	return []User{
		{"ada@meridian.example", "Ada Lindqvist", meridian, "admin"},
		{"henri@meridian.example", "Henri Vasseur", meridian, "finance"},
		{"priya@meridian.example", "Priya Raman", meridian, "billing_utilities_admin"},
		{"tomas@meridian.example", "Tomás Aguirre", meridian, "sales"},
		{"wanda@meridian.example", "Wanda Kowal", meridian, "support"},
		{"oskar@meridian.example", "Oskar Brandt", meridian, "readonly"},
		{"leila@harbour.example", "Leila Haddad", harbour, "admin"},
		{"grace@harbour.example", "Grace Okafor", harbour, "finance"},
		{"marcus@harbour.example", "Marcus Webb", harbour, "billing_utilities_admin"},
		{"signe@harbour.example", "Signe Holm", harbour, "sales"},
		{"dev@harbour.example", "Dev Malhotra", harbour, "support"},
		{"ruth@harbour.example", "Ruth Adler", harbour, "readonly"},
		{"niels@fjord.example", "Niels Dam", fjord, "finance"},
		{"elena@alder.example", "Elena Rossi", alder, "admin"},
		{"kofi@alder.example", "Kofi Mensah", alder, "finance"},
		{"mei@alder.example", "Mei Tanaka", alder, "support"},
		{"joan@alder.example", "Joan Ferrer", alder, "readonly"},
	}
}

// holder is who uses an account: one tenant, and from a month of the story on
// another.
type holder struct {
	tenant string // "" never assigned
	then   string // "" nobody else
}

// account is a sub account of the story and who uses it.
type account struct {
	export.Account
	holder
}

// billed is a payer account of the story.
type billed struct {
	payer    export.Payer
	accounts []account
	share    int64  // of the demo's lines, in percent
	folder   string // below exports/
}

// payers returns the story's payer accounts. All are billed to the distributor.
// The account labs moves from one customer to another in the month with index
// moved; refunds of earlier months arrive in the last month.
func payers(months int) []billed {
	last, moved := months-1, movedAt(months)
	list := []billed{
		{
			share: 40, folder: "aws-418205736190",
			payer: export.Payer{
				Provider: "aws", ID: "418205736190", Name: "Meridian Cloud", Layout: export.CUR, Currency: "USD",
				Percent: 6, EDP: export.EDPRows, Commitment: export.Reservation,
				Notes: []export.Note{
					{Account: 3, Month: 1, Amount: "-35.40", Text: "AWS Activate credit"},
					{Account: 5, Month: last, Back: last - moved + 1, Amount: "-48.17", Text: "Refund for Amazon EC2 usage billed in error"},
					{Account: 0, Month: last, Amount: "-120.00", Text: "Migration Acceleration Program credit"},
				},
			},
			accounts: []account{
				{export.Account{ID: "104882917365", Name: "alder-prod", Environment: "production", CostCenter: "cc-1010", Region: 1, Supported: true, Vendor: "Kestrel Host Shield"}, holder{tenant: alder}},
				{export.Account{ID: "207731940586", Name: "brightwater-prod", Environment: "production", CostCenter: "cc-2100", Region: 1, Supported: true}, holder{tenant: brightwater}},
				{export.Account{ID: "011482650937", Name: "alder-dev", Environment: "development", CostCenter: "cc-1011", Region: 1}, holder{tenant: alder}},
				{export.Account{ID: "339017284651", Name: "corvid-live", Environment: "production", CostCenter: "cc-3300", Region: 0, Taxed: true, Supported: true}, holder{tenant: corvid}},
				{export.Account{ID: "350926174803", Name: "corvid-test", Environment: "test", CostCenter: "cc-3301", Region: 0, Taxed: true}, holder{tenant: corvid}},
				{export.Account{ID: "366104827195", Name: "labs", Environment: "development", CostCenter: "cc-3390", Region: 0, Taxed: true}, holder{tenant: corvid, then: finch}},
				{export.Account{ID: "412077351968", Name: "harbour-internal", Environment: "production", CostCenter: "cc-0001", Region: 1}, holder{tenant: harbour}},
				{export.Account{ID: "498316027754", Name: "sandbox-2019", Environment: "development", CostCenter: "cc-0099", Region: 0, Taxed: true}, holder{}},
			},
		},
		{
			share: 25, folder: "aws-583920174466",
			payer: export.Payer{
				Provider: "aws", ID: "583920174466", Name: "Meridian Cloud EMEA", Layout: export.CUR, Currency: "USD",
				Percent: 5, EDP: export.EDPColumns, Commitment: export.SavingsPlan, LegacyText: true,
				Notes: []export.Note{{Account: 4, Month: 2, Amount: "-18.25", Text: "AWS promotional credit"}},
			},
			accounts: []account{
				{export.Account{ID: "600184723915", Name: "delta-operations", Environment: "production", CostCenter: "cc-4100", Region: 2, Supported: true}, holder{tenant: delta}},
				{export.Account{ID: "621950384472", Name: "finch-factory", Environment: "production", CostCenter: "cc-6200", Region: 2, Supported: true, Vendor: "Halden Log Search"}, holder{tenant: finch}},
				{export.Account{ID: "008845213970", Name: "delta-test", Environment: "test", CostCenter: "cc-4101", Region: 2}, holder{tenant: delta}},
				{export.Account{ID: "640271958336", Name: "elm-shop", Environment: "production", CostCenter: "cc-5000", Region: 1}, holder{tenant: elm}},
				{export.Account{ID: "655093816247", Name: "granite-core", Environment: "production", CostCenter: "cc-7000", Region: 2, Supported: true}, holder{tenant: granite}},
				{export.Account{ID: "671482095513", Name: "granite-recovery", Environment: "production", CostCenter: "cc-7001", Region: 1}, holder{tenant: granite}},
				{export.Account{ID: "689930517248", Name: "unclaimed", Environment: "test", CostCenter: "cc-0098", Region: 0, Taxed: true}, holder{}},
			},
		},
		{
			share: 20, folder: "azure-meridian",
			payer: export.Payer{
				Provider: "azure", ID: "7b1c2d90-58e4-4a6f-9d21-3f0a6b7c8d15", Name: "Meridian Cloud CSP", Layout: export.FOCUS, Currency: "USD",
				Percent: 15, Commitment: export.Reservation,
				Notes: []export.Note{{Account: 2, Month: last, Amount: "-27.50", Text: "Service level credit for Virtual Machines"}},
			},
			accounts: []account{
				{export.Account{ID: "1f6d0c52-7a83-4be1-8c04-5d9e2b716a30", Name: "Brightwater Records", Environment: "production", CostCenter: "cc-2200", Region: 1, Vendor: "Kestrel Host Shield"}, holder{tenant: brightwater}},
				{export.Account{ID: "2c8e4170-93b5-4d06-a1f7-08c3d5e96b42", Name: "Granite Workplace", Environment: "production", CostCenter: "cc-7100", Region: 2}, holder{tenant: granite}},
				{export.Account{ID: "3a05f7b9-1e64-4c28-b9d3-6f42e7081c57", Name: "Alder Office", Environment: "production", CostCenter: "cc-1020", Region: 1}, holder{tenant: alder}},
				{export.Account{ID: "49b2d683-c50f-4e91-8a76-d1e03f25b894", Name: "Delta Planning", Environment: "test", CostCenter: "cc-4200", Region: 1, Taxed: true}, holder{tenant: delta}},
				{export.Account{ID: "5e71a094-26d8-4f3b-9c50-b7a8c42d1e06", Name: "Elm Warehouse", Environment: "production", CostCenter: "cc-5100", Region: 2}, holder{tenant: elm}},
			},
		},
		{
			share: 15, folder: "gcp-meridian",
			payer: export.Payer{
				Provider: "gcp", ID: "01B7D2-4F8A3C-9E60D5", Name: "Meridian Cloud Billing", Layout: export.FOCUS, Currency: "USD",
				Percent: 8, Commitment: export.Reservation, LegacyText: true,
				Notes: []export.Note{
					{Account: 1, Month: 0, Amount: "-15.00", Text: "Promotional credit"},
					{Account: 0, Month: last, Back: 2, Amount: "-9.635214", Text: "Correction of Compute Engine usage"},
				},
			},
			accounts: []account{
				{export.Account{ID: "corvid-analytics-281904", Name: "corvid-analytics", Environment: "production", CostCenter: "cc-3310", Region: 1}, holder{tenant: corvid}},
				{export.Account{ID: "finch-vision-730165", Name: "finch-vision", Environment: "research", CostCenter: "cc-6210", Region: 0, Taxed: true, Vendor: "Halden Log Search"}, holder{tenant: finch}},
				{export.Account{ID: "granite-risk-518302", Name: "granite-risk", Environment: "production", CostCenter: "cc-7200", Region: 2}, holder{tenant: granite}},
				{export.Account{ID: "delta-timetables-609417", Name: "delta-timetables", Environment: "production", CostCenter: "cc-4300", Region: 1}, holder{tenant: delta}},
			},
		},
	}
	for i := range list {
		for _, a := range list[i].accounts {
			list[i].payer.Accounts = append(list[i].payer.Accounts, a.Account)
		}
	}
	return list
}

// movedAt is the index of the month from which the account labs has its second
// holder.
func movedAt(months int) int { return months / 2 }

// Assignments returns who uses which account in the months, oldest first.
func Assignments(months []period.Month) []Assignment {
	var out []Assignment
	first, moved := months[0], months[movedAt(len(months))]
	for _, p := range payers(len(months)) {
		for _, a := range p.accounts {
			switch {
			case a.tenant == "":
			case a.then == "":
				out = append(out, Assignment{p.payer.Provider, a.ID, a.tenant, period.Months{From: first}})
			default:
				out = append(
					out,
					Assignment{p.payer.Provider, a.ID, a.tenant, period.Months{From: first, To: moved.Add(-1)}},
					Assignment{p.payer.Provider, a.ID, a.then, period.Months{From: moved}},
				)
			}
		}
	}
	return out
}

// recalculations returns what has to be rated: each assignee, in each month.
func recalculations(months []period.Month) []Recalculation {
	var out []Recalculation
	for _, m := range months {
		for _, t := range Tenants() {
			if t.Tier == scope.Customer || t.Slug == harbour { // Harbour IT uses an account itself
				out = append(out, Recalculation{t.Slug, m})
			}
		}
	}
	return out
}
