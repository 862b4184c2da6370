package usage

import (
	"cmp"
	"context"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/routes"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

func (m *Module) presentImports(ctx context.Context, page ImportPage, before id.Import) (view.Imports, error) {
	var p view.Imports
	var list []id.Tenant
	for _, i := range page.Imports {
		list = append(list, i.Owner)
	}
	names, err := m.namesOf(ctx, list...)
	if err != nil {
		return p, err
	}
	p.HasOwners = len(names) > 1
	here := routes.With(routes.Imports, "before", before.String())
	for _, i := range page.Imports {
		p.Rows = append(p.Rows, m.importRow(i, names))
		if i.State.IsOpen() {
			p.Poll = here
		}
	}
	if page.More {
		p.More = routes.With(routes.Imports, "before", page.Imports[len(page.Imports)-1].ID.String())
	}
	return p, nil
}

func (m *Module) importRow(i Import, names map[id.Tenant]Tenant) view.Import {
	row := view.Import{
		URL: routes.Import(i.ID.String()), Source: i.Source, Owner: names[i.Owner].Name, IsOpen: i.State.IsOpen(),
		Read: i.RowsRead, Stored: i.RowsStored, Quarantined: i.RowsQuarantined, Requested: i.RequestedAt, By: i.By,
	}
	switch i.State {
	case ImportRequested:
		row.State, row.Tone, row.Now = "Waiting", ui.ToneMuted, "for a worker"
	case ImportRunning:
		row.State, row.Tone = "Running", ui.ToneRun
		_, row.Now, _, _ = step(i.Progress)
		row.Read, row.Quarantined = i.Progress.Rows, i.Progress.Quarantined
		if i.Progress.Stage == StageStoring {
			row.Read, row.Stored = i.Progress.RowsAll, i.Progress.Rows
		}
		row.Took = ui.FormatElapsed(m.Service.clock.Now().Sub(i.StartedAt))
	case ImportComplete:
		row.State, row.Tone = "Complete", ui.ToneOK
	case ImportFailed:
		row.State, row.Tone = "Failed", ui.ToneError
	}
	switch {
	case i.Result != nil:
		row.Took = ui.FormatElapsed(time.Duration(i.Result.Seconds * float64(time.Second)))
	case !i.FinishedAt.IsZero() && !i.StartedAt.IsZero():
		row.Took = ui.FormatElapsed(i.FinishedAt.Sub(i.StartedAt))
	}
	return row
}

// step says what an import does, how far it is, and of how much.
func step(p Progress) (text, now string, done, all int64) {
	switch p.Stage {
	case StageReading:
		return "Reading " + p.File, ui.FormatCounted(p.Rows, "row", "rows") + " · " + ui.FormatBytes(p.Bytes) + " of " + ui.FormatBytes(p.BytesAll), p.Bytes, p.BytesAll
	case StageStoring:
		return "Storing", ui.FormatCount(p.Rows) + " of " + ui.FormatCounted(p.RowsAll, "row", "rows"), p.Rows, p.RowsAll
	}
	return "Waiting for a worker", "", 0, 0
}

func (m *Module) presentImport(ctx context.Context, i Import) (view.ImportPage, error) {
	names, err := m.namesOf(ctx, i.Owner)
	if err != nil {
		return view.ImportPage{}, err
	}
	p := view.ImportPage{
		Import: m.importRow(i, names), Format: formatText(i.Format), Files: i.Files, Started: i.StartedAt, Finished: i.FinishedAt,
		Error: i.Error, IsComplete: i.State == ImportComplete, QuarantURL: routes.With(routes.Quarantine, "import", i.ID.String(), "all", "1"),
	}
	p.Step, p.Now, p.Done, p.Max = step(i.Progress)
	if i.Result == nil {
		return p, nil
	}
	var list []id.Delivery
	for _, d := range i.Result.Deliveries {
		p.Outcomes, list = append(p.Outcomes, presentOutcome(d)), append(list, d.ID)
	}
	p.Periods, p.Warnings = presentPeriods(i.Result.Periods), i.Result.Warnings
	open, err := m.Service.UnassignedIn(ctx, list...)
	p.Unassigned = presentUnassigned(open)
	return p, err
}

func presentUnassigned(list []UnassignedSum) []view.Unassigned {
	var out []view.Unassigned
	for _, u := range list {
		out = append(out, view.Unassigned{Currency: money.Currency(u.Currency), Accounts: u.Accounts, Rows: u.Rows, Billed: u.Billed})
	}
	return out
}

func formatText(f Format) string {
	switch f {
	case FormatAWSCUR:
		return "AWS Cost and Usage Report (legacy)"
	case FormatFOCUS:
		return "FOCUS"
	}
	return "Found out from the files"
}

func presentOutcome(d DeliveryResult) view.Outcome {
	o := view.Outcome{Payer: d.Payer, Provider: d.Provider, Month: d.Month}
	if !d.ID.IsZero() {
		o.URL = routes.Delivery(d.ID)
	}
	switch d.State {
	case DeliveryNew:
		o.State, o.Tone, o.Text = "New", ui.ToneOK, "Nothing was there before."
	case DeliveryReplaced:
		o.State, o.Tone, o.Text = "Replaced", ui.ToneInfo, "It took the place of what was there."
	case DeliveryUnchanged:
		o.State, o.Tone, o.Text = "Unchanged", ui.ToneMuted, "The same was there already."
	case DeliveryOlder:
		o.State, o.Tone, o.Text = "Older", ui.ToneWarn, "Kept, but a newer one counts."
	}
	o.State = cmp.Or(o.State, string(d.State))
	return o
}
