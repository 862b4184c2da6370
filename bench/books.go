package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"tierbook/app/kernel/period"
)

//go:embed books_tenants.sql
var booksTenants string

//go:embed books_charges.sql
var booksCharges string

// BooksOptions size synthetic books.
type BooksOptions struct {
	Tenants int          // of one tree: a distributor, one reseller in fifty, customers; at least 100
	Charges int          // line charges of twelve months, about; at least one per customer, month and edge is made
	Last    period.Month // the newest month
}

// Slugs of tenants that synthetic books have at least: the distributor and the
// reseller with the most customers.
const (
	BooksDistributor = "bench"
	BooksReseller    = "reseller-0001"
)

// Books fills an empty database with what twelve months leave behind, past all
// services. owner is the URL of the role that owns the tables. agree is called
// when the tenants are there: it makes a contract of the distributor with
// BooksReseller and one of BooksReseller with a customer of it, which all others
// are copied from. It is given that customer's slug.
//
// There are no segments behind the deliveries: what reads usage lines fails.
func Books(ctx context.Context, owner string, opts BooksOptions, agree func(customer string) error) (err error) {
	conn, err := pgx.Connect(ctx, owner)
	if err != nil {
		return fmt.Errorf("synthetic books: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	for name, value := range map[string]string{
		"bench.tenants": strconv.Itoa(max(opts.Tenants, 100)), "bench.charges": strconv.Itoa(opts.Charges),
		"bench.last": opts.Last.Start().Format("2006-01-02"), "timezone": "UTC",
	} {
		if _, err := conn.Exec(ctx, "SELECT set_config($1, $2, false)", name, value); err != nil {
			return fmt.Errorf("synthetic books: %w", err)
		}
	}
	if _, err := conn.Exec(ctx, booksTenants); err != nil {
		return fmt.Errorf("synthetic tenants: %w", err)
	}
	var customer string
	err = conn.QueryRow(ctx, "SELECT slug FROM tenants WHERE tier = 3 AND up = 1 ORDER BY n LIMIT 1").Scan(&customer)
	if err != nil {
		return fmt.Errorf("synthetic tenants: %w", err)
	}
	if err := agree(customer); err != nil {
		return fmt.Errorf("synthetic contracts: %w", err)
	}
	if _, err := conn.Exec(ctx, booksCharges); err != nil {
		return fmt.Errorf("synthetic charges: %w", err)
	}
	// A database that has lived has been vacuumed: pages read from indexes alone.
	if _, err := conn.Exec(ctx, "VACUUM"); err != nil {
		return fmt.Errorf("vacuum synthetic books: %w", err)
	}
	return nil
}

// BooksCustomer returns the slug of the first customer of BooksReseller in
// books of so many tenants.
func BooksCustomer(tenants int) string {
	n := max(tenants, 100)/50 + 1
	for n%5 != 1 || n%20 == 0 {
		n++
	}
	return fmt.Sprintf("customer-%06d", n)
}
