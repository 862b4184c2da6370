// Package texttable lays text out in columns, for terminals and text documents.
package texttable

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells in columns as wide as their widest cell.
type Table struct {
	right []bool
	rows  [][]string // nil: a horizontal rule
}

// New returns a table with a row of headings. A heading that ends in ">" aligns
// its column to the right, for numbers; the ">" is not shown.
func New(headings ...string) *Table {
	t := &Table{}
	row := make([]string, len(headings))
	for i, h := range headings {
		row[i] = strings.TrimSuffix(h, ">")
		t.right = append(t.right, strings.HasSuffix(h, ">"))
	}
	t.rows = append(t.rows, row)
	return t
}

// Row adds a row; it has as many cells as there are headings.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Rule adds a horizontal line.
func (t *Table) Rule() { t.rows = append(t.rows, nil) }

// Rows returns the number of rows below the headings, lines included.
func (t *Table) Rows() int { return len(t.rows) - 1 }

// WriteTo writes the table, one line per row without trailing spaces.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	widths := t.widths()
	var b strings.Builder
	for _, row := range t.rows {
		if row == nil {
			b.WriteString(strings.Repeat("-", total(widths)) + "\n")
			continue
		}
		var line strings.Builder
		for i, width := range widths {
			if i > 0 {
				line.WriteString(gap)
			}
			line.WriteString(t.cell(row[i], i, width))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.right))
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	return widths
}

// gap stands between two columns.
const gap = "  "

// total returns how wide a row is.
func total(widths []int) int {
	n := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		n += w
	}
	return n
}

// cell returns text in the width of column i.
func (t *Table) cell(text string, i, width int) string {
	pad := strings.Repeat(" ", width-utf8.RuneCountInString(text))
	if t.right[i] {
		return pad + text
	}
	return text + pad
}
