package export

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// series is one thing that is metered in one account: a resource, at a price.
// It is the same in each month.
type series struct {
	account  *Account
	item     *item
	resource string
	name     string // the tag Name; "" where the resource is untagged
	team     string
	when     schedule
	covered  bool // by the payer's commitment
	columns  columns
}

// columns caches the parts of a row that the layout writes alike each time.
type columns struct {
	head, product, tags []byte
}

var teams = []string{"platform", "payments", "web", "data", "mobile", "research"}

// fleet is everything that is metered for a payer.
type fleet struct {
	payer  *Payer
	step   int // hours of a row: 24 for a small report, 1 for a large one
	series []*series
}

const (
	hourlyFrom = 8_000 // lines per account and month from which a report is hourly
	fewSeries  = 6     // in the smallest account
)

// newFleet plans what runs for p, so that a month has about lines rows.
func newFleet(seed uint64, p *Payer, lines int64) *fleet {
	f := &fleet{payer: p, step: 24}
	budget := int(lines) / len(p.Accounts)
	if budget >= hourlyFrom {
		f.step = 1
	}
	for i := range p.Accounts {
		f.addAccount(newRand(seed, p.ID, p.Accounts[i].ID), i, budget)
	}
	return f
}

// addAccount adds resources to account i until it has about budget lines.
func (f *fleet) addAccount(rng *rand.Rand, i, budget int) {
	account := &f.payer.Accounts[i]
	list := offers[f.payer.Provider]
	for n, planned := 0, 0; planned < budget || n < fewSeries; n++ {
		o := &list[n%len(list)]
		where := account.Region
		if rng.IntN(5) == 0 {
			where = rng.IntN(3)
		}
		s := &series{
			account: account, item: newItem(f.payer.Provider, o, where, f.contractPercent()), when: o.when,
			team: teams[rng.IntN(len(teams))],
		}
		s.resource = fillIn(rng, o.resource, s)
		if s.resource != "" && rng.IntN(7) != 0 {
			s.name = fmt.Sprintf("%s-%02d", strings.ToLower(s.team), n+1)
		}
		s.covered = i < 2 && n%len(list) == 0 && f.payer.Commitment != NoCommitment
		f.series = append(f.series, s)
		planned += s.when.linesPerMonth(f.step)
	}
}

// contractPercent is the discount that lowers contracted prices; an EDP does
// not.
func (f *fleet) contractPercent() int64 {
	if f.payer.EDP != NoEDP {
		return 0
	}
	return f.payer.Percent
}

// fillIn makes a resource id of pattern.
func fillIn(rng *rand.Rand, pattern string, s *series) string {
	const hex = "0123456789abcdef"
	b := []byte(strings.NewReplacer("@", s.item.region.id, "%", s.account.ID).Replace(pattern))
	if strings.HasPrefix(pattern, "providers/") {
		b = append([]byte("/subscriptions/"+s.account.ID+"/resourceGroups/rg-"+s.team+"/"), b...)
	}
	for i, c := range b {
		if c == '#' {
			b[i] = hex[rng.IntN(16)]
		}
	}
	return string(b)
}

// newRand returns a source that depends on seed and the names alone.
func newRand(seed uint64, names ...string) *rand.Rand {
	h := fnv.New64a()
	for _, n := range names {
		_, _ = h.Write([]byte(n))
		_, _ = h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
