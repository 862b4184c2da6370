package billing

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Attention is what somebody has to look at in a month.
type Attention struct {
	Findings []AttentionFindings // blocking ones by code and currency
	Blocked  int                 // documents that blocking findings keep from being issued
	Failed   []Run               // the newest run of an assignee or edge, where it failed; at most 20
	Waiting  int                 // runs that wait, for another one or for the supplier
	Running  int                 // runs that are requested or under way
}

// AttentionFindings adds up the blocking findings of one code.
type AttentionFindings struct {
	Code    string
	Count   int
	Lines   int64
	Sum     money.Money // currency empty where the finding is not about money
	Example Finding
	Edge    Edge // of Example
	Seller  Party
	Buyer   Party
}

// Attention returns what needs somebody in month, as far as the scope sees it;
// a customer sees nothing. Runs are left out for who may not read them. It may
// be called inside a read transaction of the web role.
//
// Needs billing.read.
func (s *Service) Attention(ctx context.Context, month period.Month) (Attention, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Attention{}, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return Attention{}, err
	}
	var out Attention
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out = Attention{}
		if err := s.readFindings(ctx, sc, month, &out); err != nil || !s.authz.Can(ctx, PermReadRuns) {
			return err
		}
		if err := s.web.troubledRuns(ctx, sc.Tree, month, &out); err != nil {
			return err
		}
		return s.nameFailures(ctx, month, out.Failed)
	})
	return out, err
}

// nameFailures puts names into the errors of runs of month.
func (s *Service) nameFailures(ctx context.Context, month period.Month, runs []Run) error {
	if len(runs) == 0 {
		return nil
	}
	called, err := s.namesIn(ctx, month, runs...)
	for i := range runs {
		runs[i].Error = called.in(runs[i].Error)
	}
	return err
}

// readFindings fills in what findings block.
func (s *Service) readFindings(ctx context.Context, sc scope.Scope, month period.Month, out *Attention) error {
	if sc.Tier == scope.Customer {
		return nil // it sells to nobody
	}
	mine, args := own(sc, "f", "seller_id", "seller_id")
	found, err := s.web.findings(ctx, mine+" AND f.month = ? AND "+isBlocking+" AND "+isPublished, append(args, month)...)
	if err != nil {
		return err
	}
	type key struct {
		code     string
		currency money.Currency
	}
	byCode, blocked, ids := map[key]*AttentionFindings{}, map[Edge]bool{}, []id.Tenant{}
	for _, f := range found {
		k := key{f.finding.Code, f.finding.Currency}
		a := byCode[k]
		if a == nil {
			a = &AttentionFindings{Code: k.code, Example: f.finding, Edge: f.edge, Sum: money.New(decimal.Zero, k.currency)}
			byCode[k], ids = a, append(ids, f.tenants()...)
		}
		a.Count, a.Lines, a.Sum.Amount = a.Count+1, a.Lines+f.finding.Lines, a.Sum.Amount.Add(f.finding.Sum)
		blocked[f.edge] = true
	}
	known, err := s.parties(ctx, ids)
	if err != nil {
		return err
	}
	out.Blocked = len(blocked)
	for _, a := range byCode {
		a.Seller, a.Buyer = party(known, a.Edge.Seller), party(known, a.Edge.Buyer)
		a.Example.Message = edgeFinding{a.Edge, a.Example}.names(known).in(a.Example.Message)
		out.Findings = append(out.Findings, *a)
	}
	slices.SortFunc(out.Findings, func(x, y AttentionFindings) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.Sum.Currency, y.Sum.Currency))
	})
	return nil
}
