package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
)

// Finding is something that would surprise somebody, with its sum. A blocking
// one stops issuing, never rating. One that somebody has acknowledged does not
// block.
type Finding struct {
	Code     string
	Message  Text
	Sum      decimal.Decimal // in Currency; 0 where there is nothing to add up
	Currency money.Currency  // empty where the finding is not about money
	Blocking bool
	Rule     string    // of the seller's contract; empty: none
	Lines    int64     // usage lines that it is about
	Assignee id.Tenant // whose lines; zero: the whole edge
	Run      id.Run    // which run found it; zero: a comparison

	Acknowledged *Acknowledgement // nil: nobody has
}

// MarshalJSON writes what the command line shows: code, message and sum, and
// who has acknowledged it.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code    string           `json:"code"`
		Message string           `json:"message"`
		Sum     plain            `json:"sum"`
		Ack     *Acknowledgement `json:"acknowledged,omitempty"`
	}{f.Code, f.Message.String(), plain(f.Sum), f.Acknowledged})
}

// Text returns the message for people, with the sum if there is one that the
// message does not tell, and who has acknowledged it.
func (f Finding) Text() string {
	text, words, short := f.Message.String(), f.Message.words(), inShort(f.Sum, f.Currency)
	if !f.Sum.IsZero() && !strings.Contains(words, money.Plain(f.Sum)) && !strings.Contains(words, short) {
		text = fmt.Sprintf("%s (%s)", text, strings.TrimSpace(short+" "+string(f.Currency)))
	}
	if a := f.Acknowledged; a != nil {
		text += fmt.Sprintf(" Acknowledged by %s: %s", a.By, a.Reason)
	}
	return text
}

// inShort returns an amount for people: rounded to the currency's minor unit,
// unless that would leave nothing of it.
func inShort(d decimal.Decimal, c money.Currency) string {
	if c == "" || d.Round(c.MinorUnit()).IsZero() {
		return money.Plain(d)
	}
	return d.StringFixed(c.MinorUnit())
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
		found, err := s.web.edgeFindings(ctx, edge, month)
		out = found
		return err
	})
	return out, err
}

// RunFindings lists what one run found on all its edges, blocking findings
// first, whether it still speaks for them or not. A run that has not completed
// has found nothing; a line run's period runs (Waited.Periods) have findings of
// their own.
//
// Needs billing.read_runs. Only findings of edges whose seller is the acting
// tenant, or was below it in that month, are in the list. Errors: NotFound for
// a run that the scope may not see.
func (s *Service) RunFindings(ctx context.Context, run id.Run) (out []Finding, err error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if _, err := s.web.getRun(ctx, run); err != nil {
			return err
		}
		found, err := s.web.findings(ctx, "f.run_id = ?", run)
		out = bare(found)
		return err
	})
	return out, err
}

// EdgeFinding is a finding with the edge that it is about.
type EdgeFinding struct {
	Seller, Buyer Party
	Finding
}

// StandingFindings lists what runs found that keeps documents from being issued
// now: their blocking findings, on edges for which they still speak, that
// nobody has acknowledged. It may be called inside a read transaction of the
// web role.
//
// Needs billing.read_runs. Only findings of edges whose seller is the acting
// tenant, or was below it in that month, are in the list, whoever asked for the
// run: findings have a row-level security of their own.
func (s *Service) StandingFindings(ctx context.Context, runs ...id.Run) ([]EdgeFinding, error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, nil
	}
	var out []EdgeFinding
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out = nil
		found, err := s.web.findings(ctx, stands, id.Array(runs))
		if err != nil {
			return err
		}
		var who []id.Tenant
		for _, f := range found {
			who = append(who, f.tenants()...)
		}
		known, err := s.parties(ctx, who)
		for _, f := range found {
			f.finding.Message = f.names(known).in(f.finding.Message)
			out = append(out, EdgeFinding{party(known, f.edge.Seller), party(known, f.edge.Buyer), f.finding})
		}
		return err
	})
	return out, err
}

// CountStanding counts the StandingFindings of each run that has some.
//
// Needs billing.read_runs.
func (s *Service) CountStanding(ctx context.Context, runs ...id.Run) (out map[id.Run]int, err error) {
	if err := s.authz.Need(ctx, PermReadRuns); err != nil || len(runs) == 0 {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.countStanding(ctx, runs)
		return err
	})
	return out, err
}
