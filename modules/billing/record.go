package billing

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// record is what a line run has read, as the log keeps it. It grows only:
// records of earlier versions are read for as long as their runs speak for an
// edge.
type record struct {
	Chains []chainRecord `json:"chains"`
}

// chainRecord is one owner's lines on their way down to one assignee.
type chainRecord struct {
	Assignee id.Tenant         `json:"assignee"`
	Tenants  []id.Tenant       `json:"tenants"` // the owner first, the assignee last
	Base     *versionRecord    `json:"base,omitempty"`
	Edges    []edgeRecord      `json:"edges"` // from the owner down
	IsParted bool              `json:"parted,omitempty"`
	Accounts []SelectedAccount `json:"accounts"`
	Contents []string          `json:"contents"`
	Rows     int64             `json:"rows"`
	Lines    json.RawMessage   `json:"lines"` // how the usage module finds the lines again
}

// versionRecord is a contract version that was applied.
type versionRecord struct {
	Contract  id.Contract `json:"contract"`
	Version   id.Version  `json:"version"`
	TermsHash string      `json:"terms_hash"`
}

// edgeRecord is what held on an edge.
type edgeRecord struct {
	Contract *versionRecord `json:"contract"` // null: none in force
	Missing  rules.Missing  `json:"missing,omitempty"`
	Currency money.Currency `json:"currency,omitempty"` // without a contract: of what is passed through
}

func recordVersion(v *ContractVersion) *versionRecord {
	if v == nil {
		return nil
	}
	return &versionRecord{Contract: v.Contract, Version: v.Version, TermsHash: v.TermsHash}
}

// chains returns the chains of assignee that fulfil keep.
func (r record) chains(assignee id.Tenant, keep func(chainRecord) bool) []chainRecord {
	var out []chainRecord
	for _, c := range r.Chains {
		if c.Assignee == assignee && len(c.Tenants) > 0 && keep(c) {
			out = append(out, c)
		}
	}
	return out
}

// hasRead reports whether c read the lines of sale, on the same way down.
func (c chainRecord) hasRead(sale *saleInputs) bool {
	same := func(a, b SelectedAccount) bool {
		return a.ID == b.ID && slices.Equal(a.ServiceMonths, b.ServiceMonths)
	}
	return slices.EqualFunc(c.Tenants, sale.chain, func(a id.Tenant, b Tenant) bool { return a == b.ID }) &&
		c.Rows == sale.selection.Rows &&
		slices.Equal(c.Contents, sale.selection.Contents) &&
		slices.EqualFunc(c.Accounts, sale.selection.Accounts, same)
}

// record returns what the log keeps of in.
func (in *lineInputs) record() (record, error) {
	out := record{Chains: []chainRecord{}}
	for i := range in.assignees {
		a := &in.assignees[i]
		for j := range a.sales {
			sale := &a.sales[j]
			lines, err := handleJSON(sale.selection)
			if err != nil {
				return record{}, err
			}
			c := chainRecord{
				Assignee: a.assignee, Base: recordVersion(sale.base), Edges: []edgeRecord{}, IsParted: sale.isParted,
				Accounts: sale.selection.Accounts, Contents: sale.selection.Contents, Rows: sale.selection.Rows, Lines: lines,
			}
			for _, t := range sale.chain {
				c.Tenants = append(c.Tenants, t.ID)
			}
			for _, e := range sale.edges {
				c.Edges = append(c.Edges, edgeRecord{recordVersion(e.Contract), e.Missing, e.Currency})
			}
			out.Chains = append(out.Chains, c)
		}
	}
	return out, nil
}

// hash returns the SHA-256 over what was read: engine, contents of deliveries,
// assignments, and terms, as sorted lines of text without ids or times. The
// same inputs give the same hash in every installation.
func (in *lineInputs) hash() string {
	lines := []string{
		fields("engine", engineVersion),
		fields("month", in.run.Month.String()),
	}
	for i := range in.assignees {
		lines = append(lines, in.assignees[i].lines()...)
	}
	return hashLines(lines)
}

func (in *assigneeInputs) lines() []string {
	var out []string
	if n := len(in.chain); n > 0 {
		out = append(out, fields("acting", in.chain[n-1].Slug, in.chain[in.acting].Slug))
	}
	for i := range in.sales {
		sale := &in.sales[i]
		owner, who := sale.chain[0].Slug, sale.chain[len(sale.chain)-1].Slug
		out = append(out,
			fields("chain", who, owner, strings.Join(slugs(sale.chain), " ")),
			fields("rows", who, owner, strconv.FormatInt(sale.selection.Rows, 10)),
			fields("base", who, owner, termsHash(sale.base)))
		for i, e := range sale.edges {
			out = append(out, fields("edge", who, owner, strconv.Itoa(i), termsHash(e.Contract), string(e.Missing), string(e.Currency)))
		}
		for _, c := range sale.selection.Contents {
			out = append(out, fields("content", who, owner, c))
		}
		for _, a := range sale.selection.Accounts {
			out = append(out, fields("account", who, owner, a.Provider, a.Account, months(a.ServiceMonths)))
		}
	}
	return out
}

func termsHash(v *ContractVersion) string {
	if v == nil {
		return "none"
	}
	return v.TermsHash + " " + v.Pricing.Engine()
}

func slugs(tenants []Tenant) []string {
	out := make([]string, len(tenants))
	for i, t := range tenants {
		out[i] = t.Slug
	}
	return out
}

func months(list []period.Month) string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.String()
	}
	return strings.Join(out, " ")
}

// fields joins texts into one line of a canonical text: separated by tabs,
// with tabs, line ends and backslashes inside them escaped.
func fields(texts ...string) string { return string(appendFields(nil, texts...)) }

// appendFields appends what fields returns to b.
func appendFields(b []byte, texts ...string) []byte {
	for i, t := range texts {
		if i > 0 {
			b = append(b, '\t')
		}
		for j := range len(t) {
			switch c := t[j]; c {
			case '\\':
				b = append(b, `\\`...)
			case '\t':
				b = append(b, `\t`...)
			case '\n':
				b = append(b, `\n`...)
			default:
				b = append(b, c)
			}
		}
	}
	return b
}

// hashLines returns the SHA-256, in hex, of lines in their order as bytes, each
// with a line end. It sorts lines.
func hashLines(lines []string) string {
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		_, _ = h.Write([]byte(l))
		_, _ = h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}
