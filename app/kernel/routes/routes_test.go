package routes_test

import (
	"testing"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
)

func TestWith(t *testing.T) {
	t.Parallel()
	if got := routes.With("/usage", "month", "2026-03", "text", "", "owner", "a b&c"); got != "/usage?month=2026-03&owner=a+b%26c" {
		t.Error(got)
	}
	if got := routes.With("/usage", "text", ""); got != "/usage" {
		t.Error(got)
	}
}

func TestInvoice(t *testing.T) {
	t.Parallel()
	m, err := period.ParseMonth("2026-03")
	if err != nil {
		t.Fatal(err)
	}
	if got := routes.InvoiceCSV(m, "harbour", "a/b"); got != "/billing/invoices/2026-03/harbour/a%2Fb.csv" {
		t.Error(got)
	}
}

func TestIsLocal(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]bool{
		"/": true, "/billing/invoices?month=2026-03": true,
		"": false, "//evil.example": false, "https://evil.example/": false, "/\\evil.example": false, "javascript:alert(1)": false, "/a\nb": false,
	} {
		if got := routes.IsLocal(to); got != want {
			t.Errorf("%q: %v", to, got)
		}
	}
}
