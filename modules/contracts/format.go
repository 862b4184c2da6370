package contracts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tierbook/rules"
)

// Format writes d as a contract file that Parse reads back to the same.
func Format(d Document) []byte {
	d = d.withDefaults()
	w := &writer{}
	w.key("", "seller", d.Seller)
	w.key("", "buyer", d.Buyer)
	w.key("", "name", d.Name)
	w.key("", "starts", d.Months.From.String())
	w.key("", "ends", d.Months.To.String())
	w.key("", "from", d.From.String())
	w.key("", "basis", string(d.Terms.Basis))
	w.key("", "currency", string(d.Terms.Currency))
	w.covers(d.Terms.Covers)
	w.key("", "missing", string(d.Terms.Missing))
	w.rules(d.Terms.Rules)
	return w.out.Bytes()
}

// writer writes the little YAML that contract files need, with quotes around
// every text that could be read as anything else.
type writer struct{ out bytes.Buffer }

// key writes one key with its text, at an indent; nothing for an empty text.
func (w *writer) key(indent, key, text string) {
	if text != "" {
		fmt.Fprintf(&w.out, "%s%s: %s\n", indent, key, scalar(text, strings.Repeat(" ", len(indent)+2)))
	}
}

func (w *writer) covers(list rules.Covers) {
	if len(list) == 0 {
		w.key("", "covers", "all")
		return
	}
	w.out.WriteString("covers:\n")
	for _, c := range list {
		var parts []string
		if c.Provider != "" {
			parts = append(parts, "provider: "+flow(c.Provider))
		}
		if len(c.Payers) > 0 {
			payers := make([]string, len(c.Payers))
			for i, p := range c.Payers {
				payers[i] = flow(p)
			}
			parts = append(parts, "payers: ["+strings.Join(payers, ", ")+"]")
		}
		fmt.Fprintf(&w.out, "  - {%s}\n", strings.Join(parts, ", "))
	}
}

func (w *writer) rules(list []rules.Rule) {
	if len(list) == 0 {
		return
	}
	w.out.WriteString("rules:\n")
	for _, r := range list {
		w.key("  - ", "name", r.Name)
		w.key("    ", "stage", string(r.Stage))
		w.key("    ", "when", string(r.When))
		w.key("    ", "then", string(r.Then))
		w.key("    ", "label", r.Label)
		if r.Stop {
			w.out.WriteString("    stop: true\n")
		}
		w.key("    ", "per", string(r.Per))
	}
}

var (
	// plainText is what no reader of YAML takes for anything but a text.
	plainText = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./*+-]+)*|[0-9]{4}-[0-9]{2})$`)
	// reserved words are read as something else.
	reserved = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|y|n|null)$`)
	// singleLine fits between single quotes.
	singleLine = regexp.MustCompile(`^[ -~]*$`)
	// blockText is some lines, the first and the last of which show where the
	// text begins and ends.
	blockText = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?(\n+[ -~]*[!-~])+$`)
)

// scalar writes a text behind its key; indent is that of a block's lines.
func scalar(text, indent string) string {
	switch {
	case plainText.MatchString(text) && !reserved.MatchString(text):
		return text
	case singleLine.MatchString(text):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case blockText.MatchString(text):
		return "|-\n" + indent + strings.ReplaceAll(text, "\n", "\n"+indent)
	}
	return quoted(text)
}

// flow writes a text inside brackets or braces.
func flow(text string) string {
	if plainText.MatchString(text) && !reserved.MatchString(text) {
		return text
	}
	return quoted(text)
}

// quoted writes a text in double quotes, whose escapes are those of JSON.
func quoted(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text is always written
	return strings.TrimSuffix(b.String(), "\n")
}
