package rules

import "errors"

// Scan prices the lines of one scan by classes. Each worker adds its batches
// with a number of its own; workers may run at the same time.
type Scan struct{}

// NewScan prepares a scan by the given number of workers (at least one).
func (c Chain) NewScan(workers int) *Scan { return &Scan{} }

// Add takes the lines of b. Calls with the same worker must not overlap; b may
// be reused afterwards. An error means that b is malformed (Internal); a line
// that cannot be priced is reported by Finish, so that it is the first one.
func (s *Scan) Add(worker int, b *Batch) error { return errors.New("rules: nothing is priced yet") }

// Finish returns the outcome over all lines that were added. Call it once,
// after all workers have ended.
//
// Errors: *LineError (FailedPrecondition) if a rule fails on a line or a
// currency does not match: that of the first such line in (segment, row) order.
func (s *Scan) Finish() (Outcome, error) {
	return Outcome{}, errors.New("rules: nothing is priced yet")
}
