package usage

import (
	"context"
	"fmt"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

var (
	errNoDelivery = errs.New(errs.NotFound, "usage.no_delivery", "There is no such delivery.")
	errNotCurrent = errs.New(errs.FailedPrecondition, "usage.not_current", "Only a current delivery can be withdrawn: this one no longer counts.")
	errWhy        = errs.New(errs.Invalid, "usage.no_reason", "A reason is needed.").WithField("reason", "Say why it is taken out.")
)

// withdrawn is a delivery in the audit trail.
type withdrawn struct {
	Delivery id.Delivery  `json:"delivery"`
	Provider string       `json:"provider"`
	Payer    string       `json:"payer"`
	Month    period.Month `json:"month"`
	Rows     int64        `json:"rows"`
	Reason   string       `json:"reason,omitempty"`
}

// Withdraw takes a current delivery out, with nothing in its place: one that
// was imported for the wrong owner. Its lines count nowhere any more, and the
// months of whoever answers for them are rated again as soon as a worker gets
// to it. Importing the same content again makes a new delivery.
//
// Needs usage.import. Errors: NotFound for a delivery that the scope does not
// see; FailedPrecondition for one that is not current; Invalid without a
// reason.
func (s *Service) Withdraw(ctx context.Context, d id.Delivery, reason string) error {
	if err := s.authz.Need(ctx, PermImport); err != nil {
		return err
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return errWhy
	}
	err = s.web.db.InTx(ctx, func(ctx context.Context) error {
		row, found, err := s.web.delivery(ctx, d)
		if err != nil {
			return err
		}
		if !found {
			return errNoDelivery
		}
		if err := s.web.lockDelivery(ctx, row); err != nil {
			return err
		}
		ok, err := s.web.withdraw(ctx, d, s.clock.Now(), sc.Actor.String(), reason)
		if err != nil {
			return err
		}
		if !ok {
			return errNotCurrent
		}
		args, err := rerateArgs(ctx, fmt.Sprintf("The delivery %s of payer %s was withdrawn: %s", row.Month, row.Payer, reason))
		if err != nil {
			return err
		}
		args.Deliveries = []id.Delivery{d}
		if err := s.webJobs.Enqueue(ctx, args); err != nil {
			return err
		}
		was := withdrawn{Delivery: d, Provider: row.Provider, Payer: row.Payer, Month: row.Month, Rows: row.RowsRead - row.RowsQuarantined}
		is := was
		is.Rows, is.Reason = 0, reason
		return s.webAudit.Record(ctx, "usage.withdraw", row.Payer+" "+row.Month.String(), row.OwnerID, was, is)
	})
	if err != nil {
		return fmt.Errorf("withdraw delivery %s: %w", d, err)
	}
	return nil
}
