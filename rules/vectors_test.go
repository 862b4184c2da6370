package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// vector is a numeric pricing case of the shared collection.
type vector struct {
	ID        string
	Semantics string
	Quantity  string
	Params    struct {
		Tiers []struct {
			UpTo *string `json:"up_to"`
			Unit string
			Flat string
		}
		Minimum       string
		Multiplier    string
		UnitPrice     string `json:"unit_price"`
		PackageSize   string `json:"package_size"`
		PackagePrice  string `json:"package_price"`
		Amount        string
		Precision     *int
		PreQuantity   string `json:"pre_quantity"`
		FirstOfPeriod *bool  `json:"first_line_of_period"`
	}
	Want string `json:"expected_amount"`
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	path, err := filepath.Abs("../../shared/vectors/pricing.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("SKIPPED: the shared vectors are not there: %s", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

// TestVectors meets the numbers of other billing engines. Functions do not
// round by themselves, so the currency's rounding is put around them.
func TestVectors(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	met := map[string]int{}
	for _, v := range readVectors(t) {
		expr := v.expression()
		if expr == "" {
			continue
		}
		got, err := e.Eval(expr, nil)
		if err != nil || got != decimal.RequireFromString(v.Want).String() {
			t.Errorf("%s: %s = %q, %v; want %s", v.ID, expr, got, err, v.Want)
		}
		met[v.Semantics]++
	}
	for code, want := range map[string]int{"OM-GRAD": 7, "OM-VOL": 9, "OM-PKG": 3, "OM-MIN": 2, "OM-ROUND": 5, "OM-UNIT": 1, "OM-DYN": 1} {
		if met[code] != want {
			t.Errorf("%s: %d vectors, want %d", code, met[code], want)
		}
	}
}

// expression returns the vector in the rule language; "" if it is about
// something else than one computation.
func (v *vector) expression() string {
	p := &v.Params
	switch v.Semantics {
	case "OM-GRAD":
		return v.line("graduated(%s, " + v.tiers() + ")")
	case "OM-VOL":
		return v.line("volume(%s, " + v.tiers() + ")")
	case "OM-PKG":
		return v.line("package(%s, " + p.PackageSize + ", " + p.PackagePrice + ")")
	case "OM-MIN":
		base := fmt.Sprintf("volume(%s, %s)", v.Quantity, v.tiers())
		return fmt.Sprintf("round(%s + minimum(%s, %s), 2)", base, base, p.Minimum)
	case "OM-ROUND":
		return fmt.Sprintf("round(%s, %d)", p.Amount, *p.Precision)
	case "OM-UNIT":
		return v.line("%s * " + p.UnitPrice)
	case "OM-DYN":
		return v.line("%s * " + p.Multiplier)
	}
	return ""
}

// line is what a line of a period costs: the price of everything up to its end
// less that of what came before.
func (v *vector) line(price string) string {
	pre := v.Params.PreQuantity
	if (pre == "" || pre == "0") && v.Params.FirstOfPeriod == nil {
		return fmt.Sprintf("round("+price+", 2)", v.Quantity)
	}
	return fmt.Sprintf("round("+price+" - "+price+", 2)", "("+pre+" + "+v.Quantity+")", pre)
}

func (v *vector) tiers() string {
	var parts []string
	for _, t := range v.Params.Tiers {
		s := "unit: " + t.Unit + ", flat: " + t.Flat
		if t.UpTo != nil {
			s = "up_to: " + *t.UpTo + ", " + s
		}
		parts = append(parts, "{"+s+"}")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
