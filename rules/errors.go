package rules

import (
	"errors"
	"fmt"
	"strings"

	"tierbook/app/kernel/errs"
)

// Error is a mistake in a contract's terms or an expression, with its place.
// Its kind is Invalid.
type Error struct {
	Rule    string // "" for a mistake outside rules, or in a lone expression
	Field   string // "when", "then", "basis", …; "" in a lone expression
	Line    int    // from 1; 0 where the mistake has no place in a text
	Column  int    // from 1, in characters
	Message string
}

// Error names rule, field and place in front of the message.
func (e *Error) Error() string {
	return where(e.Rule, e.Field, e.Line, e.Column) + e.Message
}

// Position returns «line:column», and "" where the mistake has no place.
func (e *Error) Position() string {
	if e.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d", e.Line, e.Column)
}

// Unwrap gives the error its kind, Invalid.
func (e *Error) Unwrap() error { return errs.New(errs.Invalid, "rules.invalid", e.Error()) }

// LineError is a failure on one usage line: the run fails, nothing may be
// published. Its kind is FailedPrecondition. The text speaks of the edge's own
// rules; whoever may not see that edge must be told less.
type LineError struct {
	Edge    int    // ordinal of the edge in the chain; -1 for a rule of the base contract
	Rule    string // "" where no rule was at work
	Field   string // "when" or "then"
	Line    int    // place in the expression, from 1; 0 for none
	Column  int
	Segment int   // the usage line: ordinal of its segment …
	Row     int64 // … and row in it
	Account string
	Message string
}

// baseEdge stands for the base contract, which comes before all edges.
const baseEdge = -1

// Error names rule, field, place, usage line and account around the message.
func (e *LineError) Error() string {
	return fmt.Sprintf("%s%s (segment %d, row %d, account %s)",
		where(e.Rule, e.Field, e.Line, e.Column), e.Message, e.Segment, e.Row, e.Account)
}

// Unwrap gives the error its kind, FailedPrecondition.
func (e *LineError) Unwrap() error {
	return errs.New(errs.FailedPrecondition, "rules.line_failed", e.Error())
}

// FeeError is a failure of a fee rule. Its kind is FailedPrecondition.
type FeeError struct {
	Rule     string
	Field    string
	Line     int
	Column   int
	Customer string // set for fees per customer and per account
	Account  string // set for fees per account
	Message  string
}

// Error names rule, field, place and scope around the message.
func (e *FeeError) Error() string {
	s := where(e.Rule, e.Field, e.Line, e.Column) + e.Message
	if e.Customer != "" {
		s += " (customer " + e.Customer
		if e.Account != "" {
			s += ", account " + e.Account
		}
		s += ")"
	}
	return s
}

// Unwrap gives the error its kind, FailedPrecondition.
func (e *FeeError) Unwrap() error {
	return errs.New(errs.FailedPrecondition, "rules.fee_failed", e.Error())
}

func where(rule, field string, line, column int) string {
	var parts []string
	if rule != "" {
		parts = append(parts, fmt.Sprintf("rule %q", rule))
	}
	if field != "" {
		parts = append(parts, field)
	}
	if line > 0 {
		parts = append(parts, fmt.Sprintf("%d:%d", line, column))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + ": "
}

// joinErrors returns nil for none.
func joinErrors(list []*Error) error {
	out := make([]error, len(list))
	for i, e := range list {
		out[i] = e
	}
	return errors.Join(out...)
}
