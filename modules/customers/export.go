package customers

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// Export is a tree on its way to a file.
type Export struct {
	Head   Tree // without rows
	filter TreeFilter
	tree   *Service
}

// exportRows is so many tenants of a file that are read, and written, at once.
const exportRows = 5000

// Export returns everybody whom f chooses, for a file. Nobody is read yet.
//
// Needs customers.read.
func (s *Service) Export(ctx context.Context, f TreeFilter) (Export, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Export{}, err
	}
	head, err := s.head(ctx, &f)
	return Export{Head: head, filter: f, tree: s}, err
}

// WriteCSV writes the tree as it is read, parents before their children: one
// line a tenant and currency. Amounts have all their digits.
func (e Export) WriteCSV(ctx context.Context, w io.Writer) error {
	t := e.Head
	out := csv.NewWriter(w)
	_ = out.Write(csvHead(t)) // Flush says what went wrong
	if out.Flush(); out.Error() != nil {
		return out.Error()
	}
	rows, _, err := e.tree.search(ctx, e.filter, t, everybody)
	if err != nil {
		return err
	}
	slugs := make(map[id.Tenant]string, len(rows))
	for part := range slices.Chunk(rows, exportRows) {
		t.Rows = part
		if err := e.tree.fill(ctx, &t); err != nil {
			return err
		}
		for _, r := range t.Rows {
			slugs[r.ID] = r.Slug
			for _, line := range csvLines(r, slugs[r.Parent], t) {
				_ = out.Write(line)
			}
		}
		if out.Flush(); out.Error() != nil {
			return out.Error()
		}
	}
	return nil
}

func csvHead(t Tree) []string {
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
	return head
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
