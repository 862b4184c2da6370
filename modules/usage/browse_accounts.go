package usage

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// AccountQuery chooses a page of accounts. The zero query is the first of all
// that the scope sees.
type AccountQuery struct {
	Unassigned bool         // only accounts with lines in a month that nobody answers for
	Owner      id.Tenant    // zero: any
	Assignee   id.Tenant    // in whatever month; zero: any
	Provider   string       // empty: any
	Period     period.Month // only accounts with lines of this billing month, or assigned in it; zero: any
	Text       string       // part of the identifier or name; empty: any
	After      id.Account   // only what comes after this one in the list; zero: from the start
	Limit      int          // 0: 50

	open []id.Account // with lines that nobody answers for, where only these are wanted
}

// AccountPage is a piece of a list of accounts.
type AccountPage struct {
	Accounts []Account // Months are those of the query's period
	Total    int64     // that the query chooses, on all pages
	More     bool
	// Open is Unassigned of the query's period, where it asks for such accounts
	// only.
	Open []UnassignedSum
}

// UnassignedSum adds up the lines of one currency that nobody answers for.
type UnassignedSum struct {
	Currency string
	Accounts int64
	Rows     int64
	Billed   decimal.Decimal
}

// BrowseAccounts is Accounts a page at a time, by provider and identifier.
//
// Needs usage.read.
func (s *Service) BrowseAccounts(ctx context.Context, q AccountQuery) (AccountPage, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return AccountPage{}, err
	}
	limit := cmp.Or(max(q.Limit, 0), pageRows)
	q.Limit, q.Text = limit+1, strings.TrimSpace(q.Text)
	var out AccountPage
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		if q.Unassigned {
			open, err := s.open(ctx, q.Period)
			if err != nil || len(open) == 0 {
				return err
			}
			out.Open, q.open = nil, nil
			for _, o := range open {
				var list id.Accounts
				if err := list.Scan(o.List); err != nil {
					return err
				}
				out.Open, q.open = append(out.Open, o.UnassignedSum), append(q.open, list...)
			}
		}
		rows, err := s.web.filterAccounts(ctx, q)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			out.Total = rows[0].Total
		}
		if out.More = len(rows) > limit; out.More {
			rows = rows[:limit]
		}
		for _, r := range rows {
			out.Accounts = append(out.Accounts, r.Row.account())
		}
		return s.addMonthsOf(ctx, q.Period, out.Accounts)
	})
	return out, err
}

// AccountsByID returns accounts with all their months, in the order of list;
// those that the scope does not see are left out.
//
// Needs usage.read.
func (s *Service) AccountsByID(ctx context.Context, list []id.Account, p period.Month) ([]Account, error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	var out []Account
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.accountsByID(ctx, ids(list))
		for _, want := range list {
			if i := slices.IndexFunc(rows, func(r accountRow) bool { return r.ID == want }); i >= 0 {
				out = append(out, rows[i].account())
			}
		}
		if err != nil {
			return err
		}
		return s.addMonthsOf(ctx, p, out)
	})
	return out, err
}

func (r accountRow) account() Account {
	return Account{ID: r.ID, Owner: r.OwnerID, Provider: r.Provider, Account: r.Account, Name: r.Name, FirstSeen: r.FirstSeen.UTC()}
}

// addMonthsOf adds to accounts their assignments, and their sums of billing
// month p, of all for the zero month.
func (s *Service) addMonthsOf(ctx context.Context, p period.Month, accounts []Account) error {
	byID, list := make(map[id.Account]*Account, len(accounts)), make([]id.Account, len(accounts))
	for i := range accounts {
		byID[accounts[i].ID], list[i] = &accounts[i], accounts[i].ID
	}
	assignments, err := s.web.assignmentsByAccount(ctx, ids(list))
	if err != nil {
		return err
	}
	for _, a := range assignments {
		x := byID[a.AccountID]
		x.Assignments = append(x.Assignments, a.assignment())
	}
	months, err := s.web.monthsByAccount(ctx, ids(list), p)
	for _, m := range months {
		x := byID[m.AccountID]
		x.Months = append(x.Months, m.month(x.Assignments))
	}
	return err
}

// Unassigned adds up the lines of billing month p that nobody answers for, by
// currency; of all months for the zero month. What the scope may not add up is
// left out, so that for a tenant that owns nothing there are none.
//
// Needs usage.read.
func (s *Service) Unassigned(ctx context.Context, p period.Month) (out []UnassignedSum, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out = nil
		open, err := s.open(ctx, p)
		for _, o := range open {
			out = append(out, o.UnassignedSum)
		}
		return err
	})
	return out, err
}

// open adds up the lines of p that nobody answers for. It belongs into a read
// transaction.
func (s *Service) open(ctx context.Context, p period.Month) ([]openSum, error) {
	if newest, err := s.web.newestMonth(ctx); err != nil || newest.IsZero() {
		return nil, err // who sees no delivery sees no lines
	}
	return s.web.unassigned(ctx, p)
}

// UnassignedIn is Unassigned for the lines of some deliveries, of all months.
//
// Needs usage.read.
func (s *Service) UnassignedIn(ctx context.Context, deliveries ...id.Delivery) (out []UnassignedSum, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return nil, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		out, err = s.web.unassignedIn(ctx, ids(deliveries))
		return err
	})
	return out, err
}

// NewestMonth returns the newest month of which the scope has a current
// delivery; zero if there is none.
//
// Needs usage.read.
func (s *Service) NewestMonth(ctx context.Context) (m period.Month, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return m, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		m, err = s.web.newestMonth(ctx)
		return err
	})
	return m, err
}

// Choices is what lists can be filtered by.
type Choices struct {
	Owners    []Tenant       // of accounts, by name
	Providers []string       // by key
	Months    []period.Month // of deliveries, newest first
}

// Choices returns what there is to filter by, as far as the scope sees it.
//
// Needs usage.read.
func (s *Service) Choices(ctx context.Context) (out Choices, err error) {
	if err := s.authz.Need(ctx, PermRead); err != nil {
		return out, err
	}
	err = s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		owners, providers, months, err := s.web.choices(ctx)
		if err != nil {
			return err
		}
		out.Providers, out.Months = providers, months
		named, err := s.tenants.Named(ctx, owners)
		for _, t := range named {
			out.Owners = append(out.Owners, t)
		}
		slices.SortFunc(out.Owners, func(a, b Tenant) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Slug, b.Slug)) })
		return err
	})
	return out, err
}

// Search finds accounts whose identifier or name holds text, at most limit;
// those that begin with it come first. Without usage.browse it finds nothing.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Account, error) {
	if text = strings.TrimSpace(text); text == "" || !s.authz.Can(ctx, PermBrowse) {
		return nil, nil
	}
	var out []Account
	err := s.web.db.ReadTx(ctx, func(ctx context.Context) error {
		rows, err := s.web.searchAccounts(ctx, text, limit)
		for _, r := range rows {
			out = append(out, r.account())
		}
		return err
	})
	return out, err
}
