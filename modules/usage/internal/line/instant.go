package line

import "time"

// InstantLayout is the canonical form of instants, always in UTC.
const InstantLayout = "2006-01-02T15:04:05Z"

// AppendInstant appends t in its canonical form, cut to whole seconds.
func AppendInstant(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, InstantLayout) }

// ParseInstant reads the canonical form as seconds since 1970; ok is false for
// anything else, such as another zone or a day that does not exist.
func ParseInstant(text []byte) (seconds int64, ok bool) {
	if len(text) != len(InstantLayout) {
		return 0, false
	}
	var n [6]int // year to second
	field := 0
	for i, c := range text {
		if sign := InstantLayout[i]; sign < '0' || sign > '9' {
			if c != sign {
				return 0, false
			}
			field++
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		n[field] = n[field]*10 + int(c-'0')
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	if n[5] > 59 || n[4] > 59 || n[3] > 23 || t.Day() != n[2] || int(t.Month()) != n[1] {
		return 0, false
	}
	return t.Unix(), true
}
