package table

import "bytes"

// parser walks over CSV text, field by field. It changes nothing: a record
// whose end is not there yet is parsed again when more has been read.
type parser struct {
	data    []byte
	pos     int
	eof     bool   // nothing follows data
	escaped bool   // the last field holds doubled quotes
	fault   string // what is wrong with the record so far
}

// skipEmptyLine steps over a line without any character.
func (p *parser) skipEmptyLine() bool {
	switch d := p.data[p.pos:]; {
	case d[0] == '\n':
		p.pos++
	case d[0] == '\r' && len(d) > 1 && d[1] == '\n':
		p.pos += 2
	case d[0] == '\r' && len(d) == 1 && p.eof:
		p.pos++
	default:
		return false
	}
	return true
}

// field returns the next field, unescaped, and whether its record ends with it.
func (p *parser) field() (f []byte, last, complete bool) {
	off, end, last, complete := p.span()
	if !complete {
		return nil, false, false
	}
	f = p.data[off:end]
	if p.escaped {
		f = bytes.ReplaceAll(f, []byte(`""`), []byte(`"`))
	}
	return f, last, true
}

// span returns where the next field's text lies in data and whether its record
// ends with it; escaped says whether quotes in it are still doubled. complete
// is false if data ends before the field does.
func (p *parser) span() (off, end int, last, complete bool) {
	data, i := p.data, p.pos
	p.escaped = false
	if i < len(data) && data[i] == '"' {
		return p.quoted()
	}
	off = i
	for i < len(data) {
		switch data[i] {
		case ',':
			p.pos = i + 1
			return off, i, false, true
		case '\n':
			p.pos = i + 1
			if i > off && data[i-1] == '\r' {
				i--
			}
			return off, i, true, true
		}
		i++
	}
	if !p.eof {
		return 0, 0, false, false
	}
	p.pos = i
	if i > off && data[i-1] == '\r' {
		i--
	}
	return off, i, true, true
}

// quoted is span for a field that starts with a quote.
func (p *parser) quoted() (off, end int, last, complete bool) {
	data := p.data
	off = p.pos + 1
	closing := off
	for {
		i := bytes.IndexByte(data[closing:], '"')
		if i < 0 {
			return 0, 0, false, false
		}
		closing += i
		if closing+1 == len(data) && !p.eof {
			return 0, 0, false, false // a second quote may follow
		}
		if closing+1 < len(data) && data[closing+1] == '"' {
			closing += 2
			p.escaped = true
			continue
		}
		break
	}
	next, last, complete := p.afterQuote(closing + 1)
	if !complete {
		return 0, 0, false, false
	}
	p.pos = next
	return off, closing, last, true
}

// afterQuote finds the field's separator after a closing quote. Text before it
// is a fault.
func (p *parser) afterQuote(i int) (next int, last, complete bool) {
	data := p.data
	for j := i; j < len(data); j++ {
		switch data[j] {
		case ',':
			return j + 1, false, true
		case '\n':
			return j + 1, true, true
		case '\r', ' ', '\t':
		default:
			p.fault = "text follows a closing quote"
		}
	}
	return len(data), true, p.eof
}

// unescape makes doubled quotes single, in place, and returns the new length.
func unescape(b []byte) int {
	w := bytes.IndexByte(b, '"')
	if w < 0 {
		return len(b)
	}
	for r := w; r < len(b); r++ {
		b[w] = b[r]
		w++
		if b[r] == '"' {
			r++
		}
	}
	return w
}
