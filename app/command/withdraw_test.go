package command

import (
	"strings"
	"testing"
	"time"
)

// What was imported for the wrong tenant goes out again, and who answered for
// its lines is rated without them.
func TestImportWithdraw(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.channel()
	b.march()
	b.recalc("harbour", "2026-03")
	if a := b.try("import", "withdraw", "--tenant", "fern", "--payer", "payer-1", "--period", "2026-03", "--reason", "x"); a.code != 1 {
		t.Errorf("of a tenant that has none: exit code %d, %s", a.code, a.stderr)
	}
	b.do("import", "withdraw", "--tenant", "north", "--payer", "payer-1", "--period", "2026-03", "--reason", "it is another's").want("rows", "4")
	if text := b.text("usage", "totals", "--period", "2026-03"); !strings.Contains(text, "Nothing was imported") {
		t.Errorf("it still counts:\n%s", text)
	}
	conn := b.connect()
	worker := b.worker()
	defer kill(worker)
	until(t, conn, time.Minute, `SELECT coalesce(max(state || ' ' || lines), '') FROM billing_runs WHERE kind = 'line' AND reason LIKE $1`,
		"The delivery 2026-03 of payer payer-1 was withdrawn%", "complete 0")
}
