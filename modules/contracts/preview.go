package contracts

import (
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// PreviewInput asks what a draft would change.
type PreviewInput struct {
	Draft    Document
	Customer id.Tenant // whose usage: a customer, or a tenant with own use
	Month    period.Month
	Limit    int // lines to show at most; 0: 20, more than 200 counts as 200
}

// Preview is what a draft would change for a customer's month on the draft's
// edge, before fees. It holds what the acting tenant may see, nothing else.
type Preview struct {
	Currency money.Currency
	Before   PreviewTotal
	After    PreviewTotal
	// BeforeError says why there are no prices before: the contract in force
	// fails on a line. Empty where it does not.
	BeforeError string
	Rows        []PreviewRow  // by service and rule
	Lines       []PreviewLine // real ones, those whose price changes most first
	Findings    []rules.Finding
}

// PreviewTotal adds up the edge's line charges.
type PreviewTotal struct {
	Contract string // name of the contract; "" if none is in force
	Version  int    // 0 for a draft
	Cost     decimal.Decimal
	Price    decimal.Decimal
	Lines    int64 // usage lines read
}

// PreviewRow compares one service under one rule. Rule is "" for the basis.
type PreviewRow struct {
	Service string
	Rule    string
	Before  decimal.NullDecimal // NULL: no such charge before
	After   decimal.NullDecimal // NULL: no such charge after
}

// PreviewLine is a usage line with what rules of this edge may read of it.
type PreviewLine struct {
	Fields      []PreviewField
	PriceBefore decimal.NullDecimal // NULL: not sold
	PriceAfter  decimal.NullDecimal
	RuleBefore  string // that set the price, or excluded the line; "" for the basis
	RuleAfter   string
}

// PreviewField is one field of a line. Numbers are plain decimals.
type PreviewField struct {
	Name  string
	Value string
}
