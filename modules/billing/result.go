package billing

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
)

// A result hash is the SHA-256 of a canonical text: one line per charge and
// cost, sorted as bytes. Each line begins with (bearer, sold to, assignee,
// currency), so a run's text is the texts of its parts one after the other,
// and each part has a hash of its own. Tenants are named by slug; decimals have
// no exponent and no trailing zeros; a NULL is an empty field.

// resultText collects the canonical lines of an assignee's rows.
type resultText struct {
	slugs map[id.Tenant]string
	parts map[partKey]*part
	buf   []byte // of the last line
}

// partKey names the rows that one result row is about.
type partKey struct {
	Edge
	assignee id.Tenant
	currency string
}

type part struct {
	lines        []string
	charges      int64
	amount, cost decimal.Decimal
}

func newResultText(tenants []Tenant) *resultText {
	out := &resultText{slugs: map[id.Tenant]string{}, parts: map[partKey]*part{}}
	for _, t := range tenants {
		out.slugs[t.ID] = t.Slug
	}
	return out
}

func (r *resultText) part(edge Edge, g *grainRow) *part {
	k := partKey{edge, g.AssigneeID, g.Currency}
	p, ok := r.parts[k]
	if !ok {
		p = &part{}
		r.parts[k] = p
	}
	return p
}

func (r *resultText) charge(c *chargeRow) {
	p := r.part(Edge{Seller: c.SellerID, Buyer: c.BuyerID}, &c.GrainRow)
	p.charges++
	p.amount = p.amount.Add(c.Amount)
	p.lines = append(p.lines, r.line(c.SellerID, c.BuyerID, &c.GrainRow, "charge",
		c.Rule, c.Label, money.Plain(c.Quantity), plainOrEmpty(c.List), money.Plain(c.Amount)))
}

func (r *resultText) cost(c *costRow) {
	p := r.part(Edge{Seller: c.BearerID, Buyer: c.SoldTo}, &c.GrainRow)
	p.cost = p.cost.Add(c.Cost)
	p.lines = append(p.lines, r.line(c.BearerID, c.SoldTo, &c.GrainRow, "cost",
		r.slugs[c.Supplier], c.Reason, money.Plain(c.Cost)))
}

func (r *resultText) line(bearer, soldTo id.Tenant, g *grainRow, kind string, more ...string) string {
	r.buf = appendFields(r.buf[:0],
		r.slugs[bearer], r.slugs[soldTo], r.slugs[g.AssigneeID], g.Currency, kind,
		g.Payer, g.Provider, g.Account, g.Service, g.Sku, g.Region, g.ChargeCategory, g.ChargeClass,
		strconv.FormatBool(g.Marketplace), g.CommitmentRole, g.Unit, g.ServiceMonth)
	r.buf = appendFields(append(r.buf, '\t'), more...)
	return string(r.buf)
}

func plainOrEmpty(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return money.Plain(d.Decimal)
}

// close returns the results of an edge and assignee by currency, and their
// text. Without any row there is one result, of nothing.
func (r *resultText) close(edge Edge, assignee id.Tenant) ([]resultRow, []string) {
	var rows []resultRow
	var lines []string
	for k, p := range r.parts {
		if k.Edge == edge && k.assignee == assignee {
			rows = append(rows, resultRow{
				BearerID: edge.Seller, SoldTo: edge.Buyer, AssigneeID: assignee, Currency: k.currency,
				Charges: p.charges, Amount: p.amount, Cost: p.cost, Hash: hashLines(p.lines),
			})
			lines = append(lines, p.lines...)
		}
	}
	if len(rows) == 0 {
		rows = []resultRow{{BearerID: edge.Seller, SoldTo: edge.Buyer, AssigneeID: assignee, Hash: hashLines(nil)}}
	}
	return sortResults(rows), lines
}

func (r resultRow) edge() Edge { return Edge{Seller: r.BearerID, Buyer: r.SoldTo} }

// sortResults sorts and returns rows.
func sortResults(rows []resultRow) []resultRow {
	slices.SortFunc(rows, func(a, b resultRow) int {
		return cmp.Or(a.BearerID.Compare(b.BearerID), a.SoldTo.Compare(b.SoldTo), a.AssigneeID.Compare(b.AssigneeID),
			cmp.Compare(a.Currency, b.Currency))
	})
	return rows
}
