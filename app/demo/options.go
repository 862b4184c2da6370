package demo

import (
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
)

// Defaults of Options.
const (
	DefaultSeed   uint64 = 1
	DefaultLines  int64  = 60_000
	DefaultMonths        = 6
)

// Options say how large a demo is and where it goes. Equal options give equal
// files.
type Options struct {
	Seed   uint64       // of every random choice; 0 is DefaultSeed
	Lines  int64        // usage lines in all, about; 0 is DefaultLines
	Months int          // how many months; 0 is DefaultMonths
	Now    period.Month // the month that it is now: the last full month before it is the demo's last
	Dir    string       // directory of the exports and contracts; made if absent
	AWS    Format       // how AWS delivers; "" is FormatCUR. The costs are the same, whatever the shape
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	if o.Lines == 0 {
		o.Lines = DefaultLines
	}
	if o.Months == 0 {
		o.Months = DefaultMonths
	}
	if o.AWS == "" {
		o.AWS = FormatCUR
	}
	return o
}

// validate refuses options that no demo can be made of.
func (o Options) validate() error {
	invalid := func(field, message string) error {
		return errs.New(errs.Invalid, "demo.options", "The demo can't be made: "+message).WithField(field, message)
	}
	switch {
	case o.Lines < minLines:
		return invalid("lines", "it needs at least 5000 lines.")
	case o.Months < minMonths || o.Months > maxMonths:
		return invalid("months", "it needs 3 to 36 months.")
	case o.Now.IsZero():
		return invalid("now", "it needs to know the month.")
	case o.AWS != FormatCUR && o.AWS != FormatFOCUS:
		return invalid("aws", "AWS delivers aws-cur or focus.")
	case o.Dir == "":
		return invalid("dir", "it needs a directory.")
	}
	return nil
}

const (
	minLines  = 5_000
	minMonths = 3 // the late refund and the moved account need a past
	maxMonths = 36
)

// months returns the demo's months, oldest first.
func (o Options) months() []period.Month {
	out := make([]period.Month, o.Months)
	for i := range out {
		out[i] = o.Now.Add(i - o.Months)
	}
	return out
}
