package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tierbook/app/platform/localpg"
)

// books is a data directory of its own, worked on through the command line.
type books struct {
	t   *testing.T
	dir string
}

func newBooks(t *testing.T) *books {
	t.Helper()
	b := &books{t: t, dir: filepath.Join(t.TempDir(), "data")}
	// One process stays attached, so that not every command starts PostgreSQL.
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cluster, err := localpg.Start(t.Context(), localpg.Options{
		Dir: filepath.Join(b.dir, "pg"), Fast: true,
		Settings: map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Release() })
	return b
}

// answer is what a command printed and how it ended.
type answer struct {
	t      *testing.T
	args   []string
	code   int
	stdout string
	stderr string
}

// try runs a command with --json.
func (b *books) try(args ...string) answer {
	b.t.Helper()
	var out, errs bytes.Buffer
	code := Run(b.t.Context(), append(args, "--json", "--data-dir", b.dir), &out, &errs)
	return answer{b.t, args, code, out.String(), errs.String()}
}

// do runs a command that must succeed and returns its JSON.
func (b *books) do(args ...string) object {
	b.t.Helper()
	a := b.try(args...)
	if a.code != 0 {
		b.t.Fatalf("tierbook %s: exit code %d\n%s%s", strings.Join(args, " "), a.code, a.stdout, a.stderr)
	}
	return a.object()
}

// object is a JSON object; get finds a value by path.
type object struct {
	t *testing.T
	v any
}

func (a answer) object() object {
	a.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.stdout), &v); err != nil {
		a.t.Fatalf("tierbook %s prints no JSON: %v\n%s", strings.Join(a.args, " "), err, a.stdout)
	}
	return object{a.t, v}
}

// get returns the value at path, such as "trees.0.edges.1.price", as text.
func (o object) get(path string) string {
	o.t.Helper()
	switch v := o.at(path).v.(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		b, _ := json.Marshal(v)
		return string(b)
	}
}

func (o object) at(path string) object {
	o.t.Helper()
	v := o.v
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i >= len(x) {
				o.t.Fatalf("%s: no %s in %v", path, step, o.v)
			}
			v = x[i]
		default:
			o.t.Fatalf("%s: no %s in %v", path, step, o.v)
		}
	}
	return object{o.t, v}
}

// len returns the number of elements of the list at path.
func (o object) len(path string) int {
	o.t.Helper()
	list, ok := o.at(path).v.([]any)
	if !ok {
		o.t.Fatalf("%s is no list: %v", path, o.at(path).v)
	}
	return len(list)
}

func (o object) want(path, value string) {
	o.t.Helper()
	if got := o.get(path); got != value {
		o.t.Errorf("%s is %q, want %q", path, got, value)
	}
}

// file writes a file into the data directory's parent and returns its path.
func (b *books) file(name, text string) string {
	b.t.Helper()
	path := filepath.Join(filepath.Dir(b.dir), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// sql changes the database behind everybody's back.
func (b *books) sql(statement string, args ...any) {
	b.t.Helper()
	cluster, err := localpg.Ensure(b.t.Context(), b.dir, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = cluster.Release() }()
	conn, err := pgx.Connect(b.t.Context(), cluster.WorkURL)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tag, err := conn.Exec(b.t.Context(), statement, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	if tag.RowsAffected() == 0 {
		b.t.Fatalf("%s changed nothing", statement)
	}
}

// usageCSV writes a FOCUS file of lines «account,service,quantity,billed,list»
// for one payer and month.
func usageCSV(payer, month, currency string, lines ...string) string {
	var b strings.Builder
	b.WriteString("ProviderName,PublisherName,BillingAccountId,SubAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd," +
		"ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ServiceName,SkuId,RegionId,PricingQuantity,PricingUnit," +
		"BilledCost,EffectiveCost,ListCost,ContractedCost,Tags\n")
	start := month + "-01T00:00:00Z"
	for _, l := range lines {
		f := strings.Split(l, ",")
		fmt.Fprintf(&b, "AWS,AWS,%s,%s,%s,%s,%s,%s,%s-01T01:00:00Z,Usage,,%s,sku-1,eu-west-1,%s,Hours,%s,%s,%s,%s,\n",
			payer, f[0], currency, start, nextMonth(month)+"-01T00:00:00Z", start, month, f[1], f[2], f[3], f[3], f[4], f[3])
	}
	return b.String()
}

func nextMonth(month string) string {
	var y, m int
	_, _ = fmt.Sscanf(month, "%d-%d", &y, &m)
	if m++; m > 12 {
		y, m = y+1, 1
	}
	return fmt.Sprintf("%04d-%02d", y, m)
}

// channel sets up a distributor, a reseller and two customers with contracts:
// north sells to fern at 90 % of list plus a fee of 10 %, fern sells at cost
// plus 20 %.
func (b *books) channel() {
	b.t.Helper()
	b.do("tenant", "create", "--tier", "distributor", "--name", "North").want("slug", "north")
	b.do("tenant", "create", "--tier", "reseller", "--name", "Fern", "--parent", "north").want("slug", "fern")
	b.do("tenant", "create", "--tier", "customer", "--name", "Harbour", "--parent", "fern").want("slug", "harbour")
	b.do("tenant", "create", "--tier", "customer", "--name", "Quay", "--parent", "fern").want("slug", "quay")
	b.apply("north-fern.yaml", `
seller: north
buyer: fern
name: North to Fern
starts: 2026-01
currency: USD
basis: list
rules:
  - {name: partner price, stage: price, then: list * 0.9}
  - {name: platform fee, stage: fee, then: "percent(spend, 10)"}
`)
	for _, buyer := range []string{"harbour", "quay"} {
		b.apply("fern-"+buyer+".yaml", `
seller: fern
buyer: `+buyer+`
name: Fern to `+buyer+`
starts: 2026-01
currency: USD
basis: cost
rules:
  - {name: markup, stage: price, then: cost * 1.2}
`)
	}
}

func (b *books) apply(name, yaml string) object {
	b.t.Helper()
	return b.do("contract", "apply", b.file(name, yaml))
}

// march imports a month of usage and gives its accounts to the customers.
func (b *books) march() {
	b.t.Helper()
	path := b.file("march.csv", usageCSV("payer-1", "2026-03", "USD",
		"acc-1,Compute,10,80.123456789,100.5",
		"acc-1,Storage,3.5,1.00000000000000000001,2",
		"acc-2,Compute,20,40,50.25",
		"acc-3,Compute,1,7,9",
	))
	b.do("import", "--tenant", "north", "--url", "file://"+path).want("rows_stored", "4")
	b.do("assign", "--account", "acc-1", "--customer", "harbour", "--from", "2026-01")
	b.do("assign", "--account", "acc-2", "--customer", "quay", "--from", "2026-01")
}

func (b *books) recalc(customer, period string) object {
	b.t.Helper()
	return b.do("recalc", "--customer", customer, "--period", period, "--reason", "test", "--wait")
}
