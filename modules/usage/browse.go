package usage

import (
	"cmp"
	"context"
	"path"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// pageRows is how many rows a page shows where nobody says.
const pageRows = 50

// Import is one import, as people see it. What only whoever asked for it may
// know is empty for those below: where it was read from, who asked, and what
// was odd.
type Import struct {
	ID              id.Import
	Owner           id.Tenant
	Source          string   // URL, or the names of uploaded files
	Files           []string // names of uploaded files; none for a URL
	Format          Format
	State           ImportState
	By              string // who asked for it
	RequestedAt     time.Time
	StartedAt       time.Time // zero: not yet
	FinishedAt      time.Time // zero: not yet
	Progress        Progress  // while it runs
	RowsRead        int64
	RowsStored      int64
	RowsQuarantined int64
	Result          *ImportResult // nil until it is complete
	Error           string        // why it failed
}

// Title names what was imported in few words.
func (i Import) Title() string {
	if n := len(i.Files); n > 1 {
		return strconv.Itoa(n) + " files"
	}
	return path.Base(i.Source)
}

// ImportFilter chooses imports. The zero filter is all that the scope sees.
type ImportFilter struct {
	Owner  id.Tenant   // zero: any
	State  ImportState // empty: any
	Open   bool        // only those that have yet to end
	Before id.Import   // only imports requested before this one; zero: from the newest
	Limit  int         // 0: 50
}

// ImportPage is a piece of a list of imports.
type ImportPage struct {
	Imports []Import
	More    bool // there are older ones
}

var errNoImport = errs.New(errs.NotFound, "usage.no_import", "There is no such import.")

// Imports lists imports, the newest first.
//
// Needs usage.read.
func (s *Service) Imports(ctx context.Context, f ImportFilter) (ImportPage, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return ImportPage{}, err
	}
	limit := cmp.Or(max(f.Limit, 0), pageRows)
	f.Limit = limit + 1
	var out ImportPage
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.listImports(ctx, f)
		if err != nil {
			return err
		}
		if out.More = len(rows) > limit; out.More {
			rows = rows[:limit]
		}
		out.Imports, err = s.imports(ctx, rows)
		return err
	})
	return out, err
}

// GetImport returns one import.
//
// Needs usage.read. Errors: NotFound.
func (s *Service) GetImport(ctx context.Context, i id.Import) (Import, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return Import{}, err
	}
	var out []Import
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		row, found, err := s.web.getImport(ctx, i)
		if err != nil {
			return err
		}
		if !found {
			return errNoImport
		}
		out, err = s.imports(ctx, []importRow{row})
		return err
	})
	if err != nil {
		return Import{}, err
	}
	return out[0], nil
}

// OpenImports counts the imports that have not ended.
//
// Needs usage.read.
func (s *Service) OpenImports(ctx context.Context) (n int64, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return 0, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		n, err = s.web.countOpenImports(ctx)
		return err
	})
	return n, err
}

// imports returns rows as the scope may see them.
func (s *Service) imports(ctx context.Context, rows []importRow) ([]Import, error) {
	var acting []id.Tenant
	for _, r := range rows {
		acting = append(acting, r.ActingID)
	}
	visible, err := s.tenants.Named(ctx, acting)
	if err != nil {
		return nil, err
	}
	out := make([]Import, 0, len(rows))
	for _, r := range rows {
		i := r.public()
		if _, ok := visible[r.ActingID]; !ok && !r.ActingID.IsZero() {
			i.hide()
		}
		out = append(out, i)
	}
	return out, nil
}

func (r importRow) public() Import {
	i := Import{
		ID: r.ID, Owner: r.OwnerID, Source: r.subject(), Format: Format(r.Format), State: r.State, By: r.ActorName,
		RequestedAt: r.RequestedAt.UTC(), StartedAt: instant(r.StartedAt), FinishedAt: instant(r.FinishedAt), Progress: r.Progress.V,
		RowsRead: r.RowsRead, RowsStored: r.RowsStored, RowsQuarantined: r.RowsQuarantined, Result: r.Result.V.result(),
	}
	for _, u := range r.Uploads.V {
		i.Files = append(i.Files, u.Name)
	}
	if r.Error != nil {
		i.Error = *r.Error
	}
	return i
}

// hide leaves out what belongs to a tenant above.
func (i *Import) hide() {
	i.Source, i.By, i.Progress.File = path.Base(i.Source), "", path.Base(i.Progress.File)
	if i.Error != "" {
		i.Error = "The import failed; whoever asked for it can see why."
	}
	if i.Result != nil {
		i.Result.Warnings = nil
	}
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// DeliveryStatus is whether a delivery counts.
type DeliveryStatus string

// States of a stored delivery.
const (
	DeliveryCurrent    DeliveryStatus = "current"
	DeliverySuperseded DeliveryStatus = "superseded" // another has taken its place
	DeliveryWithdrawn  DeliveryStatus = "withdrawn"  // taken out, with nothing in its place
	DeliveryKept       DeliveryStatus = "older"      // a newer manifest was current already when it came
)

// Sum adds up lines of one currency. Missing measures count as 0. Amounts are
// exact.
type Sum struct {
	Currency   string
	Rows       int64
	Billed     decimal.Decimal
	Effective  decimal.Decimal
	List       decimal.Decimal
	Contracted decimal.Decimal
}

// Delivery is everything that one import says about a payer's month.
type Delivery struct {
	ID           id.Delivery
	Owner        id.Tenant
	Import       id.Import
	Provider     string
	Payer        string
	Month        period.Month
	Status       DeliveryStatus
	Rows         int64 // stored
	Quarantined  int64
	Sums         []Sum     // by currency
	ManifestAt   time.Time // zero: it came without one
	PublishedAt  time.Time
	SupersededAt time.Time // zero: it is current, or was never
	SupersededBy id.Delivery
	WithdrawnFor string // why it was taken out
	Source       string // of its import
	By           string // who asked for its import
}

// DeliveryFilter chooses deliveries. The zero filter is all that the scope
// sees.
type DeliveryFilter struct {
	Owner    id.Tenant      // zero: any
	Provider string         // empty: any
	Text     string         // part of the payer's identifier; empty: any
	Month    period.Month   // zero: any
	Status   DeliveryStatus // empty: any
	After    id.Delivery    // only what comes after this one in the list; zero: from the start
	Limit    int            // 0: 50
}

// DeliveryPage is a piece of a list of deliveries.
type DeliveryPage struct {
	Deliveries []Delivery
	Total      int64 // that the filter chooses, on all pages
	More       bool
}

// Deliveries lists deliveries by month, newest first, and within a month the
// newest first.
//
// Needs usage.read.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter) (DeliveryPage, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return DeliveryPage{}, err
	}
	limit := cmp.Or(max(f.Limit, 0), pageRows)
	f.Limit = limit + 1
	var out DeliveryPage
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.listDeliveries(ctx, f)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			out.Total = rows[0].Total
		}
		if out.More = len(rows) > limit; out.More {
			rows = rows[:limit]
		}
		out.Deliveries, err = s.deliveries(ctx, rows)
		return err
	})
	return out, err
}

