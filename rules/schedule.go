package rules

import (
	"fmt"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
)

// Schedule is a provider's published support fee: the greater of a minimum and
// graduated percentages of the base.
type Schedule struct {
	Minimum decimal.Decimal `json:"minimum" yaml:"minimum"`
	Tiers   []ScheduleTier  `json:"tiers" yaml:"tiers"`
}

// ScheduleTier is the percentage for the part of the base above the previous
// tier's UpTo.
type ScheduleTier struct {
	UpTo    decimal.NullDecimal `json:"up_to" yaml:"up_to"` // inclusive; NULL in the last tier
	Percent decimal.Decimal     `json:"percent" yaml:"percent"`
}

func (s Schedule) validate(name string) error {
	bad := func(format string, args ...any) error {
		return errs.Newf(errs.Invalid, "rules.bad_schedule", "fee schedule %q: %s", name, fmt.Sprintf(format, args...))
	}
	if len(s.Tiers) == 0 {
		return bad("it has no tiers")
	}
	below := decimal.Zero
	for i, t := range s.Tiers {
		last := i == len(s.Tiers)-1
		switch {
		case last && t.UpTo.Valid:
			return bad("the last tier must have no up_to")
		case !last && !t.UpTo.Valid:
			return bad("tier %d needs an up_to", i+1)
		case t.UpTo.Valid && t.UpTo.Decimal.LessThanOrEqual(below):
			return bad("tier %d must end above %s", i+1, below)
		}
		below = t.UpTo.Decimal
	}
	return nil
}
