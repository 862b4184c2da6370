package texttable

import (
	"strings"
	"testing"
)

func TestTable_AlignsByRunes(t *testing.T) {
	t.Parallel()
	table := New("service", "amount>")
	table.Row("Speicher für Zürich", "1.50")
	table.Row("S3", "1200")
	table.Rule()
	table.Row("Total", "1201.50")
	var b strings.Builder
	if _, err := table.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := `service               amount
Speicher für Zürich     1.50
S3                      1200
----------------------------
Total                1201.50
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
