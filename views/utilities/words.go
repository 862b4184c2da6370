package utilities

import "tierbook/views/ui"

// Short is how a job is called in a table: ids sort by time, so their ends
// differ most.
func Short(id string) string {
	if len(id) < 12 {
		return id
	}
	return id[:8] + "…" + id[len(id)-4:]
}

func statusTitle(j Job) string {
	if j.IsFailed {
		return "Read the error message"
	}
	return "See what changed"
}

// findingsText counts what keeps invoices from being issued.
func findingsText(n int) string { return ui.FormatCounted(int64(n), "finding", "findings") }

func blockedText(n int) string {
	if n == 1 {
		return "A finding keeps an invoice from being issued"
	}
	return findingsText(n) + " keep invoices from being issued"
}

func monthText(m Month) string {
	switch {
	case m.IsCurrent:
		return m.Month.String() + " (running)"
	case !m.HasTerms:
		return m.Month.String() + " (no contract)"
	}
	return m.Month.String()
}
