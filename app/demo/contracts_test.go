package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/configs"
	"tierbook/rules"
)

// contractFile is a contract file as far as this test reads it.
type contractFile struct {
	Seller string       `json:"seller"`
	Buyer  string       `json:"buyer"`
	Name   string       `json:"name"`
	Starts period.Month `json:"starts"`
	From   period.Month `json:"from"`
	rules.Terms
}

func readContracts(t *testing.T) []contractFile {
	t.Helper()
	files, err := Contracts(Options{Months: 6, Now: november}.months())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]contractFile, len(files))
	for i, f := range files {
		text, err := yaml.YAMLToJSON(f.YAML)
		if err == nil {
			err = json.Unmarshal(text, &out[i])
		}
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if strings.Contains(string(f.YAML), "$") {
			t.Errorf("%s has a month that nobody filled in", f.Name)
		}
	}
	return out
}

func TestContracts_Compile(t *testing.T) {
	t.Parallel()
	engine, err := rules.New(rules.Options{Schedules: shippedSchedules(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range readContracts(t) {
		kind := rules.EdgeBelow
		switch {
		case c.Buyer == "":
			kind = rules.EdgeBase
		case c.Seller == meridian:
			kind = rules.EdgeFirst
		}
		if _, err := engine.Compile(kind, c.Terms); err != nil {
			t.Errorf("%s → %s: %v", c.Seller, c.Buyer, err)
		}
	}
}

// shippedSchedules are the fee schedules that contracts may name.
func shippedSchedules(t *testing.T) map[string]rules.Schedule {
	t.Helper()
	shipped, err := configs.Schedules()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]rules.Schedule{}
	for name, s := range shipped {
		to := rules.Schedule{Minimum: decimal.RequireFromString(s.Minimum)}
		for _, tier := range s.Tiers {
			step := rules.ScheduleTier{Percent: decimal.RequireFromString(tier.Percent)}
			if tier.UpTo != "" {
				step.UpTo = decimal.NewNullDecimal(decimal.RequireFromString(tier.UpTo))
			}
			to.Tiers = append(to.Tiers, step)
		}
		out[name] = to
	}
	return out
}

func TestUsers_HaveRolesOfThePolicy(t *testing.T) {
	t.Parallel()
	tiers := map[string]scope.Tier{}
	for _, tenant := range Tenants() {
		tiers[tenant.Slug] = tenant.Tier
	}
	for _, u := range Users() {
		if entry := "\np, " + u.Role + ", " + tiers[u.Tenant].String() + ","; !strings.Contains(configs.RBACPolicy, entry) {
			t.Errorf("%s has the role %s, which the policy does not know for a %s", u.Email, u.Role, tiers[u.Tenant])
		}
	}
}

func TestContracts_EveryEdgeHasOneForAllMonths(t *testing.T) {
	t.Parallel()
	months := Options{Months: 6, Now: november}.months()
	first := map[string]bool{}
	for _, c := range readContracts(t) {
		if c.Starts != months[0] {
			t.Errorf("%s → %s starts in %s, the story in %s", c.Seller, c.Buyer, c.Starts, months[0])
		}
		if c.From.IsZero() {
			first[c.Seller+" "+c.Buyer] = true
		}
	}
	for _, tenant := range Tenants() {
		edge := tenant.Parent + " " + tenant.Slug
		if tenant.Tier == scope.Distributor {
			edge = tenant.Slug + " " // the base contract
		}
		if !first[edge] {
			t.Errorf("no contract for %q", edge)
		}
		delete(first, edge)
	}
	for edge := range first {
		t.Errorf("a contract for %q, which is no edge", edge)
	}
}