// deliveries returns rows with their sums, as the scope may see them.
func (s *Service) deliveries(ctx context.Context, rows []listedDelivery) ([]Delivery, error) {
	var list []id.Delivery
	var acting []id.Tenant
	for _, r := range rows {
		list, acting = append(list, r.Row.ID), append(acting, r.ActingID)
	}
	visible, err := s.tenants.Named(ctx, acting)
	if err != nil {
		return nil, err
	}
	sums, err := s.web.deliverySums(ctx, ids(list))
	if err != nil {
		return nil, err
	}
	out := make([]Delivery, 0, len(rows))
	for _, r := range rows {
		d := r.public()
		if _, ok := visible[r.ActingID]; !ok && !r.ActingID.IsZero() {
			d.Source, d.By = path.Base(d.Source), ""
		}
		for _, sum := range sums {
			if sum.DeliveryID == d.ID {
				d.Sums = append(d.Sums, sum.Sum)
			}
		}
		out = append(out, d)
	}
	return out, nil
}

func (l listedDelivery) public() Delivery {
	r := l.Row
	d := Delivery{
		ID: r.ID, Owner: r.OwnerID, Import: r.ImportID, Provider: r.Provider, Payer: r.Payer, Month: r.Month,
		Status: DeliveryStatus(r.State), Rows: r.RowsRead - r.RowsQuarantined, Quarantined: r.RowsQuarantined,
		ManifestAt: instant(r.ManifestAt), PublishedAt: instant(r.PublishedAt), SupersededAt: instant(r.SupersededAt),
		SupersededBy: r.SupersededBy, By: l.ActorName,
		Source: importRow{URL: l.URL, Uploads: l.Uploads}.subject(),
	}
	if r.WithdrawnFor != nil {
		d.Status, d.WithdrawnFor = DeliveryWithdrawn, *r.WithdrawnFor
	}
	return d
}

// DeliveryDetail is a delivery with what is in it and what it changed.
type DeliveryDetail struct {
	Delivery
	Segments   []SegmentInfo
	Periods    []PeriodSum // by period, currency
	Accounts   []AccountChange
	AccountAll int64     // accounts in it, or in the one before it
	Before     *Delivery // whose place it took; nil: none
	After      *Delivery // that took its place; nil: none
}

// SegmentInfo is a stored file of usage lines.
type SegmentInfo struct {
	Ordinal int
	Rows    int64
	Bytes   int64
	SHA256  string `gorm:"column:sha256"`
	Object  string
}

// AccountChange is what a delivery says of an account, beside what the one
// before it said.
type AccountChange struct {
	Account    id.Account
	Number     string // the provider's identifier
	Name       string
	Currency   string
	Rows       int64
	RowsBefore int64
	Billed     decimal.Decimal
	Before     decimal.Decimal // 0 where there was none
}

// accountRows is how many accounts a delivery's page shows.
const accountRows = 200

// GetDelivery returns one delivery with its segments and accounts: those whose
// money changed most first, then the dearest, 200 at most.
//
// Needs usage.read. Errors: NotFound.
func (s *Service) GetDelivery(ctx context.Context, d id.Delivery) (out DeliveryDetail, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return DeliveryDetail{}, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.deliveryAndKin(ctx, d)
		if err != nil {
			return err
		}
		list, err := s.deliveries(ctx, rows)
		if err != nil {
			return err
		}
		if out, err = kin(d, list); err != nil {
			return err
		}
		var before id.Delivery
		if out.Before != nil {
			before = out.Before.ID
		}
		if out.Segments, err = s.web.segments(ctx, d); err != nil {
			return err
		}
		if out.Periods, err = s.web.deliveryPeriods(ctx, d); err != nil {
			return err
		}
		out.Accounts, out.AccountAll, err = s.web.accountChanges(ctx, d, before, accountRows)
		return err
	})
	return out, err
}

// kin puts a delivery between the one before it and the one after it.
func kin(d id.Delivery, list []Delivery) (out DeliveryDetail, err error) {
	for i, x := range list {
		if x.ID == d {
			out.Delivery = list[i]
		}
	}
	if out.ID.IsZero() {
		return out, errNoDelivery
	}
	for i, x := range list {
		switch {
		case x.SupersededBy == d:
			out.Before = &list[i]
		case x.ID == out.SupersededBy:
			out.After = &list[i]
		}
	}
	return out, nil
}
