package reports

import (
	"fmt"

	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/rules"
	view "tierbook/views/reports"
	"tierbook/views/ui"
)

// presentAttention lists what needs somebody, the gravest first.
func presentAttention(h Home, s sees) []view.Item {
	var out []view.Item
	out = append(out, presentFailed(h, s)...)
	for _, f := range h.Trouble.Findings {
		out = append(out, presentFinding(f, h.Month, s))
	}
	out = append(out, presentUnassigned(h, s)...)
	if n := h.Quarantined; n > 0 {
		item := view.Item{Tone: ui.ToneError, What: "Quarantine", Text: ui.FormatCounted(n, "row could not be read and is in no sum.", "rows could not be read and are in no sum.")}
		if s.usage {
			item.Link = ui.Link{Text: "Look at the rows", URL: routes.With(routes.Quarantine, "month", h.Month.String())}
		}
		out = append(out, item)
	}
	if h.Books != nil {
		out = append(out, presentBooks(*h.Books, h.Month)...)
	}
	if n := h.Trouble.Waiting; n > 0 {
		item := view.Item{Tone: ui.ToneWarn, What: "Waiting", Text: ui.FormatCounted(int64(n), "job waits for another one or for the supplier.", "jobs wait for others or for the supplier.")}
		if s.runs {
			item.Link = ui.Link{Text: "Open the queue", URL: routes.With(routes.Runs, "status", "waiting", "period", h.Month.String())}
		}
		out = append(out, item)
	}
	if n := h.Trouble.Running; n > 0 {
		item := view.Item{Tone: ui.ToneRun, What: "In progress", Text: ui.FormatCounted(int64(n), "job is under way.", "jobs are under way.")}
		if s.runs {
			item.Link = ui.Link{Text: "Open the queue", URL: routes.With(routes.Runs, "status", "open", "period", h.Month.String())}
		}
		out = append(out, item)
	}
	return out
}

// maxFailed is how many failed runs a start page names one by one.
const maxFailed = 3

func presentFailed(h Home, s sees) []view.Item {
	var out []view.Item
	for i, f := range h.Trouble.Failed {
		if i == maxFailed {
			more := len(h.Trouble.Failed) - maxFailed
			out = append(out, view.Item{
				Tone: ui.ToneError, What: "Failed", Text: ui.FormatCounted(int64(more), "more job has failed.", "more jobs have failed."),
				Link: ui.Link{Text: "Open the queue", URL: routes.With(routes.Runs, "status", "failed", "period", h.Month.String())},
			})
			break
		}
		what := "Recalculation"
		if f.IsFees {
			what = "Fees and rounding"
		}
		item := view.Item{Tone: ui.ToneError, What: "Failed", Text: what + " of " + f.Customer.Name + ": " + f.Message}
		if s.runs {
			item.Link = ui.Link{Text: "Open the job", URL: routes.Run(f.ID)}
		}
		out = append(out, item)
	}
	return out
}

func presentFinding(f Finding, m period.Month, s sees) view.Item {
	item := view.Item{
		Tone: ui.ToneWarn, What: "Finding", Text: f.Message,
		Link: ui.Link{Text: "Invoice of " + f.Buyer.Name, URL: routes.Invoice(m, f.Seller.Slug, f.Buyer.Slug)},
	}
	if f.Code == rules.FindingNoContract && s.contracts {
		item.Link = ui.Link{Text: "Contract with " + f.Buyer.Name, URL: routes.ContractsOf(f.Seller.Slug, f.Buyer.Slug)}
	}
	if f.Count > 1 {
		item.Text += fmt.Sprintf(" And %d more of the kind.", f.Count-1)
	}
	if f.Sum.Currency != "" {
		item.Sums = []money.Money{f.Sum}
	}
	return item
}

func presentUnassigned(h Home, s sees) []view.Item {
	if len(h.Unassigned) == 0 {
		return nil
	}
	item := view.Item{Tone: ui.ToneWarn, What: "Unassigned"}
	accounts := int64(0)
	for _, u := range h.Unassigned {
		accounts = max(accounts, u.Accounts)
		item.Sums = append(item.Sums, money.New(u.Billed, u.Currency))
	}
	item.Text = ui.FormatCounted(accounts, "account has usage that nobody is billed for.", "accounts have usage that nobody is billed for.")
	if s.usage {
		item.Link = ui.Link{Text: "Look at the accounts", URL: routes.With(routes.Accounts, "unassigned", "1", "month", h.Month.String())}
		if s.assign {
			item.Link.Text = "Assign the accounts"
		}
	}
	return []view.Item{item}
}

func presentBooks(b Books, m period.Month) []view.Item {
	item := view.Item{Tone: ui.ToneWarn, What: "Books", Link: ui.Link{Text: "Open the reconciliation", URL: routes.ReconciliationOf(m)}}
	switch {
	case b.IsOpen:
		item.Tone, item.Text = ui.ToneRun, "The books are being reconciled."
	case !b.IsChecked:
		item.Tone, item.Text = ui.ToneInfo, "The books of this month have not been reconciled yet."
	case !b.OK:
		item.Tone, item.Text = ui.ToneError, "The books of this month do not agree."
	case b.IsStale:
		item.Text = "Something was published since the books were reconciled: check them again."
	default:
		return nil
	}
	return []view.Item{item}
}

// presentSteps is what to do in an empty tree, or below an empty supplier.
func presentSteps(s sees, tier scope.Tier) []view.Step {
	imports := view.Step{Title: "Import what the provider billed", Text: "Upload a Cost and Usage Report or a FOCUS export: Tierbook reads what it is."}
	if s.imports {
		imports.Link = ui.Link{Text: "Import usage", URL: routes.ImportNew}
	}
	if tier != scope.Distributor {
		imports.Text = "Your supplier usually does this; bring your own exports if a provider bills you directly."
	}
	assign := view.Step{Title: "Say whose accounts they are", Text: "Every account belongs to one customer, or is your own use. Add customers first."}
	if s.tenants {
		assign.Link = ui.Link{Text: "Add a customer", URL: routes.CustomerNew}
	} else if s.usage {
		assign.Link = ui.Link{Text: "Assign accounts", URL: routes.With(routes.Accounts, "unassigned", "1")}
	}
	agree := view.Step{Title: "Agree on prices", Text: "A contract with each buyer says what you charge. Its rules are sentences; the invoice follows by itself."}
	if s.contracts {
		agree.Link = ui.Link{Text: "Write a contract", URL: routes.ContractNew}
	}
	return []view.Step{imports, assign, agree}
}
