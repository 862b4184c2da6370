package command

import (
	"fmt"
	"io"

	"tierbook/app/platform/texttable"
)

// writeTable prints t, or empty where it has no rows.
func writeTable(w io.Writer, t *texttable.Table, empty string) {
	if t.Rows() == 0 {
		fmt.Fprintln(w, empty)
		return
	}
	_, _ = t.WriteTo(w)
}
