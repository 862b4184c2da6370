package contracts

import (
	"context"
	"strconv"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Seen is the state of a contract that somebody edits.
type Seen struct {
	Version int
	Months  period.Months // the contract's, which change without a version; zero: whatever they are
}

// String writes «3/2026-01/2026-12», which parseSeen reads.
func (s Seen) String() string {
	return strconv.Itoa(s.Version) + "/" + s.Months.From.String() + "/" + s.Months.To.String()
}

// parseSeen reads what String writes; «3» says nothing of months.
func parseSeen(text string) (s Seen) {
	number, months, _ := strings.Cut(text, "/")
	from, to, _ := strings.Cut(months, "/")
	s.Version, _ = strconv.Atoi(number)
	s.Months.From, _ = period.ParseMonth(from)
	s.Months.To, _ = period.ParseMonth(to)
	return s
}

// seen is the state of a contract as it was read.
func (d Detail) seen() Seen { return Seen{d.Versions[0].Number, d.Contract.Months} }

// isOf reports whether nothing was saved of d since.
func (s Seen) isOf(d Detail) bool {
	now := d.seen()
	return s.Version == now.Version && (s.Months == period.Months{} || s.Months == now.Months)
}

// Save applies an edited contract, if it is still as seen.
//
// Needs contracts.write. Errors: ErrNotFound for a contract outside the scope;
// ErrOvertaken if another version or other months were saved meanwhile; those
// of Apply.
func (s *Service) Save(ctx context.Context, c id.Contract, seen Seen, d Document) (Applied, error) {
	if err := s.authz.Need(ctx, PermWrite); err != nil {
		return Applied{}, err
	}
	var out Applied
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		standing, err := s.Get(ctx, c)
		if err != nil {
			return err
		}
		if err := s.store.lockEdge(ctx, standing.Contract.Edge); err != nil {
			return err
		}
		if standing, err = s.Get(ctx, c); err != nil { // as it is now that nobody else saves it
			return err
		}
		if !seen.isOf(standing) {
			return ErrOvertaken
		}
		d.Seller, d.Buyer, d.Name = standing.Document.Seller, standing.Document.Buyer, standing.Document.Name
		out, err = s.Apply(ctx, d)
		return err
	})
	return out, err
}
