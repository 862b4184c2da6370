package cell

import (
	"fmt"
	"time"
)

// Instant is a point in time, in whole seconds.
type Instant struct {
	Unix int64
	Text [20]byte // 2006-01-02T15:04:05Z
}

// Time returns the instant in UTC.
func (i Instant) Time() time.Time { return time.Unix(i.Unix, 0).UTC() }

// Month returns the first seven characters of Text: 2006-01.
func (i *Instant) Month() []byte { return i.Text[:7] }

// Day returns the first ten characters of Text: 2006-01-02.
func (i *Instant) Day() []byte { return i.Text[:10] }

// Shape says how an instant was written.
type Shape uint8

// Shapes of instants.
const (
	ISO     Shape = iota // 2006-01-02T15:04:05Z, with or without fraction or seconds, any offset
	Spaced               // 2006-01-02 15:04:05: a space instead of T, or no zone
	Compact              // 20060102T150405.000Z: manifests
	US                   // 1/2/2006, 01/02/06: spreadsheets
)

// ParseInstant reads an instant; without a zone it is UTC. A day stands for
// its first instant; fractions of a second are cut off.
func ParseInstant(text []byte) (Instant, Shape, error) {
	s := scanner{text: text}
	var t civil
	var shape Shape
	switch {
	case len(text) >= 10 && text[4] == '-' && text[7] == '-':
		t, shape = s.iso()
	case len(text) >= 8 && isDigits(text[:8]):
		t, shape = s.compact()
	default:
		t, shape = s.us()
	}
	if s.failed || s.pos != len(text) || !t.isValid() {
		return Instant{}, 0, fmt.Errorf("%q is not a date", text[:min(len(text), 80)])
	}
	return t.instant(), shape, nil
}

type civil struct {
	year, month, day, hour, minute, second int
	offset                                 int // seconds east of UTC
}

// isValid reports whether there is such an instant, in a year that a month may
// be named of.
func (t civil) isValid() bool {
	return t.year >= 1970 && t.year <= 9000 && t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= daysIn(t.year, t.month) &&
		t.hour <= 23 && t.minute <= 59 && t.second <= 60
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func (t civil) instant() Instant {
	unix := daysSinceEpoch(t.year, t.month, t.day)*86400 + int64(t.hour*3600+t.minute*60+t.second-t.offset)
	i := Instant{Unix: unix}
	if t.offset != 0 || t.second == 60 {
		u := i.Time()
		t = civil{year: u.Year(), month: int(u.Month()), day: u.Day(), hour: u.Hour(), minute: u.Minute(), second: u.Second()}
	}
	copy(i.Text[:], "0000-00-00T00:00:00Z")
	put(i.Text[0:4], t.year)
	put(i.Text[5:7], t.month)
	put(i.Text[8:10], t.day)
	put(i.Text[11:13], t.hour)
	put(i.Text[14:16], t.minute)
	put(i.Text[17:19], t.second)
	return i
}

func put(dst []byte, v int) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
}

// daysSinceEpoch counts days from 1970-01-01, in the Gregorian calendar.
func daysSinceEpoch(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int64(era)*146097 + int64(dayOfEra) - 719468
}

// scanner takes dates apart. After a mismatch, failed stays set.
type scanner struct {
	text   []byte
	pos    int
	failed bool
}

func (s *scanner) iso() (civil, Shape) {
	t := civil{year: s.number(4, 4)}
	s.expect('-')
	t.month = s.number(2, 2)
	s.expect('-')
	t.day = s.number(2, 2)
	switch {
	case s.pos == len(s.text):
		return t, ISO
	case s.accept('T'):
		s.clock(&t)
		if s.zone(&t) {
			return t, ISO
		}
		return t, Spaced
	}
	s.expect(' ')
	s.clock(&t)
	s.zone(&t)
	return t, Spaced
}

func (s *scanner) compact() (civil, Shape) {
	t := civil{year: s.number(4, 4), month: s.number(2, 2), day: s.number(2, 2)}
	if s.accept('T') {
		t.hour, t.minute, t.second = s.number(2, 2), s.number(2, 2), s.number(2, 2)
		s.fraction()
		s.zone(&t)
	}
	return t, Compact
}

func (s *scanner) us() (civil, Shape) {
	t := civil{month: s.number(1, 2)}
	s.expect('/')
	t.day = s.number(1, 2)
	s.expect('/')
	from := s.pos
	t.year = s.number(2, 4)
	switch s.pos - from {
	case 2:
		t.year += 2000
	case 3:
		s.failed = true
	}
	if s.accept(' ') {
		s.clock(&t)
		s.zone(&t)
	}
	return t, US
}

// clock reads 15:04, 15:04:05 or 15:04:05.999.
func (s *scanner) clock(t *civil) {
	t.hour = s.number(1, 2)
	s.expect(':')
	t.minute = s.number(2, 2)
	if s.accept(':') {
		t.second = s.number(2, 2)
		s.fraction()
	}
}

func (s *scanner) fraction() {
	if s.accept('.') {
		s.number(1, 9)
	}
}

// zone reads Z, UTC, +01:00, +0100 or +01, and reports whether one was there.
func (s *scanner) zone(t *civil) bool {
	if s.accept(' ') && s.pos == len(s.text) {
		s.failed = true
	}
	rest := s.text[s.pos:]
	switch {
	case len(rest) == 0:
		return false
	case string(rest) == "UTC":
		s.pos += 3
		return true
	case s.accept('Z'):
		return true
	}
	sign := 1
	if rest[0] == '-' {
		sign = -1
	} else if rest[0] != '+' {
		s.failed = true
		return true
	}
	s.pos++
	hours, minutes := s.number(2, 2), 0
	if s.accept(':') || s.pos < len(s.text) {
		minutes = s.number(2, 2)
	}
	s.failed = s.failed || hours > 14 || minutes > 59
	t.offset = sign * (hours*3600 + minutes*60)
	return true
}

func (s *scanner) number(least, most int) int {
	v, n := 0, 0
	for ; n < most && s.pos < len(s.text); n++ {
		d := s.text[s.pos] - '0'
		if d > 9 {
			break
		}
		v = v*10 + int(d)
		s.pos++
	}
	s.failed = s.failed || n < least
	return v
}

func (s *scanner) accept(c byte) bool {
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) expect(c byte) {
	if !s.accept(c) {
		s.failed = true
	}
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
