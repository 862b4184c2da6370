package usage

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Gallery shows the pages in their states. None of them asks for its next.
func Gallery() []ui.State {
	return append(append(deliveryStates(), importStates()...), accountStates()...)
}

var gallerySums = []Sum{{Currency: "USD", Rows: 1204, Billed: decimal.RequireFromString("499.9"), Effective: decimal.RequireFromString("480.123456"), List: decimal.RequireFromString("600")}}

func deliveryStates() []ui.State {
	d := decimal.RequireFromString
	march, at := period.NewMonth(2026, 3), time.Date(2026, 4, 2, 6, 0, 0, 0, time.UTC)
	row := func(tone ui.Tone, status string) Delivery {
		return Delivery{URL: "/dev/gallery", Payer: "7b1c2d90-4f8a-3c9e-60d5", Month: march, Provider: "azure", Owner: "Dee", Status: status, Tone: tone, Rows: 1204, Sums: gallerySums, Imported: at, By: "ada"}
	}
	bad := row(ui.ToneOK, "Current")
	bad.Quarantined = 1
	page := DeliveryPage{
		Delivery: bad, Source: "azure-march.csv", ImportURL: "/dev/gallery", ManifestAt: at, Before: &ui.Link{Text: "2026-04-01", URL: "/dev/gallery"},
		Changes: []Change{{"Rows", "", d("1200"), d("1204")}, {"Billed", "USD", d("500"), d("499.9")}}, Periods: []PeriodSum{{"7b1c2d90", march, gallerySums[0]}},
		Accounts: []AccountLine{{Number: "123456789012", Name: "production", URL: "/dev/gallery", Currency: "USD", Rows: 1204, Was: 1200, Billed: d("499.9"), Before: d("500")}}, AccountAll: 2,
		Segments:   []Segment{{1, 1204, "33 kB", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},
		Quarantine: []Quarantined{galleryRow}, QuarantURL: "/dev/gallery", CanWithdraw: true,
	}
	withdrawn := DeliveryPage{Delivery: row(ui.ToneMuted, "Withdrawn"), Source: "azure-march.csv", ImportURL: "/dev/gallery", Withdrawn: "Imported for the wrong owner.", EndedAt: at}
	return []ui.State{
		{Name: "deliveries", View: DeliveryList(Deliveries{Rows: []Delivery{bad, row(ui.ToneMuted, "Superseded"), row(ui.ToneError, "Withdrawn")}, Currency: "USD", Totals: gallerySums, Total: 3, HasOwners: true})},
		{Name: "no deliveries", View: DeliveryList(Deliveries{CanImport: true})},
		{Name: "no delivery fits", View: DeliveryList(Deliveries{Filter: Filter{Chips: []ui.Chip{{Text: "Payer: 1", URL: "/dev/gallery"}}}})},
		{Name: "delivery", View: DeliveryView(page)},
		{Name: "delivery, withdrawn", View: DeliveryView(withdrawn)},
	}
}

var galleryRow = Quarantined{File: "azure-march.csv", Row: 1048576, Column: "BilledCost", Value: "1,5", Reason: "This is no number.", Month: "2026-03", Owner: "Dee", ImportURL: "/dev/gallery"}

func importStates() []ui.State {
	march, at := period.NewMonth(2026, 3), time.Date(2026, 4, 2, 6, 0, 0, 0, time.UTC)
	row := func(tone ui.Tone, state string) Import {
		return Import{URL: "/dev/gallery", Source: "s3://exports/focus/2026-03/manifest.json", Owner: "Dee", State: state, Tone: tone, Read: 1204, Stored: 1203, Requested: at, Took: "0.4 s", By: "ada"}
	}
	running, complete, failed := row(ui.ToneRun, "Running"), row(ui.ToneOK, "Complete"), row(ui.ToneError, "Failed")
	running.Now, running.Took, complete.Quarantined = "1 204 of 4 000 rows", "", 1
	done := ImportPage{
		Import: complete, Format: "FOCUS 1.2", Files: []string{"part-1.parquet"}, Started: at, Finished: at.Add(time.Second), IsComplete: true, Periods: []PeriodSum{{"123456789012", march, gallerySums[0]}},
		Outcomes: []Outcome{{"123456789012", "aws", march, "/dev/gallery", "Current", ui.ToneOK, "Replaces the one of 2026-04-01."}, {"210987654321", "aws", march, "/dev/gallery", "Unchanged", ui.ToneMuted, "The same content as before."}},
		Warnings: []string{"aws payer 123456789012 2026-03: 1204 rows, 4000 before."}, QuarantURL: "/dev/gallery", Unassigned: []Unassigned{{"USD", 1, 12, decimal.NewFromInt(3)}}, CanImport: true, CanAssign: true,
	}
	return []ui.State{
		{Name: "imports", View: ImportList(Imports{Rows: []Import{running, complete, failed}, HasOwners: true})},
		{Name: "import, complete", View: ImportView(done)},
		{Name: "import, failed", View: ImportView(ImportPage{Import: failed, Format: "CSV", Error: "part-1.csv, row 12: there is no column BilledCost.", CanImport: true})},
		{Name: "new import, refused", View: NewImport(ImportForm{Formats: []ui.Option{{Value: "", Text: "Found out from the file"}}, HasURL: true, URL: "ftp://x", Limit: "2 GB", Problem: ui.Problem{Message: "Nothing was imported.", Fields: map[string]string{"url": "Such addresses are not read."}}})},
	}
}

// QuarantineGallery shows rows that could not be read: apart from Gallery, for
// its form has a field of the same id as one there.
func QuarantineGallery() []ui.State {
	return []ui.State{
		{Name: "quarantine", View: QuarantinePage(Quarantine{Rows: []Quarantined{galleryRow}, IsCut: true, HasOwners: true, CanAcknowledge: true, Months: []ui.Option{{Value: "2026-03", Text: "2026-03"}}})},
		{Name: "quarantine, empty", View: QuarantinePage(Quarantine{})},
	}
}

func accountStates() []ui.State {
	choice := ui.TenantField{Options: []ui.Option{{Value: "cee", Text: "Cee Foods"}, {Value: "arr", Text: "Arr IT, own use"}}}
	form := AssignForm{Assignee: choice, From: "2026-03"}
	refused := form
	refused.Problem = ui.Problem{Message: "Cee Games has this account from 2026-01.", Fields: map[string]string{"assignee": "Somebody has it."}}
	assigned := Account{
		ID: "1", Number: "123456789012", Name: "production", Provider: "aws", Owner: "Dee", Sums: gallerySums, CanSeeIt: true, EditURL: "/dev/gallery", IsNew: true,
		Assigned: []Assigned{{Name: "Cee Games", URL: "/dev/gallery", Months: "2026-01 to 2026-02"}, {Name: "Arr IT", Months: "from 2026-03", IsNow: true, OwnUse: true}},
	}
	open := Account{ID: "2", Number: "210987654321", Provider: "aws", Owner: "Dee", EditURL: "/dev/gallery", Open: []OpenMonths{{"2026-01 to 2026-03", 1, "USD", decimal.RequireFromString("3526.58")}}}
	here := Account{ID: "3", Number: "8f0c-aa12", Name: "sandbox", Provider: "gcp", Owner: "Dee", EditURL: "/dev/gallery", Form: &refused}
	page := Accounts{
		Rows: []Account{assigned, open, here}, Month: period.NewMonth(2026, 3), Currency: "USD", Total: 3, Unassigned: []Unassigned{{"USD", 1, 1, decimal.RequireFromString("3526.58")}},
		OpenURL: "/dev/gallery", HasOwners: true, HasSums: true, CanAssign: true, Bulk: form,
	}
	return []ui.State{
		{Name: "accounts", View: AccountPage(page)},
		{Name: "accounts, all assigned", View: AccountPage(Accounts{HasSums: true, Filter: Filter{Unassigned: true, Chips: []ui.Chip{{Text: "Unassigned", URL: "/dev/gallery"}}}})},
		{Name: "accounts, none yet", View: AccountPage(Accounts{})},
	}
}
