package usage

import (
	"fmt"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/views/ui"
)

// measure picks what a column of money shows; one says that all rows have the
// same currency, which the header names.
func measure(of func(Sum) decimal.Decimal, one money.Currency) func(Sum) ui.Figure {
	return func(s Sum) ui.Figure {
		f := ui.Figure{Amount: of(s)}
		if one == "" {
			f.Money = s.Currency
		}
		return f
	}
}

func billed(s Sum) decimal.Decimal    { return s.Billed }
func effective(s Sum) decimal.Decimal { return s.Effective }
func list(s Sum) decimal.Decimal      { return s.List }

// of returns what it was, or what it is now.
func (c Change) of(after bool) decimal.Decimal {
	if after {
		return c.After
	}
	return c.Before
}

// columns counts a table's columns.
func columns(n int, more ...bool) int {
	for _, yes := range more {
		if yes {
			n++
		}
	}
	return n
}

// rowID is the id of an account's row.
func rowID(a Account) string { return "account-" + a.ID }

// sentence says what nobody answers for.
func sentence(u Unassigned) string {
	return fmt.Sprintf("%s with %s: %s %s", ui.FormatCounted(u.Accounts, "account", "accounts"), ui.FormatCounted(u.Rows, "line", "lines"),
		ui.FormatAmount(u.Billed, u.Currency), u.Currency)
}
