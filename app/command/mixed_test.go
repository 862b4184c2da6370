package command

import (
	"fmt"
	"strings"
	"testing"
)

// A reseller that owns a payer account prices its lines by what is delivered,
// and in the same contract the lines that it buys by its cost.
func TestStory_ResellerWithItsOwnPayer(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for _, args := range []string{"distributor North", "reseller Fern north", "customer Quay fern"} {
		w := strings.Fields(args)
		words := []string{"tenant", "create", "--tier", w[0], "--name", w[1]}
		if len(w) > 2 {
			words = append(words, "--parent", w[2])
		}
		b.do(words...)
	}
	b.do("contract", "apply", b.file("above.yaml", "seller: north\nbuyer: fern\nname: Resale\nstarts: 2026-01\ncurrency: USD\nbasis: list\n"))
	retail := b.file("retail.yaml", "seller: fern\nbuyer: quay\nname: Retail\nstarts: 2026-01\ncurrency: USD\nbasis: billed\n"+
		"rules: [{name: margin, stage: price, then: '(billed + effective + contracted) / 3 + 1'}]\n")
	use := func(tenant, payer, account, billed, list string) {
		t.Helper()
		path := b.file(tenant+".csv", usageCSV(payer, "2026-03", "USD", fmt.Sprintf("%s,Compute,1,%s,%s", account, billed, list)))
		b.do("import", "--tenant", tenant, "--url", "file://"+path)
		b.do("assign", "--account", account, "--customer", "quay", "--from", "2026-03")
	}
	use("north", "payer-1", "bought", "80", "100")
	if a := b.try("contract", "apply", retail); a.code == 0 || !strings.Contains(a.stderr, "use cost") {
		t.Fatalf("a reseller that owns nothing: exit code %d, %s", a.code, a.stderr)
	}
	// It claims the distributor's payer account too, which must not help it.
	use("fern", "payer-1", "own", "30", "50")
	b.do("contract", "apply", retail)
	b.do("recalc", "--customer", "quay", "--period", "2026-03", "--reason", "test", "--wait").want("status", "complete")
	inv := b.do("invoice", "show", "--seller", "fern", "--buyer", "quay", "--period", "2026-03")
	inv.want("total", "132") // 100 + 1 of what it buys at the list price, 30 + 1 of its own
	b.do("reconcile", "--period", "2026-03").want("ok", "true")
}
