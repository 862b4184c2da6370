package billing

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// Finding is something that would surprise somebody, with its sum. A blocking
// one stops issuing, never rating.
type Finding struct {
	Code     string
	Message  string
	Sum      decimal.Decimal // in Currency; 0 where there is nothing to add up
	Currency money.Currency  // empty where the finding is not about money
	Blocking bool
	Rule     string    // of the seller's contract; empty: none
	Lines    int64     // usage lines that it is about
	Assignee id.Tenant // whose lines; zero: the whole edge
	Run      id.Run    // which run found it; zero: a comparison
}

// MarshalJSON writes what the command line shows: code, message and sum.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Sum     plain  `json:"sum"`
	}{f.Code, f.Message, plain(f.Sum)})
}

// blocking returns those of findings that stop issuing.
func blocking(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return !f.Blocking })
}

// Findings lists what the published runs of an edge and month found, blocking
// ones first, then by code, rule and assignee.
//
// Needs billing.read. Only the seller and the tenants above it in that month
// read findings: for anybody else, the buyer included, and for an edge that
// does not exist, the list is empty.
func (s *Service) Findings(ctx context.Context, edge Edge, month period.Month) ([]Finding, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	var out []Finding
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		var err error
		out, err = s.web.findings(ctx, edge, month)
		return err
	})
	return out, err
}
