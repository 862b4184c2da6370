package ui_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
	"tierbook/views/ui"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	notName = regexp.MustCompile(`[^a-z0-9]+`)
	digest  = regexp.MustCompile(`\.[0-9a-f]{8}\.`) // of an asset's content, which is not this package's matter
)

func TestGallery_Golden(t *testing.T) {
	t.Parallel()
	for _, s := range ui.Gallery() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := s.View.Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			got := digest.ReplaceAllString(strings.ReplaceAll(b.String(), "><", ">\n<"), ".") + "\n"
			file := filepath.Join("testdata", notName.ReplaceAllString(s.Name, "-")+".golden.html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the repository
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFormatAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		amount, want string
		currency     money.Currency
	}{
		{"0", "0.00", "USD"},
		{"999.995", "1 000.00", "USD"}, // half away from zero
		{"-999.995", "−1 000.00", "USD"},
		{"-0.004", "0.00", "USD"}, // no negative zero
		{"1234567", "1 234 567.00", "EUR"},
		{"0.5", "1", "JPY"},
		{"1.2345", "1.235", "KWD"},
	} {
		got := strings.ReplaceAll(ui.FormatAmount(decimal.RequireFromString(tt.amount), tt.currency), "\u202f", " ")
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.amount, tt.currency, got, tt.want)
		}
	}
}

func TestFormatCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 lines", 1: "1 line", 2: "2 lines", 1204: "1\u202f204 lines"} {
		if got := ui.FormatCounted(n, "line", "lines"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormatElapsed(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "", 0: "0.0 s", 430 * time.Millisecond: "0.4 s", 3*time.Minute + 5*time.Second: "3 min 5 s", 124 * time.Minute: "2 h 4 min",
	} {
		if got := ui.FormatElapsed(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 12_340_000: "12.3 MB", 2_000_000_000: "2 GB"} {
		if got := ui.FormatBytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
