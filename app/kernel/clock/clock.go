// Package clock makes time a dependency, so that tests run in parallel and
// in any month.
package clock

import "time"

// Clock tells the time. Services hold one as a field.
type Clock interface {
	// Now returns the instant in UTC.
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now returns the machine's time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Fixed always tells the same instant.
type Fixed time.Time

// Now returns the fixed instant in UTC.
func (f Fixed) Now() time.Time { return time.Time(f).UTC() }
