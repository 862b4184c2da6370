package customers

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// Export returns everybody whom f's text chooses, for a file.
//
// Needs customers.read.
func (s *Service) Export(ctx context.Context, f TreeFilter) (Tree, error) {
	f.All = true
	return s.Tree(ctx, f)
}

// writeCSV writes the tree, parents before their children: one line a tenant
// and currency. Amounts have all their digits.
func writeCSV(w io.Writer, t Tree) error {
	out := csv.NewWriter(w)
	head := []string{"slug", "name", "tier", "parent"}
	if t.SeesMoney {
		head = append(head, "billing_data")
	}
	if t.SeesContracts {
		head = append(head, "contracts_active", "contracts_scheduled", "contracts_expired")
	}
	if t.SeesAccounts {
		head = append(head, "accounts")
	}
	if t.SeesMoney {
		head = append(head, "month", "currency", "cost", "price", "margin")
	}
	_ = out.Write(head) // Flush says what went wrong
	slugs := map[id.Tenant]string{}
	for _, r := range t.Rows {
		slugs[r.ID] = r.Slug
		for _, line := range csvLines(r, slugs[r.Parent], t) {
			_ = out.Write(line)
		}
	}
	out.Flush()
	return out.Error()
}

func csvLines(r Row, parent string, t Tree) [][]string {
	line := []string{r.Slug, guarded(r.Name), r.Tier.String(), parent}
	if t.SeesMoney {
		_, status := statusText(r.Status)
		line = append(line, status)
	}
	if t.SeesContracts {
		line = append(line, strconv.Itoa(r.Contracts.Active), strconv.Itoa(r.Contracts.Scheduled), strconv.Itoa(r.Contracts.Expired))
	}
	if t.SeesAccounts {
		line = append(line, strconv.FormatInt(r.Accounts, 10))
	}
	if !t.SeesMoney {
		return [][]string{line}
	}
	if len(r.Figures) == 0 {
		return [][]string{append(line, t.Month.String(), "", "", "", "")}
	}
	var out [][]string
	for _, f := range r.Figures {
		out = append(out, append(line[:len(line):len(line)],
			t.Month.String(), string(f.Currency), money.Plain(f.Cost), money.Plain(f.Price), money.Plain(f.Margin)))
	}
	return out
}

// guarded keeps a spreadsheet from taking a name for a formula.
func guarded(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@') {
		return "'" + s
	}
	return s
}
