package billing

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/app/platform/texttable"
)

// plain is an amount in JSON: a string without exponent or trailing zeros.
type plain decimal.Decimal

// MarshalJSON writes «"12.5"».
func (p plain) MarshalJSON() ([]byte, error) {
	return []byte(`"` + money.Plain(decimal.Decimal(p)) + `"`), nil
}

type invoiceLineJSON struct {
	Label    string `json:"label"`
	Service  string `json:"service"`
	Unit     string `json:"unit"`
	Quantity string `json:"quantity"`
	Amount   plain  `json:"amount"`
}

type invoiceJSON struct {
	Seller   string            `json:"seller"`
	Buyer    string            `json:"buyer"`
	Period   string            `json:"period"`
	Currency string            `json:"currency"`
	Status   string            `json:"status"`
	Lines    []invoiceLineJSON `json:"lines"`
	Subtotal plain             `json:"subtotal"`
	Rounding plain             `json:"rounding"`
	Total    plain             `json:"total"`
	Findings []Finding         `json:"findings"`
}

// MarshalJSON writes the document for programs: amounts and quantities are
// strings, plain decimals without exponent or trailing zeros; a quantity that
// is not shown is empty.
func (inv Invoice) MarshalJSON() ([]byte, error) {
	out := invoiceJSON{
		Seller: inv.Seller, Buyer: inv.Buyer, Period: inv.Period.String(),
		Currency: string(inv.Currency), Status: string(inv.Status),
		Lines:    make([]invoiceLineJSON, 0, len(inv.Lines)),
		Subtotal: plain(inv.Subtotal), Rounding: plain(inv.Rounding), Total: plain(inv.Total),
		Findings: append([]Finding{}, inv.Findings...),
	}
	for _, l := range inv.Lines {
		out.Lines = append(out.Lines, invoiceLineJSON{
			Label: l.Label, Service: l.Service, Unit: l.Unit, Quantity: l.quantity(), Amount: plain(l.Amount),
		})
	}
	return json.Marshal(out)
}

func (l InvoiceLine) quantity() string {
	if !l.Quantity.Valid {
		return ""
	}
	return money.Plain(l.Quantity.Decimal)
}

// WriteCSV writes the document as a table with a header. The amounts of all
// rows but the last add up to the last one, the total.
func (inv Invoice) WriteCSV(w io.Writer) error {
	minor := inv.Currency.MinorUnit()
	out := csv.NewWriter(w)
	rows := [][]string{{"kind", "label", "service", "unit", "quantity", "amount", "currency", "detail"}}
	for _, l := range inv.Lines {
		rows = append(rows, []string{
			string(l.Kind), cell(l.Label), cell(l.Service), cell(l.Unit), l.quantity(),
			l.Amount.StringFixed(minor), string(inv.Currency), cell(l.Detail.String()),
		})
	}
	rows = append(rows,
		[]string{"rounding", "Rounding", "", "", "", inv.Rounding.StringFixed(minor), string(inv.Currency), ""},
		[]string{"total", "Total", "", "", "", inv.Total.StringFixed(minor), string(inv.Currency), ""})
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write invoice as CSV: %w", err)
	}
	return nil
}

// cell keeps a spreadsheet from reading a label as a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// WriteText writes the document for people, with aligned columns and amounts
// in the currency's minor unit. Fees of exactly 0 are left out.
func (inv Invoice) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Invoice %s (%s)\nSeller    %s\nBuyer     %s\nCurrency  %s\n\n",
		inv.Period, inv.Status, inv.Seller, inv.Buyer, inv.Currency)
	minor := inv.Currency.MinorUnit()
	t := texttable.New("Label", "Service", "Unit", "Quantity>", "Amount>")
	for _, l := range inv.Lines {
		if l.Kind == KindFee && l.IsIdle {
			continue
		}
		label := l.Label
		if detail := cmp.Or(l.Brief, l.Detail); detail != "" {
			label += " (" + detail.String() + ")"
		}
		t.Row(label, l.Service, l.Unit, l.quantity(), l.Amount.StringFixed(minor))
	}
	t.Rule()
	t.Row("Subtotal", "", "", "", inv.Subtotal.StringFixed(minor))
	t.Row("Rounding", "", "", "", inv.Rounding.StringFixed(minor))
	t.Row("Total", "", "", "", inv.Total.StringFixed(minor)+" "+string(inv.Currency))
	_, _ = t.WriteTo(&b) // a builder takes everything
	writeFindings(&b, "Before it can be issued:", blocking(inv.Findings))
	writeFindings(&b, "To know:", slices.DeleteFunc(slices.Clone(inv.Findings), func(f Finding) bool { return f.Blocking }))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write invoice as text: %w", err)
	}
	return nil
}

func writeFindings(b *strings.Builder, title string, findings []Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, f := range findings {
		fmt.Fprintf(b, "- %s\n", f.Text())
	}
}
