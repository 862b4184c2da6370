package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tierbook/app/platform/dbtest"
	"tierbook/configs"
)

// books is a database and a data directory of its own, worked on through the
// command line.
type books struct {
	t   *testing.T
	dir string
	db  *dbtest.Bundle
}

func newBooks(t *testing.T) *books {
	t.Helper()
	return &books{t: t, dir: filepath.Join(t.TempDir(), "data"), db: dbtest.New(t)}
}

// load is the configuration of b's commands.
func (b *books) load() (configs.Config, error) { return configs.LoadFrom(b.environ()) }

func (b *books) environ() []string {
	return []string{
		"TIERBOOK_DATA_DIR=" + b.dir, "TIERBOOK_METRICS_LISTEN=127.0.0.1:0", "TIERBOOK_DATABASE_WEB_CONNS=4", "TIERBOOK_DATABASE_WORK_CONNS=8",
		"DATABASE_URL=" + b.db.OwnerURL, "DATABASE_URL_WEB=" + b.db.WebURL, "DATABASE_URL_WORK=" + b.db.WorkURL,
	}
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
	e := &env{out: &out, err: &errs, load: b.load}
	code := e.run(b.t.Context(), append(args, "--json"))
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
