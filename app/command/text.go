package command

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table lays text out in columns. A heading that ends in ">" aligns its column
// to the right, for numbers.
type table struct {
	heads []string
	right []bool
	rows  [][]string
}

func newTable(heads ...string) *table {
	t := &table{}
	for _, h := range heads {
		t.heads = append(t.heads, strings.TrimSuffix(h, ">"))
		t.right = append(t.right, strings.HasSuffix(h, ">"))
	}
	return t
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table, or empty where it has no rows.
func (t *table) write(w io.Writer, empty string) {
	if len(t.rows) == 0 {
		fmt.Fprintln(w, empty)
		return
	}
	widths := make([]int, len(t.heads))
	all := append([][]string{t.heads}, t.rows...)
	for _, r := range all {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, r := range all {
		var line strings.Builder
		for i, cell := range r {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
			line.WriteString("  ")
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
