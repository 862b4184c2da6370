package utilities

import (
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/views/ui"
)

// Gallery shows the pages in their states. None of them asks for its next.
func Gallery() []ui.State {
	d := decimal.RequireFromString
	march, at := period.NewMonth(2026, 3), time.Date(2026, 4, 2, 6, 0, 0, 0, time.UTC)
	job := func(tone ui.Tone, status string) Job {
		return Job{
			ID: "0199a3c2-7d11-7e0c-9b1e-2f5c8d1044f1", URL: "/dev/gallery", Type: "Recalculation", Tone: tone, Status: status, Customer: "Cee Foods", CustomerURL: "/dev/gallery",
			Period: march, Reason: "Usage changed", Actor: "ada", Requested: at, Started: at, Duration: "0.4 s",
		}
	}
	waiting, running, complete, failed, cancelled := job(ui.ToneWarn, "Waiting"), job(ui.ToneRun, "Running"), job(ui.ToneOK, "Complete"), job(ui.ToneError, "Failed"), job(ui.ToneMuted, "Cancelled")
	waiting.Started, waiting.Duration, waiting.IsNew = time.Time{}, "", true
	complete.IsComplete, complete.Explanation, complete.Blocking = true, "The provider restated two days.", 1
	failed.IsFailed = true
	edge := Edge{
		Seller: "Arr IT", Buyer: "Cee Foods", Invoice: "/dev/gallery", What: "Usage", Currency: "USD", Before: d("10"), After: d("12.5"), CostBefore: d("9"), CostAfter: d("11"), HasCost: true,
		Services: []Change{{"Virtual Machines", d("10"), d("12.5")}}, Rules: []Change{{"Managed service", d("10"), d("12.5")}},
	}
	rounding := Edge{Seller: "Arr IT", Buyer: "Cee Foods", Invoice: "/dev/gallery", What: "Fees and rounding", Currency: "USD", IsFirst: true, After: d("-0.0037264"), IsSummary: true}
	run := func(j Job, change func(*Run)) Run {
		out := Run{Job: j, Engine: "1", Attempts: 1}
		change(&out)
		return out
	}
	ended := func(r *Run) {
		r.Finished, r.Lines, r.Charges, r.InputHash, r.Result = at.Add(time.Second), 1204, 31, "9f86d081884c7d659a2feaa0c55ad015", "60303ae22b998861bce3b28f33eec1be"
	}
	months := []Month{{Month: march.Add(-1), HasTerms: true}, {Month: march, IsChosen: true, HasTerms: true}, {Month: march.Add(1), IsCurrent: true}}
	return []ui.State{
		{Name: "queue and log", View: Log(Queue{Jobs: []Job{waiting, running, complete, failed, cancelled}, More: "/dev/gallery"})},
		{Name: "queue, nothing yet", View: Log(Queue{CanRecalculate: true})},
		{Name: "queue, nothing fits", View: Log(Queue{IsFiltered: true, Filter: Filter{Chips: []ui.Chip{{Text: "Status: Failed", URL: "/dev/gallery"}}}})},
		{Name: "a job that waits", View: Show(run(waiting, func(r *Run) {
			r.Waits, r.CanCancel, r.CancelURL = "Its supplier has newer data that is not published yet.", true, "/dev/gallery"
		}))},
		{Name: "a job that runs", View: Show(run(running, func(*Run) {}))},
		{Name: "a job that is complete", View: Show(run(complete, func(r *Run) {
			ended(r)
			r.Edges, r.Caused = []Edge{edge, rounding}, []Job{complete}
			r.Findings = []Finding{{"2 lines of cee have no contract on arr → cee: not charged there or further down, at a cost of 99.45 USD.", ui.Link{Text: "Open the invoice", URL: "/dev/gallery"}}}
		}))},
		{Name: "a job that changed nothing", View: Show(run(complete, func(r *Run) {
			ended(r)
			r.Nothing = true
		}))},
		{Name: "a job that failed", View: Show(run(failed, func(r *Run) {
			r.Message, r.Detail, r.Advice = "A rule of the contract fails.", "Rule «Managed service», line 4: division by zero.", "Mend the rule, then run the recalculation again."
			r.Again, r.Contracts = "/dev/gallery", "/dev/gallery"
		}))},
		{Name: "recalculation", View: Recalculate(Form{Customers: []ui.Option{{Value: "cee", Text: "Cee Foods", Selected: true}}, Months: months, Earlier: months[:1], Reasons: []ui.Option{{Value: "other", Text: "Other"}}, Problem: ui.Problem{Message: "Nothing was asked for.", Fields: map[string]string{"explanation": "Say what the reason is."}}})},
		{Name: "recalculation, of nobody", View: Recalculate(Form{Nobody: true})},
	}
}
