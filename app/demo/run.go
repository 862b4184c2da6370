package demo

import "context"

// Names of the steps, as Progress hears them.
const (
	stepGenerate = "Writing provider exports"
)

// Result is what a demo ends with.
type Result struct {
	Options Options          // as they were when the demo was made, defaults filled in
	Fresh   bool             // made by this call, not found
	Months  []Reconciliation // oldest first; the last is the one to print
}

// Run makes the demo below opts.Dir and through steps, or finds that it is
// there and only reads its summary. Options left zero mean «as it was made, else
// the default».
//
// Errors: Invalid for options that no demo can be made of; FailedPrecondition
// where opts.Dir holds a demo with other options.
func Run(ctx context.Context, steps Steps, opts Options, progress Progress) (Result, error) {
	return Result{}, opts.withDefaults().validate()
}
