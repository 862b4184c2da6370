package export

import (
	"time"

	"tierbook/app/kernel/period"
)

// calendar is one month with its instants written out.
type calendar struct {
	month  period.Month
	start  time.Time
	hours  int      // of the month
	stamps []string // RFC 3339 of each hour, the end of the month included
}

func newCalendar(m period.Month) *calendar {
	c := &calendar{month: m, start: m.Start(), hours: m.Days() * 24}
	c.stamps = make([]string, c.hours+1)
	for h := range c.stamps {
		c.stamps[h] = c.at(h).Format(time.RFC3339)
	}
	return c
}

func (c *calendar) at(hour int) time.Time { return c.start.Add(time.Duration(hour) * time.Hour) }

func (c *calendar) weekday(hour int) time.Weekday {
	return (c.start.Weekday() + time.Weekday(hour/24)) % 7
}

// stamp returns the instant hour hours after the month began; hour may lie
// outside of the month.
func (c *calendar) stamp(hour int) string {
	if hour >= 0 && hour < len(c.stamps) {
		return c.stamps[hour]
	}
	return c.at(hour).Format(time.RFC3339)
}

// endStamp returns the last second before hour, as AWS ends rows of a whole
// month.
func (c *calendar) endStamp(hour int) string {
	return c.at(hour).Add(-time.Second).Format(time.RFC3339)
}
