package billing

import (
	"context"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// Acknowledgement says that somebody has taken note of a finding.
type Acknowledgement struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// AcknowledgeInput names findings of one edge and month.
type AcknowledgeInput struct {
	Edge
	Month    period.Month
	Code     string
	Assignee id.Tenant // whose lines; zero: everybody's
	Reason   string
}

var (
	errNoAckReason = errs.New(errs.Invalid, "billing.no_ack_reason", "A reason is needed.").
			WithField("reason", "Say why it may be issued like this.")
	errNoFinding = errs.New(errs.NotFound, "billing.finding_not_found", "There is no such finding on that contract in that month.")
	errNotForAck = errs.New(errs.FailedPrecondition, "billing.not_acknowledgeable",
		"Only usage without a price can be acknowledged: other findings go away with what causes them.")
)

// acknowledged is what the audit log keeps of an acknowledgement.
type acknowledged struct {
	Seller   id.Tenant      `json:"seller"`
	Buyer    id.Tenant      `json:"buyer"`
	Assignee id.Tenant      `json:"assignee"`
	Month    period.Month   `json:"month"`
	Code     string         `json:"code"`
	Rule     string         `json:"rule,omitempty"`
	Currency money.Currency `json:"currency"`
	Sum      plain          `json:"sum"`
	Reason   string         `json:"reason"`
}

// AcknowledgeFinding takes note of what the published runs of an edge and month
// have found under in.Code, so that it does not stop issuing any more, and
// returns these findings. Only rules.FindingZeroBasis can be acknowledged:
// usage that costs something and is sold for nothing may be meant so.
//
// What is acknowledged is a finding with its sum. It holds for every
// recalculation that finds the same sum, and lapses with one that finds
// another. Findings that are acknowledged already keep who did so first.
//
// Needs billing.acknowledge. Errors: Invalid without a reason; NotFound for a
// finding that there is not, and for everybody but the seller and the tenants
// above it in that month; FailedPrecondition for another code.
func (s *Service) AcknowledgeFinding(ctx context.Context, in AcknowledgeInput) ([]Finding, error) {
	if err := s.authz.Need(ctx, PermAcknowledge); err != nil {
		return nil, err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" {
		return nil, errNoAckReason
	}
	var out []Finding
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		found, err := s.toAcknowledge(ctx, in)
		if err != nil {
			return err
		}
		out = found
		for i := range out {
			if out[i].Acknowledged != nil {
				continue
			}
			if err := s.acknowledge(ctx, sc, in, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// toAcknowledge returns the findings that in names.
func (s *Service) toAcknowledge(ctx context.Context, in AcknowledgeInput) ([]Finding, error) {
	all, err := s.web.edgeFindings(ctx, in.Edge, in.Month)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(all, func(f Finding) bool {
		return f.Code != in.Code || !in.Assignee.IsZero() && f.Assignee != in.Assignee
	})
	switch {
	case len(found) == 0:
		return nil, errNoFinding
	case in.Code != rules.FindingZeroBasis:
		return nil, errNotForAck
	}
	return found, nil
}

func (s *Service) acknowledge(ctx context.Context, sc scope.Scope, in AcknowledgeInput, f *Finding) error {
	a := Acknowledgement{By: sc.Actor.String(), At: s.clock.Now().UTC(), Reason: in.Reason}
	if err := s.web.insertAcknowledgement(ctx, sc, in, *f, a); err != nil {
		return err
	}
	f.Blocking, f.Acknowledged = false, &a
	return s.audit.Record(ctx, "billing.acknowledge", in.Month.String(), in.Seller, nil, acknowledged{
		Seller: in.Seller, Buyer: in.Buyer, Assignee: f.Assignee, Month: in.Month,
		Code: f.Code, Rule: f.Rule, Currency: f.Currency, Sum: plain(f.Sum), Reason: in.Reason,
	})
}
