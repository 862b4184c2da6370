package export

import (
	"math/rand/v2"
	"time"
)

// schedule says when a resource runs.
type schedule uint8

const (
	always   schedule = iota // around the clock
	office                   // 07:00 to 19:00 on working days
	nightly                  // 01:00 to 05:00; delivered hour by hour whatever the report's step
	sporadic                 // now and then
	once                     // one row over the whole month
)

// hoursPerDay returns in how many hours of day the schedule runs.
func (s schedule) hoursPerDay(day time.Weekday) int {
	switch s {
	case office:
		if day == time.Saturday || day == time.Sunday {
			return 0
		}
		return 12
	case nightly:
		return 4
	}
	return 24
}

// runs reports whether the schedule runs in the hour.
func (s schedule) runs(day time.Weekday, hour int) bool {
	switch s {
	case office:
		return s.hoursPerDay(day) > 0 && hour >= 7 && hour < 19
	case nightly:
		return hour >= 1 && hour < 5
	}
	return true
}

// linesPerMonth estimates the rows of one series in a report of step hours.
func (s schedule) linesPerMonth(step int) int {
	days := 30
	switch s {
	case once:
		return 1
	case nightly:
		return 4 * days
	case office:
		if step == 24 {
			return 22
		}
		return 22 * 12
	case sporadic:
		return days * 24 / step * 3 / 5
	}
	return days * 24 / step
}

// span is a time of use: hours since the month began, and how many of them the
// resource ran.
type span struct {
	from, to int
	hours    int
}

// spans calls yield for each row that the schedule has in cal's month, in a
// report of step hours.
func (s schedule) spans(cal *calendar, step int, rng *rand.Rand, yield func(span)) {
	switch {
	case s == once:
		yield(span{0, cal.hours, cal.hours})
		return
	case s == nightly:
		step = 1
	}
	for from := 0; from < cal.hours; from += step {
		day := cal.weekday(from)
		hours := 1
		if step == 1 {
			if !s.runs(day, from%24) {
				continue
			}
		} else if hours = s.hoursPerDay(day); hours == 0 {
			continue
		}
		if s == sporadic && rng.IntN(5) >= 3 {
			continue
		}
		yield(span{from, from + step, hours})
	}
}
